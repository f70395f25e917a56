// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/import_report.h"

#include <QAbstractItemModel>

#include <memory>

namespace recoscope {

/// An import report as a two-level tree: a kind of problem with its count, below it the first places with their lines.
/// GUI thread.
class ImportIssueModel final : public QAbstractItemModel {
    Q_OBJECT
public:
    enum Column { Problem, Count, ColumnCount };

    explicit ImportIssueModel(QObject* parent = nullptr);
    void setReport(std::shared_ptr<const ImportReport> report);

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::shared_ptr<const ImportReport> m_report;
};

} // namespace recoscope
