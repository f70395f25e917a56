// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/models/trial_table_model.h"

#include <QTableView>

class QSortFilterProxyModel;

namespace recoscope {

/// The trials of a search, or the runs over seeds or folds, sorted; the best is bold, failed ones are grey.
/// The columns fit into the width as long as they can: parameters give way first, and what is cut off stands
/// in the tips. GUI thread.
class TrialTable final : public QTableView {
    Q_OBJECT
public:
    explicit TrialTable(QWidget* parent = nullptr);

    void setView(const StudyView& view);
    /// The selected row; null when there is none.
    const TrialRow* selected() const;
    void selectTrial(int number); // 0: none

signals:
    void selectionMoved();

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fit();
    TrialTableModel* m_model = nullptr;
    QSortFilterProxyModel* m_sorted = nullptr;
    bool m_filled = false; // some row is over
};

} // namespace recoscope
