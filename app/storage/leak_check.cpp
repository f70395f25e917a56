// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/leak_check.h"

#include "engine/models/registry.h"

namespace recoscope {

RunChoice choiceOf(const RunRecord& record) {
    const TrainingPlan& plan = record.experiment.plan;
    RunChoice choice;
    choice.name = record.id.toStdString();
    choice.algorithm = plan.algorithm;
    choice.splitFingerprint = record.splitFingerprint.toStdString();
    choice.params = plan.params;
    if (const AlgorithmInfo* info = findAlgorithm(plan.algorithm))
        if (auto complete = info->schema().complete(plan.params)) choice.params = std::move(*complete);
    choice.seed = plan.seed;
    choice.validated = !record.validationMetrics.empty();
    choice.tested = !record.testMetrics.empty();
    return choice;
}

Result<std::vector<Leak>> leaksOfRun(const RunStore& store, const RunRecord& record, const Split& split) {
    std::vector<Leak> leaks = findLeaks(split);
    const auto add = [&leaks](std::vector<Leak> more) {
        leaks.insert(leaks.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    const auto evaluation = store.evaluation(record.id, Target::Test);
    if (evaluation)
        add(findEvaluationLeaks(*evaluation, split, Target::Test, record.experiment.plan.evaluation));
    else if (evaluation.error().code != ErrorCode::NotFound)
        return evaluation.error();
    const auto records = store.list();
    if (!records) return records.error();
    std::vector<RunChoice> choices;
    for (const RunRecord& each : *records)
        choices.push_back(choiceOf(each));
    add(findChoiceLeaks(choiceOf(record), choices));
    return leaks;
}

} // namespace recoscope
