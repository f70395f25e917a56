// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"

#include <QAbstractTableModel>

#include <vector>

namespace recoscope {

/// The metrics of one or several runs: a row a metric and cutoff, a column a run. The best value of a row is
/// marked when there are several. Tool tips carry meaning, formula and full definition. GUI thread.
class MetricTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Role {
        BestRole = Qt::UserRole + 1, // bool: the best of several columns
        KeyRole,                     // "ndcg@10"
    };
    struct Column {
        QString title;
        std::vector<MetricValue> metrics; // per-user values are not needed
    };
    explicit MetricTableModel(QObject* parent = nullptr);

    void setColumns(std::vector<Column> columns);
    /// One evaluation laid out as metrics by cutoffs: columns "@5", "@10", …, and one for metrics without
    /// cutoff.
    void setByCutoff(const Evaluation& evaluation);
    void clear();
    bool empty() const { return m_rows.empty(); }
    /// Tab-separated, with header, as a spreadsheet takes it.
    QString toText() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Cell {
        bool present = false;
        bool best = false;
        MetricValue value;
    };
    struct Row {
        QString label;
        QString key;
        std::vector<Cell> cells;
    };
    std::vector<Row> m_rows;
    QStringList m_titles;
};

} // namespace recoscope
