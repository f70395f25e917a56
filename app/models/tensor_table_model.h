// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <QAbstractTableModel>
#include <QString>
#include <QVector>

#include <vector>

namespace recoscope {

/// What is wrong with a tensor.
enum class TensorAlarm { None, DeadUnits, Exploding, NotFinite };

/// One named tensor over the observed epochs.
struct TensorRow {
    TensorSummary now;
    std::vector<int> epochs;                // observed, ascending; the last is of `now`
    std::vector<const TensorSummary*> past; // by epoch; owned by the run's observed epochs
    QVector<double> norms;                  // by epoch
    TensorAlarm alarm = TensorAlarm::None;
};

/// More than a fifth of the units dead; or the norm is a hundred times the median of those before.
TensorAlarm alarmOf(const TensorSummary& now, const QVector<double>& normsBefore);
QString alarmText(const TensorRow& row);

/// Weights, activations and gradients of a network while it trains, one a row. GUI thread.
class TensorTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Name, Kind, Norm, Trend, Mean, Dead, Histogram, ColumnCount };
    enum Role { ValuesRole = Qt::UserRole + 1, AlarmRole }; // QVector<double> to draw; int of TensorAlarm

    explicit TensorTableModel(QObject* parent = nullptr);
    /// Keeps rows where the network is the same, so that a selection stays.
    void setObserved(const std::vector<ObservedEpoch>& observed);
    const TensorRow* rowAt(int row) const;
    int alarms() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<ObservedEpoch> m_observed; // keeps what rows point to
    std::vector<TensorRow> m_rows;
};

} // namespace recoscope
