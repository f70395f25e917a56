// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/run_log.h"

#include <QtTest>

using namespace recoscope;

namespace {

/// Three epochs with a loss, NDCG@10 and Recall@20 each.
std::vector<Curve> threeEpochs() {
    return {{"loss", {{1, 1.0, 0.9}, {2, 2.0, 0.8}, {3, 3.0, 0.7}}},
            {"ndcg@10", {{1, 1.1, 0.1}, {2, 2.1, 0.3}, {3, 3.1, 0.2}}},
            {"recall@20", {{1, 1.1, 0.5}, {2, 2.1, 0.6}, {3, 3.1, 0.4}}}};
}

RunRecord record() {
    RunRecord record;
    record.experiment.plan.algorithm = "ials";
    record.experiment.plan.seed = 7;
    record.datasetTitle = "MovieLens";
    record.status = RunStatus::StoppedEarly;
    record.reason = "Stopped after epoch 3";
    record.epochs = 3;
    record.bestEpoch = 2;
    record.seconds = 3.5;
    record.testMetrics = {{"ndcg@10", 0.25}, {"hr@10", 0.5}};
    return record;
}

QStringList texts(const std::vector<StoredLogLine>& lines) {
    QStringList texts;
    for (const StoredLogLine& line : lines)
        texts << line.text;
    return texts;
}

} // namespace

class TestRunLog : public QObject {
    Q_OBJECT
private slots:
    void aStoredRunTellsItsStartEpochsBestEndAndTest() {
        const std::vector<StoredLogLine> said{{LogLevel::Warning, 1.5, "Something to know"}};
        const QStringList lines = texts(RunLog().more(record(), threeEpochs(), said));
        QCOMPARE(lines.first(), QStringLiteral("Started: ials on MovieLens, seed 7"));
        QCOMPARE(lines.filter("epoch ").filter("loss").size(), 3);
        QCOMPARE(lines.filter("NDCG@10 0.3").size(), 1);
        QVERIFY(lines.filter("Recall").isEmpty());       // a line has room for what is watched and the usual
        QVERIFY(lines.indexOf("Something to know") > 1); // by time
        QVERIFY(lines.contains("Best NDCG@10 in epoch 2; its model is kept"));
        QVERIFY(lines.contains("Stopped after epoch 3"));
        QCOMPARE(lines.last(), QStringLiteral("Tested: NDCG@10 0.2500"));
    }

    void aRunningOneTellsOnlyWhatIsNew() {
        RunRecord now = record();
        now.status = RunStatus::Running;
        now.testMetrics.clear();
        RunLog log;
        std::vector<Curve> curves{{"loss", {{1, 1.0, 0.9}}}};
        QCOMPARE(log.more(now, curves, {}).size(), std::size_t(2));
        QVERIFY(log.more(now, curves, {}).empty());
        curves[0].points.push_back({2, 2.0, 0.8});
        QCOMPARE(texts(log.more(now, curves, {})), QStringList{"epoch   2  loss 0.8"});
        now.status = RunStatus::Cancelled;
        QCOMPARE(log.more(now, curves, {}).size(), std::size_t(2)); // the best epoch, and why it ended
        now.testMetrics = {{"ndcg@10", 0.25}};                      // tested afterwards
        QCOMPARE(log.more(now, curves, {}).size(), std::size_t(1));
    }

    void aWatchedMetricIsInTheLine() {
        RunRecord watching = record();
        watching.experiment.plan.earlyStopping.metric = "recall@20";
        QCOMPARE(texts(RunLog().more(watching, threeEpochs(), {})).filter("Recall@20").size(), 4);
    }
};

QTEST_GUILESS_MAIN(TestRunLog)
#include "tst_run_log.moc"
