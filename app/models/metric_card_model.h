// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/dataset.h"
#include "engine/eval/metric_card.h"

#include <QAbstractTableModel>

#include <vector>

namespace recoscope {

/// The calculation of one user's metric, a row a term. GUI thread.
class MetricCardModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Step, Item, How, Value, ColumnCount };
    enum Role {
        HitRole = Qt::UserRole + 1, // bool: a relevant item in the list
        ResultRole,                 // bool: made of lines above
        ItemRole,                   // int; -1: the line is not about an item
    };
    explicit MetricCardModel(QObject* parent = nullptr);

    /// @param dataset  for titles; null: no rows.
    void setCard(const MetricCard& card, const DatasetPtr& dataset);
    void clear() { setCard({}, nullptr); }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<CardTerm> m_terms;
    DatasetPtr m_dataset;
    int m_digits = 6;
};

} // namespace recoscope
