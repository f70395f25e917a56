// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/browse_service.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QTableView;

namespace recoscope {

class DatasetTableModel;

/// A searchable, sortable table of the items or users of a dataset. Searching and sorting run on the browse lane; the
/// table shows the newest answer. GUI thread.
class BrowseTable final : public QWidget {
    Q_OBJECT
public:
    BrowseTable(BrowseKind kind, BrowseService* browse, QWidget* parent = nullptr);

    void setDataset(const DatasetPtr& dataset);
    /// Makes a row current where it is shown, now or with the answer that is on its way; says nothing about it.
    void select(std::int32_t index);
    QLineEdit* searchField() const { return m_search; }
    QTableView* table() const { return m_table; }
    DatasetTableModel* model() const { return m_model; }

signals:
    /// A row was double-clicked or Enter was pressed on it.
    void activated(std::int32_t index);
    /// The current row moved.
    void currentChanged(std::int32_t index);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void ask();
    bool isNumeric(int column) const;
    void take(const BrowseAnswer& answer);

    BrowseKind m_kind;
    BrowseService* m_browse;
    DatasetPtr m_dataset;
    quint64 m_ticket = 0;
    std::int32_t m_wanted = -1; // to select; -1: nothing
    int m_sortColumn = -1;
    Qt::SortOrder m_order = Qt::AscendingOrder;
    bool m_columnsSized = false;
    QLineEdit* m_search = nullptr;
    QLabel* m_count = nullptr;
    QTableView* m_table = nullptr;
    DatasetTableModel* m_model = nullptr;
};

} // namespace recoscope
