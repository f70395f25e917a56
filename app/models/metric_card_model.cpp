// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_card_model.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

bool whole(double value) { return value == std::floor(value) && std::abs(value) < 1e9; }

} // namespace

MetricCardModel::MetricCardModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void MetricCardModel::setCard(const MetricCard& card, const DatasetPtr& dataset) {
    beginResetModel();
    m_terms = dataset ? card.terms : std::vector<CardTerm>();
    m_dataset = dataset;
    // Six digits, so that a person who calculates along sees the same ones; none where all are counts.
    const bool counts =
        std::all_of(m_terms.begin(), m_terms.end(), [](const CardTerm& term) { return whole(term.value); });
    m_digits = counts ? 0 : 6;
    endResetModel();
}

int MetricCardModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_terms.size());
}

int MetricCardModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant MetricCardModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const CardTerm& term = m_terms[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case Step:
            return QString::fromStdString(term.symbol);
        case Item:
            return term.item ? QString::fromStdString(m_dataset->itemTitle(*term.item)) : QString();
        case How:
            return QString::fromStdString(term.text);
        case Value:
            return std::isfinite(term.value) ? QString::number(term.value, 'f', m_digits)
                                             : QStringLiteral("–");
        default:
            return {};
        }
    case Qt::ToolTipRole:
        if (index.column() == Value) return QString::number(term.value, 'g', 17);
        return index.data(Qt::DisplayRole);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue((index.column() == Value ? Qt::AlignRight : Qt::AlignLeft) |
                                   Qt::AlignVCenter);
    case HitRole:
        return term.hit;
    case ResultRole:
        return term.result;
    case ItemRole:
        return term.item ? toInt(*term.item) : -1;
    default:
        return {};
    }
}

QVariant MetricCardModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue((section == Value ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (section) {
    case Step:
        return tr("Step");
    case Item:
        return tr("Item");
    case How:
        return tr("How");
    case Value:
        return tr("Value");
    default:
        return {};
    }
}

} // namespace recoscope
