// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_dialects.h"

#include "app/models/run_table_model.h"
#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

/// Places of the runs, the best first; runs without a number are left out.
std::vector<std::size_t> order(const std::vector<const MetricValue*>& values) {
    std::vector<std::size_t> places;
    for (std::size_t n = 0; n < values.size(); ++n)
        if (values[n] && std::isfinite(values[n]->value)) places.push_back(n);
    std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
        return values[a]->higherIsBetter ? values[a]->value > values[b]->value
                                         : values[a]->value < values[b]->value;
    });
    return places;
}

} // namespace

CompareDialects::CompareDialects(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_metric = compareBox("dialectMetric", tr("Metric"));
    m_summary = new QLabel;
    m_summary->setWordWrap(true);
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("dialectTable"));
    m_table->setAccessibleName(tr("How the runs read in each dialect"));
    m_details = new QLabel;
    m_details->setWordWrap(true);
    m_details->setTextFormat(Qt::RichText);
    m_details->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("&Metric"), m_metric}}));
    column->addWidget(m_summary);
    column->addWidget(m_table, 1);
    column->addWidget(m_details);
    connect(m_metric, &QComboBox::activated, this, &CompareDialects::fill);
    connect(m_table, &CompareTable::rowChanged, this, &CompareDialects::showDetails);
    connect(service, &CompareService::dialectsRead, this,
            [this](const std::shared_ptr<const DialectTable>& table) {
                if (!measurement() || table->request.runs != measurement()->request.runs ||
                    table->request.cutoffs != measurement()->request.cutoffs)
                    return;
                m_readings = table;
                fill();
            });
}

void CompareDialects::ask() {
    if (m_readings && m_readings->request.runs == measurement()->request.runs &&
        m_readings->request.cutoffs == measurement()->request.cutoffs)
        return fill(); // another dialect of the same runs: all of them are here
    say(tr("Reading the runs in every dialect…"));
    m_service->readDialects(measurement()->request);
}

void CompareDialects::clear() {
    m_table->clear();
    m_summary->clear();
    m_details->clear();
}

QString CompareDialects::metric() const { return m_metric->currentData().toString(); }

void CompareDialects::fill() {
    if (!m_readings || m_readings->runs.empty()) return;
    {
        const QSignalBlocker quiet(m_metric);
        const QString before = metric();
        m_metric->clear();
        for (const MetricValue& one : m_readings->runs.front().front().evaluation.metrics)
            m_metric->addItem(QString::fromStdString(one.label), QString::fromStdString(one.key));
        int at = m_metric->findData(before);
        if (at < 0) at = m_metric->findData(QStringLiteral("ndcg@10"));
        m_metric->setCurrentIndex(std::max(0, at));
    }
    const std::string key = metric().toStdString();
    QVector<CompareTable::Header> headers{{tr("Dialect"), {}, true}};
    for (const RunToCompare& run : m_readings->request.runs)
        headers.append({run.title, {}, false});
    const std::size_t runs = m_readings->runs.size();
    if (runs > 1) headers.append({tr("Best to worst"), tr("The order of the runs in this dialect"), true});
    QVector<QVector<CompareCell>> rows;
    std::vector<std::size_t> usual;
    int otherOrders = 0;
    double least = INFINITY;
    double most = -INFINITY;
    for (std::size_t d = 0; d < m_readings->runs.front().size(); ++d) {
        std::vector<const MetricValue*> values;
        for (const auto& readings : m_readings->runs)
            values.push_back(readings[d].evaluation.find(key));
        const std::vector<std::size_t> places = order(values);
        if (d == 0) usual = places;
        const bool other = places != usual;
        otherOrders += other;
        const Dialect& dialect = *m_readings->runs.front()[d].dialect;
        QVector<CompareCell> row{{text(dialect.title), text(dialect.differs), false, false, false}};
        for (std::size_t n = 0; n < runs; ++n) {
            CompareCell cell;
            if (!values[n]) {
                cell.text = QStringLiteral("–");
                cell.toolTip = tr("This dialect has no such number here");
            } else {
                cell.text = metricText(values[n]->value);
                cell.toolTip = QString::fromStdString(values[n]->definition);
                cell.bold = runs > 1 && !places.empty() && places.front() == n;
                cell.underlined = runs > 2 && places.size() > 1 && places[1] == n;
                if (n == 0) {
                    least = std::min(least, values[n]->value);
                    most = std::max(most, values[n]->value);
                }
            }
            row.append(cell);
        }
        if (runs > 1) {
            QStringList names;
            for (const std::size_t n : places)
                names << m_readings->request.runs[n].title;
            row.append({d == 0 || other ? names.join(QStringLiteral(" > ")) : tr("the same order"),
                        names.join(QStringLiteral(" > ")), other, false, d > 0 && !other});
        }
        rows.append(row);
    }
    m_table->setTable(headers, rows);
    QString words;
    if (most >= least)
        words = tr("The same model, %1, reads from %2 to %3.")
                    .arg(m_readings->request.runs.front().title, metricText(least), metricText(most));
    if (runs > 1)
        words += QLatin1Char(' ') + (otherOrders == 0 ? tr("All dialects put the runs in the same order.")
                                     : otherOrders == 1
                                         ? tr("One dialect puts the runs in another order.")
                                         : tr("%1 dialects put the runs in another order.").arg(otherOrders));
    m_summary->setText(words);
    showDetails(m_table->currentRow());
}

void CompareDialects::showDetails(int row) {
    if (!m_readings || row < 0 || row >= static_cast<int>(m_readings->runs.front().size()))
        return m_details->clear();
    const DialectReading& reading = m_readings->runs.front()[static_cast<std::size_t>(row)];
    QString words =
        QStringLiteral("<b>%1</b> &nbsp;%2 <i>%3</i>")
            .arg(text(reading.dialect->title).toHtmlEscaped(), text(reading.dialect->differs).toHtmlEscaped(),
                 text(reading.dialect->reference).toHtmlEscaped());
    if (const MetricValue* value = reading.evaluation.find(metric().toStdString()))
        words += QStringLiteral("<br><code>%1</code>")
                     .arg(QString::fromStdString(value->definition)
                              .replace(QLatin1Char(';'), QLatin1String("; "))
                              .toHtmlEscaped());
    m_details->setText(words);
}

void CompareDialects::say(const QString& words) { m_table->setEmptyText(words); }

std::optional<TextTable> CompareDialects::table() const {
    if (m_table->rowCount() == 0) return std::nullopt;
    TextTable table = m_table->text();
    table.title = tr("%1 in each dialect").arg(m_metric->currentText());
    for (const DialectReading& reading : m_readings->runs.front()) {
        const MetricValue* value = reading.evaluation.find(metric().toStdString());
        table.notes << QStringLiteral("%1: %2").arg(text(reading.dialect->title),
                                                    value ? QString::fromStdString(value->definition)
                                                          : text(reading.dialect->differs));
    }
    return table;
}

} // namespace recoscope
