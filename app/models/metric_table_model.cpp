// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_table_model.h"

#include "engine/eval/evaluator.h"

#include "app/models/run_table_model.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

QString nameOf(const QString& key) { return key.section(QLatin1Char('@'), 0, 0); }

QString explanation(const QString& key) {
    const MetricInfo* info = findMetric(key.toStdString());
    if (!info) return {};
    return QStringLiteral("<p><b>%1</b> %2</p><p>%3</p>")
        .arg(metricLabel(key).toHtmlEscaped(), text(info->meaning).toHtmlEscaped(),
             text(info->formula).toHtmlEscaped());
}

} // namespace

MetricTableModel::MetricTableModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void MetricTableModel::clear() { setColumns({}); }

void MetricTableModel::setColumns(std::vector<Column> columns) {
    beginResetModel();
    m_rows.clear();
    m_titles.clear();
    for (std::size_t c = 0; c < columns.size(); ++c) {
        m_titles << columns[c].title;
        for (MetricValue& metric : columns[c].metrics) {
            const QString key = QString::fromStdString(metric.key);
            auto row = std::find_if(m_rows.begin(), m_rows.end(),
                                    [&](const Row& known) { return known.key == key; });
            if (row == m_rows.end()) {
                m_rows.push_back({metricLabel(key), key, std::vector<Cell>(columns.size())});
                row = m_rows.end() - 1;
            }
            row->cells[c] = {true, false, std::move(metric)};
        }
    }
    for (Row& row : m_rows) {
        Cell* best = nullptr;
        int present = 0;
        for (Cell& cell : row.cells) {
            if (!cell.present || !std::isfinite(cell.value.value)) continue;
            ++present;
            if (!best || (cell.value.higherIsBetter ? cell.value.value > best->value.value
                                                    : cell.value.value < best->value.value))
                best = &cell;
        }
        if (best && present > 1) best->best = true;
    }
    endResetModel();
}

void MetricTableModel::setByCutoff(const Evaluation& evaluation) {
    beginResetModel();
    m_rows.clear();
    m_titles.clear();
    bool uncut = false;
    for (const MetricValue& metric : evaluation.metrics) {
        const QString cut = QString::fromStdString(metric.key).section(QLatin1Char('@'), 1);
        if (cut.isEmpty()) uncut = true;
        if (!cut.isEmpty() && !m_titles.contains(QLatin1Char('@') + cut)) m_titles << QLatin1Char('@') + cut;
    }
    const qsizetype columns = m_titles.size() + (uncut ? 1 : 0);
    for (const MetricValue& metric : evaluation.metrics) {
        const QString key = QString::fromStdString(metric.key);
        const QString cut = key.section(QLatin1Char('@'), 1);
        const QString name = nameOf(key);
        auto row = std::find_if(m_rows.begin(), m_rows.end(),
                                [&](const Row& known) { return nameOf(known.key) == name; });
        if (row == m_rows.end()) {
            m_rows.push_back({metricLabel(name), key, std::vector<Cell>(static_cast<std::size_t>(columns))});
            row = m_rows.end() - 1;
        }
        const qsizetype at = cut.isEmpty() ? m_titles.size() : m_titles.indexOf(QLatin1Char('@') + cut);
        MetricValue slim = metric;
        slim.perUser.clear();
        row->cells[static_cast<std::size_t>(at)] = {true, false, std::move(slim)};
    }
    if (uncut) m_titles << tr("All");
    endResetModel();
}

QString MetricTableModel::toText() const {
    QString out = tr("Metric");
    for (const QString& title : m_titles)
        out += QLatin1Char('\t') + title;
    for (const Row& row : m_rows) {
        out += QLatin1Char('\n') + row.label;
        for (const Cell& cell : row.cells)
            out +=
                QLatin1Char('\t') + (cell.present ? QString::number(cell.value.value, 'g', 10) : QString());
    }
    return out + QLatin1Char('\n');
}

int MetricTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int MetricTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() || m_rows.empty() ? 0 : 1 + static_cast<int>(m_titles.size());
}

QVariant MetricTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>((index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == KeyRole) return row.key;
    if (index.column() == 0) {
        if (role == Qt::DisplayRole) return row.label;
        if (role == Qt::ToolTipRole) return explanation(row.key);
        return {};
    }
    const Cell& cell = row.cells[static_cast<std::size_t>(index.column() - 1)];
    switch (role) {
    case Qt::DisplayRole:
        return cell.present ? metricText(cell.value.value) : QString();
    case BestRole:
        return cell.best;
    case Qt::ToolTipRole:
        if (!cell.present) return {};
        return explanation(QString::fromStdString(cell.value.key)) +
               (cell.value.definition.empty()
                    ? QString()
                    : QStringLiteral("<p><code>%1</code></p>")
                          .arg(QString::fromStdString(cell.value.definition).toHtmlEscaped())) +
               (cell.value.count > 0 ? QStringLiteral("<p>%1</p>")
                                           .arg(tr("Mean over %1 users or pairs; exactly %2")
                                                    .arg(cell.value.count)
                                                    .arg(cell.value.value, 0, 'g', 10))
                                     : QString());
    default:
        return {};
    }
}

QVariant MetricTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::DisplayRole) return section == 0 ? tr("Metric") : m_titles.value(section - 1);
    return {};
}

} // namespace recoscope
