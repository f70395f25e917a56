// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/live_run.h"
#include "app/session/training_service.h"
#include "tests/support/small_data.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <memory>

using namespace recoscope;

namespace {

SplitPtr plantedSplit() {
    static const SplitPtr split = makeSplit(test::plantedDataset(), {}).value();
    return split;
}

Experiment experiment(const std::string& algorithm, std::int64_t epochs = 0) {
    Experiment e;
    e.plan.algorithm = algorithm;
    e.plan.earlyStopping.enabled = false;
    if (epochs > 0) e.plan.params["epochs"] = epochs;
    return e;
}

/// More epochs than any test waits for; each takes milliseconds.
Experiment endless() { return experiment("biased_mf", 1000); }

} // namespace

class TestTrainingService : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<TrainingService> m_service;

    QString started(const Experiment& what) { return m_service->start(what, plantedSplit()).value(); }
    const LiveRun& live(const QString& id) const { return *m_service->run(id); }
    RunStatus status(const QString& id) const { return live(id).record.status; }
    int epochs(const QString& id) const { return live(id).record.epochs; }
    RunRecord stored(const QString& id) const {
        const auto store = RunStore::open(m_folder->path(), RunStore::Access::ReadOnly);
        if (!store) return {};
        const auto record = (*store)->find(id);
        return record ? *record : RunRecord{};
    }

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_service = std::make_unique<TrainingService>(m_folder->path(), 2);
    }
    void cleanup() {
        m_service.reset();
        m_folder.reset();
    }

    void runGoesFromQueueToEndAndIsStored() {
        QSignalSpy queued(m_service.get(), &TrainingService::runQueued);
        QSignalSpy begun(m_service.get(), &TrainingService::runStarted);
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        QSignalSpy kept(m_service.get(), &TrainingService::runStored);
        QSignalSpy broken(m_service.get(), &TrainingService::storageFailed);
        const QString id = started(experiment("biased_mf", 5));
        QCOMPARE(queued.size(), 1);
        QCOMPARE(m_service->activeRun(), id);
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(ended.first().first().toString(), id);
        QCOMPARE(begun.size(), 1);
        QCOMPARE(m_service->activeRun(), QString());
        QCOMPARE(m_service->runs(), (std::vector<QString>{id}));

        const LiveRun& run = live(id);
        QCOMPARE(run.record.status, RunStatus::Completed);
        QCOMPARE(run.record.epochs, 5);
        QVERIFY(run.record.name.endsWith(" on test"));
        QCOMPARE(run.etaSeconds, 0.0);
        QVERIFY(run.model);
        QVERIFY(run.test && run.validation);
        const auto loss = std::find_if(run.curves.begin(), run.curves.end(),
                                       [](const Curve& c) { return c.key == "loss"; });
        QVERIFY(loss != run.curves.end());
        QCOMPARE(loss->points.size(), std::size_t(5));
        QVERIFY(loss->points.back().value < loss->points.front().value);

        QTRY_COMPARE(kept.size(), 2); // a place in the list, then the end with its model
        QCOMPARE(broken.size(), 0);
        const RunRecord record = stored(id);
        QCOMPARE(record.id, id);
        QCOMPARE(record.status, RunStatus::Completed);
        QCOMPARE(record.epochs, 5);
        QCOMPARE(record.datasetTitle, QString("test"));
        QVERIFY(record.hasModel);
        QCOMPARE(record.testMetrics.size(), run.record.testMetrics.size());
    }

    void unknownAlgorithmAndParameterAreRefusedAtOnce() {
        const auto unknown = m_service->start(experiment("no_such_model"), plantedSplit());
        QVERIFY(!unknown);
        QCOMPARE(unknown.error().code, ErrorCode::NotFound);
        Experiment wrong = experiment("popularity");
        wrong.plan.params["no_such_parameter"] = std::int64_t{1};
        QVERIFY(!m_service->start(wrong, plantedSplit()));
        QVERIFY(!m_service->start(experiment("popularity"), nullptr));
        QVERIFY(m_service->runs().empty());
    }

    void whatCannotStartIsRefusedAndLeavesNoTrace() {
        SplitSpec implicit;
        implicit.filter.implicitThreshold = 1.0;
        const SplitPtr split = makeSplit(test::plantedDataset(), implicit).value();
        QVERIFY(split->dataset()->scale().implicit);
        QSignalSpy queued(m_service.get(), &TrainingService::runQueued);
        const auto refused = m_service->start(experiment("biased_mf"), split);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        Experiment unreachable = experiment("popularity");
        unreachable.plan.evaluation.relevanceThreshold = 4.0;
        QVERIFY(!m_service->start(unreachable, split));
        QVERIFY(queued.isEmpty() && m_service->runs().empty());
        m_service.reset(); // all that was to be written is written
        const auto store = RunStore::open(m_folder->path());
        QVERIFY(store.ok());
        QVERIFY((*store)->list()->empty());
    }

    void failedRunSaysWhy() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        auto data = test::dataset(3, 3, {{0, 0}, {0, 1}, {1, 1}, {2, 2}});
        Experiment what = experiment("popularity");
        what.plan.evaluation.metrics = {"no_such_metric"};
        const QString id =
            m_service->start(what, makeSplit(data, {.validationFraction = 0.0}).value()).value();
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(status(id), RunStatus::Failed);
        QVERIFY(!live(id).record.reason.isEmpty());
    }

    void queuedRunsGoOneAfterAnother() {
        QSignalSpy begun(m_service.get(), &TrainingService::runStarted);
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        std::vector<QString> ids;
        for (const char* algorithm : {"popularity", "item_mean", "random", "user_mean"})
            ids.push_back(started(experiment(algorithm)));
        QCOMPARE(m_service->activeRun(), ids[0]);
        QCOMPARE(status(ids[3]), RunStatus::Queued);
        QTRY_COMPARE(ended.size(), 4);
        for (std::size_t n = 0; n < ids.size(); ++n) {
            QCOMPARE(ended[static_cast<int>(n)].first().toString(), ids[n]);
            QCOMPARE(begun[static_cast<int>(n)].first().toString(), ids[n]);
            QCOMPARE(status(ids[n]), RunStatus::Completed);
        }
    }

    void pauseHoldsAndResumeGoesOn() {
        const QString id = started(endless());
        QTRY_VERIFY(epochs(id) >= 2);
        m_service->pause(id);
        QVERIFY(live(id).paused); // at once
        // The epoch that was being counted may still be on its way here; after that nothing moves.
        QTest::qWait(150);
        const int held = epochs(id);
        QTest::qWait(300);
        QCOMPARE(epochs(id), held);
        QCOMPARE(status(id), RunStatus::Running);
        m_service->resume(id);
        QVERIFY(!live(id).paused);
        QTRY_VERIFY(epochs(id) > held);
    }

    void stepRunsExactlyOneEpoch() {
        const QString first = started(endless());
        QTRY_VERIFY(epochs(first) >= 1);
        m_service->pause(first); // wherever it is, in training or evaluating
        QTest::qWait(150);
        const int before = epochs(first);
        m_service->step(first);
        QTRY_VERIFY(epochs(first) == before + 1 && live(first).paused);
        m_service->step(first);
        QTRY_VERIFY(epochs(first) == before + 2 && live(first).paused);
        QTest::qWait(200);
        QCOMPARE(epochs(first), before + 2);
    }

    void stepStartsAQueuedRunInSteps() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        const QString first = started(endless());
        const QString second = started(endless());
        m_service->step(second);
        QCOMPARE(status(second), RunStatus::Queued);
        m_service->cancel(first);
        QTRY_COMPARE(ended.size(), 1);
        QTRY_VERIFY(live(second).paused && epochs(second) == 1);
        QTest::qWait(200);
        QCOMPARE(epochs(second), 1);
    }

    void pausedQueuedRunLetsOthersPass() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        const QString first = started(endless());
        const QString held = started(experiment("popularity"));
        const QString third = started(experiment("popularity"));
        m_service->pause(held);
        QVERIFY(live(held).paused);
        m_service->cancel(first);
        QTRY_COMPARE(ended.size(), 2);
        QCOMPARE(status(third), RunStatus::Completed);
        QCOMPARE(status(held), RunStatus::Queued);
        m_service->resume(held);
        QTRY_COMPARE(ended.size(), 3);
        QCOMPARE(status(held), RunStatus::Completed);
    }

    void cancelKeepsTheModelAndIsStored() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        QSignalSpy kept(m_service.get(), &TrainingService::runStored);
        const QString id = started(endless());
        QTRY_VERIFY(epochs(id) >= 2);
        m_service->cancel(id);
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(status(id), RunStatus::Cancelled);
        QVERIFY(live(id).model);
        QTRY_COMPARE(kept.size(), 2);
        QCOMPARE(stored(id).status, RunStatus::Cancelled);
        QVERIFY(stored(id).hasModel);
    }

    void cancelWhilePausedEnds() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        const QString id = started(endless());
        QTRY_VERIFY(epochs(id) >= 1);
        m_service->pause(id);
        QTest::qWait(100);
        m_service->cancel(id);
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(status(id), RunStatus::Cancelled);
        QVERIFY(!live(id).paused);
    }

    void cancelOfAQueuedRunIsImmediateAndStored() {
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        const QString first = started(endless());
        const QString second = started(endless());
        m_service->cancel(second);
        QCOMPARE(ended.size(), 1);
        QCOMPARE(status(second), RunStatus::Cancelled);
        QVERIFY(!live(second).record.reason.isEmpty());
        QTRY_COMPARE(stored(second).status, RunStatus::Cancelled);
        m_service->cancel(second); // again: nothing happens
        QCOMPARE(ended.size(), 1);
        m_service->cancel(first);
        QTRY_COMPARE(ended.size(), 2);
    }

    void watchedModelArrivesWhileTraining() {
        m_service->watchModel(true);
        const QString id = started(endless());
        QSignalSpy changed(m_service.get(), &TrainingService::modelChanged);
        QTRY_VERIFY(changed.size() >= 3);
        QCOMPARE(status(id), RunStatus::Running);
        QVERIFY(live(id).model);
        QVERIFY(live(id).modelEpoch >= 1);
        const int epoch = live(id).modelEpoch;
        QTRY_VERIFY(live(id).modelEpoch > epoch);
        m_service->watchModel(false);
        QTest::qWait(200); // what was asked for may still come
        const auto model = live(id).model;
        QTest::qWait(200);
        QVERIFY(live(id).model == model);
    }

    void changesComeAtMostFifteenTimesASecond() {
        const QString id = started(endless());
        QTRY_VERIFY(epochs(id) >= 1);
        QSignalSpy changed(m_service.get(), &TrainingService::runChanged);
        QTest::qWait(1000);
        QVERIFY2(changed.size() <= 17, qPrintable(QString::number(changed.size())));
        QVERIFY(changed.size() >= 1);
    }

    void storageThatCannotBeWrittenDoesNotStopTheRun() {
        QFile inTheWay(m_folder->filePath("workspace"));
        QVERIFY(inTheWay.open(QIODevice::WriteOnly));
        m_service = std::make_unique<TrainingService>(m_folder->filePath("workspace"), 2);
        QSignalSpy broken(m_service.get(), &TrainingService::storageFailed);
        QSignalSpy ended(m_service.get(), &TrainingService::runEnded);
        const QString id = started(experiment("biased_mf", 3));
        QTRY_COMPARE(ended.size(), 1);
        QCOMPARE(status(id), RunStatus::Completed);
        QVERIFY(live(id).model);
        QTRY_VERIFY(!broken.isEmpty());
        QVERIFY(!broken.first().first().value<Error>().message.empty());
    }

    void batchStepTrainsOneBatchAndShowsItsModel() {
        Experiment slow = experiment("mult_vae", 3);
        slow.plan.params["train_batch_size"] = std::int64_t{32}; // 200 users: 7 batches
        m_service->watchModel(true, this);
        const QString blocker = started(endless());
        const QString id = started(slow);
        m_service->stepBatch(id); // waits in the queue, and begins in steps
        m_service->cancel(blocker);
        QTRY_VERIFY(live(id).paused && live(id).model && live(id).modelMidEpoch);
        QCOMPARE(live(id).modelEpoch, 1);
        QCOMPARE(epochs(id), 0);
        QCOMPARE(*batchPlace(live(id)), (BatchPlace{1, 7}));
        const auto first = live(id).model;
        for (int batch = 2; batch <= 7; ++batch) {
            m_service->stepBatch(id);
            QTRY_VERIFY(live(id).paused && batchPlace(live(id)) == (BatchPlace{batch, 7}));
        }
        QVERIFY(live(id).model != first);
        m_service->stepBatch(id); // after the last batch: the end of the epoch with its evaluation
        QTRY_VERIFY(live(id).paused && epochs(id) == 1 && !batchPlace(live(id)));
        m_service->stepBatch(id);
        QTRY_VERIFY(live(id).paused && batchPlace(live(id)) == (BatchPlace{1, 7}));
        QTRY_COMPARE(live(id).modelEpoch, 2);
        m_service->resume(id);
        QTRY_COMPARE(status(id), RunStatus::Completed);
        QCOMPARE(epochs(id), 3);
        QVERIFY(!live(id).modelMidEpoch);
        m_service->watchModel(false, this);
    }

    void tensorsAreThereOnlyWhileSomebodyObserves() {
        Experiment vae = experiment("mult_vae", 100000);
        const QString id = started(vae);
        QTRY_VERIFY_WITH_TIMEOUT(epochs(id) >= 2, 30000);
        QVERIFY(live(id).observed.empty());
        m_service->observe(true, this);
        QTRY_VERIFY(live(id).observed.size() >= 2);
        QVERIFY(!live(id).tensors->empty());
        m_service->observe(false, this);
        const int since = epochs(id);
        // Epochs that were under way, or on their way here, may still have been summed up; later ones not.
        QTRY_VERIFY_WITH_TIMEOUT(epochs(id) >= since + 20, 60000);
        const int last = live(id).observed.back().epoch;
        QVERIFY(last < since + 20);
        QTRY_VERIFY_WITH_TIMEOUT(epochs(id) >= since + 40, 60000);
        QCOMPARE(live(id).observed.back().epoch, last);
        // The next run is observed from its start.
        m_service->observe(true, this);
        const QString next = started(experiment("autoencoder", 2));
        m_service->cancel(id);
        QTRY_COMPARE(status(next), RunStatus::Completed);
        QCOMPARE(live(next).observed.size(), std::size_t(2));
    }

    void destructionCancelsAllAndLeavesACleanWorkspace() {
        const QString first = started(endless());
        const QString second = started(endless());
        QTRY_VERIFY(epochs(first) >= 1);
        m_service.reset();
        QCOMPARE(stored(first).status, RunStatus::Cancelled);
        QVERIFY(stored(first).hasModel);
        QVERIFY(stored(first).epochs >= 1);
        QCOMPARE(stored(second).status, RunStatus::Cancelled);
    }

    void destructionRightAfterStartIsClean() {
        for (int n = 0; n < 5; ++n) {
            const QString id = started(endless());
            m_service.reset();
            QCOMPARE(stored(id).status, RunStatus::Cancelled);
            m_service = std::make_unique<TrainingService>(m_folder->path(), 2);
        }
    }

    void idsOfEarlierSessionsAreNotUsedAgain() {
        const QString earlier = started(experiment("popularity"));
        m_service.reset();
        m_service = std::make_unique<TrainingService>(m_folder->path(), 1);
        QVERIFY(m_service->run(earlier) == nullptr);
        QVERIFY(m_service->runs().empty());
        QVERIFY(started(experiment("popularity")) != earlier);
    }
};

QTEST_GUILESS_MAIN(TestTrainingService)
#include "tst_training_service.moc"
