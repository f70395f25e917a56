// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/evaluator.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/naive_metrics.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <atomic>
#include <cmath>
#include <limits>
#include <set>

using namespace recoscope;
using test::FixedScores;

namespace {

SplitPtr premade(const DatasetPtr& data) {
    return std::move(makeSplit(data, {.kind = SplitKind::Premade})).value();
}

/// Scores with many ties, some not usable.
MatrixF tiedScores(int users, int items, std::uint64_t seed) {
    Rng rng(seed);
    MatrixF scores(users, items);
    for (Eigen::Index n = 0; n < scores.size(); ++n) {
        scores.data()[n] =
            rng.below(3) == 0 ? static_cast<float>(rng.normal()) : static_cast<float>(rng.below(4));
        if (rng.below(40) == 0) scores.data()[n] = std::nanf("");
        if (rng.below(40) == 0) scores.data()[n] = -std::numeric_limits<float>::infinity();
    }
    return scores;
}

Evaluation evaluated(const Recommender& model, const Split& split, Target target,
                     const EvaluationOptions& options, int threads = 2) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    return std::move(evaluate(model, split, target, options, pool, control)).value();
}

Error errorOf(const Recommender& model, const Split& split, Target target, const EvaluationOptions& options) {
    ThreadPool pool({.threads = 1});
    RunControl control;
    const auto result = evaluate(model, split, target, options, pool, control);
    return result ? Error{ErrorCode::Unsupported, "no error", ""} : result.error();
}

std::set<int> asSet(std::span<const ItemIndex> items) {
    std::set<int> set;
    for (const ItemIndex item : items)
        set.insert(toInt(item));
    return set;
}

double value(const Evaluation& evaluation, std::string_view key) {
    const MetricValue* metric = evaluation.find(key);
    return metric ? metric->value : -1.0;
}

/// What the naive reference says of one metric of one user.
double naive(const std::string& name, const test::NaiveUser& user, int k, const EvaluationOptions& options) {
    const bool capped = options.recall == RecallDenominator::Capped;
    if (name == "ndcg") return test::naiveNdcg(user, k, options.ideal == IdealList::CutAtK);
    if (name == "recall") return test::naiveRecall(user, k, capped);
    if (name == "precision") return test::naivePrecision(user, k);
    if (name == "f1") return test::naiveF1(user, k, capped);
    if (name == "map") return test::naiveMap(user, k, options.map == MapDenominator::Capped);
    if (name == "mrr") return test::naiveMrr(user, k);
    if (name == "hr") return test::naiveHitRate(user, k);
    return test::naiveAuc(user);
}

/// Two users, five items. Training, validation and test of user 0: item 0, item 1, items 2 and 3; of user 1:
/// item 4, nothing, item 0.
DatasetPtr smallData() {
    return test::dataset(2, 5,
                         {{0, 0, 4, 100, Part::Train},
                          {0, 1, 3, 200, Part::Validation},
                          {0, 2, 5, 300, Part::Test},
                          {0, 3, 2, 400, Part::Test},
                          {1, 4, 1, 500, Part::Train},
                          {1, 0, 3, 600, Part::Test}},
                         true, true);
}

MatrixF smallScores() {
    MatrixF scores(2, 5);
    scores << 5, 4, 3, 2, 6, // user 0: test candidates 2 3 4, best first 4 2 3
        1, 2, 3, 4, 5;       // user 1: candidates 0 1 2 3, best first 3 2 1 0
    return scores;
}

} // namespace

class TestEvaluator final : public QObject {
    Q_OBJECT
private slots:
    void smallCaseByHand() {
        const auto split = premade(smallData());
        const FixedScores model(2, smallScores());
        const Evaluation found = evaluated(model, *split, Target::Test, {.cutoffs = {2}});
        QCOMPARE(found.users, (std::vector<UserIndex>{UserIndex{0}, UserIndex{1}}));
        QCOMPARE(found.listLength, 2);
        QCOMPARE(found.topItems,
                 (std::vector<ItemIndex>{ItemIndex{4}, ItemIndex{2}, ItemIndex{3}, ItemIndex{2}}));
        // User 0: list 4 2, hit at rank 2, R = 2; user 1: list 3 2, no hit. Each mean is half of user 0's
        // value.
        const double ndcg0 = (1.0 / std::log2(3.0)) / (1.0 + 1.0 / std::log2(3.0));
        QVERIFY(std::abs(value(found, "ndcg@2") - ndcg0 / 2.0) < 1e-12);
        QCOMPARE(value(found, "recall@2"), 0.25);    // (1/2 + 0) / 2
        QCOMPARE(value(found, "precision@2"), 0.25); // (1/2 + 0) / 2
        QCOMPARE(value(found, "map@2"), 0.125);      // (1/2)/min(2,2) = 1/4, halved
        QCOMPARE(value(found, "mrr@2"), 0.25);
        QCOMPARE(value(found, "hr@2"), 0.5);
        QCOMPARE(value(found, "auc"), 0.0); // item 4 is above 2 and 3; item 0 is below all of 1, 2, 3
        // Items 4, 2, 3 are in lists; 1 is a candidate of user 1, 0 too: 3 of 5 could be.
        QCOMPARE(value(found, "coverage@2"), 0.6);
        QVERIFY(!found.find("rmse"));
        QCOMPARE(found.find("recall@2")->perUser, (std::vector<double>{0.5, 0.0}));
        QCOMPARE(found.find("recall@2")->count, 2);
        QVERIFY(found.find("coverage@2")->perUser.empty());
    }

    void itemsThatNobodyCanBeRecommendedDoNotCountForCoverage() {
        // Both users have item 0 in their history; items 1, 2, 3 could be recommended.
        const auto split = premade(test::dataset(
            2, 4,
            {{0, 0}, {1, 0}, {0, 1, 1, 0, Part::Test}, {1, 2, 1, 0, Part::Test}, {1, 3, 1, 0, Part::Train}},
            false, true));
        MatrixF scores(2, 4);
        scores << 9, 3, 2, 1, 9, 3, 2, 1;
        const Evaluation found = evaluated(FixedScores(2, scores), *split, Target::Test, {.cutoffs = {1}});
        QCOMPARE(value(found, "coverage@1"), 1.0 / 3.0); // both lists are item 1
    }

    void ratingErrorsArePooledOverPairsAndClipped() {
        const auto split = premade(smallData()); // scale 1..5
        const FixedScores model(2, smallScores());
        // Pairs (prediction, rating): user 0 item 2 (3, 5), item 3 (2, 2); user 1 item 0 (1, 3). Errors -2,
        // 0, -2.
        const Evaluation found = evaluated(model, *split, Target::Test, {.predictsRatings = true});
        QVERIFY(std::abs(value(found, "rmse") - std::sqrt(8.0 / 3.0)) < 1e-12);
        QVERIFY(std::abs(value(found, "mae") - 4.0 / 3.0) < 1e-12);
        QCOMPARE(found.find("rmse")->count, 3);
        QVERIFY(!found.find("rmse")->higherIsBetter);
        // Ten times the scores: 30, 20, 10 are clipped to 5. Errors 0, 3, 2; unclipped 25, 18, 7.
        const FixedScores far(2, 10.0f * smallScores());
        const Evaluation clipped = evaluated(far, *split, Target::Test, {.predictsRatings = true});
        QVERIFY(std::abs(value(clipped, "mae") - 5.0 / 3.0) < 1e-12);
        const Evaluation raw =
            evaluated(far, *split, Target::Test, {.predictsRatings = true, .clipRatings = false});
        QVERIFY(std::abs(value(raw, "mae") - 50.0 / 3.0) < 1e-12);
    }

    void usersWithoutRelevantItemsAreCountedButTheirRatingErrorsAreIn() {
        const auto split = premade(smallData());
        const Evaluation found =
            evaluated(FixedScores(2, smallScores()), *split, Target::Test,
                      {.cutoffs = {2}, .relevanceThreshold = 4.0, .predictsRatings = true});
        QCOMPARE(found.users,
                 std::vector<UserIndex>{UserIndex{0}}); // only item 2 of user 0 is rated 4 or more
        QCOMPARE(found.usersWithoutRelevant, 1);
        QCOMPARE(value(found, "recall@2"), 1.0); // hit at rank 2, R = 1
        QCOMPARE(found.find("mae")->count, 3);
        QVERIFY(std::abs(value(found, "mae") - 4.0 / 3.0) < 1e-12);
    }

    void equalsTheSlowReference_data() {
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<double>("density");
        QTest::addColumn<bool>("dialects");
        QTest::newRow("plain") << 60 << 80 << 0.2 << false;
        QTest::newRow("dialects") << 60 << 80 << 0.2 << true;
        QTest::newRow("lists end before the cutoff") << 40 << 12 << 0.5 << false;
        QTest::newRow("short lists, dialects") << 40 << 12 << 0.5 << true;
        QTest::newRow("one item") << 20 << 1 << 0.9 << false;
        QTest::newRow("several blocks") << 700 << 30 << 0.2 << false;
        QTest::newRow("long rows") << 12 << 700 << 0.1 << true;
    }
    void equalsTheSlowReference() {
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(double, density);
        QFETCH(bool, dialects);
        const auto seed = static_cast<std::uint64_t>(users * 1000 + items);
        const auto split = makeSplit(
            test::randomDataset(users, items, density, seed),
            {.kind = SplitKind::RandomGlobal, .testFraction = 0.3, .validationFraction = 0.2, .seed = seed});
        QVERIFY(split.ok());
        const MatrixF scores = tiedScores(users, items, seed);
        const FixedScores model(users, scores);
        EvaluationOptions options{.cutoffs = {1, 3, 10, 25}};
        if (dialects) {
            options.ideal = IdealList::AllRelevant;
            options.recall = RecallDenominator::Capped;
            options.map = MapDenominator::Relevant;
            options.relevanceThreshold = 4.0;
            options.excludeValidationAtTest = false;
        }
        for (const Target target : {Target::Test, Target::Validation}) {
            const Evaluation found = evaluated(model, **split, target, options);
            const UserItemCsr& held = target == Target::Test ? (*split)->test() : (*split)->validation();
            std::vector<test::NaiveUser> reference;
            std::vector<UserIndex> referenceUsers;
            for (int u = 0; u < users; ++u) {
                const UserIndex user{u};
                test::NaiveUser naiveUser;
                const int row = (*split)->trainedUser(user) ? u : users - 1; // what FixedScores does
                for (int i = 0; i < items; ++i)
                    naiveUser.scores.push_back(static_cast<double>(scores(row, i)));
                naiveUser.excluded = asSet((*split)->train().cols(user));
                if (target == Target::Test && options.excludeValidationAtTest)
                    naiveUser.excluded.merge(asSet((*split)->validation().cols(user)));
                for (std::size_t n = 0; n < held.cols(user).size(); ++n)
                    if (!dialects || held.values(user)[n] >= 4.0f)
                        naiveUser.relevant.insert(toInt(held.cols(user)[n]));
                if (naiveUser.relevant.empty()) continue;
                reference.push_back(std::move(naiveUser));
                referenceUsers.push_back(user);
            }
            QCOMPARE(found.users, referenceUsers);
            for (const std::string name : {"ndcg", "recall", "precision", "f1", "map", "mrr", "hr", "auc"})
                for (const int k : options.cutoffs) {
                    const MetricValue* metric =
                        found.find(name == "auc" ? name : name + "@" + std::to_string(k));
                    QVERIFY(metric);
                    QCOMPARE(metric->perUser.size(), reference.size());
                    double sum = 0.0;
                    for (std::size_t row = 0; row < reference.size(); ++row) {
                        const double expected = naive(name, reference[row], k, options);
                        sum += expected;
                        QVERIFY2(std::abs(metric->perUser[row] - expected) < 1e-9, metric->key.c_str());
                    }
                    QVERIFY(std::abs(metric->value - sum / static_cast<double>(reference.size())) < 1e-9);
                }
            for (std::size_t row = 0; row < reference.size(); ++row) {
                const std::vector<int> ranking = test::naiveRanking(reference[row]);
                for (std::size_t i = 0; i < 25; ++i)
                    QCOMPARE(toInt(found.topItems[row * 25 + i]), i < ranking.size() ? ranking[i] : -1);
            }
        }
    }

    void aPerfectModelScoresOneInEverything() {
        const auto data = test::randomDataset(50, 60, 0.3, 5);
        const auto split = std::move(makeSplit(data, {.validationFraction = 0.0})).value();
        MatrixF scores(50, 60);
        for (int u = 0; u < 50; ++u)
            for (int i = 0; i < 60; ++i)
                scores(u, i) = split->test().contains(UserIndex{u}, ItemIndex{i}) ? 1.0f : 0.0f;
        const Evaluation found = evaluated(FixedScores(50, scores), *split, Target::Test,
                                           {.cutoffs = {1, 5}, .recall = RecallDenominator::Capped});
        for (const char* key : {"ndcg@1", "ndcg@5", "recall@5", "map@5", "mrr@5", "hr@1", "auc"})
            QVERIFY2(std::abs(value(found, key) - 1.0) < 1e-12, key);
    }

    void sameBitsForAnyThreadCount() {
        const auto split = std::move(makeSplit(test::randomDataset(900, 70, 0.2, 9), {})).value();
        const FixedScores model(900, MatrixF::Random(900, 70));
        Evaluation first = evaluated(model, *split, Target::Test, {.predictsRatings = true}, 1);
        for (const int threads : {2, 5}) {
            const Evaluation again =
                evaluated(model, *split, Target::Test, {.predictsRatings = true}, threads);
            QCOMPARE(again.topItems, first.topItems);
            QCOMPARE(again.metrics.size(), first.metrics.size());
            for (std::size_t m = 0; m < first.metrics.size(); ++m) {
                QVERIFY(again.metrics[m].value == first.metrics[m].value); // exactly
                QVERIFY(again.metrics[m].perUser == first.metrics[m].perUser);
            }
        }
    }

    void atTestTimeTheModelSeesTheTrainingRowOnly() {
        const auto split = premade(smallData());
        const FixedScores model(2, smallScores());
        evaluated(model, *split, Target::Test, {}, 1);
        const auto asked = model.asked();
        QCOMPARE(asked.size(), std::size_t{2});
        QCOMPARE(asked[0].items, std::vector<ItemIndex>{ItemIndex{0}}); // not the validation item 1
        QCOMPARE(asked[0].times, std::vector<std::int64_t>{100});
        QVERIFY(asked[0].user && *asked[0].user == UserIndex{0});
    }

    void validationItemsAreCandidatesOnlyWhenAskedFor() {
        const auto split = premade(smallData());
        const FixedScores model(2, smallScores());
        const auto with =
            evaluated(model, *split, Target::Test, {.cutoffs = {5}, .excludeValidationAtTest = false});
        QCOMPARE(toInt(with.topItems[1]), 1); // 4, then the validation item 1 with score 4
        const auto without = evaluated(model, *split, Target::Test, {.cutoffs = {5}});
        for (int i = 0; i < 5; ++i)
            QVERIFY(toInt(without.topItems[static_cast<std::size_t>(i)]) != 1);
        const auto all = evaluated(model, *split, Target::Test,
                                   {.cutoffs = {5}, .excludeTrain = false, .excludeValidationAtTest = false});
        QCOMPARE(toInt(all.topItems[1]), 0); // the training item too
    }

    void usersThatTrainingNeverSawAreFoldedIn() {
        const auto split = std::move(makeSplit(test::randomDataset(60, 30, 0.4, 3),
                                               {.kind = SplitKind::UserFold, .testFraction = 0.3}))
                               .value();
        const FixedScores model(60, MatrixF::Random(61, 30));
        const Evaluation found = evaluated(model, *split, Target::Test, {}, 1);
        QCOMPARE(found.users.size(), std::size_t{18}); // 30 % of 60
        QCOMPARE(found.usersWithoutRelevant, 0);
        const auto asked = model.asked();
        for (std::size_t n = 0; n < asked.size(); ++n) {
            QVERIFY(!asked[n].user);
            QVERIFY(!asked[n].items.empty());
            QCOMPARE(asSet(asked[n].items), asSet(split->testHistory().cols(found.users[n])));
        }
        QVERIFY(found.find("ndcg@10")->definition.find("candidates=all-minus-history") != std::string::npos);
    }

    void definitionsSayWhatTheNumberDependsOn() {
        const auto split = premade(smallData());
        EvaluationOptions options{.cutoffs = {10}, .relevanceThreshold = 4.0};
        QCOMPARE(
            metricDefinition("ndcg@10", options, *split, Target::Test),
            std::string(
                "ndcg;k=10;gain=binary;discount=log2(i+1);ideal=min(k,R);candidates=all-minus-train-minus-"
                "validation;relevant=r>=4;ties=index;users=with-test;part=test;split=premade;rounding=half-"
                "up;n=1"));
        options.relevanceThreshold = 0.0;
        QCOMPARE(metricDefinition("rmse", options, *split, Target::Test),
                 std::string("rmse;over=pairs;clip=1..5;part=test;split=premade;rounding=half-up;n=3"));
        const std::string plain = metricDefinition("recall@10", options, *split, Target::Test);
        options.recall = RecallDenominator::Capped;
        QVERIFY(metricDefinition("recall@10", options, *split, Target::Test) != plain);
        const Evaluation found = evaluated(FixedScores(2, smallScores()), *split, Target::Test, options);
        QCOMPARE(found.find("recall@10")->label, std::string("Recall@10 (capped)"));
        for (const MetricValue& metric : found.metrics)
            QCOMPARE(metric.definition, metricDefinition(metric.key, options, *split, Target::Test));
    }

    void wrongOptionsAreClearErrors() {
        const auto split = premade(smallData());
        const FixedScores model(2, smallScores());
        const Error unknown = errorOf(model, *split, Target::Test, {.metrics = {"ndgc"}});
        QCOMPARE(unknown.code, ErrorCode::Invalid);
        QVERIFY(unknown.message.find("'ndgc'") != std::string::npos &&
                unknown.message.find("ndcg") != std::string::npos);
        QCOMPARE(errorOf(model, *split, Target::Test, {.cutoffs = {0}}).where, std::string("cutoffs"));
        QCOMPARE(errorOf(model, *split, Target::Test, {.metrics = {"rmse"}}).where, std::string("metrics"));
        QCOMPARE(errorOf(model, *split, Target::Test, {.relevanceThreshold = 9.0}).where,
                 std::string("relevanceThreshold"));
        QCOMPARE(errorOf(FixedScores(2, MatrixF::Zero(2, 4)), *split, Target::Test, {}).where,
                 std::string("model"));
        const auto noTest =
            premade(test::dataset(1, 2, {{0, 0}, {0, 1, 1, 0, Part::Validation}}, false, true));
        QCOMPARE(errorOf(FixedScores(1, MatrixF::Zero(1, 2)), *noTest, Target::Test, {}).where,
                 std::string("test"));
    }

    void onlyTheMetricsAskedForAreThere() {
        const auto split = premade(smallData());
        const Evaluation found =
            evaluated(FixedScores(2, smallScores()), *split, Target::Test,
                      {.cutoffs = {10, 5, 10}, .metrics = {"hr", "ndcg"}, .keepPerUser = false});
        std::vector<std::string> keys;
        for (const MetricValue& metric : found.metrics) {
            keys.push_back(metric.key);
            QVERIFY(metric.perUser.empty());
        }
        QCOMPARE(keys, (std::vector<std::string>{"ndcg@5", "ndcg@10", "hr@5", "hr@10"}));
    }

    void cancelledEvaluationsSaySo() {
        const auto split = std::move(makeSplit(test::randomDataset(900, 70, 0.2, 9), {})).value();
        const FixedScores model(900, MatrixF::Random(900, 70));
        ThreadPool pool({.threads = 2});
        RunControl control;
        const auto result =
            evaluate(model, *split, Target::Test, {}, pool, control, [&](double) { control.cancel(); });
        QVERIFY(!result.ok());
        QCOMPARE(result.error().code, ErrorCode::Cancelled);
        QVERIFY(model.asked().size() < 900);
    }

    void progressEndsAtOne() {
        const auto split = std::move(makeSplit(test::randomDataset(900, 70, 0.2, 9), {})).value();
        const FixedScores model(900, MatrixF::Random(900, 70));
        ThreadPool pool({.threads = 2});
        RunControl control;
        std::mutex mutex;
        double most = 0.0;
        int calls = 0;
        QVERIFY(evaluate(model, *split, Target::Test, {}, pool, control, [&](double fraction) {
                    std::lock_guard lock(mutex);
                    most = std::max(most, fraction);
                    ++calls;
                }).ok());
        QCOMPARE(most, 1.0);
        QVERIFY(calls > 1);
    }

    void metricTableIsComplete() {
        for (const MetricInfo& info : metricInfos()) {
            QVERIFY(!info.label.empty() && !info.formula.empty() && !info.meaning.empty());
            QCOMPARE(findMetric(info.name), &info);
            QCOMPARE(findMetric(std::string(info.name) + "@10"), &info);
        }
        QVERIFY(!findMetric("validation_loss"));
        QVERIFY(!findMetric("rmse")->higherIsBetter);
    }
};

QTEST_APPLESS_MAIN(TestEvaluator)
#include "tst_evaluator.moc"
