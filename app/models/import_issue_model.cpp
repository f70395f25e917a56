// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/import_issue_model.h"

#include <QLocale>

namespace recoscope {

namespace {
// The internal id of an example is its issue's row + 1; of an issue 0.
constexpr quintptr topLevel = 0;
} // namespace

ImportIssueModel::ImportIssueModel(QObject* parent) : QAbstractItemModel(parent) {}

void ImportIssueModel::setReport(std::shared_ptr<const ImportReport> report) {
    beginResetModel();
    m_report = std::move(report);
    endResetModel();
}

QModelIndex ImportIssueModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) return {};
    return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : topLevel);
}

QModelIndex ImportIssueModel::parent(const QModelIndex& child) const {
    if (!child.isValid() || child.internalId() == topLevel) return {};
    return createIndex(static_cast<int>(child.internalId()) - 1, 0, topLevel);
}

int ImportIssueModel::rowCount(const QModelIndex& parent) const {
    if (!m_report) return 0;
    if (!parent.isValid()) return static_cast<int>(m_report->issues.size());
    if (parent.internalId() != topLevel || parent.column() != 0) return 0;
    return static_cast<int>(m_report->issues[static_cast<std::size_t>(parent.row())].examples.size());
}

int ImportIssueModel::columnCount(const QModelIndex&) const { return ColumnCount; }

QVariant ImportIssueModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_report) return {};
    if (role == Qt::TextAlignmentRole && index.column() == Count)
        return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (index.internalId() == topLevel) {
        const ImportIssue& issue = m_report->issues[static_cast<std::size_t>(index.row())];
        if (index.column() == Count) return QLocale().toString(static_cast<qlonglong>(issue.count));
        const QString text = QString::fromStdString(issue.message);
        return issue.severity == Severity::Note ? tr("Note: %1").arg(text) : text;
    }
    const auto& issue = m_report->issues[static_cast<std::size_t>(index.internalId()) - 1];
    const auto& example = issue.examples[static_cast<std::size_t>(index.row())];
    if (index.column() != Problem) return {};
    const QString where = QString::fromStdString(example.where);
    return example.text.empty() ? where : tr("%1:  %2").arg(where, QString::fromStdString(example.text));
}

QVariant ImportIssueModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole && section == Count)
        return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
    if (role != Qt::DisplayRole) return {};
    return section == Problem ? tr("What was found, and the first places") : tr("Count");
}

} // namespace recoscope
