// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/candidates.h"
#include "engine/eval/evaluator.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/naive_metrics.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace recoscope;
using test::FixedScores;

namespace {

Evaluation evaluated(const Recommender& model, const Split& split, const EvaluationOptions& options,
                     int threads = 2) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    return std::move(evaluate(model, split, Target::Test, options, pool, control)).value();
}

double value(const Evaluation& evaluation, std::string_view key) {
    const MetricValue* metric = evaluation.find(key);
    return metric ? metric->value : -1.0;
}

SplitPtr randomSplit(int users, int items, double density, std::uint64_t seed) {
    return std::move(makeSplit(test::randomDataset(users, items, density, seed),
                               {.testFraction = 0.3, .validationFraction = 0.1, .seed = seed}))
        .value();
}

/// Items that are no negatives of the user: history, validation, test.
std::vector<ItemIndex> known(const Split& split, UserIndex user) {
    std::vector<ItemIndex> items;
    for (const UserItemCsr* part : {&split.train(), &split.validation(), &split.test()})
        items.insert(items.end(), part->cols(user).begin(), part->cols(user).end());
    return items;
}

std::vector<ItemIndex> drawn(const Split& split, const CandidateSpec& spec, UserIndex user) {
    const NegativeDraw draw(spec, split);
    std::vector<std::uint8_t> taken(static_cast<std::size_t>(split.dataset()->itemCount()), 0);
    const std::vector<ItemIndex> ones = known(split, user);
    for (const ItemIndex item : ones)
        taken[static_cast<std::size_t>(item)] = 1;
    const std::vector<std::uint8_t> before = taken;
    std::vector<ItemIndex> out;
    draw.draw(user, taken, ones, out);
    return taken == before ? out : std::vector<ItemIndex>{};
}

/// Pre-made: three users, six items; negatives for users 0 and 1.
SplitPtr withNegatives() {
    DatasetParts parts;
    for (const char* id : {"a", "b", "c"})
        parts.users.insert(id);
    for (int i = 0; i < 6; ++i)
        parts.items.insert("i" + std::to_string(i));
    const auto add = [&](int user, int item, Part part) {
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{item});
        parts.rows.values.push_back(1.0f);
        parts.rows.parts.push_back(part);
    };
    for (int user = 0; user < 3; ++user) {
        add(user, 0, Part::Train);
        add(user, 1 + user, Part::Test);
    }
    add(0, 5, Part::Train);
    for (const auto& [user, item] : {std::pair{0, 2}, {0, 4}, {0, 4}, {1, 3}, {1, 2}}) {
        parts.negatives.users.push_back(UserIndex{user});
        parts.negatives.items.push_back(ItemIndex{item});
    }
    parts.provenance.path = "test";
    return std::move(
               makeSplit(std::move(Dataset::make(std::move(parts))).value(), {.kind = SplitKind::Premade}))
        .value();
}

} // namespace

class TestCandidates final : public QObject {
    Q_OBJECT
private slots:
    void aShorterDrawIsTheBeginningOfALongerOne_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<double>("density");
        for (const double density : {0.1, 0.6, 0.95}) {
            QTest::addRow("uniform %g", density) << static_cast<int>(CandidateKind::Uniform) << density;
            QTest::addRow("popular %g", density) << static_cast<int>(CandidateKind::Popular) << density;
        }
    }
    void aShorterDrawIsTheBeginningOfALongerOne() {
        QFETCH(int, kind);
        QFETCH(double, density);
        const SplitPtr split = randomSplit(30, 80, density, 5);
        for (int u = 0; u < 30; ++u) {
            CandidateSpec spec{.kind = static_cast<CandidateKind>(kind), .negatives = 1000};
            const std::vector<ItemIndex> all = drawn(*split, spec, UserIndex{u});
            std::set<ItemIndex> unknown;
            for (int i = 0; i < 80; ++i)
                if (spec.kind == CandidateKind::Uniform || split->trainByItem().rowSize(ItemIndex{i}) > 0)
                    unknown.insert(ItemIndex{i});
            for (const ItemIndex item : known(*split, UserIndex{u}))
                unknown.erase(item);
            QCOMPARE((std::set<ItemIndex>(all.begin(), all.end())), unknown); // each once, all of them
            QCOMPARE(all.size(), unknown.size());
            for (const int n : {1, 2, 7, 30, 60}) {
                spec.negatives = n;
                const std::vector<ItemIndex> some = drawn(*split, spec, UserIndex{u});
                QCOMPARE(some.size(), std::min(all.size(), static_cast<std::size_t>(n)));
                QVERIFY(std::equal(some.begin(), some.end(), all.begin()));
            }
        }
    }

    void drawsFollowTheirWeights() {
        // Many users without a history of their own draw one negative each.
        const SplitPtr split = randomSplit(4000, 12, 0.15, 9);
        for (const CandidateKind kind : {CandidateKind::Uniform, CandidateKind::Popular}) {
            const CandidateSpec spec{.kind = kind, .negatives = 1};
            const NegativeDraw draw(spec, *split);
            std::vector<double> seen(12, 0.0);
            std::vector<std::uint8_t> taken(12, 0);
            std::vector<ItemIndex> out;
            for (int u = 0; u < 4000; ++u) {
                draw.draw(UserIndex{u}, taken, {}, out);
                seen[static_cast<std::size_t>(out.front())] += 1.0 / 4000.0;
            }
            for (int i = 0; i < 12; ++i) {
                const double share = kind == CandidateKind::Uniform
                                         ? 1.0 / 12.0
                                         : static_cast<double>(split->trainByItem().rowSize(ItemIndex{i})) /
                                               static_cast<double>(split->train().size());
                QVERIFY(std::abs(seen[static_cast<std::size_t>(i)] - share) < 0.02); // four standard errors
            }
        }
    }

    void bothWaysOfDrawingHaveTheSameChances() {
        // Popular: item 0 has most of the mass and is taken, so the weights come into play at once; the first
        // draw among the rest must still be in proportion.
        DatasetParts parts;
        for (int u = 0; u < 3000; ++u)
            parts.users.insert(std::to_string(u));
        for (int i = 0; i < 4; ++i)
            parts.items.insert(std::to_string(i));
        for (int u = 0; u < 3000; ++u)
            for (int i = 0; i < 4; ++i)
                if (i == 0 || u < 100 * i) {
                    parts.rows.users.push_back(UserIndex{u});
                    parts.rows.items.push_back(ItemIndex{i});
                    parts.rows.values.push_back(1.0f);
                    parts.rows.parts.push_back(Part::Train);
                }
        parts.rows.parts.back() = Part::Test;
        parts.provenance.path = "test";
        const auto split = std::move(makeSplit(std::move(Dataset::make(std::move(parts))).value(),
                                               {.kind = SplitKind::Premade}))
                               .value();
        const NegativeDraw draw({.kind = CandidateKind::Popular, .negatives = 1}, *split);
        std::vector<double> seen(4, 0.0);
        std::vector<std::uint8_t> taken = {1, 0, 0, 0};
        const std::vector<ItemIndex> ones = {ItemIndex{0}};
        std::vector<ItemIndex> out;
        for (int u = 0; u < 3000; ++u) {
            draw.draw(UserIndex{u}, taken, ones, out);
            seen[static_cast<std::size_t>(out.front())] += 1.0 / 3000.0;
        }
        for (int i = 1; i < 4; ++i) // 100, 200, 300 users
            QVERIFY(std::abs(seen[static_cast<std::size_t>(i)] - i / 6.0) < 0.04);
    }

    void aSampleOfEverythingIsTheFullRanking() {
        const SplitPtr split = randomSplit(60, 50, 0.2, 2);
        const FixedScores model(60, MatrixF::Random(60, 50));
        const Evaluation full = evaluated(model, *split, {});
        const Evaluation sampled =
            evaluated(model, *split, {.candidates = {.kind = CandidateKind::Uniform, .negatives = 50}});
        QCOMPARE(sampled.topItems, full.topItems);
        for (std::size_t m = 0; m < full.metrics.size(); ++m) {
            QCOMPARE(sampled.metrics[m].value, full.metrics[m].value);
            QVERIFY(sampled.metrics[m].definition != full.metrics[m].definition);
        }
    }

    void sampledMetricsEqualTheSlowReference() {
        const SplitPtr split = randomSplit(50, 60, 0.2, 4);
        Rng rng(4);
        MatrixF scores(50, 60);
        for (Eigen::Index n = 0; n < scores.size(); ++n)
            scores.data()[n] = static_cast<float>(rng.below(7));
        const std::vector<std::string> names = {"ndcg", "recall", "precision", "f1",
                                                "map",  "mrr",    "hr",        "auc"};
        for (const CandidateKind kind : {CandidateKind::Uniform, CandidateKind::Popular})
            for (const int n : {1, 10, 30}) {
                EvaluationOptions options{.cutoffs = {1, 5, 20}, .metrics = names};
                options.candidates = {.kind = kind, .negatives = n, .seed = 7};
                const Evaluation found = evaluated(FixedScores(50, scores), *split, options);
                for (std::size_t row = 0; row < found.users.size(); ++row) {
                    const UserIndex user = found.users[row];
                    test::NaiveUser naive;
                    std::set<int> candidates;
                    for (const ItemIndex item : drawn(*split, options.candidates, user))
                        candidates.insert(toInt(item));
                    for (const ItemIndex item : split->test().cols(user)) {
                        naive.relevant.insert(toInt(item));
                        candidates.insert(toInt(item));
                    }
                    for (int i = 0; i < 60; ++i) {
                        naive.scores.push_back(static_cast<double>(scores(toInt(user), i)));
                        if (candidates.count(i) == 0) naive.excluded.insert(i);
                    }
                    for (const MetricValue& metric : found.metrics) {
                        const std::size_t at = metric.key.find('@');
                        const int k = at == std::string::npos ? 0 : std::stoi(metric.key.substr(at + 1));
                        QVERIFY2(std::abs(metric.perUser[row] - test::naiveMetric(metric.key.substr(0, at),
                                                                                  naive, k, options)) < 1e-9,
                                 metric.definition.c_str());
                    }
                }
            }
    }

    void theSameNegativesForEveryModelAndThreadCount() {
        const SplitPtr split = randomSplit(400, 60, 0.2, 1);
        const FixedScores model(400, MatrixF::Random(400, 60));
        EvaluationOptions options{.predictsRatings = true};
        options.candidates = {.kind = CandidateKind::Popular, .negatives = 20};
        const Evaluation one = evaluated(model, *split, options, 1);
        const Evaluation three = evaluated(model, *split, options, 3);
        QCOMPARE(one.topItems, three.topItems);
        for (std::size_t m = 0; m < one.metrics.size(); ++m)
            QVERIFY(one.metrics[m].value == three.metrics[m].value);
        options.candidates.seed = 43;
        QVERIFY(evaluated(model, *split, options, 1).topItems != one.topItems);
    }

    void givenNegativesByHand() {
        const SplitPtr split = withNegatives();
        QCOMPARE(split->dataset()->negatives().size(), 4); // the repeated one is one
        MatrixF scores(3, 6);
        scores << 9, 3, 4, 9, 2, 9, // user 0: candidates 1 (relevant), 2, 4: order 2 1 4
            9, 9, 5, 1, 9, 9,       // user 1: candidates 2 (relevant), 3; 2 is among its own negatives, too
            9, 9, 9, 9, 9, 9;
        EvaluationOptions options{.cutoffs = {1, 10}};
        options.candidates.kind = CandidateKind::Given;
        const Evaluation found = evaluated(FixedScores(3, scores), *split, options);
        // User 2 came without negatives and is left out.
        QCOMPARE(found.users, (std::vector<UserIndex>{UserIndex{0}, UserIndex{1}}));
        QCOMPARE(found.usersWithoutRelevant, 1);
        QCOMPARE(value(found, "hr@1"), 0.5);
        QVERIFY(std::abs(value(found, "ndcg@10") - (1.0 / std::log2(3.0) + 1.0) / 2.0) < 1e-12);
        QCOMPARE(value(found, "auc"), 0.75); // user 0 wins 1 of 2, user 1 its only pair
        QCOMPARE(QString::fromStdString(found.find("hr@10")->label),
                 QStringLiteral("HR@10 [given negatives]"));
        QVERIFY(found.find("hr@10")->definition.find("given-negatives") != std::string::npos);
        QCOMPARE(toInt(found.topItems[0]), 2);
        QCOMPARE(toInt(found.topItems[3]), -1); // three candidates
        // Lists of one: items 2 and 2. Ranked for anyone: 1 2 4 of user 0, 2 3 of user 1.
        QCOMPARE(value(found, "coverage@1"), 0.25);
    }

    void negativesStayWithTheirUsersAndItemsWhenFiltered() {
        const DatasetPtr data = withNegatives()->dataset();
        // Item 5 and 3 go with a floor of two interactions; item 0 has three, 1 and 2 one each.
        const auto left = filterDataset(data, {.minUserInteractions = 3});
        QVERIFY(left.ok()); // user 0 alone: items 0, 1, 5
        QCOMPARE((*left)->userCount(), 1);
        QVERIFY((*left)->negatives().empty()); // 2 and 4 are gone
        QCOMPARE(data->negatives().cols(UserIndex{0}).size(), std::size_t{2});
    }

    void givenNegativesNeedDataThatHasThem() {
        const SplitPtr split = randomSplit(20, 20, 0.3, 3);
        ThreadPool pool({.threads = 1});
        RunControl control;
        EvaluationOptions options;
        options.candidates.kind = CandidateKind::Given;
        const auto found =
            evaluate(FixedScores(20, MatrixF::Random(20, 20)), *split, Target::Test, options, pool, control);
        QVERIFY(!found);
        QCOMPARE(found.error().where, std::string("candidates"));
    }

    void coldItemsAreRankedAmongThemselves() {
        // Item 3 and 4 have no training interactions; user 0 took 3 and (warm) 1 in the test part, user 1
        // only 0.
        const auto split = std::move(makeSplit(test::dataset(2, 5,
                                                             {{0, 0, 1, 0, Part::Train},
                                                              {1, 1, 1, 0, Part::Train},
                                                              {1, 2, 1, 0, Part::Train},
                                                              {0, 1, 1, 0, Part::Test},
                                                              {0, 3, 1, 0, Part::Test},
                                                              {1, 0, 1, 0, Part::Test}},
                                                             false, true),
                                               {.kind = SplitKind::Premade}))
                               .value();
        MatrixF scores(2, 5);
        scores << 9, 8, 7, 1, 2, 9, 8, 7, 1, 2;
        EvaluationOptions options{.cutoffs = {1, 2}};
        options.candidates.kind = CandidateKind::Cold;
        const Evaluation found = evaluated(FixedScores(2, scores), *split, options);
        QCOMPARE(found.users, std::vector<UserIndex>{UserIndex{0}});
        QCOMPARE(found.usersWithoutRelevant, 1);
        QCOMPARE(toInt(found.topItems[0]), 4);
        QCOMPARE(toInt(found.topItems[1]), 3);
        QCOMPARE(value(found, "recall@2"), 1.0); // the warm one does not count
        QCOMPARE(value(found, "hr@1"), 0.0);
        QCOMPARE(value(found, "auc"), 0.0);
        QCOMPARE(value(found, "coverage@1"), 0.5); // item 4 of the two cold ones
        QCOMPARE(QString::fromStdString(found.find("recall@2")->label),
                 QStringLiteral("Recall@2 [cold items]"));
    }
};

QTEST_APPLESS_MAIN(TestCandidates)
#include "tst_candidates.moc"
