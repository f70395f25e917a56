// SPDX-License-Identifier: GPL-3.0-or-later
//
// Factorisation models against published figures on real data; skipped where the data is not there.
#include "engine/data/readers/reader.h"
#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"
#include "engine/train/train.h"

#include "tests/support/real_data.h"

#include <QTest>

using namespace recoscope;

namespace {

class NoEvents final : public EventSink {
public:
    void post(const TrainingEvent&) override {}
};

DatasetPtr imported(const std::string& path, const ImportOptions& options = {}) {
    ThreadPool pool;
    ImportContext context;
    context.pool = &pool;
    auto result = importPath(path, options, context);
    return result ? result->dataset : nullptr;
}

RunEnded run(const std::string& algorithm, const ParamMap& params, const DatasetPtr& dataset,
             const SplitSpec& spec, const EvaluationOptions& evaluation = {}) {
    const auto split = makeSplit(dataset, spec);
    if (!split) return {.outcome = RunOutcome::Failed, .reason = split.error().text()};
    TrainingPlan plan;
    plan.algorithm = algorithm;
    plan.params = params;
    plan.evaluateEvery = 0;
    plan.earlyStopping.enabled = false;
    plan.evaluation = evaluation;
    plan.evaluation.keepPerUser = false;
    ThreadPool pool;
    RunControl control;
    NoEvents events;
    return train(plan, *split, pool, control, events);
}

double metric(const RunEnded& end, std::string_view key) {
    const MetricValue* found = end.test ? end.test->find(key) : nullptr;
    return found ? found->value : -1.0;
}

} // namespace

class TestGoldenFactorization : public QObject {
    Q_OBJECT

private slots:
    /// The three solvers minimise the same objective, so their lists are equally good.
    void ialsSolversAgreeOnMovieLens100k() {
        RECOSCOPE_REAL_DATA(path, "ml-100k");
        const DatasetPtr dataset = imported(path);
        QVERIFY(dataset);
        std::vector<double> ndcg;
        for (const char* solver : {"cg", "block", "cholesky"}) {
            const RunEnded end =
                run("ials", {{"solver", std::string(solver)}, {"block_size", std::int64_t{16}}}, dataset, {});
            QVERIFY2(end.outcome == RunOutcome::Completed, end.reason.c_str());
            ndcg.push_back(metric(end, "ndcg@10"));
            qInfo("%s: NDCG@10 %.4f", solver, ndcg.back());
        }
        QVERIFY(ndcg[0] > 0.35); // popularity: 0.24 on this split
        QVERIFY(std::abs(ndcg[0] - ndcg[1]) < 0.015);
        QVERIFY(std::abs(ndcg[0] - ndcg[2]) < 0.015);
    }

    /// Surprise's README: SVD on random folds of ML-100K with 20 epochs has RMSE .934 and MAE .737; the mean
    /// of all ratings has RMSE 1.126.
    void biasedMfOnFiveRandomFoldsOfMovieLens100k() {
        RECOSCOPE_REAL_DATA(path, "ml-100k");
        const DatasetPtr dataset = imported(path);
        QVERIFY(dataset);
        double rmse = 0.0;
        double mae = 0.0;
        for (int fold = 0; fold < 5; ++fold) {
            SplitSpec spec;
            spec.kind = SplitKind::KFold;
            spec.fold = fold;
            spec.validationFraction = 0.0;
            const RunEnded end = run("biased_mf", {}, dataset, spec, {.metrics = {"rmse", "mae"}});
            QVERIFY2(end.outcome == RunOutcome::Completed, end.reason.c_str());
            rmse += metric(end, "rmse") / 5.0;
            mae += metric(end, "mae") / 5.0;
        }
        qInfo("RMSE %.4f, MAE %.4f", rmse, mae);
        QVERIFY(rmse > 0.85 && rmse <= 0.935); // far below would mean that test ratings leak
        QVERIFY(mae <= 0.737);
    }

    /// LIBMF on a random 90/10 of ML-1M with 64 factors and 20 epochs: .8437.
    void biasedMfOnMovieLens1M() {
        RECOSCOPE_REAL_DATA(path, "ml-1m");
        const DatasetPtr dataset = imported(path);
        QVERIFY(dataset);
        SplitSpec spec;
        spec.kind = SplitKind::RandomGlobal;
        spec.testFraction = 0.1;
        spec.validationFraction = 0.0;
        const RunEnded end =
            run("biased_mf",
                {{"embedding_size", std::int64_t{64}}, {"epochs", std::int64_t{20}}, {"learning_rate", 0.05}},
                dataset, spec, {.metrics = {"rmse", "mae"}});
        QVERIFY2(end.outcome == RunOutcome::Completed, end.reason.c_str());
        qInfo("RMSE %.4f, MAE %.4f in %.2f s", metric(end, "rmse"), metric(end, "mae"), end.trainSeconds);
        QVERIFY(metric(end, "rmse") > 0.80 && metric(end, "rmse") <= 0.8437);
    }
};

QTEST_GUILESS_MAIN(TestGoldenFactorization)
#include "tst_golden_factorization.moc"
