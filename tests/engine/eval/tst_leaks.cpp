// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/readers/reader.h"
#include "engine/eval/leaks.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/real_data.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <algorithm>

using namespace recoscope;

namespace {

/// Clean pre-made data that a leak is planted into: 30 users, 60 items, with parts and times in order: each
/// user's training before 1000, test after.
DatasetParts cleanParts(bool histories = false) {
    DatasetParts parts;
    for (int u = 0; u < 30; ++u)
        parts.users.insert("user-" + std::to_string(u));
    for (int i = 0; i < 60; ++i)
        parts.items.insert("item-" + std::to_string(i));
    const auto add = [&](int user, int item, Part part, std::int64_t time) {
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{item});
        parts.rows.values.push_back(1.0f);
        parts.rows.parts.push_back(part);
        parts.rows.times.push_back(time);
    };
    for (int u = 0; u < 30; ++u)
        for (int n = 0; n < 10; ++n) {
            const bool strong = histories && u >= 20;
            const Part part = n >= 8 ? (histories && !strong ? Part::Train : Part::Test)
                                     : (strong ? Part::TestHistory : Part::Train);
            add(u, (u * 7 + n) % 60, part, n >= 8 ? 1000 + u : 100 * n + u);
        }
    parts.timeUnit = TimeUnit::Seconds;
    return parts;
}

void plant(DatasetParts& parts, int user, int item, Part part, std::int64_t time) {
    parts.rows.users.push_back(UserIndex{user});
    parts.rows.items.push_back(ItemIndex{item});
    parts.rows.values.push_back(1.0f);
    parts.rows.parts.push_back(part);
    parts.rows.times.push_back(time);
}

DatasetPtr made(DatasetParts parts) { return std::move(Dataset::make(std::move(parts))).value(); }

SplitPtr premade(DatasetParts parts, const FilterSpec& filter = {}) {
    return std::move(makeSplit(made(std::move(parts)), {.kind = SplitKind::Premade, .filter = filter}))
        .value();
}

std::string kindsOf(const std::vector<Leak>& leaks) {
    std::string kinds;
    for (const Leak& leak : leaks)
        kinds += (kinds.empty() ? "" : " ") + leak.kind;
    return kinds;
}

std::vector<Leak> leaksOfFiles(const std::string& path) {
    ThreadPool pool({.threads = 2});
    RunControl control;
    ImportContext context;
    context.pool = &pool;
    context.control = &control;
    const auto imported = importPath(path, {}, context);
    return findLeaks(*std::move(makeSplit(imported.value().dataset, {.kind = SplitKind::Premade})).value());
}

RunChoice choice(const std::string& name, double rate, bool validated, const std::string& split = "s") {
    return {name, "ials", split, {{"learning_rate", rate}}, 42, validated, true};
}

} // namespace

class TestLeaks final : public QObject {
    Q_OBJECT
private slots:
    void cleanSplitsAreSilent_data() {
        QTest::addColumn<int>("kind");
        for (const SplitKind kind :
             {SplitKind::RandomPerUser, SplitKind::RandomGlobal, SplitKind::LeaveLastOut, SplitKind::TimeCut,
              SplitKind::UserFold, SplitKind::KFold, SplitKind::ColdUsers, SplitKind::ColdItems})
            QTest::newRow(std::string(splitKindKey(kind)).c_str()) << static_cast<int>(kind);
    }
    void cleanSplitsAreSilent() {
        QFETCH(int, kind);
        const auto split =
            std::move(makeSplit(test::plantedDataset(), {.kind = static_cast<SplitKind>(kind)})).value();
        const auto leaks = findLeaks(*split);
        QVERIFY2(leaks.empty(), leaks.empty() ? "" : leakText(leaks[0]).c_str());
    }

    void cleanPremadePartsAreSilent() {
        QCOMPARE(kindsOf(findLeaks(*premade(cleanParts()))), std::string());
        QCOMPARE(kindsOf(findLeaks(*premade(cleanParts(true)))), std::string());
        // Parts that were drawn at random follow no time, so the future in training is no leak of theirs.
        DatasetParts random = cleanParts();
        Rng rng(4);
        for (auto& time : random.rows.times)
            time = static_cast<std::int64_t>(rng.below(2000));
        QCOMPARE(kindsOf(findLeaks(*premade(std::move(random)))), std::string());
    }

    void pairsInTwoPartsAreFoundAlsoAfterFilters() {
        DatasetParts parts = cleanParts();
        plant(parts, 3, (3 * 7 + 8) % 60, Part::Train, 50); // user 3's test item 29
        plant(parts, 4, (4 * 7 + 9) % 60, Part::Train, 60); // user 4's test item 37
        plant(parts, 4, (4 * 7 + 9) % 60, Part::Train, 61);
        for (const bool filtered : {false, true}) {
            const auto split = premade(parts, filtered ? FilterSpec{.minUserInteractions = 2} : FilterSpec{});
            const auto leaks = findLeaks(*split);
            QCOMPARE(kindsOf(leaks), std::string("pair-in-two-parts"));
            QCOMPARE(leaks[0].count, 2);
            QVERIFY(!leaks[0].hint);
            QCOMPARE(leaks[0].examples,
                     (std::vector<std::string>{"user user-3, item item-29", "user user-4, item item-37"}));
            QVERIFY2(leakText(leaks[0]).rfind("2 pairs of user and item stand in both the training and the "
                                              "test file",
                                              0) == 0,
                     leakText(leaks[0]).c_str());
        }
        // A split of one's own does not use the files' parts.
        QVERIFY(findLeaks(**makeSplit(made(parts), {})).empty());
    }

    void theSameTitleUnderTwoIdsIsAHint() {
        DatasetParts parts = cleanParts();
        FeatureColumn title{.name = "title", .kind = FeatureKind::Text};
        for (int i = 0; i < 60; ++i)
            title.texts.push_back("Film " + std::to_string(i));
        // User 0 has items 0..7 in training, 8 and 9 in test.
        title.texts[8] = "  film 2 ";
        for (const int item : {20, 21, 22, 23, 24, 0, 9})
            title.texts[static_cast<std::size_t>(item)] = "Untitled"; // too many to be a name
        title.texts[30] = title.texts[31] = "";
        parts.itemFeatures = FeatureTable({title});
        const auto leaks = findLeaks(*premade(std::move(parts)));
        QCOMPARE(kindsOf(leaks), std::string("same-title"));
        QCOMPARE(leaks[0].count, 2); // users 0 and 17 are tested on item 8 and know item 2
        QVERIFY(leaks[0].hint);
        QCOMPARE(leaks[0].examples[0],
                 std::string("user user-0, item item-8, known as item item-2 'Film 2'"));
    }

    void aTestItemAmongItsOwnNegativesIsFound() {
        DatasetParts parts = cleanParts();
        parts.negatives.users = {UserIndex{0}, UserIndex{0}, UserIndex{1}};
        parts.negatives.items = {ItemIndex{50}, ItemIndex{8}, ItemIndex{51}}; // item 8 is user 0's test item
        const auto leaks = findLeaks(*premade(parts));
        QCOMPARE(kindsOf(leaks), std::string("own-negative"));
        QCOMPARE(leaks[0].count, 1);
        QCOMPARE(leaks[0].examples[0], std::string("user user-0, item item-8"));
        parts.negatives.items[1] = ItemIndex{52};
        QVERIFY(findLeaks(*premade(parts)).empty());
    }

    void theAmazonMusicNegativesOfTheNcfPaperHaveTestItems() {
        RECOSCOPE_REAL_DATA(path, "ncf-amazon-music");
        const auto leaks = leaksOfFiles(path);
        QCOMPARE(kindsOf(leaks), std::string("own-negative"));
        QCOMPARE(leaks[0].count, 18); // counted by a script of ten lines over AMusic.test.negative
    }

    void publishedSplitsAreSilent_data() {
        QTest::addColumn<QString>("path");
        QTest::newRow("LightGCN, LastFM") << "lightgcn-lastfm";
        QTest::newRow("strong generalisation, ML-1M") << "splits/ml-1m-strong-generalisation";
    }
    void publishedSplitsAreSilent() {
        QFETCH(QString, path);
        const std::string folder = test::realData(path.toStdString());
        if (folder.empty()) QSKIP("real data is not there (set RECOSCOPE_DATA)");
        const auto leaks = leaksOfFiles(folder);
        QVERIFY2(leaks.empty(), leaks.empty() ? "" : leakText(leaks[0]).c_str());
    }

    void theFutureInTrainingIsFound() {
        // All test is from 1000 on: one date for all.
        DatasetParts parts = cleanParts();
        plant(parts, 5, 2, Part::Train, 1500);
        auto leaks = findLeaks(*premade(parts));
        QCOMPARE(kindsOf(leaks), std::string("future-in-training"));
        QCOMPARE(leaks[0].count, 1);
        QCOMPARE(leaks[0].examples, std::vector<std::string>{"user user-5, item item-2"});
        QVERIFY(leaks[0].message.find("after the date") != std::string::npos);

        // Leave last out: each user has a time of the own; only the own future counts.
        DatasetParts own = cleanParts();
        for (std::size_t n = 0; n < own.rows.users.size(); ++n)
            own.rows.times[n] += 5000 * toInt(own.rows.users[n]);
        QVERIFY(findLeaks(*premade(own)).empty());
        plant(own, 5, 2, Part::Train, 5000 * 5 + 4000);
        leaks = findLeaks(*premade(own));
        QCOMPARE(kindsOf(leaks), std::string("future-in-training"));
        QCOMPARE(leaks[0].count, 1);
        QVERIFY(leaks[0].message.find("the same user") != std::string::npos);
    }

    void heldOutUsersInTrainingAreFound() {
        DatasetParts parts = cleanParts(true); // users 20 to 29 are held out with histories
        parts.rows.times.clear();
        parts.timeUnit = TimeUnit::None;
        QVERIFY(findLeaks(*premade(parts)).empty());
        for (const int user : {21, 22, 22}) {
            parts.rows.users.push_back(UserIndex{user});
            parts.rows.items.push_back(
                ItemIndex{(user * 7 + 20 + static_cast<int>(parts.rows.users.size()) % 5) % 60});
            parts.rows.values.push_back(1.0f);
            parts.rows.parts.push_back(Part::Train);
        }
        const auto leaks = findLeaks(*premade(parts));
        QCOMPARE(kindsOf(leaks), std::string("held-out-user-in-training"));
        QCOMPARE(leaks[0].count, 2);
        QCOMPARE(leaks[0].examples, (std::vector<std::string>{"user user-21", "user user-22"}));
    }

    void perfectNumbersAndRecommendedHistoryAreHints() {
        const auto split = std::move(makeSplit(test::randomDataset(60, 80, 0.2, 3), {})).value();
        ThreadPool pool({.threads = 1});
        RunControl control;
        MatrixF oracle(60, 80);
        for (int u = 0; u < 60; ++u)
            for (int i = 0; i < 80; ++i)
                oracle(u, i) = split->test().contains(UserIndex{u}, ItemIndex{i}) ? 1.0f : 0.0f;
        const EvaluationOptions options{.cutoffs = {10}, .metrics = {"ndcg", "auc", "hr"}};
        const auto leaksOf = [&](const MatrixF& scores, const EvaluationOptions& how) {
            const auto found =
                evaluate(test::FixedScores(60, scores), *split, Target::Test, how, pool, control);
            return findEvaluationLeaks(*found, *split, Target::Test, how);
        };
        QCOMPARE(kindsOf(leaksOf(oracle, options)), std::string("too-good too-good")); // not the hit rate
        QVERIFY(leaksOf(MatrixF::Random(60, 80), options).empty());
        EvaluationOptions seen = options;
        seen.excludeTrain = false;
        const auto recommended = leaksOf(MatrixF::Random(60, 80), seen);
        QCOMPARE(kindsOf(recommended), std::string("history-recommended"));
        QVERIFY(recommended[0].hint && recommended[0].count > 10 && recommended[0].examples.size() == 3);
    }

    void parametersTunedOnTestAreFound() {
        const RunChoice a = choice("a", 0.1, false);
        const RunChoice b = choice("b", 0.2, false);
        const RunChoice again = choice("a, again", 0.1, false);
        const RunChoice elsewhere = choice("elsewhere", 0.3, false, "other split");
        const RunChoice validated = choice("validated", 0.4, true);
        QVERIFY(findChoiceLeaks(a, std::vector<RunChoice>{a, again, elsewhere, validated}).empty());
        const auto leaks = findChoiceLeaks(a, std::vector<RunChoice>{a, b, again, elsewhere, validated});
        QCOMPARE(kindsOf(leaks), std::string("tuned-on-test"));
        QCOMPARE(leaks[0].count, 2);
        QCOMPARE(leaks[0].examples, std::vector<std::string>{"run b"});
        QVERIFY(findChoiceLeaks(validated, std::vector<RunChoice>{a, b}).empty());
    }
};

QTEST_APPLESS_MAIN(TestLeaks)
#include "tst_leaks.moc"
