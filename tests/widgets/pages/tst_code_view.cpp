// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/code_item_model.h"
#include "app/session/dataset_service.h"
#include "app/session/training_service.h"
#include "widgets/charts/code_strip.h"
#include "widgets/charts/genre_bars.h"
#include "widgets/pages/code_view.h"
#include "widgets/pages/inspect_page.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTabWidget>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace recoscope;

namespace {
constexpr int patience = 60'000;
}

class TestCodeView final : public QObject {
    Q_OBJECT
private slots:
    void rankChangesAreArrows() {
        QCOMPARE(rankChange(3, 15), QStringLiteral("▲ 12"));
        QCOMPARE(rankChange(1200, 3), QStringLiteral("▼ 1,197"));
        QCOMPARE(rankChange(4, 4), QStringLiteral("="));
        QCOMPARE(rankChange(4, 0), QString());
    }

    void modelsPassTheTester() {
        for (const auto kind :
             {CodeItemModel::Kind::History, CodeItemModel::Kind::Rebuilt, CodeItemModel::Kind::Decoded}) {
            CodeItemModel model(kind);
            QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
            CodeItem kept{.item = ItemIndex{4},
                          .title = "A",
                          .inHistory = true,
                          .input = 1.0f,
                          .rebuilt = 0.25f,
                          .rank = 1};
            CodeItem fell = kept;
            fell.dropped = true;
            fell.rank = 9;
            model.setRows({kept, fell}, true, 2);
            QCOMPARE(model.rowCount(), 2);
            QStringList cells;
            for (int column = 0; column < model.columnCount(); ++column)
                cells << model.index(1, column).data().toString();
            QVERIFY(cells.contains("25.0 %"));
            if (kind == CodeItemModel::Kind::History)
                QVERIFY(cells.contains("dropped") && cells.contains("fell"));
            model.setRows({}, true, 0);
        }
    }

    void codeFollowsTheBatchesAndTheNoiseIsDrawnAgain() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        InspectPage page(&training, &datasets);
        page.resize(1180, 740);
        page.show();
        Experiment experiment;
        experiment.plan.algorithm = "mult_vae";
        experiment.plan.params["epochs"] = std::int64_t{30};
        experiment.plan.earlyStopping.enabled = false;
        const auto run = training.start(experiment, datasets.currentSplit());
        QVERIFY(run.ok());
        QTRY_VERIFY_WITH_TIMEOUT(page.hasCode(), patience);
        page.showCode(true);
        CodeView* view = page.codeView();
        QTRY_VERIFY_WITH_TIMEOUT(view->answer() != nullptr, patience);
        training.pause(*run);
        QTRY_VERIFY_WITH_TIMEOUT(training.run(*run)->paused || training.activeRun().isEmpty(), patience);
        for (int step = 0; step < 2 && !training.activeRun().isEmpty(); ++step) {
            const auto before = training.run(*run)->model;
            training.stepBatch(*run);
            QTRY_VERIFY_WITH_TIMEOUT(training.run(*run)->model != before, patience);
        }
        // Since the batch before: every number of the code has moved a little, and the text says where it is.
        QTRY_VERIFY_WITH_TIMEOUT(!view->answer()->codeBefore.empty() && view->answer()->keptBefore >= 0,
                                 patience);
        auto* strip = view->findChild<CodeStrip*>();
        QTRY_COMPARE(strip->code().values, view->answer()->code);
        QCOMPARE(strip->code().deviations.size(), strip->code().values.size());
        QVERIFY(strip->code().before != strip->code().values);
        auto* in = view->findChild<QTableView*>("codeIn")->model();
        const UserItemCsr& history = datasets.currentSplit()->testHistory();
        QCOMPARE(in->rowCount(), history.rowSize(UserIndex{0}));
        QVERIFY(view->findChild<QLabel*>("codeSummary")->text().contains("come back among the first"));

        view->setNoise(true);
        QTRY_VERIFY_WITH_TIMEOUT(view->answer()->noiseSeed && view->answer()->dropped > 0, patience);
        const auto first = view->answer()->drawn;
        QTest::mouseClick(view->findChild<QPushButton*>("codeAgain"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(view->answer()->drawn != first, patience);
        QCOMPARE(view->answer()->user, UserIndex{0});

        // Towards another user, and somebody who is nobody.
        view->setTool(1);
        auto* blend = view->findChild<QTableView*>("blendTable")->model();
        QTRY_VERIFY_WITH_TIMEOUT(blend->rowCount() > 0, patience);
        const auto titles = [blend] {
            QStringList out;
            for (int row = 0; row < 20; ++row)
                out << blend->index(row, 1).data().toString();
            return out;
        };
        view->setShare(0.0);
        QTRY_COMPARE_WITH_TIMEOUT(blend->index(0, 5).data().toString(), QStringLiteral("1"), patience);
        const QStringList left = titles();
        view->setShare(1.0);
        QTRY_VERIFY_WITH_TIMEOUT(titles() != left, patience);
        QVERIFY(!view->setOtherUser("nobody of that name"));
        view->setTool(2);
        auto* made = view->findChild<QTableView*>("drawTable")->model();
        QTRY_VERIFY_WITH_TIMEOUT(made->rowCount() == 50, patience);
        const QString best = made->index(0, 1).data().toString() + made->index(1, 1).data().toString() +
                             made->index(2, 1).data().toString();
        QTest::mouseClick(view->findChild<QPushButton*>("makeUser"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(best != made->index(0, 1).data().toString() +
                                             made->index(1, 1).data().toString() +
                                             made->index(2, 1).data().toString(),
                                 patience);
        double sum = 0.0;
        for (const GenreShare& share : view->findChildren<GenreBars*>()[1]->shares())
            sum += share.share;
        QVERIFY2(std::abs(sum - 1.0) < 1e-6, qPrintable(QString::number(sum)));
        training.cancel(*run);
    }

    void modelsWithoutCodesHaveNoTab() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        InspectPage page(&training, &datasets);
        page.show();
        Experiment experiment;
        experiment.plan.algorithm = "item_knn";
        const auto run = training.start(experiment, datasets.currentSplit());
        QTRY_VERIFY_WITH_TIMEOUT(training.run(*run)->record.status == RunStatus::Completed, patience);
        page.setRun(*run);
        auto* tabs = page.findChild<QTabWidget*>("inspectTabs");
        QVERIFY(!page.hasCode());
        QVERIFY(!tabs->isTabVisible(1));
        page.showCode(true);
        QCOMPARE(tabs->currentIndex(), 0);
    }
};

QTEST_MAIN(TestCodeView)
#include "tst_code_view.moc"
