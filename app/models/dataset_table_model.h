// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/browse_service.h"

#include <QAbstractTableModel>

#include <cstdint>
#include <vector>

namespace recoscope {

/// The items or the users of a dataset as a table with browseColumns(). Which rows are shown, and in which order, is
/// decided by BrowseService and set as a list of indices. GUI thread.
class DatasetTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Role { IndexRole = Qt::UserRole + 1 }; // int: the item's or user's index

    explicit DatasetTableModel(BrowseKind kind, QObject* parent = nullptr);

    /// Empties the table and takes the dataset's columns; rows come with setRows(). Null: no columns.
    void setDataset(DatasetPtr dataset);
    void setRows(std::vector<std::int32_t> rows);
    BrowseKind kind() const { return m_kind; }
    /// The first column of this role, -1: none.
    int columnOf(BrowseColumn::Role role) const;
    /// The item or user index at a row, -1 outside.
    std::int32_t indexAt(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    BrowseKind m_kind;
    DatasetPtr m_dataset;
    std::vector<std::int32_t> m_rows;
    std::vector<BrowseColumn> m_columns;
};

} // namespace recoscope
