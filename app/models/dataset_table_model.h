// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/dataset.h"

#include <QAbstractTableModel>

#include <cstdint>
#include <vector>

namespace recoscope {

/// The items or the users of a dataset as a table: id, title and features, interactions, mean rating. Which rows are
/// shown, and in which order, is decided elsewhere (BrowseService) and set as a list of indices. GUI thread.
class DatasetTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum class Kind { Items, Users };
    enum class Column { Id, Feature, Interactions, MeanRating };
    enum Role { IndexRole = Qt::UserRole + 1 }; // int: the item's or user's index

    explicit DatasetTableModel(Kind kind, QObject* parent = nullptr);

    /// Shows all rows in the order of the data. Null empties the table.
    void setDataset(DatasetPtr dataset);
    void setRows(std::vector<std::int32_t> rows);
    Kind kind() const { return m_kind; }
    /// The item or user index at a row, -1 outside.
    std::int32_t indexAt(int row) const;
    Column columnRole(int column) const;
    /// The feature column shown at a column whose role is Feature.
    const FeatureColumn* feature(int column) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    const FeatureTable& features() const;
    std::span<const float> ratings(std::int32_t index) const;
    Kind m_kind;
    DatasetPtr m_dataset;
    std::vector<std::int32_t> m_rows;
    std::vector<int> m_featureColumns; // positions in the feature table, title first
};

} // namespace recoscope
