// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/run_parameters.h"

#include "engine/models/registry.h"

#include "app/models/run_table_model.h"

#include <QCoreApplication>

#include <algorithm>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

} // namespace

std::vector<std::pair<QString, QStringList>> runParameters(const std::vector<const RunDetails*>& runs) {
    std::vector<std::pair<QString, QStringList>> rows;
    const auto put = [&](const QString& key, std::size_t column, const QString& value) {
        auto row =
            std::find_if(rows.begin(), rows.end(), [&](const auto& known) { return known.first == key; });
        if (row == rows.end()) row = rows.insert(rows.end(), {key, QStringList()});
        while (row->second.size() <= static_cast<qsizetype>(column))
            row->second << QString();
        row->second[static_cast<qsizetype>(column)] = value;
    };
    for (std::size_t c = 0; c < runs.size(); ++c) {
        const Experiment& experiment = runs[c]->record.experiment;
        const TrainingPlan& plan = experiment.plan;
        const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
        put(QCoreApplication::translate("RunsPage", "Algorithm"), c,
            info ? text(info->title) : text(plan.algorithm));
        put(QCoreApplication::translate("RunsPage", "Data"), c, text(experiment.dataPath));
        put(QCoreApplication::translate("RunsPage", "Split"), c, text(splitKindKey(experiment.split.kind)));
        put(QCoreApplication::translate("RunsPage", "Split seed"), c, QString::number(experiment.split.seed));
        put(QCoreApplication::translate("RunsPage", "Seed"), c, QString::number(plan.seed));
        if (info) {
            ParamMap all = info->schema().defaults();
            for (const auto& [key, value] : plan.params)
                all[key] = value;
            for (const ParamSpec& spec : info->schema().specs())
                put(text(spec.label), c, text(toText(all.at(spec.key))));
        }
        put(QCoreApplication::translate("RunsPage", "Early stopping"), c,
            plan.earlyStopping.enabled ? QCoreApplication::translate("RunsPage", "%1, patience %2")
                                             .arg(metricLabel(text(plan.earlyStopping.metric)))
                                             .arg(plan.earlyStopping.patience)
                                       : QCoreApplication::translate("RunsPage", "off"));
        put(QCoreApplication::translate("RunsPage", "Split fingerprint"), c,
            runs[c]->record.splitFingerprint);
    }
    return rows;
}

} // namespace recoscope
