// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"

#include "app/session/compare_service.h"
#include "app/session/training_service.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <numeric>
#include <optional>

using namespace recoscope;

namespace {

constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine

SplitPtr splitOfSample(std::uint64_t seed = 42) {
    ImportContext context;
    const auto imported = importPath("builtin:sample", {}, context);
    SplitSpec spec;
    spec.seed = seed;
    return makeSplit(imported->dataset, spec).value();
}

/// A service, and what it answered last.
struct Answers {
    CompareService service;
    MeasurementPtr measurement;
    std::shared_ptr<const MetricMarks> marks;
    std::shared_ptr<const DialectTable> dialects;
    std::shared_ptr<const GroupTable> groups;
    std::shared_ptr<const PairTable> pairs;
    std::shared_ptr<const StudyTable> study;
    std::shared_ptr<const LeakTable> leaks;
    std::optional<Error> error;
    int measured = 0;

    explicit Answers(const QString& folder)
        : service(folder, 2) {
        QObject::connect(&service, &CompareService::measured, &service, [this](const MeasurementPtr& one) {
            measurement = one;
            ++measured;
        });
        QObject::connect(&service, &CompareService::marked, &service,
                         [this](const auto& one) { marks = one; });
        QObject::connect(&service, &CompareService::dialectsRead, &service,
                         [this](const auto& one) { dialects = one; });
        QObject::connect(&service, &CompareService::grouped, &service,
                         [this](const auto& one) { groups = one; });
        QObject::connect(&service, &CompareService::pairsCompared, &service,
                         [this](const auto& one) { pairs = one; });
        QObject::connect(&service, &CompareService::studied, &service,
                         [this](const auto& one) { study = one; });
        QObject::connect(&service, &CompareService::leaksFound, &service,
                         [this](const auto& one) { leaks = one; });
        QObject::connect(&service, &CompareService::failed, &service,
                         [this](CompareTopic, const Error& one) { error = one; });
    }
    bool wait() {
        return QTest::qWaitFor([this] { return !service.busy(); }, patience);
    }
};

} // namespace

class TestCompareService final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    SplitPtr m_split;
    QString m_popularity, m_knn, m_ials, m_other; // the last on another split

    CompareRequest request(const QStringList& ids, const QString& dialect = {},
                           std::vector<int> cutoffs = {}) {
        CompareRequest made;
        for (const QString& id : ids)
            made.runs.push_back({id, id});
        made.dialect = dialect;
        made.cutoffs = std::move(cutoffs);
        made.split = m_split;
        return made;
    }
    QStringList all() const { return {m_popularity, m_knn, m_ials}; }

    std::shared_ptr<const Recommender> model(const QString& id) {
        const auto store = RunStore::open(m_folder.path(), RunStore::Access::ReadOnly);
        return (*store)->model(id).value();
    }

private slots:
    void initTestCase() {
        m_split = splitOfSample();
        TrainingService training(m_folder.path(), 2);
        QSignalSpy ended(&training, &TrainingService::runEnded);
        const auto start = [&](const char* algorithm, const SplitPtr& split) {
            Experiment e;
            e.split = split->spec();
            e.plan.algorithm = algorithm;
            if (e.plan.algorithm == "ials") e.plan.params["epochs"] = std::int64_t{6};
            return training.start(e, split).value();
        };
        m_popularity = start("popularity", m_split);
        m_knn = start("item_knn", m_split);
        m_ials = start("ials", m_split);
        m_other = start("popularity", splitOfSample(7));
        QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 4, patience);
    }

    void storedNumbersAreReadWithoutScoring() {
        Answers answers(m_folder.path());
        answers.service.measure(request(all()));
        QVERIFY(answers.wait());
        QVERIFY2(answers.measurement, answers.error ? answers.error->text().c_str() : "");
        QCOMPARE(answers.measurement->runs.size(), std::size_t{3});
        const auto store = RunStore::open(m_folder.path(), RunStore::Access::ReadOnly);
        for (const MeasuredRun& run : answers.measurement->runs) {
            QVERIFY(run.stored);
            const auto stored = (*store)->evaluation(run.record.id, Target::Test);
            QCOMPARE(run.evaluation->find("ndcg@10")->value, stored->find("ndcg@10")->value);
            QCOMPARE(run.evaluation->find("ndcg@10")->perUser.size(), run.evaluation->users.size());
        }
    }

    void fewerCutoffsAreStillTheStoredNumbersAndOthersAreScored() {
        Answers answers(m_folder.path());
        answers.service.measure(request({m_knn}, {}, {10}));
        QVERIFY(answers.wait());
        QVERIFY(answers.measurement->runs[0].stored);
        QVERIFY(answers.measurement->runs[0].evaluation->find("ndcg@10"));
        QVERIFY(!answers.measurement->runs[0].evaluation->find("ndcg@5"));
        answers.service.measure(request({m_knn}, {}, {7}));
        QVERIFY(answers.wait());
        QVERIFY(!answers.measurement->runs[0].stored);
        EvaluationOptions options;
        options.cutoffs = {7};
        ThreadPool pool({2, 0});
        RunControl control;
        const auto expected = evaluate(*model(m_knn), *m_split, Target::Test, options, pool, control);
        QCOMPARE(answers.measurement->runs[0].evaluation->find("ndcg@7")->value,
                 expected->find("ndcg@7")->value);
    }

    void aDialectIsReadFromTheStoredModel() {
        Answers answers(m_folder.path());
        answers.service.measure(request({m_ials, m_popularity}, "lenskit"));
        QVERIFY(answers.wait());
        QVERIFY2(answers.measurement, answers.error ? answers.error->text().c_str() : "");
        const MeasuredRun& run = answers.measurement->runs[0];
        QVERIFY(!run.stored);
        ThreadPool pool({2, 0});
        RunControl control;
        const auto expected = evaluate(*model(m_ials), *m_split, Target::Test,
                                       inDialect({}, *findDialect("lenskit"), *m_split), pool, control);
        QCOMPARE(run.evaluation->find("ndcg@10")->value, expected->find("ndcg@10")->value);
        QCOMPARE(run.evaluation->find("ndcg@10")->definition, expected->find("ndcg@10")->definition);
    }

    void everyDialectIsReadForEveryRun() {
        Answers answers(m_folder.path());
        answers.service.readDialects(request({m_knn, m_ials}));
        QVERIFY(answers.wait());
        QVERIFY2(answers.dialects, answers.error ? answers.error->text().c_str() : "");
        QCOMPARE(answers.dialects->runs.size(), std::size_t{2});
        QCOMPARE(answers.dialects->runs[0].size(), dialects().size());
        const auto store = RunStore::open(m_folder.path(), RunStore::Access::ReadOnly);
        const double tested = (*store)->evaluation(m_ials, Target::Test)->find("ndcg@10")->value;
        QCOMPARE(answers.dialects->runs[1][0].evaluation.find("ndcg@10")->value, tested);
        for (const DialectReading& reading : answers.dialects->runs[1])
            if (reading.dialect->id == "ncf_99") // among 100 items it is easy
                QVERIFY(reading.evaluation.find("ndcg@10")->value > 1.5 * tested);
    }

    void marksTellRunsThatDifferByMoreThanChance() {
        Answers answers(m_folder.path());
        answers.service.measure(request(all()));
        QVERIFY(answers.wait());
        answers.service.mark(answers.measurement, 2);
        QVERIFY(answers.wait());
        const auto& p = answers.marks->p.at("ndcg@10");
        QVERIFY(std::isnan(p[2]));                                 // the reference itself
        QVERIFY2(p[0] < 0.001, qPrintable(QString::number(p[0]))); // popularity is far behind
        QVERIFY(p[1] >= 0.0 && p[1] <= 1.0);
    }

    void everyPairHasItsTestsAndItsUsersAddUp() {
        Answers answers(m_folder.path());
        answers.service.measure(request(all()));
        QVERIFY(answers.wait());
        answers.service.comparePairs(answers.measurement, "ndcg@10");
        QVERIFY(answers.wait());
        QVERIFY2(answers.pairs, answers.error ? answers.error->text().c_str() : "");
        QCOMPARE(answers.pairs->pairs.size(), std::size_t{3});
        for (const ComparedPair& pair : answers.pairs->pairs) {
            const Comparison& c = pair.comparison;
            QCOMPARE(c.nameA, answers.measurement->runs[pair.a].title.toStdString());
            const auto half = static_cast<std::ptrdiff_t>(pair.bars.size() / 2);
            QCOMPARE(std::accumulate(pair.bars.begin() + half, pair.bars.end(), std::int64_t{0}), c.wins);
            QCOMPARE(std::accumulate(pair.bars.begin(), pair.bars.begin() + half, std::int64_t{0}), c.losses);
            QVERIFY(!c.claim.empty());
        }
    }

    void groupsAreThoseOfTheEngine() {
        Answers answers(m_folder.path());
        answers.service.measure(request({m_popularity, m_ials}));
        QVERIFY(answers.wait());
        answers.service.group(answers.measurement, "activity");
        QVERIFY(answers.wait());
        QVERIFY2(answers.groups, answers.error ? answers.error->text().c_str() : "");
        QVERIFY(answers.groups->names.size() >= 2);
        std::int64_t users = 0;
        for (const GroupValue& group : answers.groups->reports[0].metrics[0].groups)
            users += group.users;
        QCOMPARE(users, static_cast<std::int64_t>(answers.measurement->runs[0].evaluation->users.size()));
        // The lists are not stored: the model is asked for them.
        answers.service.group(answers.measurement, "items");
        QVERIFY(answers.wait());
        QCOMPARE(answers.groups->reports[1].by, std::string("items"));
        const auto& popular = answers.groups->reports[0].metrics.back();
        QCOMPARE(popular.groups.size(), std::size_t{2});
        QVERIFY(popular.groups[0].value > popular.groups[1].value); // popularity finds the head alone
        answers.service.group(answers.measurement, "shoe size");
        QVERIFY(answers.wait());
        QVERIFY(answers.error && answers.error->code == ErrorCode::NotFound);
    }

    void aStudyEndsAtTheFullRanking() {
        Answers answers(m_folder.path());
        answers.service.study(request(all()), {});
        QVERIFY(answers.wait());
        QVERIFY2(answers.study, answers.error ? answers.error->text().c_str() : "");
        QCOMPARE(answers.study->study.curves.size(), std::size_t{3});
        const auto store = RunStore::open(m_folder.path(), RunStore::Access::ReadOnly);
        QCOMPARE(answers.study->study.curves[1].full,
                 (*store)->evaluation(m_knn, Target::Test)->find("ndcg@10")->value);
        QVERIFY(answers.study->items > answers.study->study.sizes.back());
    }

    void aCleanSplitGivesNoWarning() {
        Answers answers(m_folder.path());
        answers.service.measure(request(all()));
        QVERIFY(answers.wait());
        answers.service.findLeaks(answers.measurement);
        QVERIFY(answers.wait());
        QVERIFY2(answers.leaks, answers.error ? answers.error->text().c_str() : "");
        QVERIFY2(answers.leaks->split.empty(),
                 answers.leaks->split.empty() ? "" : answers.leaks->split[0].message.c_str());
        for (const auto& leaks : answers.leaks->runs)
            QVERIFY2(leaks.empty(), leaks.empty() ? "" : leaks[0].message.c_str());
    }

    void aPlantedLeakIsToldWithItsCountAndExamples() {
        // Held-out items of users 3 and 4 stand among their own negatives.
        QTemporaryDir data;
        const auto write = [&](const char* name, const QString& lines) {
            QFile file(data.filePath(QLatin1String(name)));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(lines.toUtf8());
        };
        QString train, test, negatives;
        for (int user = 0; user < 30; ++user) {
            for (int n = 0; n < 6; ++n)
                train += QStringLiteral("%1\t%2\t1\t100\n").arg(user).arg((user + 5 * n) % 40);
            const int held = (user + 3) % 40;
            test += QStringLiteral("%1\t%2\t1\t200\n").arg(user).arg(held);
            negatives += QStringLiteral("(%1,%2)").arg(user).arg(held);
            for (int n = 0; n < 8; ++n)
                negatives += QStringLiteral("\t%1").arg((user + 1 + 5 * n) % 40);
            if (user == 3 || user == 4) negatives += QStringLiteral("\t%1").arg(held);
            negatives += QLatin1Char('\n');
        }
        write("tiny.train.rating", train);
        write("tiny.test.rating", test);
        write("tiny.test.negative", negatives);
        ImportContext context;
        const auto imported = importPath(data.path().toStdString(), {}, context);
        QVERIFY2(imported.ok(), imported.ok() ? "" : imported.error().text().c_str());
        SplitSpec spec;
        spec.kind = SplitKind::Premade;
        const SplitPtr split = makeSplit(imported->dataset, spec).value();
        QTemporaryDir folder;
        QString run;
        {
            TrainingService training(folder.path(), 1);
            QSignalSpy ended(&training, &TrainingService::runEnded);
            Experiment e;
            e.dataPath = data.path().toStdString();
            e.split = spec;
            e.plan.algorithm = "popularity";
            run = training.start(e, split).value();
            QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, patience);
        }
        Answers answers(folder.path());
        CompareRequest made;
        made.runs = {{run, run}};
        answers.service.measure(made);
        QVERIFY(answers.wait());
        QVERIFY2(answers.measurement, answers.error ? answers.error->text().c_str() : "");
        answers.service.findLeaks(answers.measurement);
        QVERIFY(answers.wait());
        QVERIFY2(answers.leaks, answers.error ? answers.error->text().c_str() : "");
        QCOMPARE(answers.leaks->split.size(), std::size_t{1});
        QCOMPARE(answers.leaks->split[0].kind, std::string("own-negative"));
        QCOMPARE(answers.leaks->split[0].count, std::int64_t{2});
        QCOMPARE(answers.leaks->split[0].examples.size(), std::size_t{2});
    }

    void theNewestRequestWins() {
        Answers answers(m_folder.path());
        answers.service.measure(request({m_popularity}, "recbole"));
        answers.service.measure(request({m_knn}, "elliot"));
        answers.service.measure(request({m_ials}));
        QVERIFY(answers.wait());
        QTest::qWait(50);
        QCOMPARE(answers.measured, 1);
        QCOMPARE(answers.measurement->runs[0].record.id, m_ials);
        QVERIFY(!answers.error);
    }

    void cancellingEndsWhatGoesOnAndTheNextRequestIsServed() {
        Answers answers(m_folder.path());
        QSignalSpy busy(&answers.service, &CompareService::busyChanged);
        answers.service.readDialects(request(all()));
        QVERIFY(answers.service.busyWith(CompareTopic::Dialects));
        answers.service.cancel();
        QVERIFY(answers.wait());
        QVERIFY(answers.error && answers.error->code == ErrorCode::Cancelled);
        QVERIFY(!answers.dialects);
        QCOMPARE(busy.size(), 2);
        answers.service.measure(request({m_ials}));
        QVERIFY(answers.wait());
        QVERIFY(answers.measurement);
    }

    void comparingAllPairsStopsWhenAPersonCancels() {
        // As many users and pairs as keep the bootstrap at work for many seconds.
        Answers answers(m_folder.path());
        constexpr std::int32_t users = 100'000;
        auto many = std::make_shared<Measurement>();
        for (int run = 0; run < 8; ++run) {
            auto evaluation = std::make_shared<Evaluation>();
            MetricValue metric;
            metric.key = "ndcg@10";
            metric.label = "NDCG@10";
            metric.definition = "ndcg;k=10";
            metric.count = users;
            for (std::int32_t u = 0; u < users; ++u) {
                evaluation->users.push_back(UserIndex{u});
                metric.perUser.push_back(((u * 7919 + run * 104729) % 1000) / 1000.0);
            }
            evaluation->metrics.push_back(std::move(metric));
            many->runs.push_back({{}, QString::number(run), {}, evaluation, false});
        }
        QSignalSpy moved(&answers.service, &CompareService::moved);
        answers.service.comparePairs(many, "ndcg@10");
        QVERIFY(moved.wait(patience)); // at work
        QElapsedTimer clock;
        clock.start();
        answers.service.cancel();
        QVERIFY(answers.wait());
        QVERIFY2(clock.elapsed() < 200, qPrintable(QString::number(clock.elapsed())));
        QVERIFY(!answers.pairs);
        QVERIFY(answers.error && answers.error->code == ErrorCode::Cancelled);
    }

    void runsOfAnotherSplitAreRefused() {
        Answers answers(m_folder.path());
        answers.service.measure(request({m_popularity, m_other}));
        QVERIFY(answers.wait());
        QVERIFY(answers.error && answers.error->code == ErrorCode::Invalid);
        QVERIFY(answers.error->message.find("same data and split") != std::string::npos);
    }

    void theDataIsReadAgainWhereItIsNotAtHand() {
        Answers answers(m_folder.path());
        CompareRequest made = request({m_other}, "trec_eval");
        answers.service.measure(made); // the split at hand is another one
        QVERIFY(answers.wait());
        QVERIFY2(answers.measurement, answers.error ? answers.error->text().c_str() : "");
        QVERIFY(answers.measurement->runs[0].evaluation->find("map@10"));
    }

    void aRunWithoutAModelKeepsItsNumbersButIsNotReadInDialects() {
        QString bare;
        {
            const auto store = RunStore::open(m_folder.path());
            RunRecord record = (*store)->find(m_popularity).value();
            record.id.clear();
            record.hasModel = false;
            record.status = RunStatus::Completed;
            bare = (*store)->create(record).value();
            QVERIFY((*store)->saveEvaluation(bare, Target::Test,
                                             *(*store)->evaluation(m_popularity, Target::Test)));
        }
        Answers answers(m_folder.path());
        answers.service.measure(request({m_knn, bare}));
        QVERIFY(answers.wait());
        QVERIFY2(answers.measurement, answers.error ? answers.error->text().c_str() : "");
        answers.service.measure(request({m_knn, bare}, "recbole"));
        QVERIFY(answers.wait());
        QVERIFY(answers.error && answers.error->code == ErrorCode::NotFound);
        QVERIFY(answers.error->message.find("No model is stored") != std::string::npos);
    }

    void tablesAreWrittenAsTheNameEnds() {
        Answers answers(m_folder.path());
        answers.service.measure(request(all()));
        QVERIFY(answers.wait());
        const auto written = [&](const QString& name) {
            QFile file(m_folder.filePath(name));
            return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
        };
        answers.service.exportMetrics(answers.measurement, m_folder.filePath("metrics.tex"));
        QVERIFY(answers.wait());
        QVERIFY(written("metrics.tex").contains("\\toprule"));
        QVERIFY(written("metrics.tex").contains("\\textbf"));
        const TextTable table{"Title", {"Run", "A|B"}, {{"a, b", "50 %"}}, {"a note"}};
        for (const char* name : {"table.csv", "table.md", "table.tex"}) {
            answers.service.exportTable(table, m_folder.filePath(name));
            QVERIFY(answers.wait());
        }
        QCOMPARE(written("table.csv"), QString("# a note\nRun,A|B\n\"a, b\",50 %\n"));
        QVERIFY(written("table.md").contains("| Run | A\\|B |\n|---|---:|\n| a, b | 50 % |"));
        QVERIFY(written("table.tex").contains("a, b & 50 \\% \\\\"));
        QVERIFY(!answers.error);
        answers.service.exportTable(table, m_folder.filePath("no/such/folder.csv"));
        QVERIFY(answers.wait());
        QVERIFY(answers.error && answers.error->code == ErrorCode::Io);
    }
};

QTEST_GUILESS_MAIN(TestCompareService)
#include "tst_compare_service.moc"
