// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/search_service.h"
#include "app/session/study_view.h"
#include "tests/support/slowdown.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>
#include <set>

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

Experiment seeds(int count, SeedsVary vary = SeedsVary::Training) {
    Experiment e;
    e.plan.algorithm = "ials";
    e.plan.params["epochs"] = std::int64_t{3};
    for (int n = 1; n <= count; ++n)
        e.study.seeds.push_back(static_cast<std::uint64_t>(n));
    e.study.vary = vary;
    return e;
}

Experiment folds(int count) {
    Experiment e = seeds(0);
    e.study.allFolds = true;
    e.split.kind = SplitKind::KFold;
    e.split.folds = count;
    return e;
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
            QCOMPARE(run.hasModel, run.id == winner);
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

    void aTrialWhoseRunWasDeletedIsNotWaitedFor() {
        QTemporaryDir folder;
        Session session(folder.path());
        const auto id = session.search.start(searching(SearchMethod::Random, 4), plantedSplit());
        QVERIFY(id.ok());
        QTRY_VERIFY_WITH_TIMEOUT(session.done(*id) >= 2, 30000);
        session.search.pause(*id);
        const LiveSearch& live = session.live(*id);
        const QString lost = live.trials[*live.best == 0 ? 1 : 0].run;
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        QTRY_VERIFY((*store)->find(lost) && (*store)->find(lost)->status == RunStatus::Completed);
        QVERIFY((*store)->remove(lost).ok());
        session.search.resume(*id);
        QTRY_VERIFY_WITH_TIMEOUT(live.state == SearchState::Testing || live.state == SearchState::Finished,
                                 30000);
        QTRY_VERIFY_WITH_TIMEOUT(live.state == SearchState::Finished, static_cast<int>(10000 * test::slowdown));
        QVERIFY(live.test && live.test->find("ndcg@10"));
        QVERIFY(!(*store)->find(lost).ok());
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

    void seedsAndFoldsRunToTheirEndOneAfterAnother_data() {
        QTest::addColumn<int>("what");
        QTest::newRow("seeds of the training") << 0;
        QTest::newRow("seeds of both") << 1;
        QTest::newRow("folds") << 2;
    }
    void seedsAndFoldsRunToTheirEndOneAfterAnother() {
        QFETCH(int, what);
        const Experiment asked = what == 0 ? seeds(3) : what == 1 ? seeds(3, SeedsVary::Both) : folds(3);
        QTemporaryDir folder;
        QString study;
        {
            Session session(folder.path());
            const auto id = session.search.start(asked, plantedSplit(), test::plantedDataset());
            QVERIFY2(id.ok(), id ? "" : id.error().text().c_str());
            QCOMPARE(session.live(*id).trials.size(), std::size_t{3}); // what will be run is seen at once
            QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Finished ||
                                         session.state(*id) == SearchState::Failed,
                                     60000);
            const LiveSearch& live = session.live(*id);
            QVERIFY2(live.state == SearchState::Finished, live.error ? live.error->text().c_str() : "");
            study = live.study;
            const StudyView view = viewOf(live, [&](const QString& run) -> const RunRecord* {
                const LiveRun* found = session.training.run(run);
                return found ? &found->record : nullptr;
            });
            QVERIFY(view.kind == asked.study.kind() && view.completed);
            QCOMPARE(view.done(), 3);
            QVERIFY(view.tested());
            const StudyView stored = viewOf((*RunStore::open(folder.path()))->findStudy(study).value(),
                                            (*RunStore::open(folder.path()))->list().value());
            QCOMPARE(stored.summary().size(), view.summary().size());
            for (std::size_t n = 0; n < view.summary().size(); ++n)
                QCOMPARE(stored.summary()[n].mean, view.summary()[n].mean);
            QCOMPARE(stored.metric, QStringLiteral("ndcg@10"));
            QCOMPARE(stored.rows[2].value.value(), view.rows[2].value.value());
            QCOMPARE(stored.rows[2].role, view.rows[2].role);
        }
        const auto store = RunStore::open(folder.path());
        const auto record = (*store)->findStudy(study);
        QVERIFY(record.ok() && record->status == StudyStatus::Completed);
        // Under the key by which the command line finds it.
        QCOMPARE(record->key,
                 studyKey(asked, QString::fromStdString(test::plantedDataset()->provenance().fingerprint)));
        const auto runs = (*store)->runsOf(study);
        QCOMPARE(runs->size(), std::size_t{3});
        std::set<QString> splits;
        for (const RunRecord& run : *runs) {
            QVERIFY(!run.testMetrics.empty());
            QVERIFY(run.hasModel);
            splits.insert(run.splitFingerprint);
        }
        QCOMPARE(splits.size(), what == 0 ? std::size_t{1} : std::size_t{3});
        QCOMPARE((*runs)[1].role, what == 2 ? QStringLiteral("fold 2") : QStringLiteral("seed 2"));
        QVERIFY((*runs)[0].testMetrics.front().value != (*runs)[1].testMetrics.front().value);
    }

    void aStudyThatWasStoppedGoesOnWithTheRunsThatAreMissing() {
        QTemporaryDir folder;
        Experiment asked = folds(4);
        asked.plan.params["epochs"] = std::int64_t{150};
        asked.plan.earlyStopping.enabled = false;
        QString study;
        {
            Session session(folder.path());
            const auto id = session.search.start(asked, plantedSplit(), test::plantedDataset());
            QVERIFY(id.ok());
            QTRY_VERIFY_WITH_TIMEOUT(session.done(*id) >= 1, 60000);
            session.search.pause(*id);
            QVERIFY(session.state(*id) == SearchState::Paused);
            study = session.live(*id).study;
            QVERIFY(session.search.worksOn(study));
            QVERIFY(!session.search.forget(*id));
            session.search.stop(*id);
            QTRY_VERIFY_WITH_TIMEOUT(!session.search.worksOn(study), 60000);
            QVERIFY(session.done(*id) < 4);
        } // the window is closed in the middle
        Session session(folder.path());
        const auto id = session.search.start(asked, plantedSplit(), test::plantedDataset());
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Finished, 60000);
        QCOMPARE(session.live(*id).study, study);
        QVERIFY(session.training.runs().size() < 4);
        QCOMPARE((*RunStore::open(folder.path()))->runsOf(study)->size(), std::size_t{4});
        // Done is done: the same again is another study.
        const auto again = session.search.start(asked, plantedSplit(), test::plantedDataset());
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*again) == SearchState::Finished, 60000);
        QVERIFY(session.live(*again).study != study);
        QCOMPARE(session.search.searches().size(), std::size_t{2});
        QVERIFY(session.search.forget(*id));
        QCOMPARE(session.search.searches(), std::vector<QString>{*again});
    }

    void whatIsWorkedOnIsNotStartedTwice() {
        QTemporaryDir folder;
        Session session(folder.path());
        const auto first = session.search.start(searching(SearchMethod::Random, 4, 200), plantedSplit());
        QTRY_VERIFY_WITH_TIMEOUT(!session.live(*first).study.isEmpty(), 30000);
        const auto second = session.search.start(searching(SearchMethod::Random, 4, 200), plantedSplit());
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*second) == SearchState::Failed, 30000);
        QVERIFY(session.live(*second).error->message.find("already") != std::string::npos);
        session.search.stop(*first);
        QTRY_VERIFY_WITH_TIMEOUT(!session.search.worksOn(session.live(*first).study), 30000);
    }

    void aStudyThatWasDeletedDoesNotGoOn() {
        QTemporaryDir folder;
        Session session(folder.path());
        const auto id = session.search.start(searching(SearchMethod::Random, 40, 50), plantedSplit());
        QTRY_VERIFY_WITH_TIMEOUT(session.done(*id) >= 1, 30000);
        session.search.stop(*id);
        QTRY_VERIFY_WITH_TIMEOUT(!session.search.worksOn(session.live(*id).study), 30000);
        const auto store = RunStore::open(folder.path());
        QVERIFY(QTest::qWaitFor(
            [&] { return (*store)->removeStudy(session.live(*id).study, StudyRuns::Remove).ok(); }, 30000));
        session.search.resume(*id);
        QTRY_VERIFY_WITH_TIMEOUT(session.state(*id) == SearchState::Failed, 30000);
        QVERIFY((*store)->list()->empty());
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
