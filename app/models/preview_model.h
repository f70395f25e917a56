// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"

#include <QAbstractTableModel>

#include <optional>

namespace recoscope {

/// The first rows of a file as a look found them; headers carry the role a column is mapped to. GUI thread.
class PreviewModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit PreviewModel(QObject* parent = nullptr);
    void setPreview(const FormatPreview& preview);
    /// Shows "user", "item", … over the mapped columns; nothing: headers as found.
    void setMapping(std::optional<ColumnMapping> mapping);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    FormatPreview m_preview;
    std::optional<ColumnMapping> m_mapping;
    int m_columns = 0;
};

} // namespace recoscope
