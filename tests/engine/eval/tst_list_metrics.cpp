// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/co_occurrence.h"
#include "engine/eval/evaluator.h"
#include "engine/eval/list_metrics.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/naive_list_metrics.h"
#include "tests/support/naive_metrics.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <map>

using namespace recoscope;
using test::FixedScores;

namespace {

const std::vector<std::string> names{
    "gini", "novelty", "arp", "tail_share", "ild", "ild_cooccurrence", "personalisation", "calibration"};

FeatureColumn genresOf(const std::vector<std::vector<std::int32_t>>& rows, int vocabulary) {
    FeatureColumn column{.name = "genres", .kind = FeatureKind::Tokens};
    for (int n = 0; n < vocabulary; ++n)
        column.vocabulary.push_back("genre " + std::to_string(n));
    column.tokenOffsets.push_back(0);
    for (const auto& row : rows) {
        column.tokens.insert(column.tokens.end(), row.begin(), row.end());
        column.tokenOffsets.push_back(static_cast<std::int64_t>(column.tokens.size()));
    }
    return column;
}

struct Taken {
    int user;
    int item;
    Part part = Part::Train;
};

DatasetPtr withGenres(int users, const std::vector<std::vector<std::int32_t>>& genres, int vocabulary,
                      const std::vector<Taken>& taken, bool parts) {
    DatasetParts made;
    for (int u = 0; u < users; ++u)
        made.users.insert("u" + std::to_string(u));
    for (std::size_t i = 0; i < genres.size(); ++i)
        made.items.insert("i" + std::to_string(i));
    for (const Taken& each : taken) {
        made.rows.users.push_back(UserIndex{each.user});
        made.rows.items.push_back(ItemIndex{each.item});
        made.rows.values.push_back(1.0f);
        if (parts) made.rows.parts.push_back(each.part);
    }
    if (vocabulary > 0) made.itemFeatures = FeatureTable({genresOf(genres, vocabulary)});
    return std::move(Dataset::make(std::move(made))).value();
}

Evaluation evaluated(const Recommender& model, const Split& split, const EvaluationOptions& options,
                     int threads = 2, Target target = Target::Test) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    return std::move(evaluate(model, split, target, options, pool, control)).value();
}

double value(const Evaluation& evaluation, std::string_view key) {
    const MetricValue* metric = evaluation.find(key);
    return metric ? metric->value : -99.0;
}

bool near(double a, double b, double tolerance = 1e-9) {
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) < tolerance;
}

/// Users 0, 1, 2; items 0..4 with genres {0}, {0}, {0,1}, {1}, none. Training: item 0 by all three, item 1 by
/// user 0, item 2 by user 1. Test: one item each, so that all are evaluated.
SplitPtr smallSplit(bool genres = true) {
    const auto data = withGenres(
        3, {{0}, {0}, {0, 1}, {1}, {}}, genres ? 2 : 0,
        {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 2}, {0, 3, Part::Test}, {1, 3, Part::Test}, {2, 4, Part::Test}},
        true);
    return std::move(makeSplit(data, {.kind = SplitKind::Premade})).value();
}

FixedScores smallModel() {
    MatrixF scores(3, 5);
    scores << 0, 0, 9, 8, 1, // user 0 has 0, 1: list 2 3
        0, 7, 0, 8, 1,       // user 1 has 0, 2: list 3 1
        0, 8, 7, 1, 9;       // user 2 has 0: list 4 1
    return FixedScores(3, scores);
}

/// Random data with genres, and what the slow references see of it.
struct RandomCase {
    SplitPtr split;
    MatrixF scores;
};
RandomCase randomCase(int users, int items, double density, int vocabulary, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<std::vector<std::int32_t>> genres(static_cast<std::size_t>(items));
    for (auto& row : genres)
        for (std::uint64_t n = rng.below(4); n > 0; --n) // also none, also the same twice
            row.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocabulary))));
    std::vector<Taken> taken;
    for (int u = 0; u < users; ++u)
        for (int i = 0; i < items; ++i)
            if (rng.uniform() < density * 2.0 / (1.0 + i % 7)) taken.push_back({u, i});
    RandomCase made;
    made.split = std::move(makeSplit(withGenres(users, genres, vocabulary, taken, false),
                                     {.kind = SplitKind::RandomGlobal, .testFraction = 0.3, .seed = seed}))
                     .value();
    made.scores = MatrixF(users, items);
    for (Eigen::Index n = 0; n < made.scores.size(); ++n) {
        made.scores.data()[n] =
            rng.below(2) == 0 ? static_cast<float>(rng.normal()) : static_cast<float>(n % items % 5) * 0.5f;
        if (rng.below(50) == 0) made.scores.data()[n] = std::nanf("");
    }
    return made;
}

test::NaiveLists naiveLists(const RandomCase& made, const std::vector<UserIndex>& users, int k) {
    const Split& split = *made.split;
    const Dataset& data = *split.dataset();
    test::NaiveLists naive;
    naive.items = data.itemCount();
    naive.takers.resize(static_cast<std::size_t>(naive.items));
    naive.categories.resize(static_cast<std::size_t>(naive.items));
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        naive.trainingUsers += split.train().rowSize(UserIndex{u}) > 0;
        for (const ItemIndex item : split.train().cols(UserIndex{u}))
            naive.takers[static_cast<std::size_t>(item)].insert(u);
    }
    for (std::int32_t i = 0; i < naive.items; ++i)
        for (const std::int32_t token : data.itemFeatures().find("genres")->tokensOf(i))
            naive.categories[static_cast<std::size_t>(i)].insert(token);
    for (const UserIndex user : users) {
        test::NaiveUser one;
        const Eigen::Index row = split.trainedUser(user) ? toInt(user) : made.scores.rows() - 1;
        for (std::int32_t i = 0; i < naive.items; ++i)
            one.scores.push_back(static_cast<double>(made.scores(row, i)));
        std::set<int> history;
        for (const ItemIndex item : split.train().cols(user))
            history.insert(toInt(item));
        one.excluded = history;
        for (const ItemIndex item : split.validation().cols(user))
            one.excluded.insert(toInt(item));
        auto list = test::naiveRanking(one);
        if (static_cast<int>(list.size()) > k) list.resize(static_cast<std::size_t>(k));
        naive.lists.push_back(std::move(list));
        naive.excluded.push_back(std::move(one.excluded));
        naive.history.push_back(std::move(history));
    }
    return naive;
}

} // namespace

class TestListMetrics final : public QObject {
    Q_OBJECT
private slots:
    void smallCaseByHand() {
        const auto split = smallSplit();
        const Evaluation found = evaluated(smallModel(), *split, {.cutoffs = {2}, .metrics = names});
        QCOMPARE(found.topItems, (std::vector<ItemIndex>{ItemIndex{2}, ItemIndex{3}, ItemIndex{3},
                                                         ItemIndex{1}, ItemIndex{4}, ItemIndex{1}}));
        // Item 0 is a candidate for nobody; items 1..4 are in 2, 1, 2, 1 lists: sorted 1 1 2 2, n = 4, sum 6:
        // (−3·1 − 1·1 + 1·2 + 3·2) / (4·6) = 4/24.
        QVERIFY(near(value(found, "gini@2"), 4.0 / 24.0));
        // Three training users; items 1 and 2 have one user each, 3 and 4 none, which counts as one: log2(3)
        // everywhere.
        QVERIFY(near(value(found, "novelty@2"), std::log2(3.0)));
        // Training users of the lists' items: (1 + 0), (0 + 1), (0 + 1) over 2.
        QCOMPARE(value(found, "arp@2"), 0.5);
        // Five training interactions, 80 % are four: item 0 has three, item 1 the fourth. The tail: 2, 3, 4.
        QCOMPARE(found.find("tail_share@2")->perUser, (std::vector<double>{1.0, 0.5, 0.5}));
        // Cosine of {0,1} and {1}: 1/√2; of {1} and {0}: 0; item 4 has no genre, so user 2 has no pair.
        const std::vector<double>& ild = found.find("ild@2")->perUser;
        QVERIFY(near(ild[0], 1.0 - 1.0 / std::sqrt(2.0)) && near(ild[1], 1.0) && std::isnan(ild[2]));
        QCOMPARE(found.find("ild@2")->count, 2);
        QVERIFY(near(value(found, "ild@2"), 1.0 - 0.5 / std::sqrt(2.0)));
        // No two items of a list have a training user in common.
        QCOMPARE(value(found, "ild_cooccurrence@2"), 1.0);
        // Lists 2 3, 3 1, 4 1: 0 and 1 share one of two, 1 and 2 too, 0 and 2 none.
        QCOMPARE(found.find("personalisation@2")->perUser, (std::vector<double>{0.75, 0.5, 0.75}));
        // User 0: history {0}, {0}, p = (1, 0); list {0,1}, {1}, q = (1/4, 3/4): ln(1 / (.99/4 + .01)).
        // User 1: history {0}, {0,1}, p = (3/4, 1/4); list {1}, {0}, q = (1/2, 1/2).
        // User 2: p = (1, 0); the list's only item with a genre is {0}, q = (1, 0): 0.
        const std::vector<double>& kl = found.find("calibration@2")->perUser;
        QVERIFY(near(kl[0], std::log(1.0 / (0.99 * 0.25 + 0.01))));
        QVERIFY(near(kl[1], 0.75 * std::log(0.75 / (0.99 * 0.5 + 0.0075)) +
                                0.25 * std::log(0.25 / (0.99 * 0.5 + 0.0025))));
        QVERIFY(near(kl[2], 0.0));
    }

    void equalsTheSlowReference_data() {
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<double>("density");
        QTest::addColumn<bool>("tenth");
        QTest::newRow("plain") << 60 << 80 << 0.2 << false;
        QTest::newRow("the tail of RecBole") << 60 << 80 << 0.2 << true;
        QTest::newRow("lists end before the cutoff") << 40 << 12 << 0.5 << false;
        QTest::newRow("several blocks, rare and common items") << 300 << 90 << 0.05 << true;
        QTest::newRow("two items") << 30 << 2 << 0.6 << false;
    }
    void equalsTheSlowReference() {
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(double, density);
        QFETCH(bool, tenth);
        const RandomCase made =
            randomCase(users, items, density, 6, static_cast<std::uint64_t>(users + 7 * items));
        const FixedScores model(users, made.scores);
        EvaluationOptions options{.cutoffs = {1, 2, 10, 25}, .metrics = names};
        if (tenth) options.tail = TailItems::LeastPopularTenth;
        const Evaluation found = evaluated(model, *made.split, options);
        for (const int k : options.cutoffs) {
            const test::NaiveLists naive = naiveLists(made, found.users, k);
            const std::string at = "@" + std::to_string(k);
            QVERIFY(near(value(found, "gini" + at), test::naiveGini(naive)));
            const std::map<std::string, std::vector<double>> expected{
                {"novelty", test::naiveNovelty(naive)},
                {"arp", test::naivePopularity(naive)},
                {"tail_share", test::naiveTailShare(naive, tenth)},
                {"ild", test::naiveDiversity(naive)},
                {"ild_cooccurrence", test::naiveDiversityByUsers(naive)},
                {"personalisation", test::naivePersonalisation(naive, k)},
                {"calibration", test::naiveCalibration(naive)}};
            for (const auto& [name, numbers] : expected) {
                const MetricValue* metric = found.find(name + at);
                if (k == 1 && name.rfind("ild", 0) == 0) {
                    QVERIFY(!metric);
                    continue;
                }
                QVERIFY2(metric, (name + at).c_str());
                QCOMPARE(metric->perUser.size(), numbers.size());
                std::int64_t defined = 0;
                for (std::size_t u = 0; u < numbers.size(); ++u) {
                    QVERIFY2(near(metric->perUser[u], numbers[u]),
                             (name + at + ": " + std::to_string(metric->perUser[u]) + ", expected " +
                              std::to_string(numbers[u]))
                                 .c_str());
                    defined += !std::isnan(numbers[u]);
                }
                QCOMPARE(metric->count, defined);
                QVERIFY2(near(metric->value, test::naiveMean(numbers)), metric->key.c_str());
            }
        }
    }

    void oneListForAllIsNotPersonalAndUnequal() {
        // Nobody has a history among items 3..9, and all get the same.
        std::vector<Taken> taken;
        for (int u = 0; u < 8; ++u) {
            taken.push_back({u, u % 3});
            taken.push_back({u, 9, Part::Test});
        }
        const auto data = withGenres(8, std::vector<std::vector<std::int32_t>>(10, {0}), 2, taken, true);
        const auto split = std::move(makeSplit(data, {.kind = SplitKind::Premade})).value();
        MatrixF scores(8, 10);
        for (int u = 0; u < 8; ++u)
            scores.row(u) << 0, 0, 0, 9, 8, 7, 1, 1, 1, 1;
        const Evaluation found =
            evaluated(FixedScores(8, scores), *split, {.cutoffs = {3}, .metrics = names});
        QCOMPARE(value(found, "personalisation@3"), 0.0);
        QVERIFY(near(value(found, "gini@3"), 0.7)); // three of ten items share all
        QVERIFY(near(value(found, "ild@3"), 0.0));  // all of one genre
        QVERIFY(near(value(found, "calibration@3"), 0.0));
        QCOMPARE(value(found, "arp@3"), 0.0);
        QVERIFY(near(value(found, "novelty@3"), 3.0)); // one of 8 users, as unseen items count
    }

    void theOrderWithinAListDoesNotMatter() {
        const auto split = smallSplit();
        MatrixF swapped(3, 5);
        swapped << 0, 0, 8, 9, 1, 0, 8, 0, 7, 1, 0, 9, 7, 1, 8;
        const Evaluation a = evaluated(smallModel(), *split, {.cutoffs = {2}, .metrics = names});
        const Evaluation b = evaluated(FixedScores(3, swapped), *split, {.cutoffs = {2}, .metrics = names});
        QVERIFY(a.topItems != b.topItems);
        for (std::size_t m = 0; m < a.metrics.size(); ++m)
            QVERIFY2(near(a.metrics[m].value, b.metrics[m].value, 1e-12), a.metrics[m].key.c_str());
    }

    void whatNeedsCategoriesIsLeftOutWithAReason() {
        const auto split = smallSplit(false);
        const Evaluation found = evaluated(smallModel(), *split, {.cutoffs = {1, 2}});
        for (const char* key : {"ild@2", "calibration@2", "ild_cooccurrence@1"})
            QVERIFY2(!found.find(key), key);
        QVERIFY(found.find("ild_cooccurrence@2") && found.find("novelty@1"));
        QCOMPARE(found.leftOut.size(), std::size_t{5}); // ild, calibration at 1 and 2; co-occurrence at 1
        QVERIFY(std::count_if(found.leftOut.begin(), found.leftOut.end(), [](const std::string& reason) {
                    return reason.rfind("ild@2: the items have no genres", 0) == 0;
                }) == 1);
        ThreadPool pool({.threads = 1});
        RunControl control;
        const auto alone =
            evaluate(smallModel(), *split, Target::Test, {.cutoffs = {2}, .metrics = {"ild"}}, pool, control);
        QVERIFY(!alone);
        QVERIFY(alone.error().message.find("no genres") != std::string::npos);
    }

    void definitionsNameFeaturesAndSmoothing() {
        const auto split = smallSplit();
        EvaluationOptions options{.cutoffs = {10}};
        const auto definition = [&](const char* key) {
            return metricDefinition(key, options, *split, Target::Test);
        };
        QVERIFY(definition("ild@10").rfind("ild;k=10;features=genres;", 0) == 0);
        QVERIFY(definition("calibration@10").find(";smoothing=0.01;") != std::string::npos);
        const std::string usual = definition("tail_share@10");
        options.tail = TailItems::LeastPopularTenth;
        QVERIFY(definition("tail_share@10") != usual);
        const Evaluation found = evaluated(smallModel(), *split, options);
        QCOMPARE(found.find("tail_share@10")->label, std::string("Tail share@10 (least popular 10 %)"));
    }

    void commonUsersAreCountedAlikeForRareAndCommonItems() {
        Rng rng(5);
        std::vector<Entry<UserIndex, ItemIndex>> entries;
        const std::vector<double> chance{0.9, 0.5, 0.1, 0.04, 0.02, 0.005, 0.0};
        for (int u = 0; u < 1000; ++u)
            for (std::size_t i = 0; i < chance.size(); ++i)
                if (rng.uniform() < chance[i])
                    entries.push_back({UserIndex{u}, ItemIndex{static_cast<std::int32_t>(i)}});
        const auto rows = std::move(UserItemCsr::fromEntries(1000, 7, entries)).value();
        const auto columns = rows.transposed();
        std::vector<ItemIndex> items;
        for (int i = 0; i < 7; ++i)
            items.push_back(ItemIndex{i});
        const CoOccurrence found(columns, items);
        CoOccurrence::Memo memo;
        for (const ItemIndex a : items)
            for (const ItemIndex b : items) {
                std::int64_t common = 0;
                for (int u = 0; u < 1000; ++u)
                    common += rows.contains(UserIndex{u}, a) && rows.contains(UserIndex{u}, b);
                QCOMPARE(found.common(a, b), common);
                QCOMPARE(found.cosine(a, b, memo), found.cosine(a, b));
                QCOMPARE(found.cosine(b, a, memo), found.cosine(a, b));
            }
    }

    void sameBitsForAnyThreadCount() {
        const RandomCase made = randomCase(700, 60, 0.2, 5, 3);
        const FixedScores model(700, made.scores);
        const EvaluationOptions options{.cutoffs = {5, 20}, .metrics = names};
        const Evaluation first = evaluated(model, *made.split, options, 1);
        for (const int threads : {2, 5}) {
            const Evaluation again = evaluated(model, *made.split, options, threads);
            for (std::size_t m = 0; m < first.metrics.size(); ++m) {
                QVERIFY(again.metrics[m].value == first.metrics[m].value); // exactly
                for (std::size_t u = 0; u < first.metrics[m].perUser.size(); ++u) {
                    const double a = first.metrics[m].perUser[u];
                    const double b = again.metrics[m].perUser[u];
                    QVERIFY(a == b || (std::isnan(a) && std::isnan(b)));
                }
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestListMetrics)
#include "tst_list_metrics.moc"
