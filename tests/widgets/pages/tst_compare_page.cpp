// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_table_model.h"
#include "app/session/dataset_service.h"
#include "app/session/run_library.h"
#include "app/session/search_service.h"
#include "app/session/training_service.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/difference_bars.h"
#include "widgets/charts/group_bars.h"
#include "widgets/charts/interval_plot.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/compare_run_list.h"
#include "widgets/pages/compare_table.h"
#include "widgets/pages/run_list_view.h"
#include "widgets/style/theme.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QFile>
#include <QHeaderView>
#include <QLabel>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeWidget>

#include <cmath>

using namespace recoscope;

namespace {
constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine
}

class TestComparePage final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    SplitPtr m_split;
    QString m_popularity, m_knn, m_ials, m_other; // the last on another split
    std::unique_ptr<RunLibrary> m_library;
    std::unique_ptr<ComparePage> m_page;

    template <class T>
    T* part(const char* name) {
        return m_page->findChild<T*>(QLatin1String(name));
    }
    QTreeWidgetItem* item(const QString& run) {
        const auto found =
            part<QTreeWidget>("compareRuns")->findItems(run, Qt::MatchStartsWith | Qt::MatchRecursive, 0);
        return found.isEmpty() ? nullptr : found.front();
    }
    /// Ticks or unticks as a person does, by a click into the row.
    void press(const QString& run) {
        auto* tree = part<QTreeWidget>("compareRuns");
        const QRect row = tree->visualItemRect(item(run));
        QTest::mouseClick(tree->viewport(), Qt::LeftButton, {}, {row.right() - 5, row.center().y()});
    }
    void choose(QComboBox* box, const QVariant& data) {
        const int at = box->findData(data);
        QVERIFY2(at >= 0, qPrintable(data.toString()));
        box->setCurrentIndex(at);
        emit box->activated(at);
    }
    bool measured(std::size_t runs) {
        return QTest::qWaitFor(
            [&] { return m_page->measurement() && m_page->measurement()->runs.size() == runs; }, patience);
    }
    bool rested() {
        return QTest::qWaitFor([&] { return !m_page->service()->busy(); }, patience);
    }
    void compareAll() {
        m_page->setRuns({m_popularity, m_knn, m_ials});
        QVERIFY(measured(3));
    }

private slots:
    void initTestCase() {
        Theme::apply(ThemeChoice::Light);
        const auto split = [](std::uint64_t seed) {
            ImportContext context;
            SplitSpec spec;
            spec.seed = seed;
            return makeSplit(importPath("builtin:sample", {}, context)->dataset, spec).value();
        };
        TrainingService training(m_folder.path(), 2);
        QSignalSpy ended(&training, &TrainingService::runEnded);
        const auto start = [&](const char* algorithm, const SplitPtr& on) {
            Experiment e;
            e.split = on->spec();
            e.plan.algorithm = algorithm;
            if (e.plan.algorithm == "ials") e.plan.params["epochs"] = std::int64_t{6};
            return training.start(e, on).value();
        };
        m_split = split(42);
        m_popularity = start("popularity", m_split);
        m_knn = start("item_knn", m_split);
        m_ials = start("ials", m_split);
        m_other = start("popularity", split(7));
        QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 4, patience);
    }

    void init() {
        m_library = std::make_unique<RunLibrary>(m_folder.path());
        m_page = std::make_unique<ComparePage>(m_library.get());
        m_page->resize(1180, 740);
        m_page->show();
        m_library->refresh();
        QTRY_COMPARE_WITH_TIMEOUT(m_library->runs().size(), std::size_t{4}, patience);
        QTRY_VERIFY(item(m_other));
    }
    void cleanup() {
        m_page.reset();
        m_library.reset();
    }

    void anEmptyWorkspaceSaysWhatToDo() {
        QTemporaryDir empty;
        RunLibrary library(empty.path());
        ComparePage page(&library);
        page.show();
        QSignalSpy listed(&library, &RunLibrary::listed);
        library.refresh();
        QVERIFY(listed.wait());
        auto* words = page.findChild<QLabel*>("compareEmpty");
        QVERIFY(words->isVisible());
        QVERIFY(words->text().contains("Train two different algorithms"));
    }

    void runsAreGroupedByTheirSplit() {
        auto* tree = part<QTreeWidget>("compareRuns");
        QCOMPARE(tree->topLevelItemCount(), 2);
        QCOMPARE(item(m_knn)->parent(), item(m_ials)->parent());
        QVERIFY(item(m_knn)->parent() != item(m_other)->parent());
        QVERIFY(part<QLabel>("compareEmpty")->text().contains("Tick two or more runs"));
    }

    void tickingRunsShowsTheirMetricsSideBySide() {
        press(m_popularity);
        QVERIFY(measured(1));
        press(m_knn);
        press(m_ials);
        QVERIFY(measured(3));
        auto* view = part<MetricTableView>("compareMetrics");
        QVERIFY(view->isVisible());
        QAbstractItemModelTester tester(view->model());
        QCOMPARE(view->model()->columnCount(), 4);
        QCOMPARE(view->model()->headerData(2, Qt::Horizontal).toString(), m_knn);
        int row = 0;
        while (row < view->model()->rowCount() &&
               view->model()->index(row, 0).data(MetricTableModel::KeyRole).toString() != "ndcg@10")
            ++row;
        QVERIFY(row < view->model()->rowCount());
        const auto at = [&](int column, int role) { return view->model()->index(row, column).data(role); };
        QVERIFY(!at(1, MetricTableModel::BestRole).toBool()); // popularity
        QVERIFY(at(2, MetricTableModel::BestRole).toBool() != at(3, MetricTableModel::BestRole).toBool());
        QVERIFY(at(2, MetricTableModel::SecondRole).toBool() != at(3, MetricTableModel::SecondRole).toBool());
        // Popularity is far behind the best run, which the marks are against at first.
        QTRY_COMPARE_WITH_TIMEOUT(at(1, MetricTableModel::MarkRole).toString(), QStringLiteral("†"),
                                  patience);
        QVERIFY(at(1, Qt::ToolTipRole).toString().contains("paired t-test"));
        view->setCurrentIndex(view->model()->index(row, 1));
        const QString details = part<QLabel>("compareMetricDetails")->text();
        QVERIFY2(details.contains("ndcg; k=10") && details.contains("mean over"), qPrintable(details));
        // Off again, by Space: two are left.
        part<QTreeWidget>("compareRuns")->setFocus();
        QTest::keyClick(part<QTreeWidget>("compareRuns"), Qt::Key_Space);
        QVERIFY(measured(2));
        QCOMPARE(view->model()->columnCount(), 3);
    }

    void runsOfAnotherSplitAreGreyedAndSayWhy() {
        press(m_popularity);
        QVERIFY(!item(m_other)->flags().testFlag(Qt::ItemIsEnabled));
        QVERIFY(item(m_other)->parent()->text(0).contains("another split"));
        QVERIFY(item(m_knn)->flags().testFlag(Qt::ItemIsEnabled));
        m_page->setRuns({m_popularity, m_other});
        QCOMPARE(m_page->runs(), QStringList{m_popularity});
        press(m_popularity);
        QVERIFY(item(m_other)->flags().testFlag(Qt::ItemIsEnabled));
        QVERIFY(part<QLabel>("compareEmpty")->isVisible());
    }

    void anotherDialectScoresTheStoredModelsAgain() {
        compareAll();
        const double tested = m_page->measurement()->runs[2].evaluation->find("ndcg@10")->value;
        choose(part<QComboBox>("compareDialect"), "ncf_99");
        QTRY_VERIFY_WITH_TIMEOUT(m_page->measurement() && m_page->measurement()->request.dialect == "ncf_99",
                                 patience);
        QVERIFY(m_page->measurement()->runs[2].evaluation->find("ndcg@10")->value > 1.5 * tested);
        auto* cutoffs = part<QComboBox>("compareCutoffs");
        cutoffs->setEditText("3, 1");
        QTest::keyClick(cutoffs, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(m_page->measurement()->request.cutoffs == (std::vector{1, 3}), patience);
        QVERIFY(m_page->measurement()->runs[0].evaluation->find("ndcg@3"));
        cutoffs->setEditText("many");
        QTest::keyClick(cutoffs, Qt::Key_Return);
        QVERIFY(part<QLabel>("compareMessage")->text().contains("whole numbers"));
    }

    void everyDialectIsARowOfItsTab() {
        compareAll();
        m_page->showTab(ComparePage::Dialects);
        auto* table = part<CompareTable>("dialectTable");
        QTRY_COMPARE_WITH_TIMEOUT(table->rowCount(), static_cast<int>(dialects().size()), patience);
        QCOMPARE(table->text().headers.size(), 5); // dialect, three runs, order
        QVERIFY(table->cell(0, 4).contains(" > "));
    }

    void pairsSayWhatMayBeClaimed() {
        compareAll();
        m_page->showTab(ComparePage::Significance);
        auto* table = part<CompareTable>("pairTable");
        QTRY_COMPARE_WITH_TIMEOUT(table->rowCount(), 3, patience);
        auto* claim = part<QLabel>("pairClaim");
        const QString first = claim->text();
        QVERIFY2(first.contains("has a better mean NDCG@10"), qPrintable(first)); // popularity and ItemKNN
        auto* bars = m_page->findChild<DifferenceBars*>();
        QVERIFY(bars->picture().reach > 0.0);
        table->setFocus();
        QTest::keyClick(table, Qt::Key_Down);
        QVERIFY(claim->text() != first);
        QCOMPARE(bars->picture().nameB, m_ials);
    }

    void groupsAreBarsAndATable() {
        compareAll();
        m_page->showTab(ComparePage::Groups);
        auto* bars = m_page->findChild<GroupBars*>();
        QTRY_VERIFY_WITH_TIMEOUT(!bars->groups().isEmpty(), patience);
        QCOMPARE(bars->groups()[0].bars.size(), 3);
        auto* table = part<CompareTable>("groupTable");
        QCOMPARE(table->rowCount(), static_cast<int>(bars->groups().size()) + 3); // all, gap, ratio
        auto* by = part<QComboBox>("groupBy");
        QVERIFY(by->count() >= 2);
        choose(by, "items");
        QTRY_COMPARE_WITH_TIMEOUT(bars->groups().size(), 2, patience);
        QVERIFY(bars->groups()[0].label.startsWith("Head"));
        QVERIFY(bars->groups()[0].bars[0].value > bars->groups()[1].bars[0].value); // popularity
    }

    void sampledNegativesAreACurveThatEndsAtTheFullRanking() {
        compareAll();
        m_page->showTab(ComparePage::Sampling);
        auto* chart = m_page->findChild<CurveChart*>();
        QTRY_COMPARE_WITH_TIMEOUT(chart->series().size(), 3, patience);
        QCOMPARE(chart->series()[1].points.back().y(),
                 m_page->measurement()->runs[1].evaluation->find("ndcg@10")->value);
        QVERIFY(chart->series()[1].points.front().y() > chart->series()[1].points.back().y());
        QVERIFY(!part<QLabel>("samplingSummary")->text().isEmpty());
    }

    void aCleanSplitHasNoWarnings() {
        compareAll();
        m_page->showTab(ComparePage::Warnings);
        QTRY_COMPARE_WITH_TIMEOUT(part<QLabel>("leakSummary")->text(), QStringLiteral("No warnings."),
                                  patience);
        QCOMPARE(part<CompareTable>("leakTable")->rowCount(), 0);
    }

    void aTabThatNobodyLooksAtAsksForNothing() {
        compareAll();
        QVERIFY(rested());
        QCOMPARE(part<CompareTable>("pairTable")->rowCount(), 0);
        QVERIFY(m_page->findChild<GroupBars*>()->groups().isEmpty());
    }

    void theTableOfEveryTabIsExported() {
        compareAll();
        QSignalSpy written(m_page->service(), &CompareService::exported);
        int files = 0;
        for (const auto tab : {ComparePage::Metrics, ComparePage::Dialects, ComparePage::Significance,
                               ComparePage::Groups, ComparePage::Sampling, ComparePage::Warnings}) {
            m_page->showTab(tab);
            QVERIFY(rested());
            const QString path = m_folder.filePath(QStringLiteral("table%1.md").arg(++files));
            m_page->exportTo(path);
            QTRY_COMPARE_WITH_TIMEOUT(written.size(), files, patience);
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray text = file.readAll();
            QVERIFY2(text.contains("|") && text.contains("- "), text.constData());
        }
    }

    void whatIsChosenWhileThePageIsHiddenIsMeasuredWhenItIsShown() {
        m_page->hide();
        m_page->setRuns({m_knn, m_ials});
        QTest::qWait(50);
        QVERIFY(!m_page->measurement() && !m_page->service()->busy());
        m_page->show();
        QVERIFY(measured(2));
    }

    void largeTextNeedsNoWiderPage() {
        compareAll();
        choose(part<QComboBox>("compareDialect"), "elliot"); // names of metrics are long in it
        QTRY_VERIFY_WITH_TIMEOUT(m_page->measurement() && m_page->measurement()->request.dialect == "elliot",
                                 patience);
        Theme::apply(ThemeChoice::Light, 1.6);
        for (int tab = 0; tab < part<QTabWidget>("compareTabs")->count(); ++tab) {
            m_page->showTab(static_cast<ComparePage::Tab>(tab));
            QVERIFY(rested());
            QTest::qWait(30);
            // Of a window 1280 wide the rail takes 150 at that size of text.
            QVERIFY2(
                m_page->minimumSizeHint().width() <= 1130,
                qPrintable(QStringLiteral("tab %1: %2").arg(tab).arg(m_page->minimumSizeHint().width())));
        }
        Theme::apply(ThemeChoice::Light);
    }

    void everyControlHasAName() {
        compareAll();
        for (QWidget* widget : m_page->findChildren<QWidget*>()) {
            const bool control = qobject_cast<QComboBox*>(widget) || qobject_cast<QAbstractItemView*>(widget);
            if (!control || qobject_cast<QHeaderView*>(widget) ||
                widget->parentWidget()->inherits("QComboBoxPrivateContainer"))
                continue;
            if (qobject_cast<QComboBox*>(widget->parentWidget())) continue;
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
            if (qobject_cast<QComboBox*>(widget)) QVERIFY(widget->focusPolicy() != Qt::NoFocus);
        }
    }

    void aStudyIsOneEntryWithMeanAndInterval() {
        // Two studies of three seeds on one split, beside a run of its own.
        QTemporaryDir folder;
        QStringList first;
        QString alone;
        {
            TrainingService training(folder.path(), 2);
            SearchService service(training, folder.path());
            const auto study = [&](std::int64_t size) {
                Experiment e;
                e.split = m_split->spec();
                e.plan.algorithm = "ials";
                e.plan.params = {{"epochs", std::int64_t{3}}, {"embedding_size", size}};
                e.study.seeds = {1, 2, 3};
                const QString id = service.start(e, m_split).value();
                const auto over = [&] { return service.search(id)->state == SearchState::Finished; };
                if (QTest::qWaitFor(over, patience)) first << service.search(id)->trials.front().run;
            };
            study(4);
            study(16);
            QSignalSpy ended(&training, &TrainingService::runEnded);
            Experiment e;
            e.split = m_split->spec();
            e.plan.algorithm = "popularity";
            alone = training.start(e, m_split).value();
            QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, patience);
        }
        QCOMPARE(first.size(), 2);
        RunLibrary library(folder.path());
        ComparePage page(&library);
        page.resize(1180, 740);
        page.show();
        library.refresh();
        QTRY_COMPARE_WITH_TIMEOUT(library.runs().size(), std::size_t{7}, patience);
        page.setRuns({first[0], first[1], alone});
        QTRY_VERIFY_WITH_TIMEOUT(page.measurement(), patience);
        // The other tabs say where the mean is, and lead there.
        auto* hint = page.findChild<QLabel*>("compareStudyHint");
        QVERIFY(hint->isVisible());
        emit hint->linkActivated("studies");
        QVERIFY(!hint->isVisible());
        auto* table = page.findChild<CompareTable*>("studyTable");
        QTRY_COMPARE(table->rowCount(), 3);
        QCOMPARE(table->cell(0, 1), QStringLiteral("3 seeds"));
        QCOMPARE(table->cell(2, 1), QStringLiteral("one run"));
        QVERIFY(table->cell(0, 3).startsWith(QStringLiteral("± ")));
        QCOMPARE(table->cell(2, 3), QStringLiteral("–"));
        // The mean of the three stored numbers.
        double mean = 0.0;
        const QString study = library.find(first[0])->study;
        for (const RunRecord& run : library.runs())
            if (run.study == study)
                for (const NamedValue& metric : run.testMetrics)
                    if (metric.key == "ndcg@10") mean += metric.value / 3.0;
        QCOMPARE(table->cell(0, 2), QString::number(mean, 'f', 4));
        const QString tip = table->model()->index(0, 2).data(Qt::ToolTipRole).toString();
        QVERIFY2(tip.contains("ndcg;k=10"), qPrintable(tip)); // the definition, as in the other tables
        auto* plot = page.findChild<IntervalPlot*>();
        QVERIFY(plot && plot->isVisible());
        QCOMPARE(plot->entries().size(), 3);
        QCOMPARE(plot->entries()[0].points.size(), 3);
        QVERIFY(std::isnan(plot->entries()[2].halfWidth));
        const QString path = folder.filePath("studies.csv");
        QSignalSpy exported(page.service(), &CompareService::exported);
        page.exportTo(path);
        QVERIFY(exported.wait(patience));
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray written = file.readAll();
        QVERIFY2(written.contains("3 seeds") && written.contains("ndcg;k=10"), written.constData());
    }

    void trialsThatDidNotWinAreNotListedAndSeedsSayWhichTheyAre() {
        const auto run = [](const QString& id, const QString& role, bool model) {
            RunRecord made;
            made.id = id;
            made.status = RunStatus::Completed;
            made.splitFingerprint = "a";
            made.study = "study-1";
            made.role = role;
            made.hasModel = model;
            return made;
        };
        CompareRunList list;
        list.setRuns({run("lost", "trial 1", false), run("won", "trial 2", true),
                      run("member", "seed 3", true), run("failed", "seed 4", false)});
        auto* tree = list.findChild<QTreeWidget*>();
        const auto shown = [&](const char* start) {
            const auto found = tree->findItems(start, Qt::MatchStartsWith | Qt::MatchRecursive, 0);
            return found.isEmpty() ? QString() : found.front()->text(0);
        };
        QVERIFY(shown("lost").isEmpty());
        QCOMPARE(shown("won"), QStringLiteral("won · trial 2"));
        QCOMPARE(shown("member"), QStringLiteral("member · seed 3"));
        QVERIFY(shown("failed").contains("neither tested")); // a seed that is missing is to be seen
        QCOMPARE(list.possibleRuns(), 2);
    }

    void runsThatStandAloneAreToldHowToGetAnInterval() {
        compareAll();
        m_page->showTab(ComparePage::Studies);
        QCOMPARE(part<CompareTable>("studyTable")->rowCount(), 0);
        QVERIFY(part<CompareTable>("studyTable")->emptyText().contains("Several seeds"));
        QVERIFY(!part<QLabel>("compareStudyHint")->isVisible());
    }
};

QTEST_MAIN(TestComparePage)
#include "tst_compare_page.moc"
