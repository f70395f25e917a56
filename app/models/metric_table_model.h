// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"

#include <QAbstractTableModel>
#include <QHash>

#include <vector>

namespace recoscope {

/// A metric in rich text: name, meaning and formula; empty for what is no metric.
QString metricExplanation(const QString& key);

/// The metrics of one or several runs: a row a metric and cutoff, a column a run. The best and the second
/// best value of a row are marked when there are several that are defined alike. Tool tips carry meaning,
/// formula and full definition. GUI thread.
class MetricTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Role {
        BestRole = Qt::UserRole + 1, // bool: the best of several columns
        KeyRole,                     // "ndcg@10"
        SecondRole,                  // bool: the second best of three columns or more
        MarkRole,    // "†" where the value differs from the reference column's by more than chance
        MarkedRole,  // bool: the table has such marks
        DetailsRole, // what the tool tip says, in few lines of rich text
    };
    /// Tests of each column against one of them.
    struct Marks {
        int reference = -1; // column of setColumns()
        double level = 0.05;
        QHash<QString, std::vector<double>> p; // by key, a value a column; NaN: no test
    };
    struct Column {
        QString title;
        std::vector<MetricValue> metrics; // per-user values are not needed
    };
    explicit MetricTableModel(QObject* parent = nullptr);

    void setColumns(std::vector<Column> columns);
    void setMarks(Marks marks);
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
        bool second = false;
        MetricValue value;
    };
    struct Row {
        QString label;
        QString key;
        std::vector<Cell> cells;
        bool differ = false; // numbers of different definitions
    };
    static void rank(Row& row);
    QString test(const Row& row, int column) const;
    std::vector<Row> m_rows;
    QStringList m_titles;
    Marks m_marks;
};

} // namespace recoscope
