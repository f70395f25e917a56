// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/run_test.h"

#include "engine/models/registry.h"

namespace recoscope {

namespace {

Result<SplitPtr> splitAgain(const Experiment& experiment, ThreadPool& pool, RunControl& control) {
    ImportContext context;
    context.pool = &pool;
    context.control = &control;
    auto imported = importPath(experiment.dataPath, experiment.import, context);
    if (!imported) return imported.error();
    return makeSplit(imported->dataset, experiment.split);
}

} // namespace

Result<Evaluation> testRun(const RunRecord& record, const Recommender& model, SplitPtr split,
                           ThreadPool& pool, RunControl& control,
                           const std::function<void(double)>& progress) {
    const std::string fingerprint = record.splitFingerprint.toStdString();
    if (!split || split->fingerprint() != fingerprint) {
        auto again = splitAgain(record.experiment, pool, control);
        if (!again) return again.error();
        split = std::move(*again);
        if (!fingerprint.empty() && split->fingerprint() != fingerprint)
            return Error{ErrorCode::Invalid,
                         "The data is no longer what this run was trained on, so its model cannot be tested; "
                         "train again",
                         record.experiment.dataPath};
    }
    if (model.itemCount() != split->dataset()->itemCount())
        return Error{ErrorCode::Parse, "The model knows another number of items than the data has",
                     record.id.toStdString()};
    if (split->test().empty()) return Error{ErrorCode::NotFound, "This split has no test part", "split"};
    EvaluationOptions options = record.experiment.plan.evaluation;
    const AlgorithmInfo* info = findAlgorithm(record.experiment.plan.algorithm);
    options.predictsRatings = (model.predictsRatings() || (info && info->capabilities.predictsRatings)) &&
                              !split->dataset()->scale().implicit;
    return evaluate(model, *split, Target::Test, options, pool, control, progress);
}

QString reasonAfterTest(const QString& reason) {
    // The words of the training loop's end.
    QString after = reason;
    after.replace(QStringLiteral("; neither validated nor tested"),
                  QStringLiteral("; not validated, tested later"));
    after.replace(QStringLiteral("; not tested"), QStringLiteral("; tested later"));
    return after;
}

} // namespace recoscope
