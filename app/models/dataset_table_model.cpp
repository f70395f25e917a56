// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/dataset_table_model.h"

#include <QLocale>

#include <numeric>

namespace recoscope {

DatasetTableModel::DatasetTableModel(Kind kind, QObject* parent) : QAbstractTableModel(parent), m_kind(kind) {}

void DatasetTableModel::setDataset(DatasetPtr dataset) {
    beginResetModel();
    m_dataset = std::move(dataset);
    m_rows.clear();
    m_featureColumns.clear();
    if (m_dataset) {
        m_rows.resize(static_cast<std::size_t>(m_kind == Kind::Items ? m_dataset->itemCount() : m_dataset->userCount()));
        std::iota(m_rows.begin(), m_rows.end(), 0);
        const auto& columns = features().columns();
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t n = 0; n < columns.size(); ++n)
                if ((columns[n].name == "title") == (pass == 0)) m_featureColumns.push_back(static_cast<int>(n));
    }
    endResetModel();
}

void DatasetTableModel::setRows(std::vector<std::int32_t> rows) {
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

std::int32_t DatasetTableModel::indexAt(int row) const {
    return row >= 0 && row < rowCount() ? m_rows[static_cast<std::size_t>(row)] : -1;
}

const FeatureTable& DatasetTableModel::features() const {
    return m_kind == Kind::Items ? m_dataset->itemFeatures() : m_dataset->userFeatures();
}

std::span<const float> DatasetTableModel::ratings(std::int32_t index) const {
    return m_kind == Kind::Items ? m_dataset->byItem().values(ItemIndex{index})
                                 : m_dataset->byUser().values(UserIndex{index});
}

DatasetTableModel::Column DatasetTableModel::columnRole(int column) const {
    const int features = static_cast<int>(m_featureColumns.size());
    if (column <= 0) return Column::Id;
    if (column <= features) return Column::Feature;
    return column == features + 1 ? Column::Interactions : Column::MeanRating;
}

const FeatureColumn* DatasetTableModel::feature(int column) const {
    if (!m_dataset || columnRole(column) != Column::Feature) return nullptr;
    return &features().columns()[static_cast<std::size_t>(m_featureColumns[static_cast<std::size_t>(column) - 1])];
}

int DatasetTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int DatasetTableModel::columnCount(const QModelIndex& parent) const {
    if (parent.isValid() || !m_dataset) return 0;
    return 2 + static_cast<int>(m_featureColumns.size()) + (m_dataset->scale().implicit ? 0 : 1);
}

QVariant DatasetTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_dataset) return {};
    const std::int32_t row = m_rows[static_cast<std::size_t>(index.row())];
    if (role == IndexRole) return row;
    const Column column = columnRole(index.column());
    if (role == Qt::TextAlignmentRole) {
        const FeatureColumn* shown = feature(index.column());
        const bool number = column == Column::Interactions || column == Column::MeanRating ||
                            (shown && shown->kind == FeatureKind::Number);
        return QVariant::fromValue(Qt::Alignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    }
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    switch (column) {
    case Column::Id: {
        const auto id = m_kind == Kind::Items ? m_dataset->itemId(ItemIndex{row}) : m_dataset->userId(UserIndex{row});
        return QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size()));
    }
    case Column::Feature: return QString::fromStdString(feature(index.column())->display(row));
    case Column::Interactions: return QLocale().toString(static_cast<qlonglong>(ratings(row).size()));
    case Column::MeanRating: {
        const auto values = ratings(row);
        if (values.empty()) return {};
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        return QLocale().toString(sum / static_cast<double>(values.size()), 'f', 2);
    }
    }
    return {};
}

QVariant DatasetTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || !m_dataset) return {};
    const Column column = columnRole(section);
    if (role == Qt::TextAlignmentRole) {
        const FeatureColumn* shown = feature(section);
        const bool number = column == Column::Interactions || column == Column::MeanRating ||
                            (shown && shown->kind == FeatureKind::Number);
        return QVariant::fromValue(Qt::Alignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    }
    if (role != Qt::DisplayRole) return {};
    switch (column) {
    case Column::Id: return m_kind == Kind::Items ? tr("Item id") : tr("User id");
    case Column::Feature: {
        QString name = QString::fromStdString(feature(section)->name);
        if (!name.isEmpty()) name[0] = name[0].toUpper();
        return name.replace(QLatin1Char('_'), QLatin1Char(' '));
    }
    case Column::Interactions: return tr("Interactions");
    case Column::MeanRating: return tr("Mean rating");
    }
    return {};
}

} // namespace recoscope
