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

Result<SplitPtr> splitOf(const RunRecord& record, SplitPtr split, ThreadPool& pool, RunControl& control) {
    const std::string fingerprint = record.splitFingerprint.toStdString();
    if (split && split->fingerprint() == fingerprint) return split;
    auto again = splitAgain(record.experiment, pool, control);
    if (!again) return again.error();
    if (!fingerprint.empty() && (*again)->fingerprint() != fingerprint)
        return Error{ErrorCode::Invalid,
                     "The data is no longer what this run was trained on, so its model cannot be tested; "
                     "train again",
                     record.experiment.dataPath};
    return again;
}

EvaluationOptions testOptions(const RunRecord& record, const Recommender& model, const Split& split) {
    EvaluationOptions options = record.experiment.plan.evaluation;
    const AlgorithmInfo* info = findAlgorithm(record.experiment.plan.algorithm);
    options.predictsRatings = (model.predictsRatings() || (info && info->capabilities.predictsRatings)) &&
                              !split.dataset()->scale().implicit;
    return options;
}

Result<Evaluation> testRun(const RunRecord& record, const Recommender& model, SplitPtr split,
                           ThreadPool& pool, RunControl& control,
                           const std::function<void(double)>& progress) {
    auto own = splitOf(record, std::move(split), pool, control);
    if (!own) return own.error();
    split = std::move(*own);
    if (model.itemCount() != split->dataset()->itemCount())
        return Error{ErrorCode::Parse, "The model knows another number of items than the data has",
                     record.id.toStdString()};
    if (split->test().empty()) return Error{ErrorCode::NotFound, "This split has no test part", "split"};
    return evaluate(model, *split, Target::Test, testOptions(record, model, *split), pool, control, progress);
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
