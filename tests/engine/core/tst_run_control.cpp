// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/run_control.h"

#include <QtTest>

#include <atomic>
#include <thread>

using namespace recoscope;

namespace {

/// Works in "epochs" of ten steps until cancelled or done; counts what it did.
struct Worker {
    RunControl control;
    std::atomic<int> steps{0};
    std::atomic<int> epochs{0};
    std::atomic<bool> left{false};
    std::thread thread;

    void start(int epochLimit = 1 << 30) {
        thread = std::thread([this, epochLimit] {
            while (epochs < epochLimit) {
                for (int n = 0; n < 10; ++n) {
                    if (!control.keepGoing()) {
                        left = true;
                        return;
                    }
                    ++steps;
                }
                ++epochs;
                if (!control.atEpochBoundary()) break;
            }
            left = true;
        });
    }
    ~Worker() {
        control.cancel();
        if (thread.joinable()) thread.join();
    }
};

} // namespace

class TestRunControl final : public QObject {
    Q_OBJECT
private slots:
    void runsUntilToldOtherwise() {
        RunControl control;
        QCOMPARE(control.state(), RunState::Running);
        QVERIFY(control.keepGoing());
        QVERIFY(control.atEpochBoundary());
        QCOMPARE(control.pausedSeconds(), 0.0);
    }

    void cancelIsFinal() {
        RunControl control;
        control.cancel();
        QVERIFY(control.cancelled());
        QVERIFY(!control.keepGoing());
        QVERIFY(!control.atEpochBoundary());
        control.resume();
        control.pause();
        control.stepEpoch();
        QVERIFY(control.cancelled());
        QVERIFY(!control.keepGoing());
    }

    void pauseHoldsTheWorkAndResumeLetsItGo() {
        Worker worker;
        worker.control.pause();
        worker.start();
        // Nothing to wait for when nothing happens: the worker reaches keepGoing() and must still stand
        // there.
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        QCOMPARE(worker.steps.load(), 0);
        worker.control.resume();
        QTRY_VERIFY(worker.steps > 100);
        worker.control.pause();
        QCOMPARE(worker.control.state(), RunState::Paused);
        int before = -1;
        QTRY_VERIFY(std::exchange(before, worker.steps.load()) == worker.steps.load());
    }

    void cancelWakesThePaused() {
        Worker worker;
        worker.control.pause();
        worker.start();
        worker.control.cancel();
        QTRY_VERIFY(worker.left);
        QCOMPARE(worker.steps.load(), 0);
    }

    void aStepFromPauseRunsToTheEndOfOneEpoch() {
        Worker worker;
        worker.control.pause();
        worker.start();
        for (int epoch = 1; epoch <= 5; ++epoch) {
            worker.control.stepEpoch();
            QTRY_VERIFY(worker.epochs == epoch && worker.control.state() == RunState::Paused);
            QCOMPARE(worker.steps.load(), 10 * epoch);
        }
        worker.control.resume();
        QTRY_VERIFY(worker.epochs > 10);
    }

    void aStepWhileRunningPausesAtTheNextBoundary() {
        Worker worker;
        worker.start();
        QTRY_VERIFY(worker.epochs > 2);
        worker.control.stepEpoch();
        QTRY_COMPARE(worker.control.state(), RunState::Paused);
        const int steps = worker.steps;
        QCOMPARE(steps % 10, 0);
        QCOMPARE(steps, 10 * worker.epochs.load());
    }

    void aStepFromAPauseAfterTrainingRunsToTheEndOfTheNextEpoch() {
        RunControl control;
        control.epochTrained();
        control.pause();
        control.stepEpoch();
        control.stepEpoch();                // pressed twice: the same step
        QVERIFY(control.atEpochBoundary()); // would block if that epoch counted
        QCOMPARE(control.state(), RunState::Running);
        control.epochTrained();
        control.pause(); // before the step is over: ends it
        control.resume();
        QVERIFY(control.atEpochBoundary());
        control.epochTrained();
        control.stepEpoch(); // while running: to the end of this epoch
        std::thread worker([&] { control.atEpochBoundary(); });
        QTRY_COMPARE(control.state(), RunState::Paused);
        control.cancel();
        worker.join();
    }

    void resumeAndPauseEndAStep() {
        RunControl control;
        control.pause();
        control.stepEpoch();
        control.resume();
        QVERIFY(control.atEpochBoundary()); // would block if the step were still on
        control.stepEpoch();
        control.pause();
        control.resume();
        QVERIFY(control.atEpochBoundary());
    }

    void pausedTimeIsCounted() {
        RunControl control;
        control.pause();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        const double whilePaused = control.pausedSeconds();
        QVERIFY(whilePaused >= 0.019);
        control.pause(); // pausing twice neither ends nor restarts it
        QVERIFY(control.pausedSeconds() >= whilePaused);
        control.resume();
        const double after = control.pausedSeconds();
        QVERIFY(after >= whilePaused);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        QCOMPARE(control.pausedSeconds(), after);
        control.pause();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        control.cancel();
        const double total = control.pausedSeconds();
        QVERIFY(total >= after + 0.009);
        QCOMPARE(control.pausedSeconds(), total);
    }

    void aSnapshotRequestIsTakenOnce() {
        RunControl control;
        QVERIFY(!control.takeSnapshotRequest());
        control.requestSnapshot();
        QVERIFY(control.takeSnapshotRequest());
        QVERIFY(!control.takeSnapshotRequest());
    }

    void aSnapshotAskedForAtAPausedBoundaryIsCopiedThere() {
        RunControl control;
        std::atomic<int> copies{0};
        std::atomic<bool> passed{false};
        control.stepEpoch(); // running: pauses at the boundary
        std::thread worker([&] {
            control.atEpochBoundary([&] { ++copies; });
            passed = true;
        });
        QTRY_COMPARE(control.state(), RunState::Paused);
        QCOMPARE(copies.load(), 0);
        control.requestSnapshot();
        QTRY_COMPARE(copies.load(), 1);
        QVERIFY(!passed);
        control.resume();
        QTRY_VERIFY(passed);
        worker.join();
    }
};

QTEST_APPLESS_MAIN(TestRunControl)
#include "tst_run_control.moc"
