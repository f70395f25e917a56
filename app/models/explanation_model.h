// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/explanation.h"
#include "engine/data/dataset.h"

#include <QAbstractTableModel>

namespace recoscope {

/// The parts of an explanation: what speaks for and against an item, in units of the score. GUI thread.
class ExplanationModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Reason, Contribution, Detail, ColumnCount };
    enum Role {
        ShareRole = Qt::UserRole + 1, // double in [-1, 1]: contribution over the largest magnitude, for a bar
        ItemRole,                     // int: the history item, -1 for other reasons
    };

    explicit ExplanationModel(QObject* parent = nullptr);
    /// @param dataset  names items and users; null together with an empty explanation.
    void setExplanation(const Explanation& explanation, DatasetPtr dataset);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    Explanation m_explanation;
    DatasetPtr m_dataset;
    double m_largest = 0.0;
    bool m_detailed = false; // most parts say how; else only their tool tips do
};

} // namespace recoscope
