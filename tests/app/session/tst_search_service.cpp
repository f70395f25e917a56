// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/search_service.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>

using namespace recoscope;

namespace {

SplitPtr plantedSplit() {
    static const SplitPtr split = makeSplit(test::plantedDataset(), {}).value();
    return split;
}

Experiment searching(SearchMethod method, int trials, std::int64_t epochs = 3) {
    Experiment e;
    e.plan.algorithm = "ials";
    e.plan.params["epochs"] = epochs;
    e.study.search = SearchPlan{.method = method,
                                .trials = trials,
                                .metric = "ndcg@10",
                                .space = "embedding_size=2..16:log, reg=0.001..10:log",
                                .seed = 3};
    return e;
}

std::vector<ParamMap> triedBy(const LiveSearch& live) {
    std::vector<ParamMap> params;
    for (const SearchTrial& each : live.trials)
        params.push_back(each.trial.params);
    return params;
}

std::vector<TrialValue> valuesOf(const LiveSearch& live) {
    std::vector<TrialValue> values;
    for (const SearchTrial& each : live.trials)
        values.push_back(each.value);
    return values;
}

/// A workspace with its services, as the window has them.
struct Session {
    explicit Session(const QString& folder)
        : training(folder, 2)
        , search(training, folder) {}
    TrainingService training;
    SearchService search;
    const LiveSearch& live(const QString& id) const { return *search.search(id); }
    SearchState state(const QString& id) const { return live(id).state; }
    std::size_t done(const QString& id) const {
        std::size_t count = 0;
        for (const SearchTrial& each : live(id).trials)
            count += each.over ? 1 : 0;
        return count;
    }
};

} // namespace

class TestSearchService : public QObject {
    Q_OBJECT
private slots:
    void aSearchRunsToItsEndAndOnlyTheWinnerIsTested() {
        QTemporaryDir folder;
        QString study;
        QString winner;
        {
            Session session(folder.path());
            QSignalSpy ended(&session.search, &SearchService::searchEnded);
            const auto id = session.search.start(searching(SearchMethod::Random, 5), plantedSplit());
            QVERIFY2(id.ok(), id ? "" : id.error().text().c_str());
            QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 30000);
            const LiveSearch& live = session.live(*id);
            QVERIFY2(live.state == SearchState::Finished, live.error ? live.error->text().c_str() : "");
            QCOMPARE(live.trials.size(), std::size_t{5});
            QVERIFY(live.best);
            for (const SearchTrial& each : live.trials) {
                QVERIFY(each.over && each.value);
                QVERIFY(*each.value <= *live.trials[*live.best].value);
            }
            QVERIFY(live.test && live.test->find("ndcg@10"));
            study = live.study;
            winner = live.trials[*live.best].run;
        }
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        const auto record = (*store)->findStudy(study);
        QVERIFY(record.ok());
        QVERIFY(record->status == StudyStatus::Completed);
        QCOMPARE(record->winner, winner);
        const auto runs = (*store)->runsOf(study);
        QCOMPARE(runs->size(), std::size_t{5});
        for (const RunRecord& run : *runs) {
            QVERIFY(!run.validationMetrics.empty());
            QCOMPARE(run.testMetrics.empty(), run.id != winner); // nobody else saw the test part
            QVERIFY(!run.experiment.plan.evaluateTest);
            if (run.id == winner) QVERIFY(run.hasModel);
        }
    }

    void whatWasStoppedGoesOnAsIfItHadRunThrough() {
        for (const SearchMethod method : {SearchMethod::Tpe, SearchMethod::Halving}) {
            QTemporaryDir through;
            std::vector<ParamMap> params;
            std::vector<TrialValue> values;
            {
                Session session(through.path());
                const auto id = session.search.start(searching(method, 12), plantedSplit());
                QVERIFY(id.ok());
                QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Finished, 30000);
                params = triedBy(session.live(*id));
                values = valuesOf(session.live(*id));
            }
            QTemporaryDir cut;
            {
                Session session(cut.path());
                const auto id = session.search.start(searching(method, 12), plantedSplit());
                QVERIFY(id.ok());
                QTRY_VERIFY_WITH_TIMEOUT(session.done(*id) >= 3, 30000);
                session.search.stop(*id);
                QTRY_VERIFY(session.state(*id) == SearchState::Stopped &&
                            session.training.activeRun().isEmpty());
            } // the window is closed in the middle
            Session session(cut.path());
            const auto id = session.search.start(searching(method, 12), plantedSplit());
            QVERIFY(id.ok());
            QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Finished, 30000);
            QVERIFY(triedBy(session.live(*id)) == params);
            QVERIFY(valuesOf(session.live(*id)) == values);
            // The first trials were taken from the workspace: fewer runs than trials here.
            QVERIFY(session.training.runs().size() <= params.size() - 3);
        }
    }

    void pauseHoldsAndResumeGoesOn() {
        QTemporaryDir folder;
        Session session(folder.path());
        const auto id = session.search.start(searching(SearchMethod::Random, 4, 200), plantedSplit());
        QVERIFY(id.ok());
        QTRY_VERIFY_WITH_TIMEOUT(!session.training.activeRun().isEmpty(), 30000);
        session.search.pause(*id);
        QVERIFY(session.state(*id) == SearchState::Paused);
        const std::size_t before = session.done(*id);
        QTest::qWait(100);
        QVERIFY(session.done(*id) <= before + 1); // at most the one that was just ending
        session.search.resume(*id);
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Finished, 60000);
    }

    void twoSearchesTakeTurns() {
        QTemporaryDir folder;
        Session session(folder.path());
        const auto first = session.search.start(searching(SearchMethod::Random, 4), plantedSplit());
        Experiment other = searching(SearchMethod::Grid, 4);
        const auto second = session.search.start(other, plantedSplit());
        QVERIFY(first.ok() && second.ok());
        QCOMPARE(session.search.searches().size(), std::size_t{2});
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*first) == SearchState::Finished &&
                                     session.state(*second) == SearchState::Finished,
                                 60000);
        // Neither waited for the other's end.
        const auto runs = session.training.runs();
        const auto ofFirst = [&](const QString& run) {
            return session.training.run(run)->record.study == session.live(*first).study;
        };
        QVERIFY(ofFirst(runs[0]) != ofFirst(runs[1]) || ofFirst(runs[1]) != ofFirst(runs[2]));
    }

    void withoutValidationASearchIsRefused() {
        QTemporaryDir folder;
        Session session(folder.path());
        const SplitPtr split = makeSplit(test::plantedDataset(), {.validationFraction = 0.0}).value();
        const auto refused = session.search.start(searching(SearchMethod::Random, 4), split);
        QVERIFY(!refused.ok());
        QVERIFY(QString::fromStdString(refused.error().message).contains("validation"));
        Experiment plain;
        QVERIFY(!session.search.start(plain, plantedSplit()).ok());
        Experiment wrong = searching(SearchMethod::Random, 4);
        wrong.study.search->space = "no_such_parameter=1..2";
        QVERIFY(!session.search.start(wrong, plantedSplit()).ok());
        QVERIFY(session.search.searches().empty());
    }
};

QTEST_GUILESS_MAIN(TestSearchService)
#include "tst_search_service.moc"
