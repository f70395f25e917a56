// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/models/trial_table_model.h"
#include "app/session/dataset_service.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/forms/search_space_form.h"
#include "widgets/pages/compare_table.h"
#include "widgets/pages/search_page.h"
#include "widgets/pages/search_results.h"
#include "widgets/pages/search_setup.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

using namespace recoscope;

namespace {

constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine

const ParamSchema& schema() { return findAlgorithm("ials")->schema(); }

/// The services as the window has them, and the page.
struct Session {
    Session(const QString& folder, DatasetService& data)
        : training(folder, 2)
        , library(folder)
        , page(&training, &data, &library) {
        for (auto signal : {&TrainingService::runQueued, &TrainingService::runStarted,
                            &TrainingService::runEnded, &TrainingService::runStored})
            QObject::connect(&training, signal, &library, &RunLibrary::refresh);
        page.resize(1180, 740);
        page.show();
        library.refresh();
    }
    TrainingService training;
    RunLibrary library;
    SearchPage page;

    /// Small and quick, with two parameters.
    void setUp(int trials, int epochs = 3) {
        SearchSetup* setup = page.setup();
        setup->selectAlgorithm("ials");
        SearchSpaceForm* space = setup->space();
        space->setFixed({{"epochs", std::int64_t{epochs}}});
        const auto wanted = SearchSpace::parse(schema(), "embedding_size=2..16:log, reg=0.001..10:log");
        space->setSpace(*wanted);
        setup->setTrials(trials);
    }
    template <class Widget>
    Widget* child(const char* name) {
        return page.findChild<Widget*>(QLatin1String(name));
    }
    const LiveSearch* live() { return page.service()->search(page.shown()); }
};

} // namespace

class TestSearchPage final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<DatasetService> m_data;

private slots:
    void initTestCase() {
        Theme::apply(ThemeChoice::Light);
        m_data = std::make_unique<DatasetService>();
        m_data->import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(m_data->currentSplit(), patience);
    }

    void theFormSaysWhatTheEngineReads() {
        SearchSpaceForm form;
        form.setSchema(schema());
        // At first what the engine suggests.
        const auto suggested = SearchSpace::parse(schema(), "");
        const auto shown = SearchSpace::parse(schema(), form.space());
        QVERIFY2(shown.ok(), form.space().c_str());
        QCOMPARE(QString::fromStdString(shown->text()), QString::fromStdString(suggested->text()));
        const auto wanted = SearchSpace::parse(schema(), "reg=0.01..1:log, embedding_size=8..64:log");
        QVERIFY(wanted.ok());
        form.setSpace(*wanted);
        form.setVaried("embedding_size", false);
        form.setFixed({{"embedding_size", std::int64_t{24}}});
        QCOMPARE(std::get<std::int64_t>(form.fixed().at("embedding_size")), 24);
        QVERIFY(QString::fromStdString(form.space()).contains("reg=0.01..1:log"));
        QVERIFY(form.problem().isEmpty());
        // What makes no sense is told with the parameter's name.
        form.setRange("reg", 1.0, 0.5, true);
        QVERIFY(form.problem().contains("reg"));
        for (const ParamSpec& spec : schema().specs())
            form.setVaried(spec.key, false);
        QVERIFY(!form.problem().isEmpty());
    }

    void everyAlgorithmsSuggestionCanBeSearchedAsItStands() {
        for (const AlgorithmInfo& info : algorithms()) {
            SearchSpaceForm form;
            form.setSchema(info.schema());
            const auto suggested = SearchSpace::parse(info.schema(), "");
            const std::string id(info.id);
            QVERIFY2(form.problem().isEmpty() == suggested.ok(),
                     qPrintable(QString::fromStdString(id) + ": " + form.problem()));
            if (!suggested) continue;
            const auto shown = SearchSpace::parse(info.schema(), form.space());
            QVERIFY2(shown.ok() && shown->text() == suggested->text(), (id + ": " + form.space()).c_str());
            QVERIFY2(form.fixed().empty(), id.c_str());
            // Every other parameter can be varied, too, as it is suggested.
            for (const ParamSpec& spec : info.schema().specs())
                if (spec.type != ParamType::Text && SearchSpace::parse(info.schema(), spec.key))
                    form.setVaried(spec.key, true);
            QVERIFY2(form.problem().isEmpty(),
                     qPrintable(QString::fromStdString(id) + ": " + form.problem()));
        }
    }

    void aSearchIsStartedWatchedAndItsBestUsed() {
        Session session(m_folder.filePath("first"), *m_data);
        session.setUp(5);
        QVERIFY2(session.page.setup()->problem().isEmpty(), qPrintable(session.page.setup()->problem()));
        QTest::mouseClick(session.child<QPushButton>("startSearch"), Qt::LeftButton);
        QVERIFY(session.live());
        QTRY_VERIFY_WITH_TIMEOUT(session.live()->state == SearchState::Finished, patience);
        auto* table = session.child<QTableView>("trials");
        QTRY_COMPARE(table->model()->rowCount(), 5);
        // The best stands first and is marked; what stands below is not better.
        QVERIFY(table->model()->index(0, 0).data(TrialTableModel::BestRole).toBool());
        for (int row = 1; row < 5; ++row)
            QVERIFY(table->model()->index(row, 1).data().toDouble() <=
                    table->model()->index(row - 1, 1).data().toDouble());
        // One point a trial, and a staircase that never falls.
        const auto& series = session.page.results()->trialsChart()->series();
        QCOMPARE(series.size(), 2);
        QCOMPARE(series[1].points.size(), 5);
        for (int n = 1; n < series[0].points.size(); ++n)
            QVERIFY(series[0].points[n].y() >= series[0].points[n - 1].y());
        // Against a parameter that is varied by factors: a logarithmic axis, with a point a trial.
        auto* against = session.child<QComboBox>("againstParameter");
        QCOMPARE(against->count(), 2);
        against->setCurrentIndex(against->findData("reg"));
        CurveChart* chart = session.page.results()->parameterChart();
        QCOMPARE(chart->xAxis().scale, AxisScale::Log);
        QCOMPARE(chart->series().front().points.size(), 5);
        QVERIFY(session.child<QLabel>("searchState")->text().contains("5 of 5 trials"));
        QTRY_VERIFY(session.child<QLabel>("searchTest")->isVisible());
        QVERIFY(session.child<QLabel>("searchTest")->text().contains("NDCG@10"));
        // The best goes to the Train page as it was tried; another one by selecting it.
        TrainingPlan used;
        connect(&session.page, &SearchPage::useRequested, this,
                [&](const TrainingPlan& plan) { used = plan; });
        QTest::mouseClick(session.child<QPushButton>("useBest"), Qt::LeftButton);
        const LiveSearch& live = *session.live();
        QVERIFY(used.params.at("reg") == live.trials[*live.best].trial.params.at("reg"));
        QVERIFY(used.evaluateTest);
        const int other = *live.best == 0 ? 2 : 1;
        session.page.results()->selectTrial(other);
        auto* use = session.child<QPushButton>("useBest");
        QCOMPARE(use->text(), QStringLiteral("Use trial %1").arg(other));
        QTest::mouseClick(use, Qt::LeftButton);
        QVERIFY(used.params.at("reg") ==
                live.trials[static_cast<std::size_t>(other - 1)].trial.params.at("reg"));
        // Only the winner's model is kept, so only that one is inspected.
        QTRY_VERIFY_WITH_TIMEOUT(!session.child<QPushButton>("inspectBest")->isEnabled(), patience);
        session.page.results()->selectTrial(0);
        QTRY_VERIFY_WITH_TIMEOUT(session.child<QPushButton>("inspectBest")->isEnabled(), patience);
        QSignalSpy opened(&session.page, &SearchPage::openRequested);
        QTest::mouseClick(session.child<QPushButton>("openRun"), Qt::LeftButton);
        QCOMPARE(opened.front().front().toString(), live.trials[*live.best].run);
    }

    void aStoredSearchIsListedAgainAndAStoppedOneGoesOn() {
        const QString folder = m_folder.filePath("stored");
        {
            Session session(folder, *m_data);
            session.setUp(6, 40);
            QVERIFY(!session.page.start().isEmpty());
            QTRY_VERIFY_WITH_TIMEOUT(session.live()->trials.size() >= 3, patience);
            QTest::mouseClick(session.child<QPushButton>("pauseSearch"), Qt::LeftButton);
            QVERIFY(session.live()->state == SearchState::Paused);
            QCOMPARE(session.child<QPushButton>("pauseSearch")->text(), QStringLiteral("Go on"));
            QTest::mouseClick(session.child<QPushButton>("stopSearch"), Qt::LeftButton);
            QTRY_VERIFY_WITH_TIMEOUT(session.training.activeRun().isEmpty(), patience);
            QVERIFY(session.live()->state == SearchState::Stopped);
        }
        Session session(folder, *m_data);
        auto* list = session.child<CompareTable>("studies");
        QTRY_COMPARE_WITH_TIMEOUT(list->rowCount(), 1, patience);
        QCOMPARE(list->cell(0, 4), QStringLiteral("Not finished"));
        QVERIFY(session.child<QTableView>("trials")->model()->rowCount() >= 2);
        // Its own split is asked for, and given that it goes on where it was.
        QSignalSpy asked(&session.page, &SearchPage::splitRequested);
        auto* goOn = session.child<QPushButton>("pauseSearch");
        QCOMPARE(goOn->text(), QStringLiteral("Go on"));
        QTest::mouseClick(goOn, Qt::LeftButton);
        QCOMPARE(asked.size(), 1);
        const QString study = asked.front().front().toString();
        session.page.goOn(study, m_data->currentSplit());
        QTRY_VERIFY_WITH_TIMEOUT(session.live() && session.live()->state == SearchState::Finished, patience);
        QCOMPARE(session.live()->study, study);
        QCOMPARE(session.live()->trials.size(), std::size_t{6});
        QVERIFY(session.training.runs().size() <= 4); // two at least were there
        QTRY_COMPARE(list->rowCount(), 1);
        QCOMPARE(list->cell(0, 4), QStringLiteral("Finished"));
    }

    void howLongTheTrialsTakeTogetherIsSaidBeforehand() {
        Session session(m_folder.filePath("forecast"), *m_data);
        session.setUp(1000, 200); // thousand long ones: more than a second on any machine
        const auto* note = session.child<QLabel>("searchNote");
        QTRY_VERIFY_WITH_TIMEOUT(note->text().contains("1000 trials in all, about"), patience);
    }

    void seedsAreShownWithMeanAndInterval() {
        const QString folder = m_folder.filePath("seeds");
        Session session(folder, *m_data);
        QString study;
        {
            auto store = RunStore::open(folder);
            QVERIFY(store.ok());
            StudyRecord record;
            record.key = "0123456789abcdef";
            record.kind = StudyKind::Seeds;
            record.name = "iALS over seeds";
            record.algorithm = "ials";
            record.planned = 2;
            study = (*store)->createStudy(record).value();
        }
        for (const std::uint64_t seed : {1, 2}) {
            Experiment e;
            e.plan.algorithm = "ials";
            e.plan.params["epochs"] = std::int64_t{2};
            e.plan.seed = seed;
            QVERIFY(
                session.training.start(e, m_data->currentSplit(), study, QStringLiteral("seed %1").arg(seed))
                    .ok());
        }
        auto* summary = session.child<CompareTable>("studySummary");
        session.page.showStudy(study);
        QTRY_VERIFY_WITH_TIMEOUT(summary->rowCount() > 0 && summary->cell(0, 6) == QLatin1String("2"),
                                 patience);
        QVERIFY(summary->isVisible());
        QVERIFY(summary->cell(0, 2).startsWith(QStringLiteral("± ")));
        QVERIFY(!session.child<QPushButton>("useBest")->isVisible());
        auto* list = session.child<CompareTable>("studies");
        QCOMPARE(list->cell(0, 1), QStringLiteral("Seeds"));
        QVERIFY(list->cell(0, 3).contains(QStringLiteral("±")));
    }

    void seedsAndFoldsAreStartedFromThePage_data() {
        QTest::addColumn<bool>("folds");
        QTest::newRow("seeds") << false;
        QTest::newRow("folds") << true;
    }
    void seedsAndFoldsAreStartedFromThePage() {
        QFETCH(bool, folds);
        Session session(m_folder.filePath(folds ? "all-folds" : "five-seeds"), *m_data);
        SearchSetup* setup = session.page.setup();
        setup->selectAlgorithm("ials");
        setup->space()->setFixed({{"epochs", std::int64_t{2}}, {"embedding_size", std::int64_t{8}}});
        auto* method = session.child<QComboBox>("searchMethod");
        method->setCurrentIndex(method->findText(folds ? "All folds" : "Several seeds"));
        QVERIFY(setup->kind() == (folds ? StudyKind::Folds : StudyKind::Seeds));
        // What is of a search only is gone, and there is nothing to tick.
        QVERIFY(!session.child<QComboBox>("searchMetric")->isVisible());
        QVERIFY(!session.child<QWidget>("vary_reg")->isVisible());
        QVERIFY(session.child<QWidget>("fixed_reg")->isVisible());
        QCOMPARE(session.child<QComboBox>("seedsVary")->isVisible(), !folds);
        setup->setRepeats(setup->kind(), 3);
        auto* start = session.child<QPushButton>("startSearch");
        QCOMPARE(start->text(), QStringLiteral("Start 3 runs"));
        QVERIFY(session.child<QLabel>("searchNote")->text().contains("3 runs in all"));
        QTest::mouseClick(start, Qt::LeftButton);
        QVERIFY2(session.live(), qPrintable(session.child<QLabel>("searchProblem")->text()));
        auto* trials = session.child<QTableView>("trials");
        QCOMPARE(trials->model()->rowCount(), 3); // what is to come is seen at once
        QTRY_VERIFY_WITH_TIMEOUT(session.live()->state == SearchState::Finished, patience);
        QCOMPARE(session.live()->experiment.plan.params.at("embedding_size"), ParamValue(std::int64_t{8}));
        auto* summary = session.child<CompareTable>("studySummary");
        QTRY_COMPARE(summary->cell(0, 6), QStringLiteral("3"));
        QVERIFY(summary->isVisible());
        QVERIFY(summary->cell(0, 2).startsWith(QStringLiteral("± ")));
        QCOMPARE(trials->model()->index(1, 0).data().toString(), QString(folds ? "fold 2" : "seed 2"));
        auto* list = session.child<CompareTable>("studies");
        QCOMPARE(list->cell(0, 1), folds ? QStringLiteral("Folds") : QStringLiteral("Seeds"));
        QCOMPARE(list->cell(0, 2), QStringLiteral("3 of 3"));
        QVERIFY2(list->cell(0, 3).startsWith("NDCG@10 ") && list->cell(0, 3).contains(QStringLiteral("±")),
                 qPrintable(list->cell(0, 3)));
        QVERIFY(!session.child<QPushButton>("pauseSearch")->isVisible());
        QVERIFY(session.child<QPushButton>("inspectBest")->isVisible());
        // A search is a search again.
        setup->setMethod(SearchMethod::Random);
        QVERIFY(session.child<QWidget>("vary_reg")->isVisible());
        QVERIFY(setup->experiment().study.search && setup->experiment().study.seeds.empty());
    }

    void foldsThatWereCutOffGoOnFromTheList() {
        const QString folder = m_folder.filePath("cut-folds");
        QString study;
        {
            Session session(folder, *m_data);
            session.page.setup()->selectAlgorithm("ials");
            session.page.setup()->space()->setFixed({{"epochs", std::int64_t{30}}});
            session.page.setup()->setRepeats(StudyKind::Folds, 4);
            QVERIFY(!session.page.start().isEmpty());
            QTRY_VERIFY_WITH_TIMEOUT(session.live()->trials.front().over, patience);
            QTest::mouseClick(session.child<QPushButton>("stopSearch"), Qt::LeftButton);
            study = session.live()->study;
            QTRY_VERIFY_WITH_TIMEOUT(!session.page.service()->worksOn(study), patience);
        }
        Session session(folder, *m_data);
        auto* list = session.child<CompareTable>("studies");
        QTRY_COMPARE_WITH_TIMEOUT(list->rowCount(), 1, patience);
        QCOMPARE(list->cell(0, 4), QStringLiteral("Not finished"));
        QSignalSpy asked(&session.page, &SearchPage::splitRequested);
        QTest::mouseClick(session.child<QPushButton>("pauseSearch"), Qt::LeftButton);
        QCOMPARE(asked.size(), 1);
        QCOMPARE(asked.front().front().toString(), study);
        session.page.goOn(study, m_data->currentSplit());
        QTRY_VERIFY_WITH_TIMEOUT(session.live() && session.live()->state == SearchState::Finished, patience);
        QCOMPARE(session.live()->study, study);
        QVERIFY(session.training.runs().size() < 4);
        QVERIFY(session.page.setup()->kind() == StudyKind::Folds);
        QTRY_COMPARE(list->cell(0, 2), QStringLiteral("4 of 4"));
    }

    void aTrialsParametersAreRepeatedOverSeeds() {
        Session session(m_folder.filePath("repeat"), *m_data);
        session.setUp(3, 2);
        QVERIFY(!session.page.start().isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(session.live()->state == SearchState::Finished, patience);
        const ParamValue best = session.live()->trials[*session.live()->best].trial.params.at("reg");
        QTest::mouseClick(session.child<QPushButton>("repeatBest"), Qt::LeftButton);
        const Experiment next = session.page.setup()->experiment();
        QCOMPARE(next.study.seeds.size(), std::size_t{5});
        QVERIFY(next.plan.params.at("reg") == best);
        QVERIFY(next.plan.evaluateTest);
        QVERIFY2(session.page.setup()->problem().isEmpty(), qPrintable(session.page.setup()->problem()));
    }

    void whereNothingDependsOnTheSeedThatIsSaid() {
        Session session(m_folder.filePath("alike"), *m_data);
        session.page.setup()->selectAlgorithm("item_knn");
        session.page.setup()->setRepeats(StudyKind::Seeds, 2);
        QVERIFY(!session.page.start().isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(session.live()->state == SearchState::Finished, patience);
        const auto said = [&] {
            for (const QLabel* label : session.page.findChildren<QLabel*>())
                if (label->isVisible() && label->text().contains("All runs have the same numbers"))
                    return true;
            return false;
        };
        QTRY_VERIFY(said());
    }

    void studiesAreRenamedAndDeletedButNotWhileSomebodyWorksOnThem() {
        Session session(m_folder.filePath("delete"), *m_data);
        session.setUp(40, 60);
        QVERIFY(!session.page.start().isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(session.live()->trials.size() >= 2, patience);
        // The run under way moves on in the table.
        auto* trials = session.child<QTableView>("trials");
        const auto underWay = [&] {
            for (int row = 0; row < trials->model()->rowCount(); ++row)
                if (trials->model()->index(row, 2).data().toString() == QLatin1String("Running") &&
                    trials->model()->index(row, trials->model()->columnCount() - 2).data().toInt() > 1)
                    return true;
            return false;
        };
        QTRY_VERIFY_WITH_TIMEOUT(underWay(), patience);
        auto* remove = session.child<QPushButton>("deleteStudy");
        auto* list = session.child<CompareTable>("studies");
        const QString study = session.live()->study;
        QVERIFY(!remove->isEnabled());
        QVERIFY(remove->toolTip().contains("stop it first"));
        session.page.remove(study, StudyRuns::Remove); // the last way round the button
        QVERIFY(session.child<QLabel>("studyMessage")->isVisible());
        QVERIFY(session.page.service()->worksOn(study));
        session.page.rename(study, "My search");
        QTRY_COMPARE(list->cell(0, 0), QStringLiteral("My search"));
        QTest::mouseClick(session.child<QPushButton>("stopSearch"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(remove->isEnabled(), patience);
        QTRY_COMPARE_WITH_TIMEOUT(session.library.studies().front().name, QStringLiteral("My search"),
                                  patience);
        const std::size_t before = session.library.runs().size();
        QVERIFY(before >= 1);
        // Asked, and answered with Cancel: nothing happens. Then without its runs.
        const auto answer = [&](const char* name) {
            QTimer::singleShot(0, &session.page, [&session, name] {
                auto* question = session.page.findChild<QMessageBox*>("deleteStudyQuestion");
                QVERIFY(question);
                QVERIFY(question->text().contains("My search"));
                if (auto* button = question->findChild<QPushButton*>(QLatin1String(name)))
                    button->click();
                else
                    question->reject();
            });
            QTest::mouseClick(remove, Qt::LeftButton);
        };
        answer("none");
        QCOMPARE(list->rowCount(), 1);
        answer("keepRuns");
        QTRY_COMPARE_WITH_TIMEOUT(list->rowCount(), 0, patience);
        QTRY_VERIFY(session.library.studies().empty());
        QCOMPARE(session.library.runs().size(), before);
        QVERIFY(session.page.service()->searches().empty());
        QVERIFY(session.library.runs().front().study.isEmpty());

        session.page.setup()->selectAlgorithm("popularity");
        session.page.setup()->setRepeats(StudyKind::Folds, 2);
        QVERIFY(!session.page.start().isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(session.live() && session.live()->state == SearchState::Finished, patience);
        QTRY_VERIFY_WITH_TIMEOUT(remove->isEnabled() && session.library.runs().size() == before + 2,
                                 patience);
        session.page.remove(session.live()->study, StudyRuns::Remove);
        QTRY_COMPARE_WITH_TIMEOUT(list->rowCount(), 0, patience);
        QTRY_COMPARE(session.library.runs().size(), before);
    }

    void fiveVariedParametersOfAnyAlgorithmFitIntoASmallWindow() {
        Session session(m_folder.filePath("fit"), *m_data); // the page of a window of 1280 x 800
        QTRY_VERIFY(!session.library.busy());               // what it lists would be shown instead
        auto* stack = qobject_cast<QStackedWidget*>(session.page.results()->parentWidget());
        QVERIFY(stack);
        stack->setCurrentWidget(session.page.results());
        auto* table = session.child<QTableView>("trials");
        for (const AlgorithmInfo& info : algorithms()) {
            const auto space = SearchSpace::parse(info.schema(), "");
            if (!space) continue;
            StudyView view;
            view.search = QString::fromUtf8(info.id.data(), static_cast<qsizetype>(info.id.size()));
            view.metric = info.capabilities.predictsRatings ? "rmse" : "precision@20";
            view.experiment = Experiment{};
            view.experiment->plan.algorithm = std::string(info.id);
            view.dimensions = space->dimensions();
            if (view.dimensions.size() > 5) view.dimensions.resize(5);
            for (int n = 1; n <= 30; ++n) {
                TrialRow row;
                row.number = n;
                row.state = TrialState::Done;
                row.value = 0.1 + 0.01 * n;
                row.epochs = 100 + n;
                row.seconds = 90.0 + n;
                for (const SearchDimension& each : view.dimensions)
                    row.params[each.key] = each.listed()
                                               ? each.values[static_cast<std::size_t>(n) % each.values.size()]
                                               : each.at(n / 31.0);
                view.rows.push_back(row);
            }
            view.best = 29;
            session.page.results()->setView(view);
            QTest::qWait(1); // laid out
            int width = 0;
            for (int column = 0; column < table->model()->columnCount(); ++column)
                width += table->columnWidth(column);
            QVERIFY2(width <= table->viewport()->width(), qPrintable(QStringLiteral("%1: %2 of %3")
                                                                         .arg(view.search)
                                                                         .arg(width)
                                                                         .arg(table->viewport()->width())));
            QCOMPARE(table->model()->headerData(2, Qt::Horizontal).toString(), QStringLiteral("State"));
        }
    }

    void withoutValidationItSaysWhatToDoInsteadOfStarting() {
        DatasetService data;
        data.import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(data.currentSplit(), patience);
        Session session(m_folder.filePath("none"), data);
        QVERIFY(session.child<QPushButton>("startSearch")->isEnabled());
        SplitSpec spec;
        spec.validationFraction = 0.0;
        data.split(spec);
        QTRY_VERIFY_WITH_TIMEOUT(data.currentSplit()->validation().empty(), patience);
        auto* problem = session.child<QLabel>("searchProblem");
        QTRY_VERIFY(problem->isVisible());
        QVERIFY2(problem->text().contains("no validation part") && problem->text().contains("Data page"),
                 qPrintable(problem->text()));
        QVERIFY(!session.child<QPushButton>("startSearch")->isEnabled());
        QVERIFY(session.page.start().isEmpty());
        QVERIFY(session.page.service()->searches().empty());
        QSignalSpy asked(&session.page, &SearchPage::dataRequested);
        emit problem->linkActivated("data");
        QCOMPARE(asked.size(), 1);
    }
};

QTEST_MAIN(TestSearchPage)
#include "tst_search_page.moc"
