// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/dataset_table_model.h"

namespace recoscope {

DatasetTableModel::DatasetTableModel(BrowseKind kind, QObject* parent) : QAbstractTableModel(parent), m_kind(kind) {}

void DatasetTableModel::setDataset(DatasetPtr dataset) {
    beginResetModel();
    m_dataset = std::move(dataset);
    m_rows.clear();
    m_columns = m_dataset ? browseColumns(*m_dataset, m_kind) : std::vector<BrowseColumn>{};
    endResetModel();
}

void DatasetTableModel::setRows(std::vector<std::int32_t> rows) {
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int DatasetTableModel::columnOf(BrowseColumn::Role role) const {
    for (std::size_t column = 0; column < m_columns.size(); ++column)
        if (m_columns[column].role == role) return static_cast<int>(column);
    return -1;
}

std::int32_t DatasetTableModel::indexAt(int row) const {
    return row >= 0 && row < rowCount() ? m_rows[static_cast<std::size_t>(row)] : -1;
}

int DatasetTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int DatasetTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant DatasetTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_dataset) return {};
    const std::int32_t row = m_rows[static_cast<std::size_t>(index.row())];
    const BrowseColumn& column = m_columns[static_cast<std::size_t>(index.column())];
    if (role == IndexRole) return row;
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment((column.numeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    if (role == Qt::DisplayRole || role == Qt::ToolTipRole) return browseText(*m_dataset, m_kind, column, row);
    return {};
}

QVariant DatasetTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    const BrowseColumn& column = m_columns[static_cast<std::size_t>(section)];
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment((column.numeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    if (role != Qt::DisplayRole) return {};
    switch (column.role) {
    case BrowseColumn::Role::Id: return m_kind == BrowseKind::Items ? tr("Item id") : tr("User id");
    case BrowseColumn::Role::Title: return tr("Title");
    case BrowseColumn::Role::Interactions: return tr("Interactions");
    case BrowseColumn::Role::MeanRating: return tr("Mean rating");
    case BrowseColumn::Role::Feature: {
        QString name = column.name;
        if (!name.isEmpty()) name[0] = name[0].toUpper();
        return name.replace(QLatin1Char('_'), QLatin1Char(' '));
    }
    }
    return {};
}

} // namespace recoscope
