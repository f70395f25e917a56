// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/session/dataset_service.h"
#include "app/session/training_service.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/run_charts.h"
#include "widgets/forms/algorithm_picker.h"
#include "widgets/forms/forecast_panel.h"
#include "widgets/forms/number_field.h"
#include "widgets/forms/parameter_form.h"
#include "widgets/pages/run_monitor.h"
#include "widgets/pages/train_page.h"

#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace recoscope;

namespace {

constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine

bool ended(const LiveRun* run) {
    return run && run->record.status != RunStatus::Queued && run->record.status != RunStatus::Running;
}

} // namespace

class TestTrainPage final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<DatasetService> m_datasets;
    std::unique_ptr<TrainingService> m_training;
    std::unique_ptr<TrainPage> m_page;

    QPushButton* button(const char* name) { return m_page->findChild<QPushButton*>(QLatin1String(name)); }
    NumberField* number(const char* key) {
        return qobject_cast<NumberField*>(m_page->parameters()->editor(key));
    }
private slots:
    void initTestCase() {
        m_datasets = std::make_unique<DatasetService>();
        QSignalSpy split(m_datasets.get(), &DatasetService::splitReady);
        m_datasets->import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
    }
    void init() {
        static int number = 0;
        m_training = std::make_unique<TrainingService>(m_folder.filePath(QString::number(++number)));
        m_page = std::make_unique<TrainPage>(m_training.get(), m_datasets.get());
        m_page->resize(1180, 740);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    }
    void cleanup() {
        m_page.reset();
        m_training.reset();
    }

    void pickingAnAlgorithmSettingAParameterAndStartingShowsCurvesAndMetrics() {
        QTest::keyClicks(m_page->picker()->search(), "ials");
        QTest::keyClick(m_page->picker()->search(), Qt::Key_Return);
        QCOMPARE(m_page->picker()->current()->id, std::string_view("ials"));
        number("embedding_size")->setValue(16);
        number("epochs")->setValue(4);
        QTest::mouseClick(button("startButton"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!m_page->shownRun().isEmpty(), patience);
        const QString run = m_page->shownRun();
        QTRY_VERIFY_WITH_TIMEOUT(ended(m_training->run(run)), patience);
        const LiveRun* live = m_training->run(run);
        QCOMPARE(live->record.status, RunStatus::Completed);
        QCOMPARE(std::get<std::int64_t>(live->record.experiment.plan.params.at("embedding_size")), 16);
        // The curves are drawn: four epochs of a loss, and NDCG@10.
        QTRY_VERIFY_WITH_TIMEOUT(!m_page->charts()->lossChart()->series().isEmpty(), patience);
        QCOMPARE(m_page->charts()->lossChart()->series().front().points.size(), 4);
        QTRY_VERIFY(m_page->charts()->lossChart()->drawnPoints() >= 4);
        QCOMPARE(m_page->charts()->metricChart()->series().front().points.size(), 4);
        // The table holds the test part, digit for digit what the run found.
        auto* table = m_page->findChild<QTableView*>("metricTable");
        QVERIFY(live->test);
        int row = -1;
        for (int r = 0; r < table->model()->rowCount(); ++r)
            if (table->model()->index(r, 0).data().toString() == QLatin1String("NDCG")) row = r;
        QVERIFY(row >= 0);
        QCOMPARE(table->model()->index(row, 2).data().toString(),
                 QString::number(live->test->find("ndcg@10")->value, 'f', 4));
        QVERIFY(table->model()->index(row, 2).data(Qt::ToolTipRole).toString().contains("ndcg;k=10"));
        QVERIFY(!m_page->findChild<QPlainTextEdit*>("log")->toPlainText().isEmpty());
    }

    void aModelWithoutLossSaysSoInsteadOfAnEmptyChart() {
        QVERIFY(m_page->selectAlgorithm("popularity"));
        const QString run = m_page->start();
        QTRY_VERIFY_WITH_TIMEOUT(ended(m_training->run(run)), patience);
        QTRY_COMPARE(m_page->shownRun(), run);
        QVERIFY(m_page->charts()->lossChart()->series().isEmpty());
        const QImage picture = m_page->charts()->lossChart()->grab().toImage(); // draws the text
        QVERIFY(!picture.isNull());
        QTRY_COMPARE(m_page->charts()->metricChart()->series().size(), 1);
    }

    void pauseStepAndStopReachTheRun() {
        QVERIFY(m_page->selectAlgorithm("biased_mf"));
        number("epochs")->setValue(1000);
        const QString run = m_page->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_training->activeRun(), run, patience);
        QTRY_VERIFY_WITH_TIMEOUT(m_training->run(run)->lastEpoch.epoch >= 1, patience);
        m_page->runActions()[1]->trigger(); // pause
        QTRY_VERIFY_WITH_TIMEOUT(m_training->run(run)->paused, patience);
        QTRY_COMPARE(button("pauseButton")->text(), QStringLiteral("Resume"));
        QTest::qWait(300); // what was under way has arrived
        const int before = m_training->run(run)->lastEpoch.epoch;
        // A pause in the middle of an evaluation: the first step ends that epoch, the second trains one.
        for (int press = 0; press < 2 && m_training->run(run)->lastEpoch.epoch == before; ++press) {
            button("stepButton")->click();
            QTRY_VERIFY_WITH_TIMEOUT(m_training->run(run)->paused, patience);
            QTest::qWait(300);
        }
        const int stepped = m_training->run(run)->lastEpoch.epoch;
        QVERIFY2(stepped == before + 1, qPrintable(QStringLiteral("%1 after %2").arg(stepped).arg(before)));
        button("stopButton")->click();
        QTRY_VERIFY_WITH_TIMEOUT(ended(m_training->run(run)), patience);
        QCOMPARE(m_training->run(run)->record.status, RunStatus::Cancelled);
        QTRY_COMPARE(button("startButton")->text(), QStringLiteral("Start"));
        // Its bar stays where it was stopped: a few of a thousand epochs.
        const int share = m_page->findChild<QProgressBar*>()->value();
        QVERIFY2(share == m_training->run(run)->record.epochs, qPrintable(QString::number(share)));
    }

    void runsQueueAndAreOverlaid() {
        QVERIFY(m_page->selectAlgorithm("ials"));
        number("epochs")->setValue(2);
        number("embedding_size")->setValue(8);
        const QString first = m_page->start();
        const QString second = m_page->start();
        QVERIFY(first != second);
        auto* list = m_page->findChild<QTableView*>("runList");
        QTRY_COMPARE(list->model()->rowCount(), 2);
        QTRY_VERIFY_WITH_TIMEOUT(ended(m_training->run(second)), patience);
        QTRY_COMPARE(m_page->charts()->metricChart()->series().size(), 2);
        // Unticked, a run's curves are gone.
        QVERIFY(list->model()->setData(list->model()->index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
        QCOMPARE(m_page->charts()->metricChart()->series().size(), 1);
    }

    void withoutDataStartIsOffAndSaysWhatToDo() {
        DatasetService none;
        TrainPage page(m_training.get(), &none);
        page.show();
        QVERIFY(!page.findChild<QPushButton*>("startButton")->isEnabled());
        QVERIFY(page.start().isEmpty());
    }

    void whatARunWouldTakeStandsBesideStartAndFollowsTheParameters() {
        QVERIFY(m_page->selectAlgorithm("ials"));
        auto* line = m_page->findChild<QLabel*>("forecast");
        QTRY_VERIFY_WITH_TIMEOUT(line->isVisible() && line->text().contains("of"), patience);
        const QString before = line->text();
        QVERIFY2(before.startsWith("Takes") && before.contains("free memory"), qPrintable(before));
        QVERIFY2(line->toolTip().contains("Memory is"), qPrintable(line->toolTip()));
        number("embedding_size")->setValue(512);
        QTRY_VERIFY_WITH_TIMEOUT(line->text() != before, patience);
        // The sample's split is clean: nothing is said of leaks.
        QVERIFY(!m_page->findChild<QLabel*>("splitWarnings")->isVisible());
        QVERIFY(!m_page->findChild<QLabel*>("forecastWarning")->isVisible());
    }

    void whatDoesNotFitIsAWarningWithAlternativesToClick() {
        QVERIFY(m_page->selectAlgorithm("ease"));
        Forecast tooMuch;
        tooMuch.verdict = FitVerdict::Cannot;
        tooMuch.text = "EASE on 62,423 items needs 31 GB, this machine has 16 GB free";
        tooMuch.alternatives = {{"item_knn", "ItemKNN", 6.4e8, 12.0}};
        m_page->forecast()->show(tooMuch);
        auto* warning = m_page->findChild<QLabel*>("forecastWarning");
        QVERIFY(warning->isVisible());
        QVERIFY(!m_page->findChild<QLabel*>("forecast")->isVisible());
        QVERIFY2(warning->text().contains("31 GB") && warning->text().contains("640 MB"),
                 qPrintable(warning->text()));
        emit warning->linkActivated("item_knn");
        QCOMPARE(m_page->picker()->current()->id, std::string_view("item_knn"));
        QTRY_VERIFY_WITH_TIMEOUT(!warning->isVisible(), patience); // which fits
    }

    void leaksOfTheSplitAreToldWithExamplesOnDemand() {
        auto* text = m_page->findChild<QLabel*>("splitWarnings");
        m_page->forecast()->show({Leak{"pair-in-two-parts", "2 pairs stand in both parts", 2,
                                       {"user 3, item 29", "user 4, item 37"}, false},
                                  Leak{"own-negative", "1 item is its own negative", 1, {"user 9"}, false}});
        QVERIFY(text->isVisible());
        QVERIFY(text->text().contains("2 ways") && text->text().contains("2 pairs"));
        QVERIFY(!text->text().contains("item 29"));
        QVERIFY(text->toolTip().contains("item 29"));
        emit text->linkActivated("fold");
        QVERIFY(text->text().contains("item 29") && text->text().contains("own negative"));
        m_page->forecast()->show(std::vector<Leak>());
        QVERIFY(!text->isVisible());
    }

    void anEarlierPlanIsSetUpAgain() {
        TrainingPlan plan;
        plan.algorithm = "biased_mf";
        plan.params["learning_rate"] = 0.02;
        plan.seed = 99;
        m_page->setUp(plan);
        const Experiment experiment = m_page->experiment();
        QCOMPARE(experiment.plan.algorithm, std::string("biased_mf"));
        QCOMPARE(experiment.plan.seed, std::uint64_t{99});
        QCOMPARE(std::get<double>(experiment.plan.params.at("learning_rate")), 0.02);
        QCOMPARE(experiment.dataPath, std::string("builtin:sample"));
    }

    void aSplitOfWholeItemsIsScoredAmongThemAndThatIsSaid() {
        DatasetService data;
        data.import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(data.currentSplit(), patience);
        TrainPage page(m_training.get(), &data);
        QCOMPARE(page.experiment().plan.evaluation.candidates.kind, CandidateKind::All);
        SplitSpec spec;
        spec.kind = SplitKind::ColdItems;
        data.split(spec);
        QTRY_VERIFY_WITH_TIMEOUT(data.currentSplit()->spec().kind == SplitKind::ColdItems, patience);
        QTRY_COMPARE(page.experiment().plan.evaluation.candidates.kind, CandidateKind::Cold);
        const auto said = [&](const char* words) {
            for (const QLabel* label : page.findChildren<QLabel*>())
                if (label->text().contains(QLatin1String(words))) return true;
            return false;
        };
        QVERIFY(said("rank the held-out items among themselves"));
        auto* ranked = page.findChild<QComboBox*>("candidates");
        ranked->setCurrentIndex(ranked->findData("all"));
        emit ranked->activated(ranked->currentIndex());
        QCOMPARE(page.experiment().plan.evaluation.candidates.kind, CandidateKind::All);
        QVERIFY(said("known items decide the scores"));
    }
};

QTEST_MAIN(TestTrainPage)
#include "tst_train_page.moc"
