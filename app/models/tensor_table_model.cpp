// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/tensor_table_model.h"

#include <QLocale>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

constexpr double deadLimit = 0.2;
constexpr double explosion = 100.0;

QString number(double value) {
    if (!std::isfinite(value)) return TensorTableModel::tr("not a number");
    const QLocale locale(QLocale::English, QLocale::UnitedStates);
    const double size = std::abs(value);
    if (size != 0.0 && (size < 0.001 || size >= 1e6)) return locale.toString(value, 'e', 1);
    return locale.toString(value, 'f', size >= 100.0 ? 0 : size >= 10.0 ? 1 : 3);
}

QString kindText(TensorKind kind) {
    switch (kind) {
    case TensorKind::Weight:
        return TensorTableModel::tr("weights");
    case TensorKind::Gradient:
        return TensorTableModel::tr("gradient");
    case TensorKind::Activation:
        break;
    }
    return TensorTableModel::tr("activations");
}

bool sameTensor(const TensorSummary& a, const TensorSummary& b) {
    return a.kind == b.kind && a.name == b.name;
}

/// The epoch's summary of a tensor; mostly at the same place.
const TensorSummary* find(const std::vector<TensorSummary>& all, const TensorSummary& like,
                          std::size_t hint) {
    if (hint < all.size() && sameTensor(all[hint], like)) return &all[hint];
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const TensorSummary& one) { return sameTensor(one, like); });
    return found == all.end() ? nullptr : &*found;
}

} // namespace

TensorAlarm alarmOf(const TensorSummary& now, const QVector<double>& normsBefore) {
    if (!std::isfinite(now.norm)) return TensorAlarm::NotFinite;
    if (now.deadShare > deadLimit) return TensorAlarm::DeadUnits;
    if (normsBefore.isEmpty()) return TensorAlarm::None;
    QVector<double> sorted = normsBefore;
    std::sort(sorted.begin(), sorted.end());
    const double median = sorted[sorted.size() / 2];
    return median > 0.0 && now.norm > explosion * median ? TensorAlarm::Exploding : TensorAlarm::None;
}

QString alarmText(const TensorRow& row) {
    switch (row.alarm) {
    case TensorAlarm::None:
        return {};
    case TensorAlarm::NotFinite:
        return TensorTableModel::tr(
            "Holds numbers that are not finite. Use a smaller learning rate, or clip gradients.");
    case TensorAlarm::DeadUnits:
        return TensorTableModel::tr(
                   "%1 % of the units were the same for every user of the last batch: they tell "
                   "users apart no more. A smaller learning rate or another activation helps.")
            .arg(std::lround(100.0 * row.now.deadShare));
    case TensorAlarm::Exploding:
        break;
    }
    return TensorTableModel::tr(
        "The norm is more than 100 times what it mostly was in the epochs before: it explodes. "
        "Use a smaller learning rate, or clip gradients.");
}

TensorTableModel::TensorTableModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void TensorTableModel::setObserved(const std::vector<ObservedEpoch>& observed) {
    std::vector<TensorRow> rows;
    if (!observed.empty() && observed.back().tensors) {
        const auto& now = *observed.back().tensors;
        for (std::size_t n = 0; n < now.size(); ++n) {
            TensorRow row;
            row.now = now[n];
            for (const ObservedEpoch& epoch : observed) {
                const TensorSummary* then = epoch.tensors ? find(*epoch.tensors, row.now, n) : nullptr;
                if (!then) continue;
                row.epochs.push_back(epoch.epoch);
                row.past.push_back(then);
                row.norms.append(then->norm);
            }
            row.alarm = alarmOf(row.now, row.norms.mid(0, row.norms.size() - 1));
            rows.push_back(std::move(row));
        }
    }
    const bool same = rows.size() == m_rows.size() && std::equal(rows.begin(), rows.end(), m_rows.begin(),
                                                                 [](const TensorRow& a, const TensorRow& b) {
                                                                     return sameTensor(a.now, b.now);
                                                                 });
    if (!same) beginResetModel();
    m_rows = std::move(rows);
    m_observed = observed;
    if (!same) {
        endResetModel();
    } else if (!m_rows.empty()) {
        emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    }
}

const TensorRow* TensorTableModel::rowAt(int row) const {
    return row >= 0 && row < rowCount() ? &m_rows[static_cast<std::size_t>(row)] : nullptr;
}

int TensorTableModel::alarms() const {
    return static_cast<int>(std::count_if(
        m_rows.begin(), m_rows.end(), [](const TensorRow& row) { return row.alarm != TensorAlarm::None; }));
}

int TensorTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int TensorTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant TensorTableModel::data(const QModelIndex& index, int role) const {
    const TensorRow* row = index.isValid() ? rowAt(index.row()) : nullptr;
    if (!row) return {};
    const TensorSummary& now = row->now;
    if (role == AlarmRole) return static_cast<int>(row->alarm);
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            Qt::Alignment(Qt::AlignVCenter |
                          (index.column() <= Kind || index.column() == Trend || index.column() == Histogram
                               ? Qt::AlignLeft
                               : Qt::AlignRight)));
    if (role == ValuesRole && index.column() == Trend) return QVariant::fromValue(row->norms);
    if (role == ValuesRole && index.column() == Histogram) {
        QVector<double> counts;
        for (const std::int64_t count : now.histogram)
            counts.append(static_cast<double>(count));
        return QVariant::fromValue(counts);
    }
    if (role == Qt::ToolTipRole) {
        const QString numbers = tr("%1, %2: %3 numbers from %4 to %5")
                                    .arg(QString::fromStdString(now.name), kindText(now.kind),
                                         QLocale(QLocale::English, QLocale::UnitedStates)
                                             .toString(static_cast<qlonglong>(now.count)),
                                         number(now.min), number(now.max));
        return row->alarm == TensorAlarm::None ? numbers : numbers + QStringLiteral("\n") + alarmText(*row);
    }
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
    case Name:
        return QString::fromStdString(now.name);
    case Kind:
        return kindText(now.kind);
    case Norm:
        return number(now.norm);
    case Mean:
        return tr("%1 ± %2").arg(number(now.mean), number(now.deviation));
    case Dead:
        return now.kind == TensorKind::Activation ? tr("%1 %").arg(std::lround(100.0 * now.deadShare))
                                                  : QString();
    default:
        return {};
    }
}

QVariant TensorTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(
            Qt::AlignVCenter |
            (section <= Kind || section == Trend || section == Histogram ? Qt::AlignLeft : Qt::AlignRight)));
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case Norm:
            return tr("Euclidean length of all its numbers");
        case Trend:
            return tr("The norm over the observed epochs, from 0 up");
        case Dead:
            return tr("Units that were the same for every user of the last batch; over 20 % is marked");
        case Histogram:
            return tr("How its numbers are spread, from the least to the greatest");
        default:
            return {};
        }
    }
    if (role != Qt::DisplayRole) return {};
    switch (section) {
    case Name:
        return tr("Tensor");
    case Kind:
        return tr("Kind");
    case Norm:
        return tr("Norm");
    case Trend:
        return tr("Trend");
    case Mean:
        return tr("Mean ± sd");
    case Dead:
        return tr("Dead");
    default:
        return tr("Spread");
    }
}

} // namespace recoscope
