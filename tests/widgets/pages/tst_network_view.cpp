// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/tensor_table_model.h"
#include "app/session/dataset_service.h"
#include "widgets/charts/histogram_history.h"
#include "widgets/charts/run_charts.h"
#include "widgets/pages/network_view.h"
#include "widgets/pages/run_monitor.h"
#include "widgets/pages/train_page.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <numeric>

using namespace recoscope;

namespace {

constexpr int patience = 60'000;

ObservedEpoch epochOf(int epoch, double norm, double dead = 0.0) {
    TensorSummary gradient{
        .name = "encoder.0.weight", .kind = TensorKind::Gradient, .count = 10, .norm = norm};
    gradient.min = -1.0;
    gradient.max = 1.0;
    gradient.histogram = {2, 8};
    TensorSummary units{.name = "hidden", .kind = TensorKind::Activation, .count = 4, .norm = 1.0};
    units.deadShare = dead;
    return {epoch, std::make_shared<std::vector<TensorSummary>>(std::vector{gradient, units})};
}

} // namespace

class TestNetworkView final : public QObject {
    Q_OBJECT
private slots:
    void explodingGradientsAndDeadUnitsAreMarked() {
        TensorTableModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        std::vector<ObservedEpoch> observed{epochOf(1, 1.0), epochOf(2, 2.0), epochOf(3, 1.5)};
        model.setObserved(observed);
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.alarms(), 0);
        QCOMPARE(model.rowAt(0)->norms, (QVector<double>{1.0, 2.0, 1.5}));
        QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
        observed.push_back(epochOf(4, 149.0, 0.2)); // below 100 times the median 1.5; 20 % is not over 20 %
        model.setObserved(observed);
        QCOMPARE(model.alarms(), 0);
        observed.back() = epochOf(4, 151.0, 0.25);
        model.setObserved(observed);
        QCOMPARE(resets.count(), 0); // the same network: the selection stays
        QCOMPARE(model.alarms(), 2);
        QCOMPARE(model.rowAt(0)->alarm, TensorAlarm::Exploding);
        QCOMPARE(model.rowAt(1)->alarm, TensorAlarm::DeadUnits);
        QCOMPARE(model.index(1, TensorTableModel::Dead).data().toString(), QStringLiteral("25 %"));
        QVERIFY(model.index(0, 0).data(Qt::ToolTipRole).toString().contains("explodes"));
        observed.back() = epochOf(4, std::nan(""), 0.0);
        model.setObserved(observed);
        QCOMPARE(model.rowAt(0)->alarm, TensorAlarm::NotFinite);
    }

    void historyIsOnOneScaleAndLosesNothing() {
        HistogramHistory history;
        TensorSummary narrow{.name = "w", .count = 10, .mean = 0.5};
        narrow.min = 0.0;
        narrow.max = 1.0;
        narrow.histogram = {5, 5};
        TensorSummary broad = narrow;
        broad.min = -3.0;
        broad.max = 1.0;
        broad.histogram = {10, 0};
        history.setHistory("w", {1, 2}, {&narrow, &broad});
        QCOMPARE(history.low(), -3.0);
        QCOMPARE(history.high(), 1.0);
        for (int column = 0; column < 2; ++column) {
            double sum = 0.0;
            for (int row = 0; row < history.rows(); ++row)
                sum += history.share(column, row);
            QVERIFY2(std::abs(sum - 1.0) < 1e-9, qPrintable(QString::number(sum)));
        }
        QCOMPARE(history.share(0, 0), 0.0); // nothing below 0 in the first epoch
        QVERIFY(history.share(0, history.rows() - 1) > 0.0);
        QVERIFY(history.share(1, 0) > 0.0);
    }

    void trainerIsObservedOnlyWhileTheTabIsSeen() {
        QTemporaryDir folder;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(folder.path());
        TrainPage page(&training, &datasets);
        page.resize(1180, 740);
        page.show();
        QVERIFY(page.selectAlgorithm("ials"));
        TrainingPlan plan;
        plan.algorithm = "mult_vae";
        plan.params["epochs"] = std::int64_t{2000};
        plan.earlyStopping.enabled = false;
        page.setUp(plan);
        auto* batch = page.findChild<QPushButton*>("batchButton");
        QVERIFY(batch && batch->isEnabled());
        QTest::mouseClick(batch, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!training.activeRun().isEmpty(), patience);
        const QString run = training.activeRun();
        QTRY_VERIFY_WITH_TIMEOUT(training.run(run)->paused && training.run(run)->progress.epoch == 1,
                                 patience);
        QCOMPARE(training.run(run)->record.epochs, 0);
        const auto said = [&page](const QString& words) {
            for (const auto* label : page.findChildren<QLabel*>())
                if (label->text().contains(words)) return true;
            return false;
        };
        QTRY_VERIFY(said("epoch 1, batch 1 of"));
        const int network = page.monitor()->networkView();
        QVERIFY(page.charts()->offered(network));
        training.resume(run);
        QTRY_VERIFY_WITH_TIMEOUT(training.run(run)->record.epochs >= 2, patience);
        QVERIFY(training.run(run)->observed.empty());
        page.charts()->setView(network);
        auto* view = page.findChild<NetworkView*>();
        QTRY_VERIFY_WITH_TIMEOUT(view->model()->rowCount() > 4 && view->model()->rowAt(0)->norms.size() >= 2,
                                 patience);
        page.charts()->setView(RunCharts::Results);
        const int seen = training.run(run)->record.epochs;
        QTRY_VERIFY_WITH_TIMEOUT(training.run(run)->record.epochs >= seen + 6, patience);
        QVERIFY(training.run(run)->observed.back().epoch <= seen + 3);
        // Parts and signals of a variational model have their views.
        QVERIFY(page.charts()->offered(RunCharts::Parts) && page.charts()->offered(RunCharts::Signals));
        page.charts()->setView(RunCharts::Parts);
        QVERIFY(page.charts()->parts().contains("reconstruction") && page.charts()->parts().contains("kl"));
        training.cancel(run);
        QTRY_VERIFY_WITH_TIMEOUT(training.activeRun().isEmpty(), patience);
        // A model in one pass has neither.
        const auto knn = [&] {
            page.selectAlgorithm("item_knn");
            return page.start();
        }();
        QTRY_VERIFY_WITH_TIMEOUT(training.run(knn)->record.status == RunStatus::Completed, patience);
        page.showRun(knn);
        QVERIFY(!page.charts()->offered(network));
        QVERIFY(!batch->isEnabled()); // nothing goes on, and ItemKNN has one pass
    }
};

QTEST_MAIN(TestNetworkView)
#include "tst_network_view.moc"
