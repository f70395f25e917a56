// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/run_library.h"
#include "app/session/study_view.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace recoscope;

namespace {

constexpr int patience = 60'000;

SplitPtr plantedSplit() {
    static const SplitPtr split = makeSplit(test::plantedDataset(), {}).value();
    return split;
}

Experiment searching(SearchMethod method, int trials) {
    Experiment e;
    e.plan.algorithm = "ials";
    e.plan.params["epochs"] = std::int64_t{3};
    e.study.search = SearchPlan{.method = method,
                                .trials = trials,
                                .metric = "ndcg@10",
                                .space = "embedding_size=2..16:log, reg=0.001..10:log",
                                .seed = 3};
    return e;
}

} // namespace

class TestStudyView : public QObject {
    Q_OBJECT
private slots:
    void aStoredSearchReadsAsItDidWhileItRan_data() {
        QTest::addColumn<int>("method");
        QTest::newRow("random") << static_cast<int>(SearchMethod::Random);
        QTest::newRow("halving") << static_cast<int>(SearchMethod::Halving);
    }
    void aStoredSearchReadsAsItDidWhileItRan() {
        QFETCH(int, method);
        QTemporaryDir folder;
        StudyView live;
        {
            TrainingService training(folder.path(), 2);
            SearchService service(training, folder.path());
            const auto id = service.start(searching(static_cast<SearchMethod>(method), 6), plantedSplit());
            QVERIFY(id.ok());
            QTRY_VERIFY_WITH_TIMEOUT(service.search(*id)->state == SearchState::Finished, patience);
            live = viewOf(*service.search(*id), [&](const QString& run) -> const RunRecord* {
                const LiveRun* found = training.run(run);
                return found ? &found->record : nullptr;
            });
        }
        RunLibrary library(folder.path());
        QSignalSpy listed(&library, &RunLibrary::listed);
        library.refresh();
        QVERIFY(listed.wait(patience));
        QCOMPARE(library.studies().size(), std::size_t{1});
        const StudyView stored = viewOf(library.studies().front(), library.runs());
        QVERIFY(stored.completed && stored.experiment && stored.plan);
        QCOMPARE(stored.metric, live.metric);
        QCOMPARE(stored.rows.size(), live.rows.size());
        QVERIFY(stored.best == live.best);
        QVERIFY(stored.dimensions == live.dimensions);
        QCOMPARE(stored.done(), live.done());
        QVERIFY(stored.bestSoFar() == live.bestSoFar());
        QCOMPARE(stored.test.size(), live.test.size());
        for (std::size_t n = 0; n < live.rows.size(); ++n) {
            QCOMPARE(stored.rows[n].number, live.rows[n].number);
            QCOMPARE(stored.rows[n].run, live.rows[n].run);
            QVERIFY(stored.rows[n].params == live.rows[n].params);
            QVERIFY(stored.rows[n].value == live.rows[n].value);
            QCOMPARE(stored.rows[n].epochs, live.rows[n].epochs);
        }
        // What trains the best again: its parameters over the experiment's, measured on test at the end.
        const TrainingPlan plan = planOf(stored, stored.rows[*stored.best]);
        QVERIFY(plan.evaluateTest);
        QCOMPARE(plan.algorithm, std::string("ials"));
        QVERIFY(plan.params.at("reg") == stored.rows[*stored.best].params.at("reg"));
        QCOMPARE(std::get<std::int64_t>(plan.params.at("epochs")), 3);
    }

    void seedsAreSummedUpWithTheirInterval() {
        StudyRecord record;
        record.id = QStringLiteral("seeds-1");
        record.kind = StudyKind::Seeds;
        record.planned = 3;
        std::vector<RunRecord> runs; // newest first, as in the list
        for (const double value : {0.3, 0.2, 0.1}) {
            RunRecord run;
            run.id = QString::number(value);
            run.study = record.id;
            run.role = QStringLiteral("seed %1").arg(static_cast<int>(value * 10));
            run.status = RunStatus::Completed;
            run.testMetrics = {{"ndcg@10", value}};
            runs.push_back(run);
        }
        runs.push_back({}); // another run of the workspace
        const StudyView view = viewOf(record, runs);
        QCOMPARE(view.rows.size(), std::size_t{3});
        QCOMPARE(view.rows.front().role, QStringLiteral("seed 1"));
        QCOMPARE(view.testSummary.size(), std::size_t{1});
        QVERIFY(std::abs(view.testSummary.front().mean - 0.2) < 1e-12);
        // t(0.975; 2) = 4.3027 (tables), deviation 0.1, three runs: 4.3027 * 0.1 / sqrt(3)
        QVERIFY(std::abs(view.testSummary.front().halfWidth - 0.24841) < 1e-4);
        QVERIFY(view.validationSummary.empty());
    }

    void theCurveOfTheBestNeverGetsWorse() {
        StudyView view;
        view.higherIsBetter = false;
        for (const double value : {3.0, 4.0, 1.0, 2.0}) {
            TrialRow row;
            row.number = static_cast<int>(view.rows.size()) + 1;
            row.state = TrialState::Done;
            row.value = value;
            view.rows.push_back(row);
        }
        const std::vector<std::pair<int, double>> expected{{1, 3.0}, {2, 3.0}, {3, 1.0}, {4, 1.0}};
        QVERIFY(view.bestSoFar() == expected);
    }
};

QTEST_GUILESS_MAIN(TestStudyView)
#include "tst_study_view.moc"
