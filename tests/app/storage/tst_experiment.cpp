// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/models/registry.h"

#include "app/storage/experiment.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace recoscope;

namespace {

Error errorOf(const std::string& yaml) {
    const auto result = experimentFromYaml(yaml, "e.yaml");
    return result ? Error{ErrorCode::Invalid, "(no error)", ""} : result.error();
}

Experiment parsed(const std::string& yaml) {
    const auto result = experimentFromYaml(yaml, "e.yaml");
    if (!result) qWarning("%s", result.error().text().c_str());
    return result ? *result : Experiment{.name = "(error)"};
}

std::string randomText(Rng& rng) {
    static const std::vector<std::string> pieces{"a",  "B",  "7", " ",  ":", "#",    "\"",  "'",    "\\",
                                                 "\n", "\t", "é", "日", "-", "true", "~",   "null", "{",
                                                 "]",  ",",  "%", "@",  "&", "*",    "\x01"};
    std::string text;
    for (std::uint64_t n = rng.below(12); n > 0; --n)
        text += pieces[rng.below(pieces.size())];
    return text;
}

/// Any experiment that the types allow, in the ranges that files allow.
Experiment randomExperiment(Rng& rng) {
    const auto coin = [&] { return rng.below(2) == 1; };
    Experiment e;
    e.name = randomText(rng);
    e.dataPath = randomText(rng);
    if (coin()) e.import.format = randomText(rng);
    e.import.duplicates = static_cast<DuplicatePolicy>(rng.below(5));
    if (coin())
        e.import.mapping = ColumnMapping{.delimiter = ",\t;|: "[rng.below(6)],
                                         .quote = "\"'\0"[rng.below(3)],
                                         .header = coin(),
                                         .user = static_cast<int>(rng.below(5)),
                                         .item = static_cast<int>(rng.below(5)),
                                         .rating = static_cast<int>(rng.below(5)) - 1,
                                         .time = static_cast<int>(rng.below(5)) - 1};
    if (coin()) e.import.validationPath = randomText(rng);
    if (coin()) e.import.testPath = randomText(rng);
    if (coin()) e.import.featuresPath = randomText(rng);
    FilterSpec& filter = e.split.filter;
    if (coin()) filter.minRating = rng.normal() * 3;
    if (coin()) filter.implicitThreshold = rng.normal() * 3;
    if (coin()) filter.fromTime = static_cast<std::int64_t>(rng.below(2'000'000'000)) - 1'000'000'000;
    if (coin())
        filter.toTime =
            (filter.fromTime ? *filter.fromTime : 0) + static_cast<std::int64_t>(rng.below(1'000'000));
    if (coin()) filter.minUserInteractions = static_cast<int>(rng.below(50));
    if (coin()) filter.minItemInteractions = static_cast<int>(rng.below(50));
    e.split.kind = static_cast<SplitKind>(rng.below(9));
    if (coin()) e.split.testFraction = rng.uniform() * 0.4;
    if (coin()) e.split.validationFraction = coin() ? 0.0 : rng.uniform() * 0.4;
    if (coin()) e.split.folds = static_cast<int>(2 + rng.below(20));
    if (coin()) e.split.fold = static_cast<int>(rng.below(20));
    if (coin()) e.split.foldInFraction = rng.uniform();
    e.plan.seed = coin() ? rng.next() : 42;
    e.split.seed = coin() ? e.plan.seed : rng.next();
    const auto all = algorithms();
    const AlgorithmInfo& info = all[rng.below(all.size())];
    e.plan.algorithm = info.id;
    for (const ParamSpec& spec : info.schema().specs())
        if (coin()) e.plan.params[spec.key] = spec.defaultValue;
    e.plan.evaluateEvery = static_cast<int>(rng.below(4));
    e.plan.earlyStopping = {.enabled = coin(),
                            .metric = coin() ? "validation_loss" : "recall@20",
                            .patience = static_cast<int>(rng.below(30)),
                            .minDelta = coin() ? 0.0 : rng.uniform()};
    e.plan.evaluateTest = coin();
    EvaluationOptions& eval = e.plan.evaluation;
    eval.cutoffs.clear();
    for (std::uint64_t n = 1 + rng.below(4); n > 0; --n)
        eval.cutoffs.push_back(static_cast<int>(1 + rng.below(100)));
    if (coin()) eval.metrics = {"ndcg", "recall"};
    eval.relevanceThreshold = coin() ? 0.0 : rng.uniform() * 5;
    eval.excludeTrain = coin();
    eval.excludeValidationAtTest = coin();
    for (const EvaluationChoice& choice : evaluationChoices())
        if (coin()) choice.set(eval, static_cast<int>(rng.below(choice.values.size())));
    if (coin()) eval.candidates.negatives = static_cast<int>(1 + rng.below(1000));
    if (coin()) eval.candidates.seed = rng.next();
    eval.predictsRatings = coin();
    eval.clipRatings = coin();
    eval.keepPerUser = coin();
    return e;
}

} // namespace

class TestExperiment : public QObject {
    Q_OBJECT
private slots:
    void everyExperimentReadsBackAsItWasWritten() {
        Rng rng(11);
        for (int n = 0; n < 500; ++n) {
            const Experiment written = randomExperiment(rng);
            const std::string yaml = toYaml(written);
            const auto read = experimentFromYaml(yaml, "e.yaml");
            QVERIFY2(read.ok(), (read.ok() ? yaml : read.error().text() + "\n" + yaml).c_str());
            QVERIFY2(*read == completed(written),
                     (yaml + "\n--- reads back as ---\n" + toYaml(*read)).c_str());
        }
    }

    void aFileAsRecBoleUsersWriteItIsUnderstood() {
        const Experiment e =
            parsed("model: popularity\n"
                   "data_path: /data/ml-1m\n"
                   "seed: 2020\n"
                   "topk: [10, 20]\n"
                   "metrics: [NDCG, Hit, MRR, Recall]\n"
                   "valid_metric: NDCG@10\n"
                   "stopping_step: 5\n"
                   "eval_step: 2\n"
                   "user_inter_num_interval: \"[5,inf)\"\n"
                   "item_inter_num_interval: (4, inf)\n"
                   "val_interval:\n  rating: \"[3,inf)\"\n  timestamp: \"[100,200)\"\n"
                   "eval_args:\n  split: {'RS': [8, 1, 1]}\n  group_by: none\n  order: TO\n  mode: full\n");
        QCOMPARE(e.plan.algorithm, "popularity");
        QCOMPARE(e.plan.seed, 2020u);
        QCOMPARE(e.split.seed, 2020u);
        QCOMPARE(e.plan.evaluation.cutoffs, (std::vector<int>{10, 20}));
        QCOMPARE(e.plan.evaluation.metrics, (std::vector<std::string>{"ndcg", "hr", "mrr", "recall"}));
        QCOMPARE(e.plan.earlyStopping.metric, "ndcg@10");
        QCOMPARE(e.plan.earlyStopping.patience, 5);
        QCOMPARE(e.plan.evaluateEvery, 2);
        QCOMPARE(e.split.kind, SplitKind::TimeCut);
        QCOMPARE(e.split.testFraction, 0.1);
        QCOMPARE(e.split.filter.minUserInteractions, 5);
        QCOMPARE(e.split.filter.minItemInteractions, 5);
        QCOMPARE(e.split.filter.minRating.value(), 3.0);
        QCOMPARE(e.split.filter.fromTime.value(), 100);
        QCOMPARE(e.split.filter.toTime.value(), 199);
    }

    void leaveOneOutIsRecBolesLS() {
        const Experiment e = parsed(
            "model: popularity\neval_args: {split: {LS: valid_and_test}, order: TO, group_by: user}\n");
        QCOMPARE(e.split.kind, SplitKind::LeaveLastOut);
        QCOMPARE(parsed("model: popularity\neval_args: {split: {LS: test_only}}\n").split.validationFraction,
                 0.0);
    }

    void mistakesAreNamedWithLineColumnAndKey_data() {
        QTest::addColumn<QByteArray>("yaml");
        QTest::addColumn<QString>("where");
        QTest::addColumn<QString>("message");
        QTest::newRow("unknown key") << QByteArray("model: popularity\nstoping_step: 4\n") << "e.yaml:2:15"
                                     << "did you mean 'stopping_step'";
        QTest::newRow("unknown nested key")
            << QByteArray("model: popularity\neval_args:\n  spilt: {}\n") << "e.yaml:3:3"
            << "eval_args.spilt: unknown key; did you mean 'split'";
        QTest::newRow("unknown algorithm") << QByteArray("seed: 1\nmodel: popularty\n") << "e.yaml:2:8"
                                           << "Unknown algorithm 'popularty'";
        QTest::newRow("not a number") << QByteArray("model: popularity\nseed: many\n") << "e.yaml:2:7"
                                      << "seed: expected a whole number, got 'many'";
        QTest::newRow("not whole") << QByteArray("stopping_step: 1.5\n") << "e.yaml:1:16"
                                   << "expected a whole number";
        QTest::newRow("out of range") << QByteArray("topk: [10, 0]\n") << "e.yaml:1:12"
                                      << "topk: '0' is outside the range from 1 to 10000";
        QTest::newRow("not finite") << QByteArray("implicit_threshold: nan\n") << "e.yaml:1:21"
                                    << "expected a number";
        QTest::newRow("negative seed") << QByteArray("seed: -3\n") << "e.yaml:1:7"
                                       << "seed";
        QTest::newRow("a list for text") << QByteArray("data_path: [a, b]\n") << "e.yaml:1:12"
                                         << "expected text, got a list";
        QTest::newRow("twice") << QByteArray("seed: 1\nseed: 2\n") << "e.yaml:2:1"
                               << "given twice";
        QTest::newRow("bad metric") << QByteArray("metrics: [nbcg]\n") << "e.yaml:1:11"
                                    << "unknown metric 'nbcg'";
        QTest::newRow("bad choice") << QByteArray("duplicates: newest\n") << "e.yaml:1:13"
                                    << "last, first, mean, sum, max";
        QTest::newRow("sampled") << QByteArray("eval_args: {mode: uni100}\n") << "e.yaml:1:19"
                                 << "only full";
        QTest::newRow("interval") << QByteArray("user_inter_num_interval: 5\n") << "e.yaml:1:26"
                                  << "expected an interval";
        QTest::newRow("upper bound") << QByteArray("user_inter_num_interval: \"[5,10]\"\n") << "e.yaml:1:26"
                                     << "only a lower bound";
        QTest::newRow("shares") << QByteArray("eval_args: {split: {RS: [0.8, 0.2]}}\n") << "e.yaml:1:25"
                                << "three shares";
        QTest::newRow("syntax") << QByteArray("model: popularity\n  seed: [1\n") << "e.yaml:2"
                                << "not valid YAML";
        QTest::newRow("tab") << QByteArray("eval_args:\n\tsplit: x\n") << "e.yaml:2"
                             << "not valid YAML";
        QTest::newRow("scalar") << QByteArray("hello") << "e.yaml:1:1"
                                << "expected keys with values";
        QTest::newRow("empty") << QByteArray("# nothing\n") << "e.yaml"
                               << "empty";
        QTest::newRow("order for folds")
            << QByteArray("eval_args:\n  split: k_fold\n  order: RO\n") << "e.yaml:3:10"
            << "no meaning";
    }
    void mistakesAreNamedWithLineColumnAndKey() {
        QFETCH(QByteArray, yaml);
        QFETCH(QString, where);
        QFETCH(QString, message);
        const Error error = errorOf(yaml.toStdString());
        QVERIFY2(error.where.rfind(where.toStdString(), 0) == 0, error.text().c_str());
        QVERIFY2(QString::fromStdString(error.message).contains(message), error.text().c_str());
    }

    void hostileYamlIsAnErrorNotACrash_data() {
        QTest::addColumn<QByteArray>("yaml");
        QTest::newRow("binary") << QByteArray("\x7f"
                                              "ELF\0\0\0\1",
                                              8);
        QTest::newRow("deep flow lists") << QByteArray(900'000, '[');
        QTest::newRow("deep flow maps") << QByteArray("{a: ").repeated(200'000);
        QByteArray blocks;
        for (int depth = 0; depth < 1'300; ++depth)
            blocks += QByteArray(depth, ' ') + "a:\n";
        QTest::newRow("deep blocks") << blocks;
        QTest::newRow("deep sequences") << QByteArray("- ").repeated(400'000);
        QByteArray bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
        for (int n = 1; n < 40; ++n) {
            const QByteArray last = "*a" + QByteArray::number(n - 1);
            bomb += "a" + QByteArray::number(n) + ": &a" + QByteArray::number(n) + " [" +
                    (last + ", ").repeated(8) + last + "]\n";
        }
        QTest::newRow("alias bomb") << bomb + "topk: *a39\n";
        QTest::newRow("own alias") << QByteArray("topk: &a [*a]\n");
        QTest::newRow("unknown alias") << QByteArray("topk: *nowhere\n");
        QTest::newRow("list as key") << QByteArray("? [1, 2]\n: 3\n");
        QTest::newRow("map as key") << QByteArray("{{a: b}: c}\n");
        QTest::newRow("long key") << QByteArray(500'000, 'k') + ": 1\n";
        QTest::newRow("bad utf-8") << QByteArray("name: \"\xff\xfe\xfd\"\nmodle: x\n");
        QTest::newRow("null value") << QByteArray("seed:\n");
        QTest::newRow("tag") << QByteArray("seed: !!python/object:os.system 1x\n");
        QTest::newRow("many documents") << QByteArray("--- {seed: x}\n--- {}\n");
    }
    void hostileYamlIsAnErrorNotACrash() {
        QFETCH(QByteArray, yaml);
        const auto result = experimentFromYaml(yaml.toStdString(), "e.yaml");
        QVERIFY(!result.ok());
        QVERIFY2(result.error().text().size() < 2'000, result.error().text().c_str());
    }

    void relativeDataPathsAreTakenFromTheFilesFolder() {
        QTemporaryDir folder;
        QFile file(folder.filePath("e.yaml"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("model: popularity\ndata_path: data/ratings.csv\ntest_path: ../t.csv\n");
        file.close();
        const auto read = readExperimentFile(file.fileName().toStdString());
        QVERIFY(read.ok());
        QCOMPARE(QString::fromStdString(read->dataPath), folder.filePath("data/ratings.csv"));
        QCOMPARE(QString::fromStdString(read->import.testPath), QDir::cleanPath(folder.filePath("../t.csv")));
    }

    void aFileWrittenAndReadIsTheSameExperiment() {
        QTemporaryDir folder;
        Experiment experiment;
        experiment.plan.algorithm = "popularity";
        experiment.name = "Twice";
        const std::string path = folder.filePath("e.yaml").toStdString();
        QVERIFY(writeExperimentFile(path, experiment).ok());
        const auto read = readExperimentFile(path);
        QVERIFY(read.ok());
        QVERIFY(*read == completed(experiment));
    }

    void aWrittenFileHoldsEveryParameterOfEveryAlgorithm() {
        for (const AlgorithmInfo& info : algorithms()) {
            Experiment experiment;
            experiment.plan.algorithm = info.id;
            const std::string yaml = toYaml(experiment);
            const auto read = experimentFromYaml(yaml, "e.yaml");
            QVERIFY2(read.ok(), yaml.c_str());
            QVERIFY2(read->plan.params == info.schema().defaults(), yaml.c_str());
        }
    }

    /// What a key's absence would mean may change; so no setting of the numbers may be absent.
    void aWrittenFileHoldsEverySettingOfTheNumbersAlsoAtItsDefault() {
        const std::string yaml = toYaml({});
        for (const std::string line :
             {"duplicates: last",
              "seed: 42",
              "  split: {RS: [0.7, 0.1, 0.2]}",
              "  group_by: user",
              "  order: RO",
              "  mode: full",
              "topk: [5, 10, 20]",
              "metrics: [\"ndcg\", \"recall\", \"precision\", \"f1\", \"map\", \"mrr\", \"hr\", \"auc\", "
              "\"rmse\", \"mae\", \"coverage\", \"gini\", \"novelty\", \"arp\", \"tail_share\", \"ild\", "
              "\"ild_cooccurrence\", \"personalisation\", \"calibration\", \"truth\"]",
              "early_stopping: true",
              "valid_metric: \"ndcg@10\"",
              "stopping_step: 10",
              "stopping_min_delta: 0",
              "eval_step: 1",
              "evaluate_test: true",
              "  relevance_threshold: 0",
              "  exclude_train: true",
              "  exclude_validation_at_test: true",
              "  gain: binary",
              "  discount: log2_i_plus_1",
              "  ideal_list: cut_at_k",
              "  precision_denominator: k",
              "  recall_denominator: relevant",
              "  map_denominator: capped",
              "  reciprocal_rank: within_k",
              "  auc: per_user",
              "  rating_average: pairs",
              "  gini: inequality",
              "  tail_items: beyond_80_percent",
              "  candidates: all",
              "  candidate_negatives: 99",
              "  candidate_seed: 42",
              "  clip_ratings: true",
              "  keep_per_user: true"})
            QVERIFY2(yaml.find("\n" + line + "\n") != std::string::npos, (line + " not in\n" + yaml).c_str());
    }

    void sharesAreWrittenAsAPersonWritesThem() {
        Experiment experiment = parsed("model: popularity\neval_args: {split: {RS: [6, 3, 1]}}\n");
        QVERIFY(toYaml(experiment).find("RS: [0.6, 0.3, 0.1]") != std::string::npos);
        experiment.split.kind = SplitKind::UserFold;
        const std::string yaml = toYaml(experiment);
        for (const char* share :
             {"test_fraction: 0.1\n", "validation_fraction: 0.3\n", "fold_in_fraction: 0.8\n"})
            QVERIFY2(yaml.find(share) != std::string::npos, yaml.c_str());
    }

    void missingFoldersAndHugeFilesAreClearErrors() {
        QTemporaryDir folder;
        QCOMPARE(readExperimentFile(folder.filePath("no.yaml").toStdString()).error().code,
                 ErrorCode::NotFound);
        QCOMPARE(readExperimentFile(folder.path().toStdString()).error().code, ErrorCode::Io);
        QFile huge(folder.filePath("huge.yaml"));
        QVERIFY(huge.open(QIODevice::WriteOnly) && huge.resize(2 << 20));
        QCOMPARE(readExperimentFile(huge.fileName().toStdString()).error().code, ErrorCode::Limit);
        QCOMPARE(writeExperimentFile(folder.filePath("no/such/e.yaml").toStdString(), {}).error().code,
                 ErrorCode::Io);
    }

    void everyKeyIsDocumented() {
        QFile file(RECOSCOPE_SOURCE_DIR "/resources/docs/experiment-files.md");
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(file.readAll());
        for (const std::string& key : experimentKeys())
            QVERIFY2(text.contains("`" + QString::fromStdString(key) + "`"), key.c_str());
    }

    void aSplitOfWholeItemsRanksThemAmongThemselvesUnlessToldOtherwise() {
        const auto kindOf = [](const std::string& yaml) {
            const auto read = experimentFromYaml(yaml, "file");
            return read ? read->plan.evaluation.candidates.kind : CandidateKind::Given;
        };
        const std::string cold = "model: popularity\neval_args: {split: cold_items}\n";
        QCOMPARE(kindOf(cold), CandidateKind::Cold);
        QCOMPARE(kindOf(cold + "evaluation: {candidates: all}\n"), CandidateKind::All);
        QCOMPARE(kindOf(cold + "evaluation: {candidates: popular}\n"), CandidateKind::Popular);
        QCOMPARE(kindOf("model: popularity\neval_args: {split: cold_users}\n"), CandidateKind::All);
        // Written out, so that the file keeps its numbers; and what is written out is a choice.
        Experiment all = experimentFromYaml(cold, "file").value();
        QVERIFY(toYaml(all).find("candidates: cold") != std::string::npos);
        all.plan.evaluation.candidates.kind = CandidateKind::All;
        QCOMPARE(kindOf(toYaml(all)), CandidateKind::All);
        // As commands lay their options over a file.
        const Experiment base = experimentFromYaml("model: popularity\n", "file").value();
        const auto over = [](const Experiment& from, const char* yaml) {
            return overlayYaml(from, yaml, "").value();
        };
        const Experiment changed = over(base, "eval_args: {split: cold_items}\n");
        QCOMPARE(changed.plan.evaluation.candidates.kind, CandidateKind::Cold);
        QCOMPARE(over(changed, "seed: 3\n").plan.evaluation.candidates.kind, CandidateKind::Cold);
        QCOMPARE(over(changed, "eval_args: {split: k_fold}\n").plan.evaluation.candidates.kind,
                 CandidateKind::All);
        QCOMPARE(over(all, "seed: 3\n").plan.evaluation.candidates.kind, CandidateKind::All);
    }
};

QTEST_GUILESS_MAIN(TestExperiment)
#include "tst_experiment.moc"
