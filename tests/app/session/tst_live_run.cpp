// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/live_run.h"
#include "tests/support/small_data.h"

#include <QtTest>

using namespace recoscope;

namespace {

LiveRun running(int plannedEpochs) {
    LiveRun run;
    apply(run, RunStarted{.algorithm = "ials", .plannedEpochs = plannedEpochs});
    return run;
}

EpochFinished epoch(int number, double elapsed, double loss) {
    EpochFinished event;
    event.epoch = number;
    event.seconds = 0.5;
    event.elapsed = elapsed;
    event.losses = {{"loss", loss}, {"validation_loss", loss + 1}};
    return event;
}

} // namespace

class TestLiveRun : public QObject {
    Q_OBJECT
private slots:
    void curvesKeepEveryPoint() {
        LiveRun run = running(5000);
        for (int n = 1; n <= 5000; ++n)
            apply(run, epoch(n, n * 2.0, 1.0 / n));
        Evaluated evaluated;
        evaluated.epoch = 5000;
        evaluated.elapsed = 10001.0;
        evaluated.metrics = {{"ndcg@10", 0.25}};
        evaluated.best = true;
        apply(run, evaluated);
        QCOMPARE(run.curves.size(), std::size_t(3));
        QCOMPARE(run.curves[0].key, QString("loss"));
        QCOMPARE(run.curves[0].points.size(), std::size_t(5000));
        QCOMPARE(run.curves[0].points[3].epoch, 4);
        QCOMPARE(run.curves[0].points[3].elapsed, 8.0);
        QCOMPARE(run.curves[0].points[3].value, 0.25);
        QCOMPARE(run.curves[1].key, QString("validation_loss"));
        QCOMPARE(run.curves[2].key, QString("ndcg@10"));
        QCOMPARE(run.curves[2].points.front().value, 0.25);
        QCOMPARE(run.record.bestEpoch, 5000);
        QCOMPARE(run.record.epochs, 5000);
        QCOMPARE(run.record.trainSeconds, 2500.0);
    }

    void observedEpochsAreThinnedWhenTheyBecomeMany() {
        LiveRun run = running(5000);
        for (int n = 1; n <= 1000; ++n) {
            EpochFinished event = epoch(n, n, 1.0);
            if (n % 2 == 1) // half of them were looked at
                event.tensors = std::make_shared<std::vector<TensorSummary>>(
                    1, TensorSummary{.name = "w", .norm = static_cast<double>(n)});
            apply(run, event);
        }
        QVERIFY(run.observed.size() > 100 && run.observed.size() <= 256);
        QCOMPARE(run.observed.back().epoch, 999);
        QCOMPARE(run.tensors, run.observed.back().tensors);
        for (std::size_t n = 1; n < run.observed.size(); ++n)
            QVERIFY(run.observed[n - 1].epoch < run.observed[n].epoch);
        QCOMPARE(run.observed.front().epoch, 1);
    }

    void batchIsCountedFromTheShareThatIsDone() {
        // 5 users with a history of 6, batches of 2: 2, 2 and 1 of them.
        SplitSpec spec;
        spec.kind = SplitKind::Premade;
        LiveRun run = running(10);
        run.split = makeSplit(test::dataset(6, 5,
                                            {{0, 0, 5, 1, Part::Train},
                                             {1, 1, 5, 1, Part::Train},
                                             {2, 2, 5, 1, Part::Train},
                                             {3, 3, 5, 1, Part::Train},
                                             {4, 4, 5, 1, Part::Train},
                                             {5, 0, 5, 9, Part::Test}},
                                            true, true),
                              spec)
                        .value();
        run.record.experiment.plan.algorithm = "mult_vae";
        run.record.experiment.plan.params["train_batch_size"] = std::int64_t{2};
        QVERIFY(!batchPlace(run)); // nothing has begun
        apply(run, Progress{.epoch = 1, .fraction = 0.4, .elapsed = 1.0, .phase = "training"});
        QCOMPARE(*batchPlace(run), (BatchPlace{1, 3}));
        apply(run, Progress{.epoch = 1, .fraction = 1.0, .elapsed = 1.0, .phase = "training"});
        QCOMPARE(*batchPlace(run), (BatchPlace{3, 3}));
        apply(run, epoch(1, 2.0, 1.0));
        QVERIFY(!batchPlace(run)); // between epochs
        // RecVAE goes over the users several times an epoch: 3 + 1 here.
        run.record.experiment.plan.algorithm = "rec_vae";
        run.record.experiment.plan.params["encoder_epochs"] = std::int64_t{3};
        run.record.experiment.plan.params["decoder_epochs"] = std::int64_t{1};
        apply(run, Progress{.epoch = 2, .fraction = 7.0 / 20.0, .elapsed = 3.0, .phase = "training"});
        QCOMPARE(*batchPlace(run), (BatchPlace{4, 12}));
        run.record.experiment.plan.algorithm = "biased_mf"; // no batches
        run.record.experiment.plan.params.clear();
        QVERIFY(!batchPlace(run));
    }

    void timeLeftIsUnknownUntilSomethingIsKnown() {
        LiveRun run;
        QCOMPARE(remainingSeconds(run), -1.0);
        run = running(10);
        QCOMPARE(run.etaSeconds, -1.0);
        apply(run, Progress{.epoch = 1, .fraction = 0.01, .elapsed = 1.0, .phase = "training"});
        QCOMPARE(run.etaSeconds, -1.0);
        // Half of the first of ten epochs took 2 s: 9.5 epochs of 4 s are left.
        apply(run, Progress{.epoch = 1, .fraction = 0.5, .elapsed = 2.0, .phase = "training"});
        QCOMPARE(run.etaSeconds, 38.0);
    }

    void timeLeftFollowsTheNewestEpochsWithTheirEvaluation() {
        LiveRun run = running(40);
        // Twenty epochs of 1 s, then ten of 3 s, end to end.
        double elapsed = 0.0;
        for (int n = 1; n <= 30; ++n)
            apply(run, epoch(n, elapsed += n <= 20 ? 1.0 : 3.0, 1.0));
        QCOMPARE(run.etaSeconds, 30.0); // ten epochs left, 3 s each
        apply(run, Progress{.epoch = 31, .fraction = 0.5, .elapsed = elapsed + 1.5, .phase = "training"});
        QCOMPARE(run.etaSeconds, 28.5);
        apply(run, Progress{.epoch = 31, .fraction = 0.9, .elapsed = elapsed + 1.5, .phase = "evaluating"});
        QCOMPARE(run.etaSeconds, 30.0); // the share of an evaluation is not a share of the epoch
    }

    void oneSlowEpochDoesNotMoveSpeedAndTimeLeft() {
        LiveRun run = running(100);
        double elapsed = 0.0;
        for (int n = 1; n <= 20; ++n) {
            EpochFinished event = epoch(n, elapsed += n == 18 ? 90.0 : 1.25, 1.0);
            event.seconds = n == 18 ? 89.25 : 0.5; // and 0.75 s of evaluation each
            event.examplesPerSecond = n == 18 ? 1e3 : 2e6;
            apply(run, event);
        }
        QCOMPARE(usualEpochSeconds(run), 0.5);
        QCOMPARE(usualSpeed(run), 2e6);
        QCOMPARE(run.etaSeconds, 80 * 1.25); // a mean over ten epochs would say 810 s
    }

    void endOfRunIsTakenOver() {
        LiveRun run = running(10);
        run.paused = true;
        auto test = std::make_shared<Evaluation>();
        MetricValue metric;
        metric.key = "ndcg@10";
        metric.value = 0.3;
        test->metrics.push_back(metric);
        RunEnded ended;
        ended.outcome = RunOutcome::StoppedEarly;
        ended.reason = "No better for 10 evaluations";
        ended.epochs = 7;
        ended.bestEpoch = 3;
        ended.seconds = 12.0;
        ended.test = test;
        apply(run, ended);
        QCOMPARE(run.record.status, RunStatus::StoppedEarly);
        QCOMPARE(run.record.reason, QString("No better for 10 evaluations"));
        QCOMPARE(run.record.epochs, 7);
        QCOMPARE(run.record.bestEpoch, 3);
        QCOMPARE(run.record.testMetrics, (std::vector<NamedValue>{{"ndcg@10", 0.3}}));
        QVERIFY(run.record.validationMetrics.empty());
        QVERIFY(!run.record.hasModel);
        QVERIFY(!run.paused);
        QCOMPARE(run.etaSeconds, 0.0);
    }
};

QTEST_GUILESS_MAIN(TestLiveRun)
#include "tst_live_run.moc"
