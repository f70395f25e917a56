// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/code_item_model.h"

#include <QLocale>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

QString whole(int value) { return QLocale(QLocale::English, QLocale::UnitedStates).toString(value); }

QString percent(float share) {
    const double value = 100.0 * static_cast<double>(share);
    return CodeItemModel::tr("%1 %").arg(value, 0, 'f', value >= 1.0 ? 1 : value >= 0.01 ? 2 : 3);
}

} // namespace

QString rankChange(int rank, int before) {
    if (before <= 0) return {};
    if (rank == before) return QStringLiteral("=");
    return rank < before ? QStringLiteral("▲ %1").arg(whole(before - rank))
                         : QStringLiteral("▼ %1").arg(whole(rank - before));
}

CodeItemModel::CodeItemModel(Kind kind, QObject* parent)
    : QAbstractTableModel(parent)
    , m_kind(kind) {
    switch (kind) {
    case Kind::History:
        m_columns = {Column::Title, Column::Input,  Column::Rebuilt,
                     Column::Rank,  Column::Result, Column::Change};
        break;
    case Kind::Rebuilt:
        m_columns = {Column::Rank, Column::Title, Column::Rebuilt, Column::Change};
        break;
    case Kind::Decoded:
        m_columns = {Column::Rank,    Column::Title, Column::Features,
                     Column::Rebuilt, Column::Known, Column::FirstRank};
        break;
    }
}

void CodeItemModel::setRows(std::vector<CodeItem> rows, bool shares, int kept) {
    const bool same = rows.size() == m_rows.size();
    if (!same) beginResetModel();
    m_rows = std::move(rows);
    m_shares = shares;
    m_kept = kept;
    m_known.clear();
    m_most = 0.0f;
    m_compared = false;
    for (const CodeItem& row : m_rows) {
        m_most = std::max(m_most, std::abs(row.rebuilt));
        m_compared = m_compared || row.rankBefore > 0;
    }
    if (!same)
        endResetModel();
    else if (!m_rows.empty())
        emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

void CodeItemModel::setRows(const DecodedAnswer& answer) {
    setRows(answer.top, false, 0);
    for (std::size_t n = 0; n < m_rows.size(); ++n) {
        const bool first = n < answer.inFirst.size() && answer.inFirst[n];
        const bool second = n < answer.inSecond.size() && answer.inSecond[n];
        m_known.push_back(first && second ? tr("both")
                          : first         ? tr("left")
                          : second        ? tr("right")
                                          : QString());
    }
    if (!m_rows.empty()) emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

const CodeItem* CodeItemModel::rowAt(int row) const {
    return row >= 0 && row < rowCount() ? &m_rows[static_cast<std::size_t>(row)] : nullptr;
}

int CodeItemModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int CodeItemModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QString CodeItemModel::cell(std::size_t at, Column column) const {
    const CodeItem& row = m_rows[at];
    switch (column) {
    case Column::Rank:
        return whole(row.rank);
    case Column::Title:
        return row.title;
    case Column::Features:
        return row.features;
    case Column::Input:
        return row.dropped ? tr("dropped") : QString::number(static_cast<double>(row.input), 'g', 3);
    case Column::Rebuilt:
        return m_shares ? percent(row.rebuilt) : QString::number(static_cast<double>(row.rebuilt), 'f', 3);
    case Column::Result:
        return row.rank <= m_kept ? tr("kept") : tr("fell");
    case Column::Change:
        return rankChange(row.rank, row.rankBefore);
    case Column::Known:
        return at < m_known.size() ? m_known[at] : QString();
    case Column::FirstRank:
        return row.rankBefore > 0 ? whole(row.rankBefore) : QString();
    }
    return {};
}

QString CodeItemModel::toolTip(const CodeItem& row) const {
    QStringList lines{row.title};
    if (!row.features.isEmpty()) lines << row.features;
    if (m_kind != Kind::Decoded) {
        if (row.inHistory)
            lines << (row.dropped ? tr("In the history, but taken out by the noise of this draw")
                                  : tr("In the history"));
        else
            lines << tr("Not in the history");
        lines << tr("Rebuilt as number %1 of all items").arg(whole(row.rank));
        if (row.rankBefore > 0) lines << tr("One snapshot earlier: number %1").arg(whole(row.rankBefore));
    }
    return lines.join(QLatin1Char('\n'));
}

QVariant CodeItemModel::data(const QModelIndex& index, int role) const {
    const CodeItem* row = index.isValid() ? rowAt(index.row()) : nullptr;
    if (!row) return {};
    const Column column = columnAt(index.column());
    switch (role) {
    case Qt::DisplayRole:
        return cell(static_cast<std::size_t>(index.row()), column);
    case Qt::ToolTipRole:
        return toolTip(*row);
    case Qt::TextAlignmentRole:
        return headerData(index.column(), Qt::Horizontal, role);
    case ItemRole:
        return toInt(row->item);
    case HitRole:
        return m_kind == Kind::History ? row->rank <= m_kept : row->inHistory;
    case ShareRole:
        return column == Column::Rebuilt && m_most > 0.0f ? static_cast<double>(row->rebuilt / m_most) : 0.0;
    default:
        return {};
    }
}

QVariant CodeItemModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    const Column column = columnAt(section);
    if (role == Qt::TextAlignmentRole) {
        const bool text = column == Column::Title || column == Column::Features || column == Column::Result ||
                          column == Column::Known;
        return QVariant::fromValue(Qt::Alignment(Qt::AlignVCenter | (text ? Qt::AlignLeft : Qt::AlignRight)));
    }
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    const bool tip = role == Qt::ToolTipRole;
    switch (column) {
    case Column::Rank:
        return tip ? tr("Place among all items, the best rebuilt first") : tr("Rank");
    case Column::Title:
        return tip ? QString() : tr("Item");
    case Column::Features:
        return tip ? QString() : tr("Genres");
    case Column::Input:
        return tip ? tr("What the network is given for it; dropped: taken out by the noise") : tr("In");
    case Column::Rebuilt:
        if (m_kind == Kind::Decoded) return tip ? tr("What the decoder gives it") : tr("Score");
        return tip ? (m_shares ? tr("Its share of all that the decoder gives out; over all items they add up "
                                    "to 100 %")
                               : tr("What the decoder gives it"))
                   : tr("Out");
    case Column::Result:
        return tip ? tr("Kept: among as many first as the history has; else it fell") : tr("Result");
    case Column::Change:
        return tip ? tr("Ranks gained or lost since the snapshot before") : tr("Change");
    case Column::Known:
        return tip ? tr("Whose history has it") : tr("Known to");
    case Column::FirstRank:
        return tip ? tr("Its rank at the left end of the slider") : tr("Rank left");
    }
    return {};
}

} // namespace recoscope
