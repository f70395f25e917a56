// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/migrations.h"
#include "app/storage/run_store.h"

#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace recoscope;

namespace {

Experiment parsed(const std::string& yaml) {
    auto experiment = experimentFromYaml(yaml, "test.yaml");
    if (!experiment) qFatal("%s", experiment.error().text().c_str());
    return std::move(*experiment);
}

} // namespace

class TestStudy final : public QObject {
    Q_OBJECT
private slots:
    void keysOfSeveralRunsAreReadAndWrittenAgain() {
        const Experiment seeds = parsed("model: ials\nseeds: 3\nseeds_vary: both\n");
        QCOMPARE(seeds.study.seeds, (std::vector<std::uint64_t>{1, 2, 3}));
        QVERIFY(seeds.study.vary == SeedsVary::Both);
        QVERIFY(seeds.study.kind() == StudyKind::Seeds);
        QCOMPARE(parsed("model: ials\nseeds: [7, 9]\n").study.seeds, (std::vector<std::uint64_t>{7, 9}));

        const Experiment folds = parsed("model: ials\neval_args: {split: k_fold, folds: 4, fold: all}\n");
        QVERIFY(folds.study.allFolds && folds.study.kind() == StudyKind::Folds);

        const Experiment search =
            parsed("model: ials\n"
                   "search:\n  method: tpe\n  trials: 12\n  metric: recall@20\n  seed: 5\n"
                   "  space: {embedding_size: \"8..64:log\", epochs: [5, 10]}\n");
        QCOMPARE(search.study.search->space, std::string("embedding_size=8..64:log, epochs=5|10"));
        QCOMPARE(searchMetric(search), std::string("recall@20"));
        for (const Experiment& each : {seeds, folds, search})
            QVERIFY(parsed(toYaml(each)) == completed(each));
        QVERIFY(parsed("model: ials\n").study.kind() == StudyKind::None);
        QVERIFY(!QString::fromStdString(toYaml(parsed("model: ials\n"))).contains("seeds"));
    }

    void mistakesAreNamed_data() {
        QTest::addColumn<QString>("yaml");
        QTest::addColumn<QString>("named");
        QTest::newRow("seed twice") << "seeds: [1, 1]"
                                    << "seeds";
        QTest::newRow("no seed") << "seeds: many"
                                 << "seeds";
        QTest::newRow("vary") << "seeds_vary: all"
                              << "training, split, both";
        QTest::newRow("fold") << "eval_args: {fold: each}"
                              << "fold";
        QTest::newRow("method") << "search: {method: magic}"
                                << "search.method";
        QTest::newRow("key") << "search: {trial: 3}"
                             << "search.trial";
        QTest::newRow("trials") << "search: {trials: 0}"
                                << "search.trials";
    }
    void mistakesAreNamed() {
        QFETCH(QString, yaml);
        QFETCH(QString, named);
        const auto read = experimentFromYaml("model: ials\n" + yaml.toStdString() + "\n", "test.yaml");
        QVERIFY(!read.ok());
        QVERIFY2(QString::fromStdString(read.error().text()).contains(named), read.error().text().c_str());
    }

    void membersSayWhatTheyAreAndRunAlone() {
        const auto seeds = membersOf(parsed("model: ials\nseed: 42\nseeds: [7, 9]\n"));
        QCOMPARE(seeds.size(), std::size_t{2});
        QCOMPARE(seeds[1].role, QString("seed 9"));
        QCOMPARE(seeds[1].experiment.plan.seed, std::uint64_t{9});
        QCOMPARE(seeds[1].experiment.split.seed, std::uint64_t{42}); // the split stays
        QVERIFY(seeds[1].experiment.study == StudySpec{});
        QCOMPARE(membersOf(parsed("model: ials\nseeds: [7]\nseeds_vary: both\n"))[0].experiment.split.seed,
                 std::uint64_t{7});
        const auto folds = membersOf(
            parsed("model: ials\nseeds: [1, 2]\neval_args: {split: k_fold, folds: 3, fold: all}\n"));
        QCOMPARE(folds.size(), std::size_t{6});
        QCOMPARE(folds[5].role, QString("fold 3, seed 2"));
        QCOMPARE(folds[5].experiment.split.fold, 2);
    }

    void aTrialNeverSeesTheTestPart() {
        const Experiment base = parsed("model: ials\nepochs: 9\nsearch: {method: halving, trials: 9, space: "
                                       "\"embedding_size=8..64:log\"}\n");
        auto search = searchOf(base);
        QVERIFY(search.ok());
        const Experiment trial = trialExperiment(base, *search->next());
        QVERIFY(!trial.plan.evaluateTest);
        QVERIFY(!trial.study.search);
        QCOMPARE(trial.plan.params.at("epochs"),
                 ParamValue(std::int64_t{1})); // 9 trials of 1, 3 of 3, 1 of 9
        QVERIFY(trial.plan.params.contains("embedding_size"));
        QVERIFY(!checkStudy(parsed("model: ials\nseeds: 2\nsearch: {trials: 3}\n")).ok());
    }

    void theKeyIsOfTheExperimentAndTheData() {
        const std::string yaml = "model: ials\nsearch: {method: tpe, trials: 5}\n";
        const QString key = studyKey(parsed(yaml), "data");
        QCOMPARE(key, studyKey(parsed("name: another\n" + yaml), "data"));
        QCOMPARE(key, studyKey(parsed("model: ials\nsearch: {method: tpe, trials: 9}\n"), "data"));
        QVERIFY(key != studyKey(parsed(yaml), "other data"));
        QVERIFY(key != studyKey(parsed("seed: 1\n" + yaml), "data"));
        QVERIFY(studyKey(parsed("model: ials\nsearch: {method: halving, trials: 5}\n"), "data") !=
                studyKey(parsed("model: ials\nsearch: {method: halving, trials: 9}\n"), "data"));
    }

    void aStudyIsStoredWithItsRuns() {
        const QTemporaryDir folder;
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        StudyRecord record;
        record.key = "abc";
        record.kind = StudyKind::Folds;
        record.name = "five folds";
        record.algorithm = "ials";
        record.planned = 5;
        const auto study = (*store)->createStudy(record);
        QVERIFY2(study.ok(), study ? "" : study.error().text().c_str());
        QVERIFY(study->startsWith("folds-"));
        QStringList runs;
        for (const char* role : {"fold 1", "fold 2"}) {
            RunRecord run;
            run.study = *study;
            run.role = role;
            runs << *(*store)->create(run);
        }
        RunRecord alone;
        const auto other = (*store)->create(alone);
        QVERIFY(other.ok());

        const auto members = (*store)->runsOf(*study);
        QVERIFY(members.ok());
        QCOMPARE(members->size(), std::size_t{2});
        QCOMPARE((*members)[0].role, QString("fold 1"));
        QCOMPARE((*members)[1].study, *study);
        QVERIFY((*store)->find(*other)->study.isEmpty());

        const auto found = (*store)->studyByKey("abc");
        QVERIFY(found.ok());
        QVERIFY(found->kind == StudyKind::Folds && found->status == StudyStatus::Running);
        QCOMPARE(found->runs, 2);
        QCOMPARE(found->planned, 5);
        QVERIFY((*store)->setStudyStatus(*study, StudyStatus::Completed, runs[1]).ok());
        QCOMPARE((*store)->findStudy(study->left(8))->winner, runs[1]);
        QVERIFY((*store)->findStudy("latest")->status == StudyStatus::Completed);
        QCOMPARE((*store)->studyByKey("none").error().code, ErrorCode::NotFound);

        QVERIFY((*store)->renameStudy(*study, "  folds of iALS ").ok());
        QCOMPARE((*store)->findStudy(*study)->name, QString("folds of iALS"));
        QVERIFY(!(*store)->renameStudy(*study, " ").ok());
        QCOMPARE((*store)->renameStudy("folds-none", "x").error().code, ErrorCode::NotFound);

        for (const QString& run : runs)
            QVERIFY((*store)->setStatus(run, RunStatus::Completed).ok());
        QVERIFY((*store)->removeStudy(*study).ok());
        QVERIFY((*store)->studies()->empty());
        QVERIFY((*store)->find(runs[0])->study.isEmpty()); // the run stays
    }

    void aStudyGoesWithItsRunsOrNotAtAllWhileOneGoesOn() {
        const QTemporaryDir folder;
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        StudyRecord record;
        record.kind = StudyKind::Seeds;
        record.name = "seeds";
        const QString study = (*store)->createStudy(record).value();
        QStringList runs;
        for (const RunStatus status : {RunStatus::Completed, RunStatus::Running}) {
            RunRecord run;
            run.study = study;
            run.status = status;
            runs << (*store)->create(run).value();
            QFile model((*store)->modelPath(runs.back()));
            QVERIFY(model.open(QIODevice::WriteOnly));
        }
        const QString alone = (*store)->create({}).value();
        for (const StudyRuns what : {StudyRuns::Keep, StudyRuns::Remove}) {
            const Status refused = (*store)->removeStudy(study, what);
            QVERIFY(!refused.ok());
            QCOMPARE(refused.error().code, ErrorCode::Invalid);
            QCOMPARE(refused.error().where, runs[1].toStdString());
        }
        QCOMPARE((*store)->runsOf(study)->size(), std::size_t{2}); // nothing was changed
        QVERIFY((*store)->setStatus(runs[1], RunStatus::Interrupted).ok());
        QVERIFY((*store)->removeStudy(study, StudyRuns::Remove).ok());
        QVERIFY((*store)->studies()->empty());
        QCOMPARE((*store)->list()->size(), std::size_t{1});
        QVERIFY((*store)->find(alone).ok());
        for (const QString& run : runs)
            QVERIFY(!QFile::exists((*store)->modelPath(run)));
        // Who was about to go on with it hears of it, instead of going on without it.
        RunRecord late;
        late.study = study;
        const auto refused = (*store)->create(late);
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::NotFound);
        QCOMPARE((*store)->list()->size(), std::size_t{1});
    }

    void aWorkspaceOfVersionOneIsBroughtUpToDate() {
        const QTemporaryDir folder;
        QString run;
        {
            const auto store = RunStore::open(folder.path());
            QVERIFY(store.ok());
            run = *(*store)->create({});
        }
        {
            // As the first version left it.
            Database database(folder.path() + "/workspace.db");
            QVERIFY(database.open(Database::Access::ReadWrite).ok());
            for (const char* statement :
                 {"DROP INDEX run_of_study", "ALTER TABLE run DROP COLUMN study",
                  "ALTER TABLE run DROP COLUMN role", "DROP TABLE study", "PRAGMA user_version = 1"})
                QVERIFY2(database.execute(statement).ok(), statement);
        }
        const auto store = RunStore::open(folder.path());
        QVERIFY2(store.ok(), store ? "" : store.error().text().c_str());
        QVERIFY((*store)->find(run).ok());
        QVERIFY((*store)->find(run)->study.isEmpty());
        QVERIFY((*store)->createStudy({}).ok());
        QVERIFY(schemaVersion() >= 2);
    }
};

QTEST_GUILESS_MAIN(TestStudy)
#include "tst_study.moc"
