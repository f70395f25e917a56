// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/explanation_model.h"

#include <QLocale>

#include <algorithm>
#include <cmath>

namespace recoscope {

ExplanationModel::ExplanationModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void ExplanationModel::setExplanation(const Explanation& explanation, DatasetPtr dataset) {
    beginResetModel();
    m_explanation = explanation;
    m_dataset = std::move(dataset);
    m_largest = 0.0;
    std::size_t details = 0;
    for (const auto& part : m_explanation.parts) {
        m_largest = std::max(m_largest, std::abs(part.contribution));
        details += part.detail.empty() ? 0 : 1;
    }
    m_detailed = 2 * details > m_explanation.parts.size();
    endResetModel();
}

int ExplanationModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_explanation.parts.size());
}
int ExplanationModel::columnCount(const QModelIndex& parent) const {
    if (parent.isValid()) return 0;
    return m_detailed ? ColumnCount : ColumnCount - 1;
}

QVariant ExplanationModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const ExplanationPart& part = m_explanation.parts[static_cast<std::size_t>(index.row())];
    if (role == ShareRole) return m_largest > 0.0 ? part.contribution / m_largest : 0.0;
    if (role == ItemRole) return part.item ? toInt(*part.item) : -1;
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(
            (index.column() == Contribution ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    if (role == Qt::ToolTipRole && !part.detail.empty()) return QString::fromStdString(part.detail);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    switch (index.column()) {
    case Reason:
        if (!part.label.empty()) return QString::fromStdString(part.label);
        if (part.item && m_dataset) return QString::fromStdString(m_dataset->itemTitle(*part.item));
        if (part.user && m_dataset) {
            const auto id = m_dataset->userId(*part.user);
            return tr("user %1").arg(QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())));
        }
        return {};
    case Contribution: {
        const QString text = QLocale().toString(part.contribution, 'f', 3);
        return part.contribution > 0 ? QLatin1Char('+') + text : text;
    }
    case Detail:
        return QString::fromStdString(part.detail);
    }
    return {};
}

QVariant ExplanationModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            Qt::Alignment((section == Contribution ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    if (role == Qt::ToolTipRole && section == Contribution)
        return tr("How much this adds to the score, in units of the score");
    if (role != Qt::DisplayRole) return {};
    return section == Reason ? tr("Because of") : section == Contribution ? tr("Adds") : tr("How");
}

} // namespace recoscope
