// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/compare_results.h"

#include <QStringList>
#include <QWidget>

class QLabel;
class QLineEdit;
class QTreeWidget;
class QTreeWidgetItem;

namespace recoscope {

/// The stored runs by data and split, with check boxes: which are compared. Runs of another split than the
/// ticked ones, and runs without numbers or model, are greyed and say why. GUI thread.
class CompareRunList final : public QWidget {
    Q_OBJECT
public:
    explicit CompareRunList(QWidget* parent = nullptr);

    /// Newest first, as the library has them. What was ticked stays ticked while it is there.
    void setRuns(const std::vector<RunRecord>& runs);
    /// In the order in which they were ticked: the order of the colours.
    const QStringList& checkedRuns() const { return m_checked; }
    /// Those that can be compared with the first of them.
    void setCheckedRuns(const QStringList& ids);
    std::vector<RunToCompare> runsToCompare() const;
    /// Runs that could be ticked now, the ticked ones included.
    int possibleRuns() const;
    bool empty() const { return m_runs.empty(); }

signals:
    void checkedChanged();

protected:
    void changeEvent(QEvent* event) override;

private:
    void take(QTreeWidgetItem* item);
    void update();
    void filter();
    const RunRecord* find(const QString& id) const;

    std::vector<RunRecord> m_runs;
    QStringList m_checked;
    QStringList m_shown; // what the list looks like
    QLineEdit* m_search = nullptr;
    QTreeWidget* m_tree = nullptr;
    QLabel* m_hint = nullptr;
    bool m_filling = false;
    bool m_ticked = false; // by the click that goes on
};

/// Why a run cannot be compared at all; empty when it can.
QString whyNotComparable(const RunRecord& run);
/// "random per user, 20 % test, seed 42"
QString splitText(const SplitSpec& spec);

} // namespace recoscope
