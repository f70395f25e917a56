// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/run_log.h"

#include "engine/eval/evaluator.h"

#include "app/models/run_table_model.h"

#include <QCoreApplication>

#include <algorithm>
#include <map>

namespace recoscope {

namespace {

QString tr(const char* words) { return QCoreApplication::translate("RunLog", words); }

/// Of the many metrics of an evaluation those that a line has room for: what is watched, and the usual ones.
bool inLine(const QString& key, const QString& watched) {
    if (!findMetric(key.toStdString()))
        return key == QLatin1String("loss") || key == QLatin1String("validation_loss");
    return key == watched || key == QLatin1String("ndcg@10") || key == QLatin1String("rmse");
}

QString label(const QString& key) {
    if (key == QLatin1String("loss")) return tr("loss");
    if (key == QLatin1String("validation_loss")) return tr("validation loss");
    return metricLabel(key);
}

bool ended(RunStatus status) { return status != RunStatus::Queued && status != RunStatus::Running; }

} // namespace

std::vector<StoredLogLine> RunLog::more(const RunRecord& record, const std::vector<Curve>& curves,
                                        const std::vector<StoredLogLine>& log) {
    std::vector<StoredLogLine> lines;
    const QString watched = QString::fromStdString(record.experiment.plan.earlyStopping.metric);
    const bool stopsEarly = record.experiment.plan.earlyStopping.enabled;
    if (!m_start && record.status != RunStatus::Queued) {
        m_start = true;
        lines.push_back(
            {LogLevel::Info, 0.0,
             tr("Started: %1 on %2, seed %3")
                 .arg(QString::fromStdString(record.experiment.plan.algorithm), record.datasetTitle)
                 .arg(record.experiment.plan.seed)});
    }
    for (; m_lines < log.size(); ++m_lines)
        lines.push_back(log[m_lines]);

    // What was measured at the same moment is one line.
    std::map<std::pair<double, int>, QStringList> measured;
    for (const Curve& curve : curves) {
        std::size_t& told = m_points[curve.key];
        if (!inLine(curve.key, watched)) {
            told = curve.points.size();
            continue;
        }
        for (; told < curve.points.size(); ++told) {
            const CurvePoint& point = curve.points[told];
            measured[{point.elapsed, point.epoch}]
                << QStringLiteral("%1 %2").arg(label(curve.key), QString::number(point.value, 'g', 5));
        }
    }
    for (const auto& [moment, values] : measured)
        lines.push_back({LogLevel::Info, moment.first,
                         tr("epoch %1  %2").arg(moment.second, 3).arg(values.join(QStringLiteral(", ")))});

    if (!m_end && ended(record.status)) {
        m_end = true;
        if (record.bestEpoch > 0 && stopsEarly && record.epochs > 1)
            lines.push_back(
                {LogLevel::Info, record.seconds,
                 tr("Best %1 in epoch %2; its model is kept").arg(label(watched)).arg(record.bestEpoch)});
        if (!record.reason.isEmpty())
            lines.push_back({record.status == RunStatus::Failed ? LogLevel::Error : LogLevel::Info,
                             record.seconds, record.reason});
    }
    if (!m_test && ended(record.status) && !record.testMetrics.empty()) {
        m_test = true;
        QStringList values;
        for (const NamedValue& metric : record.testMetrics)
            if (inLine(QString::fromStdString(metric.key), watched))
                values << QStringLiteral("%1 %2").arg(label(QString::fromStdString(metric.key)),
                                                      metricText(metric.value));
        lines.push_back(
            {LogLevel::Info, record.seconds,
             values.isEmpty() ? tr("Tested") : tr("Tested: %1").arg(values.join(QStringLiteral(", ")))});
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const StoredLogLine& a, const StoredLogLine& b) { return a.elapsed < b.elapsed; });
    return lines;
}

QString logText(const StoredLogLine& line) {
    return QStringLiteral("%1 s  %2").arg(QString::number(line.elapsed, 'f', 2).rightJustified(8), line.text);
}

} // namespace recoscope
