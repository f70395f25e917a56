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

} // namespace

QString metricExplanation(const QString& key) {
    const MetricInfo* info = findMetric(key.toStdString());
    if (!info) return {};
    return QStringLiteral("<p><b>%1</b> %2</p><p>%3</p>")
        .arg(metricLabel(key).toHtmlEscaped(), text(info->meaning).toHtmlEscaped(),
             text(info->formula).toHtmlEscaped());
}

MetricTableModel::MetricTableModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void MetricTableModel::clear() { setColumns({}); }

void MetricTableModel::setColumns(std::vector<Column> columns) {
    beginResetModel();
    m_rows.clear();
    m_titles.clear();
    m_marks = {};
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
            row->cells[c] = {true, false, false, std::move(metric)};
        }
    }
    for (Row& row : m_rows)
        rank(row);
    endResetModel();
}

void MetricTableModel::rank(Row& row) {
    std::vector<Cell*> ranked;
    for (Cell& cell : row.cells) {
        if (!cell.present) continue;
        if (!ranked.empty() && ranked.front()->value.definition != cell.value.definition) row.differ = true;
        ranked.push_back(&cell);
    }
    if (row.differ) return; // not the same number: nothing is better
    std::erase_if(ranked, [](const Cell* cell) { return !std::isfinite(cell->value.value); });
    std::stable_sort(ranked.begin(), ranked.end(), [](const Cell* a, const Cell* b) {
        return a->value.higherIsBetter ? a->value.value > b->value.value : a->value.value < b->value.value;
    });
    if (ranked.size() > 1) ranked[0]->best = true;
    if (ranked.size() > 2) ranked[1]->second = true;
}

void MetricTableModel::setMarks(Marks marks) {
    m_marks = std::move(marks);
    if (m_rows.empty()) return;
    emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

/// What the test against the reference says of a column; empty where there is none.
QString MetricTableModel::test(const Row& row, int column) const {
    const auto found = m_marks.p.constFind(row.key);
    if (found == m_marks.p.constEnd() || column >= static_cast<int>(found->size())) return {};
    const double p = (*found)[static_cast<std::size_t>(column)];
    if (std::isnan(p)) return {};
    const QString words = p < 0.001 ? tr("p < 0.001") : tr("p = %1").arg(p, 0, 'f', 3);
    return (p < m_marks.level
                ? tr("† differs from %1: %2 (paired t-test over users, Holm)")
                : tr("no difference from %1 can be claimed: %2 (paired t-test over users, Holm)"))
        .arg(m_titles.value(m_marks.reference), words);
}

void MetricTableModel::setByCutoff(const Evaluation& evaluation) {
    beginResetModel();
    m_rows.clear();
    m_titles.clear();
    m_marks = {};
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
        row->cells[static_cast<std::size_t>(at)] = {true, false, false, std::move(slim)};
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
        if (role == Qt::ToolTipRole) return metricExplanation(row.key);
        if (role == MarkedRole) return false;
        if (role != DetailsRole) return {};
    }
    if (role == DetailsRole) {
        const MetricInfo* info = findMetric(row.key.toStdString());
        QStringList lines{QStringLiteral("<b>%1</b> &nbsp;").arg(row.label.toHtmlEscaped())};
        if (info)
            lines.front() +=
                tr("%1 %2").arg(text(info->meaning).toHtmlEscaped(),
                                info->higherIsBetter ? tr("Higher is better.") : tr("Lower is better."));
        if (row.differ)
            lines << tr(
                "The runs' numbers are defined differently, so none is called the best: choose a reading.");
        const Cell* cell = nullptr;
        for (const Cell& one : row.cells)
            if (one.present && (!cell || index.column() == static_cast<int>(&one - row.cells.data()) + 1))
                cell = &one;
        if (cell && !cell->value.definition.empty())
            lines << QStringLiteral("<code>%1</code>")
                         .arg(QString::fromStdString(cell->value.definition)
                                  .replace(QLatin1Char(';'), QLatin1String("; "))
                                  .toHtmlEscaped());
        if (cell && index.column() > 0) {
            QString value =
                tr("%1: %2").arg(m_titles.value(index.column() - 1)).arg(cell->value.value, 0, 'g', 10);
            if (cell->value.count > 0) value += tr(", mean over %1 users or pairs").arg(cell->value.count);
            if (const QString words = test(row, index.column() - 1); !words.isEmpty())
                value += QStringLiteral("; ") + words;
            lines << value.toHtmlEscaped();
        }
        return lines.join(QStringLiteral("<br>"));
    }
    const Cell& cell = row.cells[static_cast<std::size_t>(index.column() - 1)];
    switch (role) {
    case Qt::DisplayRole:
        return cell.present ? metricText(cell.value.value) : QString();
    case BestRole:
        return cell.best;
    case SecondRole:
        return cell.second;
    case MarkedRole:
        return !m_marks.p.isEmpty();
    case MarkRole: {
        const auto found = m_marks.p.constFind(row.key);
        const auto column = static_cast<std::size_t>(index.column() - 1);
        return found != m_marks.p.constEnd() && column < found->size() && (*found)[column] < m_marks.level
                   ? QStringLiteral("†")
                   : QString();
    }
    case Qt::ToolTipRole:
        if (!cell.present) return {};
        return metricExplanation(QString::fromStdString(cell.value.key)) +
               (cell.value.definition.empty()
                    ? QString()
                    : QStringLiteral("<p><code>%1</code></p>")
                          .arg(QString::fromStdString(cell.value.definition).toHtmlEscaped())) +
               (cell.value.count > 0 ? QStringLiteral("<p>%1</p>")
                                           .arg(tr("Mean over %1 users or pairs; exactly %2")
                                                    .arg(cell.value.count)
                                                    .arg(cell.value.value, 0, 'g', 10))
                                     : QString()) +
               (test(row, index.column() - 1).isEmpty()
                    ? QString()
                    : QStringLiteral("<p>%1</p>").arg(test(row, index.column() - 1).toHtmlEscaped()));
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
