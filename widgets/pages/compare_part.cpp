// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_part.h"

#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QLabel>
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

QComboBox* compareBox(const char* objectName, const QString& accessibleName) {
    auto* box = new QComboBox;
    box->setObjectName(QLatin1String(objectName));
    box->setAccessibleName(accessibleName);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(15);
    return box;
}

QLayout* compareBar(const QVector<QPair<QString, QComboBox*>>& fields) {
    auto* bar = new FlowLayout;
    bar->setSpacing(space::small);
    for (const auto& [words, box] : fields) {
        auto* label = new QLabel(words);
        label->setBuddy(box);
        bar->addWidget(label);
        bar->addWidget(box);
    }
    return bar;
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
