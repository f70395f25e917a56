// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/study_comparison.h"

#include <QtTest>

#include <cmath>

using namespace recoscope;

namespace {

RunRecord run(const QString& id, const QString& study, double value, const QString& split = "a") {
    RunRecord made;
    made.id = id;
    made.study = study;
    made.status = RunStatus::Completed;
    made.splitFingerprint = split;
    made.testMetrics = {{"ndcg@10", value}};
    return made;
}

StudyRecord study(const QString& id, StudyKind kind, int planned) {
    StudyRecord made;
    made.id = id;
    made.name = "name of " + id;
    made.kind = kind;
    made.planned = planned;
    return made;
}

} // namespace

class TestStudyComparison : public QObject {
    Q_OBJECT
private slots:
    void runsOfOneStudyAreOneEntryWithStudentsInterval() {
        const std::vector<StudyRecord> studies{study("s", StudyKind::Seeds, 4),
                                               study("f", StudyKind::Search, 9)};
        // Newest first, as the library has them.
        std::vector<RunRecord> runs{run("r3", "s", 0.3), run("r2", "s", 0.2), run("r1", "s", 0.1),
                                    run("t", "f", 0.7), run("alone", {}, 0.5)};
        const auto entries = compareStudies({"r2", "alone", "r1", "t", "gone"}, runs, studies);
        QCOMPARE(entries.size(), std::size_t{3});
        QCOMPARE(entries[0].id, QString("s"));
        QCOMPARE(entries[0].title, QString("name of s"));
        QCOMPARE(entries[0].runs, 3);
        QCOMPARE(entries[0].planned, 4);
        const StudyValue* value = entries[0].find("ndcg@10");
        QVERIFY(value);
        QVERIFY(std::abs(value->mean - 0.2) < 1e-12);
        // t(0.975; 2) = 4.3027 (tables), deviation 0.1, three runs: 4.3027 * 0.1 / sqrt(3)
        QVERIFY(std::abs(value->halfWidth - 0.24841) < 1e-4);
        QVERIFY((entries[0].points.at("ndcg@10") == std::vector<double>{0.1, 0.2, 0.3}));
        // A run by itself, and a trial of a search: its siblings are other models.
        QCOMPARE(entries[1].id, QString("alone"));
        QVERIFY(entries[1].kind == StudyKind::None);
        QVERIFY(std::isnan(entries[1].find("ndcg@10")->halfWidth));
        QCOMPARE(entries[2].id, QString("t"));
        QVERIFY(entries[2].kind == StudyKind::None);
        QVERIFY(!entries[2].find("recall@10"));
    }

    void whatFailedOrWasCutOffDoesNotCount() {
        std::vector<RunRecord> runs{run("r3", "s", 0.3), run("r2", "s", 0.2), run("r1", "s", 0.1)};
        runs[0].status = RunStatus::Failed;
        runs[1].testMetrics.clear();
        const auto entries = compareStudies({"r1"}, runs, {study("s", StudyKind::Folds, 3)});
        QCOMPARE(entries[0].runs, 1);
        QVERIFY(std::isnan(entries[0].find("ndcg@10")->halfWidth));
    }

    void otherSplitsAndOtherDefinitionsAreTold() {
        const std::vector<StudyRecord> studies{study("s", StudyKind::Folds, 2),
                                               study("o", StudyKind::Folds, 2),
                                               study("n", StudyKind::Folds, 2)};
        std::vector<RunRecord> runs;
        for (const QString fold : {"a", "b"}) {
            runs.push_back(run("s" + fold, "s", 0.1, fold));
            runs.push_back(run("o" + fold, "o", 0.2, fold == "a" ? "a" : "c"));
            runs.push_back(run("n" + fold, "n", 0.3, fold));
        }
        runs[2].experiment.plan.evaluation.cutoffs = {1}; // says nothing of what ndcg@10 is
        runs[5].experiment.plan.evaluation.ideal = IdealList::AllRelevant;
        const auto entries = compareStudies({"sa", "oa", "na"}, runs, studies);
        QVERIFY(entries[0].sameSplits && entries[0].sameReading);
        QVERIFY(!entries[1].sameSplits && entries[1].sameReading);
        QVERIFY(entries[2].sameSplits && !entries[2].sameReading);
    }
};

QTEST_GUILESS_MAIN(TestStudyComparison)
#include "tst_study_comparison.moc"
