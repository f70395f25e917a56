// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/study_view.h"

#include <QAbstractTableModel>

namespace recoscope {

/// "Waiting", "Running", "Done", "Failed" in the person's language.
QString trialStateText(TrialState state);

/// The trials of a search as rows: number, value on validation, state, the parameters that differ, epochs,
/// time. Of seeds and folds: role, value, state, epochs, time. Sort by SortRole. GUI thread.
class TrialTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Role {
        RunRole = Qt::UserRole + 1,
        NumberRole, // int, from 1
        SortRole,   // a number or a text; what has no value sorts last as a number below all
        BestRole,   // bool
        StateRole,  // int of TrialState
    };
    explicit TrialTableModel(QObject* parent = nullptr);

    /// The same study with more trials is updated in place: selection, scroll position and sorting stay.
    void setView(const StudyView& view);
    const TrialRow* rowAt(int row) const;
    /// The column that a new study is sorted by: the best first.
    int valueColumn() const { return 1; }
    /// Whether a column may give way where the room is short: it holds a parameter.
    bool isParameter(int column) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    enum class What { Number, Role, Value, Param, Epochs, Seconds, State };
    struct Column {
        What what = What::Number;
        std::string key; // of a parameter
        QString title;
        QString tip;
        bool operator==(const Column&) const = default;
    };
    static std::vector<Column> columnsOf(const StudyView& view);
    QVariant display(const TrialRow& row, const Column& column) const;
    QVariant sortKey(const TrialRow& row, const Column& column) const;

    std::vector<Column> m_columns;
    std::vector<TrialRow> m_rows;
    std::optional<std::size_t> m_best;
    QString m_study;
    bool m_higherIsBetter = true;
};

} // namespace recoscope
