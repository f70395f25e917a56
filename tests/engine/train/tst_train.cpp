// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/train.h"

#include "tests/engine/train/scripted_trainer.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <thread>

using namespace recoscope;
using test::planWatching;
using test::RecordingSink;
using test::run;
using test::Script;
using test::stamp;
using test::StampedModel;

class TestTrain final : public QObject {
    Q_OBJECT
private slots:
    void eventsComeInOrderAndTheLastIsRunEnded() {
        Script script{.epochs = 2, .hits = {3, 5}, .losses = {0.7, 0.4}};
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(sink.story(), std::string("started epoch evaluated epoch evaluated ended"));
        QVERIFY(std::holds_alternative<RunEnded>(sink.events().back()));
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(ended.epochs, 2);
        QCOMPARE(ended.bestEpoch, 2);
        QVERIFY(!ended.reason.empty());

        const RunStarted started = sink.all<RunStarted>().front();
        QCOMPARE(started, (RunStarted{"scripted", 2, 10, 30, 10, 2}));
        const auto epochs = sink.all<EpochFinished>();
        QCOMPARE(epochs[0].losses, (std::vector<NamedValue>{{"loss", 0.7}}));
        QCOMPARE(epochs[1].epoch, 2);
        QVERIFY(epochs[1].elapsed >= epochs[0].elapsed);
        QVERIFY(epochs[1].examplesPerSecond > 0.0);
#ifdef __linux__
        QVERIFY(epochs[1].memoryBytes > 1'000'000);
#endif
        const auto evaluated = sink.all<Evaluated>();
        QVERIFY(evaluated[0].best && evaluated[1].best);
        QCOMPARE(evaluated[1].metrics.front().key, std::string("ndcg@1"));
    }

    void theBestEpochsModelIsKept() {
        Script script{.epochs = 20, .hits = {2, 6, 4, 3, 9}};
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 2), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::StoppedEarly); // .6 in epoch 2, then .4 and .3: never reaches .9
        QCOMPARE(ended.epochs, 4);
        QCOMPARE(ended.bestEpoch, 2);
        QCOMPARE(stamp(ended.model), 2);
        QCOMPARE(ended.validation->find("hr@1")->value, 0.6);
        QCOMPARE(ended.test->find("hr@1")->value, 0.6); // the test evaluation is of the same model
        std::vector<bool> best;
        for (const Evaluated& one : sink.all<Evaluated>())
            best.push_back(one.best);
        QCOMPARE(best, (std::vector<bool>{true, true, false, false}));
    }

    void withoutEarlyStoppingTheLastModelIsKept() {
        Script script{.epochs = 4, .hits = {2, 6, 4, 3}};
        TrainingPlan plan = planWatching("hr@1", 1);
        plan.earlyStopping.enabled = false;
        const RunEnded ended = run(script, plan);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(stamp(ended.model), 4);
        QCOMPARE(ended.validation->find("hr@1")->value, 0.3);
    }

    void validationLossCanBeWatched() {
        Script script{.epochs = 9, .hits = {1, 2, 3, 4}, .validationLoss = {3.0, 2.0, 2.5, 2.2}};
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("validation_loss", 2), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::StoppedEarly);
        QCOMPARE(ended.bestEpoch, 2);
        const NamedValue last = sink.all<EpochFinished>()[1].losses.back();
        QCOMPARE(last, (NamedValue{"validation_loss", 2.0}));
    }

    void watchingALossThatIsNotThereRunsToTheEnd() {
        Script script{.epochs = 3, .hits = {3, 2, 1}};
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("validation_loss", 1), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(stamp(ended.model), 3);
        QCOMPARE(sink.all<LogLine>().size(), std::size_t{1});
        QCOMPARE(sink.all<LogLine>().front().level, LogLevel::Warning);
    }

    void aWatchedCutoffIsEvaluatedOnValidationOnly() {
        Script script{.epochs = 2, .hits = {3, 5}};
        TrainingPlan plan = planWatching("recall@7", 5);
        plan.evaluation.metrics = {"hr"};
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, plan, control, sink);
        QVERIFY(ended.validation->find("recall@7"));
        QVERIFY(!ended.test->find("recall@7"));
        QVERIFY(!ended.test->find("hr@7"));
    }

    void evaluationsCanBeRarer() {
        Script script{.epochs = 5, .hits = {1, 2, 3, 4, 5}};
        TrainingPlan plan = planWatching("hr@1", 5);
        plan.evaluateEvery = 2;
        RunControl control;
        RecordingSink sink;
        run(script, plan, control, sink);
        std::vector<int> epochs;
        for (const Evaluated& one : sink.all<Evaluated>())
            epochs.push_back(one.epoch);
        QCOMPARE(epochs, (std::vector<int>{2, 4, 5})); // and the last

        plan.evaluateEvery = 0;
        RecordingSink quiet;
        const RunEnded ended = run(script, plan, control, quiet);
        QVERIFY(quiet.all<Evaluated>().empty());
        QVERIFY(!ended.validation);
        QVERIFY(ended.test);
        QCOMPARE(stamp(ended.model), 5);
    }

    void noValidationPartIsFine() {
        Script script{.epochs = 2, .hits = {1, 2}};
        const RunEnded ended = run(script, planWatching("hr@1", 1), test::scriptedSplit(false, false));
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(stamp(ended.model), 2);
        QVERIFY(!ended.validation);
        QCOMPARE(ended.test->find("hr@1")->value, 0.2);
    }

    void testIsLeftOutWhenNotWanted() {
        Script script{.epochs = 1};
        TrainingPlan plan = planWatching("hr@1", 1);
        plan.evaluateTest = false;
        QVERIFY(!run(script, plan).test);
    }

    void nanLossEndsAsFailedWithTheLastGoodModel_data() {
        QTest::addColumn<double>("loss");
        QTest::addColumn<bool>("inValidation");
        QTest::newRow("nan") << std::nan("") << false;
        QTest::newRow("infinite") << std::numeric_limits<double>::infinity() << false;
        QTest::newRow("validation") << std::nan("") << true;
    }
    void nanLossEndsAsFailedWithTheLastGoodModel() {
        QFETCH(double, loss);
        QFETCH(bool, inValidation);
        Script script{.epochs = 9, .hits = {1, 2, 3}};
        (inValidation ? script.validationLoss : script.losses) = {0.5, 0.4, loss};
        TrainingPlan plan = planWatching("hr@1", 5);
        plan.params["learning_rate"] = 7.5;
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, plan, control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QCOMPARE(ended.error->code, ErrorCode::Numeric);
        QCOMPARE(ended.error->where, std::string("learning_rate"));
        QVERIFY(ended.reason.find("epoch 3") != std::string::npos);
        QVERIFY(ended.reason.find("learning_rate, which was 7.5") != std::string::npos);
        QCOMPARE(ended.epochs, 2);
        QCOMPARE(stamp(ended.model), 2);
        QVERIFY(!ended.test);
        QVERIFY(std::holds_alternative<RunEnded>(sink.events().back()));

        plan.earlyStopping.enabled = false;
        QCOMPARE(stamp(run(script, plan).model), 2);
    }

    void failuresOfATrainerEndTheRunNotTheProgram_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<int>("code");
        QTest::newRow("error") << 0 << static_cast<int>(ErrorCode::Numeric);
        QTest::newRow("failed check") << 1 << static_cast<int>(ErrorCode::Invalid);
        QTest::newRow("out of memory") << 2 << static_cast<int>(ErrorCode::Limit);
        QTest::newRow("something thrown") << 3 << static_cast<int>(ErrorCode::Invalid);
    }
    void failuresOfATrainerEndTheRunNotTheProgram() {
        QFETCH(int, kind);
        QFETCH(int, code);
        Script script{.epochs = 5, .hits = {4}};
        script.epoch = [&](EpochContext& context) -> Result<EpochResult> {
            if (context.epoch == 2) {
                if (kind == 0)
                    return Error{ErrorCode::Numeric, "A factor became NaN; lower learning_rate",
                                 "learning_rate"};
                if (kind == 1) RECOSCOPE_CHECK(false, "a broken invariant");
                if (kind == 2) throw std::bad_alloc();
                if (kind == 3) throw 42;
            }
            return EpochResult{};
        };
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QCOMPARE(static_cast<int>(ended.error->code), code);
        QCOMPARE(ended.epochs, 1);
        QCOMPARE(stamp(ended.model), 1);
        QVERIFY(ended.reason.find("epoch 2") != std::string::npos);
        QCOMPARE(sink.story(), std::string("started epoch evaluated ended"));
    }

    void failingToMakeTheTrainerIsReported() {
        Script script;
        script.onMake = [] { throw std::runtime_error("no"); };
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QVERIFY(!ended.model);
        QCOMPARE(sink.story(), std::string("ended"));
    }

    void aThrowingSnapshotIsReported() {
        Script script{.epochs = 3, .hits = {4}};
        script.onSnapshot = [&] {
            if (script.snapshots == 3)
                throw std::bad_alloc(); // before the first epoch, after it, after the second
        };
        const RunEnded ended = run(script, planWatching("hr@1", 5));
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QCOMPARE(stamp(ended.model), 1);
    }

    void aThrowingSinkLosesEventsOnly() {
        Script script{.epochs = 2, .hits = {4}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [](const TrainingEvent&) { throw std::runtime_error("full disk"); };
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(sink.story(), std::string("started epoch evaluated epoch evaluated ended"));
    }

    void progressIsThrottled() {
        Script script{.epochs = 1, .hits = {1}};
        script.epoch = [](EpochContext& context) -> Result<EpochResult> {
            for (int n = 0; n < 20'000; ++n)
                context.progress(n / 20'000.0, n);
            return EpochResult{};
        };
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        const auto posted = sink.all<Progress>();
        QVERIFY(!posted.empty());
        // The first of each phase, training and evaluation, goes out in any case.
        QVERIFY(static_cast<double>(posted.size()) <= ended.seconds / 0.010 + 4.0);
        QCOMPARE(posted.front().phase, std::string("training"));
        QCOMPARE(posted.front().epoch, 1);
    }

    void dataThatDoesNotFitIsRefusedClearly() {
        Script script;
        AlgorithmInfo algorithm = test::scriptedAlgorithm(script);
        ThreadPool pool({.threads = 1});
        const auto refused = [&](const SplitPtr& split) {
            RunControl control;
            RecordingSink sink;
            const RunEnded ended = trainWith(algorithm, planWatching("hr@1", 1), split, pool, control, sink);
            return ended.outcome == RunOutcome::Failed && sink.story() == "ended" &&
                           ended.error->code == ErrorCode::Unsupported
                       ? ended.reason
                       : std::string();
        };
        algorithm.needs = {.ratings = true};
        QVERIFY(refused(test::scriptedSplit(true)).find("needs ratings") != std::string::npos);
        QVERIFY(refused(test::scriptedSplit(false)).empty());
        algorithm.needs = {.itemFeatures = true};
        QVERIFY(refused(test::scriptedSplit()).find("item features") != std::string::npos);
        algorithm.needs = {.userFeatures = true};
        QVERIFY(refused(test::scriptedSplit()).find("user features") != std::string::npos);
        algorithm.needs = {.times = true};
        QVERIFY(refused(test::scriptedSplit()).find("times") != std::string::npos);
    }

    void wrongPlansAreRefusedClearly_data() {
        QTest::addColumn<QString>("metric");
        QTest::addColumn<QString>("says");
        QTest::newRow("unknown") << "ndgc@10"
                                 << "no such metric";
        QTest::newRow("no cutoff") << "ndcg"
                                   << "cutoff";
        QTest::newRow("bad cutoff") << "ndcg@x"
                                    << "cutoff";
        QTest::newRow("needless cutoff") << "auc@10"
                                         << "no cutoff";
        QTest::newRow("no ratings predicted") << "rmse"
                                              << "does not predict ratings";
    }
    void wrongPlansAreRefusedClearly() {
        QFETCH(QString, metric);
        QFETCH(QString, says);
        Script script;
        const RunEnded ended = run(script, planWatching(metric.toStdString(), 1));
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QVERIFY2(ended.reason.find(says.toStdString()) != std::string::npos, ended.reason.c_str());
    }

    void unknownParametersAlgorithmsAndMetricsAreRefused() {
        Script script;
        TrainingPlan plan = planWatching("hr@1", 1);
        plan.params["learning_rat"] = 1.0;
        QCOMPARE(run(script, plan).outcome, RunOutcome::Failed);
        plan = planWatching("hr@1", 1);
        plan.evaluation.metrics = {"hr", "nonsense"};
        QCOMPARE(run(script, plan).error->where, std::string("metrics"));

        plan.algorithm = "no_such_thing";
        ThreadPool pool({.threads = 1});
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = train(plan, test::scriptedSplit(), pool, control, sink);
        QCOMPARE(ended.error->code, ErrorCode::NotFound);
        QCOMPARE(sink.story(), std::string("ended"));
    }

    void ratingErrorsAreMeasuredWhereRatingsArePredicted() {
        Script script{.epochs = 1, .hits = {10}};
        AlgorithmInfo algorithm = test::scriptedAlgorithm(script);
        algorithm.capabilities.predictsRatings = true;
        ThreadPool pool({.threads = 1});
        RunControl control;
        RecordingSink sink;
        const RunEnded ended =
            trainWith(algorithm, planWatching("rmse", 1), test::scriptedSplit(), pool, control, sink);
        // The model says 1 for each held-out item; ratings are 1 to 5, two users each: (0+1+4+9+16)/5 = 6.
        QVERIFY(std::abs(ended.test->find("rmse")->value - std::sqrt(6.0)) < 1e-9);
        const RunEnded implicitData =
            trainWith(algorithm, planWatching("hr@1", 1), test::scriptedSplit(true), pool, control, sink);
        QVERIFY(!implicitData.test->find("rmse"));
    }

    void aRealAlgorithmGivesTheSameBitsForOneAndTwoThreads() {
        const auto split = std::move(makeSplit(test::plantedDataset(), {})).value();
        TrainingPlan plan;
        plan.algorithm = "ials";
        plan.params["epochs"] = std::int64_t{4};
        std::vector<Evaluation> found;
        for (const int threads : {1, 2}) {
            ThreadPool pool({.threads = threads});
            RunControl control;
            RecordingSink sink;
            const RunEnded ended = train(plan, split, pool, control, sink);
            QVERIFY2(ended.test != nullptr, ended.reason.c_str());
            found.push_back(*ended.test);
        }
        QCOMPARE(found[0].topItems, found[1].topItems);
        for (std::size_t m = 0; m < found[0].metrics.size(); ++m)
            QVERIFY(found[0].metrics[m].perUser == found[1].metrics[m].perUser);
        // Four equal groups: a list of the own group's items has precision about .5 (the planted rate) before
        // exclusions; popularity, which cannot tell groups apart, finds a quarter of it.
        plan.algorithm = "popularity";
        plan.params.clear();
        ThreadPool pool({.threads = 2});
        RunControl control;
        RecordingSink sink;
        const RunEnded popularity = train(plan, split, pool, control, sink);
        QVERIFY(found[0].find("ndcg@10")->value > 1.5 * popularity.test->find("ndcg@10")->value);
    }
};

QTEST_APPLESS_MAIN(TestTrain)
#include "tst_train.moc"
