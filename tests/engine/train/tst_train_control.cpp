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

namespace {

void waitFor(const std::function<bool()>& condition) {
    while (!condition())
        std::this_thread::yield();
}

} // namespace

class TestTrainControl final : public QObject {
    Q_OBJECT
private slots:
    void cancelDuringFirstEpochKeepsAModel() {
        Script script{.epochs = 5, .hits = {4}};
        script.epoch = [](EpochContext& context) -> Result<EpochResult> {
            context.control.cancel();
            return EpochResult{.completed = context.control.keepGoing()};
        };
        RunControl control;
        RecordingSink sink;
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Cancelled);
        QVERIFY(!ended.error);
        QVERIFY(ended.model);
        QCOMPARE(script.snapshots, 2); // the untrained model, then what the first epoch had reached
        QCOMPARE(ended.epochs, 0);
        QVERIFY(!ended.test);
        QCOMPARE(sink.story(), std::string("started ended"));
    }

    void cancelLaterKeepsTheLastFinishedEpochsModel() {
        Script script{.epochs = 5, .hits = {1, 2, 3}};
        script.epoch = [](EpochContext& context) -> Result<EpochResult> {
            if (context.epoch == 3) context.control.cancel();
            return EpochResult{.completed = context.control.keepGoing()};
        };
        TrainingPlan plan = planWatching("hr@1", 5);
        plan.earlyStopping.enabled = false;
        const RunEnded ended = run(script, plan);
        QCOMPARE(ended.outcome, RunOutcome::Cancelled);
        QCOMPARE(ended.epochs, 2);
        QCOMPARE(stamp(ended.model), 2);
        QVERIFY(ended.reason.find("epoch 3") != std::string::npos);
        QCOMPARE(ended.validation->find("hr@1")->value, 0.2);
    }

    void cancelBetweenEpochsAndBeforeTheStart() {
        Script script{.epochs = 5, .hits = {1, 2, 3}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<Evaluated>(&event); one && one->epoch == 2) control.cancel();
        };
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Cancelled);
        QCOMPARE(ended.epochs, 2);
        QCOMPARE(stamp(ended.model), 2);

        RecordingSink again;
        const RunEnded never = run(script, planWatching("hr@1", 5), control, again);
        QCOMPARE(never.outcome, RunOutcome::Cancelled);
        QCOMPARE(never.epochs, 0);
        QVERIFY(never.model);
    }

    void cancelDuringEvaluationKeepsTheEpochsModel() {
        Script script{.epochs = 5, .hits = {1, 2, 3}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<EpochFinished>(&event); one && one->epoch == 1)
                control.cancel();
        };
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Cancelled);
        QCOMPARE(ended.epochs, 1);
        QCOMPARE(stamp(ended.model), 1);
        QVERIFY(!ended.validation);
        QVERIFY(ended.reason.find("neither validated nor tested") != std::string::npos);
    }

    void cancelDuringALaterEvaluationKeepsTheLastEvaluatedModel_data() {
        QTest::addColumn<bool>("earlyStopping");
        QTest::newRow("with early stopping") << true;
        QTest::newRow("without early stopping") << false;
    }
    void cancelDuringALaterEvaluationKeepsTheLastEvaluatedModel() {
        QFETCH(bool, earlyStopping);
        Script script{.epochs = 5, .hits = {1, 2, 3}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<EpochFinished>(&event); one && one->epoch == 3)
                control.cancel();
        };
        TrainingPlan plan = planWatching("hr@1", 5);
        plan.earlyStopping.enabled = earlyStopping;
        const RunEnded ended = run(script, plan, control, sink);
        QCOMPARE(ended.outcome, RunOutcome::Cancelled);
        QCOMPARE(ended.epochs, 3);
        QCOMPARE(ended.bestEpoch, 2);
        QCOMPARE(stamp(ended.model), 2);
        QVERIFY(ended.validation);
        QCOMPARE(ended.validation->find("hr@1")->value, 0.2);
        QVERIFY(!ended.test);
        QVERIFY(ended.reason.find("the model of epoch 2 is kept; not tested") != std::string::npos);
    }

    void pausesAreNoTrainingTimeAndChangeNothing() {
        Script script{.epochs = 3, .hits = {1, 2, 3}, .losses = {3, 2, 1}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<EpochFinished>(&event); one && one->epoch == 1) control.pause();
        };
        std::thread person([&] {
            waitFor([&] { return control.pausedSeconds() > 0.25; });
            control.resume();
        });
        const auto start = std::chrono::steady_clock::now();
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        person.join();
        QVERIFY(wall > 0.25);
        QVERIFY(ended.seconds < wall - 0.2);
        QVERIFY(sink.all<EpochFinished>().back().elapsed < wall - 0.2);

        const RunEnded plain = run(script, planWatching("hr@1", 5));
        QCOMPARE(ended.epochs, plain.epochs);
        QCOMPARE(ended.test->find("ndcg@2")->perUser, plain.test->find("ndcg@2")->perUser);
    }

    void aPauseInsideAnEpochIsNotItsTime() {
        Script script{.epochs = 1, .hits = {1}};
        script.epoch = [](EpochContext& context) -> Result<EpochResult> {
            context.control.pause();
            return EpochResult{.completed = context.control.keepGoing()}; // blocks here
        };
        RunControl control;
        RecordingSink sink;
        std::thread person([&] {
            waitFor([&] { return control.pausedSeconds() > 0.25; });
            control.resume();
        });
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        person.join();
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QVERIFY(ended.trainSeconds < 0.2);
        QVERIFY(sink.all<EpochFinished>().front().seconds < 0.2);
    }

    void steppingRunsOneEpochAtATime() {
        Script script{.epochs = 4, .hits = {1, 2, 3, 4}};
        RunControl control;
        RecordingSink sink;
        control.stepEpoch();
        std::vector<std::size_t> finishedAtPause;
        std::thread person([&] {
            for (int step = 0; step < 2; ++step) {
                waitFor([&] { return control.state() == RunState::Paused; });
                finishedAtPause.push_back(sink.all<EpochFinished>().size());
                if (step == 0) control.stepEpoch();
            }
            control.resume();
        });
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        person.join();
        QCOMPARE(finishedAtPause, (std::vector<std::size_t>{1, 2}));
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(ended.epochs, 4);
    }

    void aStepFromAPauseInAnEvaluationTrainsOneEpochMore() {
        Script script{.epochs = 4, .hits = {1, 2, 3, 4}};
        RunControl control;
        RecordingSink sink;
        // Epoch 1 is trained and about to be evaluated when the person pauses.
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<EpochFinished>(&event); one && one->epoch == 1) control.pause();
        };
        std::vector<std::size_t> finishedAtPause;
        std::thread person([&] {
            waitFor([&] { return control.state() == RunState::Paused; });
            for (std::size_t step = 1; step <= 2; ++step) {
                control.stepEpoch();
                waitFor([&] {
                    return control.state() == RunState::Paused && sink.all<Evaluated>().size() > step;
                });
                finishedAtPause.push_back(sink.all<EpochFinished>().size());
            }
            control.resume();
        });
        const RunEnded ended = run(script, planWatching("hr@1", 5), control, sink);
        person.join();
        QCOMPARE(finishedAtPause, (std::vector<std::size_t>{2, 3}));
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(ended.epochs, 4);
    }

    void aStepOverTheLastEpochEndsTheRun() {
        Script script{.epochs = 1, .hits = {1}};
        RunControl control;
        RecordingSink sink;
        control.stepEpoch();
        QCOMPARE(run(script, planWatching("hr@1", 5), control, sink).outcome, RunOutcome::Completed);
    }

    void snapshotsComeOnRequest() {
        Script script{.epochs = 4, .hits = {1, 2, 3, 4}};
        RunControl control;
        RecordingSink sink;
        sink.reaction = [&](const TrainingEvent& event) {
            if (const auto* one = std::get_if<EpochFinished>(&event); one && one->epoch == 2)
                control.requestSnapshot();
        };
        run(script, planWatching("hr@1", 5), control, sink);
        const auto snapshots = sink.all<SnapshotReady>();
        QCOMPARE(snapshots.size(), std::size_t{1});
        QCOMPARE(snapshots.front().epoch, 2);
        QCOMPARE(stamp(snapshots.front().model), 2);
    }

    void aPausedRunStillAnswersWithASnapshot() {
        Script script{.epochs = 3, .hits = {1, 2, 3}};
        RunControl control;
        RecordingSink sink;
        control.stepEpoch();
        std::thread person([&] {
            waitFor([&] { return control.state() == RunState::Paused; });
            control.requestSnapshot();
            waitFor([&] { return !sink.all<SnapshotReady>().empty(); });
            control.resume();
        });
        // Asking for the next one at once, as a view that follows the model does, must not copy in a circle.
        sink.reaction = [&](const TrainingEvent& event) {
            if (std::holds_alternative<SnapshotReady>(event)) control.requestSnapshot();
        };
        run(script, planWatching("hr@1", 5), control, sink);
        person.join();
        std::vector<int> epochs;
        for (const SnapshotReady& one : sink.all<SnapshotReady>())
            epochs.push_back(one.epoch);
        QCOMPARE(epochs, (std::vector<int>{1, 2})); // the last model arrives with RunEnded
    }
};

QTEST_APPLESS_MAIN(TestTrainControl)
#include "tst_train_control.moc"
