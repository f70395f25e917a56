// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_part.h"

#include "app/models/run_table_model.h"

#include <QComboBox>
#include <QSignalBlocker>

#include <algorithm>

namespace recoscope {

ComparePart::ComparePart(CompareService* service, QWidget* parent)
    : QWidget(parent)
    , m_service(service) {}

void ComparePart::setMeasurement(const MeasurementPtr& measurement) {
    if (m_measurement == measurement) return;
    m_measurement = measurement;
    m_service->forget(topic());
    clear();
    askAgain();
}

void ComparePart::askAgain() {
    m_asked = false;
    if (!m_measurement || !isVisible()) return;
    m_asked = true;
    ask();
}

void ComparePart::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (!m_asked) askAgain();
}

bool fillMetrics(QComboBox* box, const Measurement& measurement, bool perUser) {
    const QSignalBlocker quiet(box);
    const QString before = box->currentData().toString();
    box->clear();
    const auto has = [perUser](const MeasuredRun& run, const std::string& key) {
        const MetricValue* metric = run.evaluation->find(key);
        return metric && (!perUser || !metric->perUser.empty());
    };
    for (const MetricValue& metric : measurement.runs.front().evaluation->metrics)
        if (std::all_of(measurement.runs.begin(), measurement.runs.end(),
                        [&](const MeasuredRun& run) { return has(run, metric.key); }))
            box->addItem(QString::fromStdString(metric.label), QString::fromStdString(metric.key));
    int at = box->findData(before);
    if (at < 0) at = box->findData(QStringLiteral("ndcg@10"));
    box->setCurrentIndex(std::max(0, at));
    return box->currentData().toString() != before;
}

} // namespace recoscope
