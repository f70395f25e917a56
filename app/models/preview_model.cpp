// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/preview_model.h"

#include <algorithm>

namespace recoscope {

PreviewModel::PreviewModel(QObject* parent) : QAbstractTableModel(parent) {}

void PreviewModel::setPreview(const FormatPreview& preview) {
    beginResetModel();
    m_preview = preview;
    std::size_t columns = preview.columns.size();
    for (const auto& row : preview.rows) columns = std::max(columns, row.size());
    m_columns = static_cast<int>(columns);
    endResetModel();
}

void PreviewModel::setMapping(std::optional<ColumnMapping> mapping) {
    m_mapping = mapping;
    if (m_columns > 0) emit headerDataChanged(Qt::Horizontal, 0, m_columns - 1);
}

int PreviewModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_preview.rows.size());
}

int PreviewModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : m_columns; }

QVariant PreviewModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
    const auto& row = m_preview.rows[static_cast<std::size_t>(index.row())];
    const auto column = static_cast<std::size_t>(index.column());
    if (column >= row.size()) return {};
    const QString text = QString::fromStdString(row[column]);
    return role == Qt::DisplayRole ? text.left(200) : text.left(2000);
}

QVariant PreviewModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole) return {};
    if (orientation == Qt::Vertical) return section + 1;
    const auto column = static_cast<std::size_t>(section);
    const QString name = column < m_preview.columns.size() && !m_preview.columns[column].empty()
                             ? QString::fromStdString(m_preview.columns[column])
                             : tr("column %1").arg(section + 1);
    if (!m_mapping) return name;
    QString mapped;
    if (section == m_mapping->user) mapped = tr("USER");
    if (section == m_mapping->item) mapped = tr("ITEM");
    if (section == m_mapping->rating) mapped = tr("RATING");
    if (section == m_mapping->time) mapped = tr("TIME");
    return mapped.isEmpty() ? name : tr("%1 ← %2").arg(mapped, name);
}

} // namespace recoscope
