// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/recommendation_model.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>

namespace recoscope {

namespace {

QVariant alignment(bool number) {
    return QVariant::fromValue(Qt::Alignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
}

QString number(double value, int decimals) { return QLocale().toString(value, 'f', decimals); }

// Replaces rows; tells views of changed content only, where the count stays, so that selections survive a refresh.
template <class Rows>
bool sameShape(const Rows& before, const Rows& after) {
    return before.size() == after.size() && !before.empty();
}

} // namespace

RecommendationModel::RecommendationModel(Kind kind, QObject* parent) : QAbstractTableModel(parent), m_kind(kind) {
    setRows({});
}

void RecommendationModel::setRows(std::vector<RecommendedRow> rows) {
    std::vector<Column> columns{Column::Rank, Column::Title};
    const auto any = [&rows](auto&& has) { return std::any_of(rows.begin(), rows.end(), has); };
    if (any([](const RecommendedRow& row) { return !row.features.isEmpty(); })) columns.push_back(Column::Features);
    columns.push_back(Column::Score);
    if (m_kind == Kind::Recommendations) columns.push_back(Column::Hit);
    if (m_kind == Kind::Recommendations && any([](const RecommendedRow& row) { return row.truth.has_value(); }))
        columns.push_back(Column::Truth);
    if (columns == m_columns && sameShape(m_rows, rows)) {
        m_rows = std::move(rows);
        emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    m_columns = std::move(columns);
    endResetModel();
}

const RecommendedRow* RecommendationModel::rowAt(int row) const {
    return row >= 0 && row < rowCount() ? &m_rows[static_cast<std::size_t>(row)] : nullptr;
}

int RecommendationModel::hitCount() const {
    return static_cast<int>(
        std::count_if(m_rows.begin(), m_rows.end(), [](const RecommendedRow& row) { return row.heldOutHit; }));
}

int RecommendationModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RecommendationModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant RecommendationModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const RecommendedRow& row = m_rows[static_cast<std::size_t>(index.row())];
    const Column column = columnAt(index.column());
    if (role == ItemRole) return toInt(row.item);
    if (role == HitRole) return row.heldOutHit;
    if (role == Qt::TextAlignmentRole)
        return alignment(column == Column::Rank || column == Column::Score || column == Column::Truth);
    if (role == Qt::ToolTipRole && column == Column::Hit && row.heldOutHit)
        return tr("The user has this item in the held-out test part, rated %1. The model never saw that.")
            .arg(number(row.heldOutRating, 1));
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    switch (column) {
    case Column::Rank: return row.rank;
    case Column::Title: return row.title;
    case Column::Features: return row.features;
    case Column::Score: return number(row.score, 3);
    case Column::Hit: return row.heldOutHit ? tr("✓ hit (%1)").arg(number(row.heldOutRating, 1)) : QString();
    case Column::Truth: return row.truth ? number(*row.truth, 2) : QString();
    }
    return {};
}

QVariant RecommendationModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section >= columnCount()) return {};
    const Column column = columnAt(section);
    if (role == Qt::TextAlignmentRole)
        return alignment(column == Column::Rank || column == Column::Score || column == Column::Truth);
    if (role == Qt::ToolTipRole && column == Column::Truth)
        return tr("What this invented user would truly rate the item. Known only because the data is synthetic.");
    if (role == Qt::ToolTipRole && column == Column::Hit)
        return tr("Items that the user really has in the test part, which the model never saw.");
    if (role != Qt::DisplayRole) return {};
    switch (column) {
    case Column::Rank: return tr("#");
    case Column::Title: return tr("Title");
    case Column::Features: return tr("Genres");
    case Column::Score: return m_kind == Kind::Neighbours ? tr("Similarity") : tr("Score");
    case Column::Hit: return tr("Held out");
    case Column::Truth: return tr("Truth");
    }
    return {};
}

HistoryModel::HistoryModel(QObject* parent) : QAbstractTableModel(parent) {}

void HistoryModel::setRows(std::vector<HistoryRow> rows) {
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int HistoryModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int HistoryModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant HistoryModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const HistoryRow& row = m_rows[static_cast<std::size_t>(index.row())];
    if (role == ItemRole) return toInt(row.item);
    if (role == Qt::TextAlignmentRole) return alignment(index.column() != Title);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (index.column() == Title) return row.title;
    if (index.column() == Rating) return number(row.rating, 1);
    if (row.time < 0) return QString();
    return QLocale().toString(QDateTime::fromSecsSinceEpoch(row.time, Qt::UTC).date(), QStringLiteral("yyyy-MM-dd"));
}

QVariant HistoryModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return alignment(section != Title);
    if (role != Qt::DisplayRole) return {};
    return section == Title ? tr("Title") : section == Rating ? tr("Rating") : tr("Date");
}

HeldOutModel::HeldOutModel(QObject* parent) : QAbstractTableModel(parent) {}

void HeldOutModel::setRows(std::vector<HeldOutRow> rows) {
    if (sameShape(m_rows, rows)) {
        m_rows = std::move(rows);
        emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int HeldOutModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int HeldOutModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant HeldOutModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const HeldOutRow& row = m_rows[static_cast<std::size_t>(index.row())];
    if (role == ItemRole) return toInt(row.item);
    if (role == Qt::TextAlignmentRole) return alignment(index.column() != Title);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (index.column() == Title) return row.title;
    if (index.column() == Rating) return number(row.rating, 1);
    return row.rank > 0 ? QLocale().toString(row.rank) : QString();
}

QVariant HeldOutModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return alignment(section != Title);
    if (role == Qt::ToolTipRole && section == Rank)
        return tr("Where the model ranks this item among all items the user does not have in the history. 1 is best.");
    if (role != Qt::DisplayRole) return {};
    return section == Title ? tr("Title") : section == Rating ? tr("Rating") : tr("Model's rank");
}

} // namespace recoscope
