// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"

#include <QAbstractItemModelTester>
#include <QPersistentModelIndex>
#include <QSignalSpy>
#include <QTest>

using namespace recoscope;

namespace {

RunRow run(const QString& id, RunStatus status, double ndcg) {
    RunRow row;
    row.record.id = id;
    row.record.status = status;
    row.record.experiment.plan.algorithm = "popularity";
    row.record.name = "Popularity on Films";
    row.record.datasetTitle = "Films";
    row.record.epochs = 3;
    row.record.seconds = 75.0;
    row.record.testMetrics = {{"ndcg@10", ndcg}};
    return row;
}

MetricValue metric(const std::string& key, double value, bool higher = true) {
    return {key, key, key + ";definition", value, 5, higher, {0.1, 0.2}};
}

} // namespace

class TestRunTableModel final : public QObject {
    Q_OBJECT
private slots:
    void rowsSayStatusTimeAndMetricInWordsAndUnits() {
        RunTableModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setMetrics({"ndcg@10", "rmse"});
        model.setRuns({run("a-1", RunStatus::Interrupted, 0.25)});
        const auto text = [&](int column) { return model.index(0, column).data().toString(); };
        QCOMPARE(text(RunTableModel::Name),
                 QStringLiteral("a-1")); // the made name says nothing that tells runs apart
        QCOMPARE(text(RunTableModel::Status), QStringLiteral("Interrupted"));
        QCOMPARE(text(RunTableModel::Algorithm), QStringLiteral("Popularity"));
        QCOMPARE(text(RunTableModel::Seconds), QStringLiteral("1 min 15 s"));
        QCOMPARE(text(RunTableModel::FirstMetric), QStringLiteral("0.2500"));
        QCOMPARE(text(RunTableModel::FirstMetric + 1), QStringLiteral("–"));
        QCOMPARE(model.headerData(RunTableModel::FirstMetric, Qt::Horizontal, Qt::DisplayRole).toString(),
                 QStringLiteral("NDCG@10"));
    }

    void aValidationValueIsMarkedSoThatItIsNotTakenForTest() {
        RunTableModel model;
        model.setMetrics({"ndcg@10"});
        RunRow row = run("a-1", RunStatus::Cancelled, 0.25);
        row.record.validationMetrics = std::move(row.record.testMetrics);
        row.record.testMetrics.clear();
        model.setRuns({row});
        QCOMPARE(model.index(0, RunTableModel::FirstMetric).data().toString(), QStringLiteral("0.2500 val."));
    }

    void aPersonsNameIsShown() {
        RunRow row = run("a-1", RunStatus::Completed, 0.25);
        row.record.name = "My best";
        QCOMPARE(runTitle(row.record), QStringLiteral("My best"));
    }

    void newRunsAreInsertedWithoutLosingPlaceOrTicks() {
        RunTableModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setCheckable(true);
        model.setRuns({run("a", RunStatus::Completed, 0.1)});
        model.setChecked("a", true);
        const QPersistentModelIndex place(model.index(0, 0));
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        model.setRuns(
            {run("a", RunStatus::Completed, 0.1), run("b", RunStatus::Running, 0.2)}); // a session adds below
        model.setRuns({run("c", RunStatus::Queued, 0.1), run("a", RunStatus::Completed, 0.1),
                       run("b", RunStatus::Running, 0.2)}); // a list above
        QCOMPARE(reset.count(), 0);
        QCOMPARE(place.row(), 1);
        QCOMPARE(model.index(1, 0).data(Qt::CheckStateRole).toInt(), static_cast<int>(Qt::Checked));
        model.setRuns({run("b", RunStatus::Running, 0.2)});
        QCOMPARE(reset.count(), 1);
    }

    void tickingTellsAndSortKeysAreNumbers() {
        RunTableModel model;
        model.setCheckable(true);
        model.setMetrics({"ndcg@10"});
        model.setRuns({run("a", RunStatus::Completed, 0.25)});
        QSignalSpy ticked(&model, &RunTableModel::checkedChanged);
        QVERIFY(model.setData(model.index(0, 0), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(ticked.count(), 1);
        QVERIFY(model.checkedRuns().contains("a"));
        QCOMPARE(model.index(0, RunTableModel::FirstMetric).data(RunTableModel::SortRole).toDouble(), 0.25);
    }

    void metricsAreLaidOutByCutoff() {
        Evaluation evaluation;
        evaluation.metrics = {metric("ndcg@5", 0.1), metric("ndcg@10", 0.2), metric("recall@5", 0.3),
                              metric("recall@10", 0.4), metric("rmse", 0.9, false)};
        MetricTableModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setByCutoff(evaluation);
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(model.columnCount(), 4); // metric, @5, @10, all
        QCOMPARE(model.index(1, 2).data().toString(), QStringLiteral("0.4000"));
        QCOMPARE(model.index(2, 3).data().toString(), QStringLiteral("0.9000"));
        QCOMPARE(model.index(2, 1).data().toString(), QString());
        QVERIFY(model.index(0, 1).data(Qt::ToolTipRole).toString().contains("ndcg@5;definition"));
        QCOMPARE(model.toText().split('\n').first(), QStringLiteral("Metric\t@5\t@10\tAll"));
    }

    void theBestOfSeveralRunsIsMarkedInTheRightDirection() {
        MetricTableModel model;
        model.setColumns({{"one", {metric("ndcg@10", 0.2), metric("rmse", 0.9, false)}},
                          {"two", {metric("ndcg@10", 0.3), metric("rmse", 0.95, false)}}});
        QVERIFY(!model.index(0, 1).data(MetricTableModel::BestRole).toBool());
        QVERIFY(model.index(0, 2).data(MetricTableModel::BestRole).toBool());
        QVERIFY(model.index(1, 1).data(MetricTableModel::BestRole).toBool()); // lower is better
        model.setColumns({{"alone", {metric("ndcg@10", 0.2)}}});
        QVERIFY(!model.index(0, 1).data(MetricTableModel::BestRole).toBool()); // alone is no contest
    }
};

QTEST_GUILESS_MAIN(TestRunTableModel)
#include "tst_run_table_model.moc"
