// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/dialects.h"
#include "engine/eval/evaluation_choices.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/naive_metrics.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <mutex>
#include <set>

using namespace recoscope;
using test::FixedScores;

namespace {

const std::vector<std::string> rankingNames = {"ndcg", "recall", "precision", "f1",
                                               "map",  "mrr",    "hr",        "auc"};

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

/// A random combination of everything that frameworks disagree on, where all items are ranked.
EvaluationOptions randomOptions(Rng& rng) {
    EvaluationOptions options{.cutoffs = {1, 3, 10, 25}, .metrics = rankingNames};
    for (const EvaluationChoice& choice : evaluationChoices())
        if (choice.key != "candidates")
            choice.set(options, static_cast<int>(rng.below(choice.values.size())));
    if (options.ideal == IdealList::AllK) options.gain = Gain::Binary;
    if (options.ties == Ties::Random) options.ties = Ties::LaterId; // no reference draws the same
    if (rng.below(2) == 0) options.relevanceThreshold = 3.0;
    if (rng.below(3) == 0) options.excludeValidationAtTest = false;
    return options;
}

Evaluation evaluated(const Recommender& model, const Split& split, const EvaluationOptions& options,
                     int threads = 2, Target target = Target::Test) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    return std::move(evaluate(model, split, target, options, pool, control)).value();
}

double value(const Evaluation& evaluation, std::string_view key) {
    const MetricValue* metric = evaluation.find(key);
    return metric ? metric->value : -1.0;
}

/// What the slow reference is told of each user with something relevant in the test part.
std::vector<test::NaiveUser> naiveUsers(const Split& split, const MatrixF& scores,
                                        const EvaluationOptions& options) {
    std::vector<test::NaiveUser> users;
    for (int u = 0; u < split.dataset()->userCount(); ++u) {
        const UserIndex user{u};
        test::NaiveUser naive;
        const Eigen::Index row = split.trainedUser(user) ? u : scores.rows() - 1; // what FixedScores does
        for (Eigen::Index i = 0; i < scores.cols(); ++i)
            naive.scores.push_back(static_cast<double>(scores(row, i)));
        for (const ItemIndex item : split.train().cols(user))
            naive.excluded.insert(toInt(item));
        if (options.ties == Ties::LaterId)
            for (int item = 0; item < split.dataset()->itemCount(); ++item)
                naive.ids.emplace_back(split.dataset()->items().id(item));
        if (options.excludeValidationAtTest)
            for (const ItemIndex item : split.validation().cols(user))
                naive.excluded.insert(toInt(item));
        for (std::size_t n = 0; n < split.test().cols(user).size(); ++n) {
            const int item = toInt(split.test().cols(user)[n]);
            const float rating = split.test().values(user)[n];
            if (options.relevanceThreshold != 0.0 && static_cast<double>(rating) < options.relevanceThreshold)
                continue;
            naive.relevant.insert(item);
            naive.ratings[item] = static_cast<double>(rating);
        }
        if (!naive.relevant.empty()) users.push_back(std::move(naive));
    }
    return users;
}

SplitPtr randomSplit(int users, int items, double density, std::uint64_t seed) {
    return std::move(
               makeSplit(test::randomDataset(users, items, density, seed), {.kind = SplitKind::RandomGlobal,
                                                                            .testFraction = 0.3,
                                                                            .validationFraction = 0.2,
                                                                            .seed = seed}))
        .value();
}

QString differing(const Split& split, const MatrixF& scores, const EvaluationOptions& options) {
    const Evaluation found = evaluated(FixedScores(split.dataset()->userCount(), scores), split, options);
    const std::vector<test::NaiveUser> reference = naiveUsers(split, scores, options);
    if (found.users.size() != reference.size()) return QStringLiteral("number of users");
    for (const std::string& name : rankingNames)
        for (const int k : options.cutoffs) {
            const MetricValue* metric = found.find(name == "auc" ? name : name + "@" + std::to_string(k));
            if (!metric) return QString::fromStdString(name + " is missing");
            for (std::size_t row = 0; row < metric->perUser.size(); ++row)
                if (!(std::abs(metric->perUser[row] - test::naiveMetric(name, reference[row], k, options)) <
                      1e-9))
                    return QString::fromStdString(metric->definition + " of user ") +
                           QString::number(toInt(found.users[row]));
            if (!(std::abs(metric->value - test::naiveMean(name, reference, k, options)) < 1e-9))
                return QString::fromStdString(metric->definition);
            const bool pooled = name == "auc" && options.auc == AucForm::Pooled;
            if (metric->perUser.size() != (pooled ? 0 : reference.size()))
                return QStringLiteral("users of ") + QString::fromStdString(metric->key);
        }
    return {};
}

} // namespace

class TestDialects final : public QObject {
    Q_OBJECT

    // Four items; user 0 was given item 0 rated 5 and item 1 rated 2 in the test part, user 1 item 2 rated 4.
    // The lists: user 0: 3 0 2 1, user 1: 2 (and 1 3 0).
    static SplitPtr small() {
        return std::move(makeSplit(test::dataset(2, 5,
                                                 {{0, 4, 3, 0, Part::Train},
                                                  {1, 4, 3, 0, Part::Train},
                                                  {0, 0, 5, 0, Part::Test},
                                                  {0, 1, 2, 0, Part::Test},
                                                  {1, 2, 4, 0, Part::Test}},
                                                 false, true),
                                   {.kind = SplitKind::Premade}))
            .value();
    }
    static MatrixF smallScores() {
        MatrixF scores(2, 5);
        scores << 3, 1, 2, 4, 9, // 3 0 2 1
            1, 3, 4, 2, 9;       // 2 1 3 0
        return scores;
    }
    static double smallValue(const EvaluationOptions& options, std::string_view key) {
        return value(evaluated(FixedScores(2, smallScores()), *small(), options), key);
    }

private slots:
    void gradedNdcgByHand() {
        const double l3 = 1.0 / std::log2(3.0);
        // User 0: the 5 at rank 2; the ideal list is 5, 2. User 1 is perfect.
        const auto linear = [&](double five, double two) {
            return (five * l3 / (five + two * l3) + 1.0) / 2.0;
        };
        const auto mean = [&](Gain gain, double threshold = 0.0) {
            return smallValue({.cutoffs = {2}, .relevanceThreshold = threshold, .gain = gain}, "ndcg@2");
        };
        QVERIFY(std::abs(mean(Gain::Binary) - linear(1, 1)) < 1e-12);
        QVERIFY(std::abs(mean(Gain::Linear) - linear(5, 2)) < 1e-12);
        QVERIFY(std::abs(mean(Gain::Exponential) - linear(31, 3)) < 1e-12);
        QVERIFY(std::abs(mean(Gain::ExponentialAboveThreshold) - linear(63, 7)) < 1e-12);
        // From 2 on: 2^(5−2+1)−1 = 15 and 2^(2−2+1)−1 = 1.
        QVERIFY(std::abs(mean(Gain::ExponentialAboveThreshold, 2.0) - linear(15, 1)) < 1e-12);
    }

    void discountAndIdealListByHand() {
        // log2(max(i, 2)) is 1 at ranks 1 and 2: user 0 has 1 of an ideal 2.
        QVERIFY(std::abs(smallValue({.cutoffs = {2}, .discount = Discount::LogRankFromTwo}, "ndcg@2") -
                         0.75) < 1e-12);
        // Ideal of k = 4 hits: 1 + 1/log2(3) + 1/2 + 1/log2(5). User 0 hits at 2 and 4, user 1 at 1.
        const double l3 = 1.0 / std::log2(3.0);
        const double l5 = 1.0 / std::log2(5.0);
        const double ideal = 1.0 + l3 + 0.5 + l5;
        QVERIFY(std::abs(smallValue({.cutoffs = {4}, .ideal = IdealList::AllK}, "ndcg@4") -
                         ((l3 + l5) / ideal + 1.0 / ideal) / 2.0) < 1e-12);
    }

    void denominatorsByHand() {
        // There are 4 candidates; at k = 10: user 0 has 2 hits of 2, user 1 has 1 of 1.
        const auto precision = [](PrecisionDenominator of) {
            return smallValue({.cutoffs = {10}, .precision = of}, "precision@10");
        };
        QVERIFY(std::abs(precision(PrecisionDenominator::K) - 0.15) < 1e-12);           // (2/10 + 1/10)/2
        QVERIFY(std::abs(precision(PrecisionDenominator::ListLength) - 0.375) < 1e-12); // (2/4 + 1/4)/2
        QVERIFY(std::abs(precision(PrecisionDenominator::PooledCapped) - 1.0) < 1e-12); // 3/(2 + 1)
        // k = 1: user 0 misses, user 1 hits; pooled 1/(1 + 1).
        QVERIFY(std::abs(smallValue({.cutoffs = {1}, .precision = PrecisionDenominator::PooledCapped},
                                    "precision@1") -
                         0.5) < 1e-12);
        // Elliot at k = 2: user 0: (0/1 + 1/2)/2 = 1/4; user 1: (1/1 + 1/2)/2 = 3/4.
        QVERIFY(std::abs(smallValue({.cutoffs = {2}, .map = MapDenominator::MeanPrecision}, "map@2") - 0.5) <
                1e-12);
        // The first hit of user 0 is at 2: beyond k = 1, but not beyond the ranking.
        QVERIFY(std::abs(smallValue({.cutoffs = {1}}, "mrr@1") - 0.5) < 1e-12);
        QVERIFY(std::abs(smallValue({.cutoffs = {1}, .reciprocalRank = ReciprocalRank::Uncut}, "mrr@1") -
                         0.75) < 1e-12);
    }

    /// Items 0 to 3 score 1 1 2 1 for user 0; item 1 is relevant.
    void tiesByHand() {
        const SplitPtr split = std::move(makeSplit(test::dataset(1, 5,
                                                                 {{0, 4, 3, 0, Part::Train},
                                                                  {0, 1, 5, 0, Part::Test}},
                                                                 false, true),
                                                   {.kind = SplitKind::Premade}))
                                   .value();
        MatrixF scores(1, 5);
        scores << 1, 1, 2, 1, 9;
        const auto read = [&](EvaluationOptions options) {
            options.cutoffs = {2, 4};
            return evaluated(FixedScores(1, scores), *split, options);
        };
        const auto listOf = [](const Evaluation& evaluation) {
            std::vector<int> list;
            for (const ItemIndex item : evaluation.topItems)
                list.push_back(toInt(item));
            return list;
        };
        QCOMPARE(listOf(read({})), (std::vector<int>{2, 0, 1, 3}));
        const Evaluation byId = read({.reciprocalRank = ReciprocalRank::Uncut, .ties = Ties::LaterId});
        QCOMPARE(listOf(byId), (std::vector<int>{2, 3, 1, 0}));
        QCOMPARE(value(byId, "mrr@2"), 1.0 / 3.0);
        QVERIFY(byId.find("hr@2")->definition.find(";ties=later-id;") != std::string::npos);
        QCOMPARE(QString::fromStdString(byId.find("hr@2")->label), QStringLiteral("HR@2 (ties by id)"));
        // Equal scores count half in the AUC whoever wins: of three pairs one is lost and two are equal.
        QCOMPARE(value(byId, "auc"), 1.0 / 3.0);

        // By lot each of the three orders' first places is a third of the seeds'; the best stays the best.
        int hits = 0;
        constexpr int seeds = 600;
        for (int seed = 0; seed < seeds; ++seed) {
            EvaluationOptions options{.ties = Ties::Random};
            options.candidates.seed = static_cast<std::uint64_t>(seed);
            const Evaluation drawn = read(options);
            QCOMPARE(listOf(drawn).front(), 2);
            hits += value(drawn, "hr@2") > 0.0 ? 1 : 0;
        }
        QVERIFY2(std::abs(hits - seeds / 3) < 48, qPrintable(QString::number(hits))); // four deviations
    }

    void ordersByLotDifferBetweenUsersAndNotBetweenThreads() {
        const SplitPtr split = randomSplit(40, 30, 0.3, 8);
        const FixedScores model(40, MatrixF::Zero(40, 30));
        for (const CandidateKind kind : {CandidateKind::All, CandidateKind::Uniform}) {
            const EvaluationOptions options{
                .cutoffs = {5}, .candidates = {.kind = kind, .negatives = 12}, .ties = Ties::Random};
            const Evaluation one = evaluated(model, *split, options, 1);
            QCOMPARE(one.topItems, evaluated(model, *split, options, 2).topItems);
            std::set<std::vector<ItemIndex>> lists;
            for (std::size_t row = 0; row < one.users.size(); ++row) {
                const auto from = one.topItems.begin() + static_cast<std::ptrdiff_t>(5 * row);
                lists.insert({from, from + 5});
            }
            QVERIFY(lists.size() > one.users.size() / 2);
            EvaluationOptions other = options;
            other.candidates.seed = 43;
            QVERIFY(evaluated(model, *split, other).topItems != one.topItems);
        }
    }

    void aucByHand() {
        // User 0: relevant score 3 and 1, others 2 and 4: wins 1 of 4 pairs. User 1: 4 against 1, 3, 2: 3
        // of 3.
        QVERIFY(std::abs(smallValue({}, "auc") - 0.625) < 1e-12);
        QVERIFY(std::abs(smallValue({.auc = AucForm::Weighted}, "auc") - (2 * 0.25 + 1 * 1.0) / 3.0) < 1e-12);
        // Pooled: 3, 1, 4 against 2, 4, 1, 3, 2. 3 beats 2 1 2, ties 3: 3.5; 1 ties 1: .5; 4 beats 2 1 3 2,
        // ties 4: 4.5; of 15.
        QVERIFY(std::abs(smallValue({.auc = AucForm::Pooled}, "auc") - 8.5 / 15.0) < 1e-12);
    }

    void ratingErrorsPerUserFirstByHand() {
        // Errors: user 0: 3 for 5, 1 (clipped to the scale's 2) for 2; user 1: 4 for 4.
        const EvaluationOptions pairs{.predictsRatings = true};
        EvaluationOptions users = pairs;
        users.ratingAverage = RatingAverage::UsersFirst;
        QVERIFY(std::abs(smallValue(pairs, "mae") - 2.0 / 3.0) < 1e-12);
        QVERIFY(std::abs(smallValue(users, "mae") - 0.5) < 1e-12);
        QVERIFY(std::abs(smallValue(users, "rmse") - std::sqrt(2.0) / 2.0) < 1e-12);
        const Evaluation found = evaluated(FixedScores(2, smallScores()), *small(), users);
        QCOMPARE(found.find("rmse")->count, 2);
        QCOMPARE(found.find("mae")->perUser, (std::vector<double>{1.0, 0.0}));
        QVERIFY(found.find("mae")->definition.find("over=users") != std::string::npos);
    }

    void giniCanBeTurnedRound() {
        const EvaluationOptions plain{.cutoffs = {1}, .metrics = {"gini"}};
        EvaluationOptions turned = plain;
        turned.gini = GiniForm::Equality;
        const Evaluation a = evaluated(FixedScores(2, smallScores()), *small(), plain);
        const Evaluation b = evaluated(FixedScores(2, smallScores()), *small(), turned);
        QVERIFY(std::abs(a.metrics[0].value + b.metrics[0].value - 1.0) < 1e-12);
        QVERIFY(!a.metrics[0].higherIsBetter && b.metrics[0].higherIsBetter);
        QCOMPARE(QString::fromStdString(b.metrics[0].label), QStringLiteral("1 − Gini@1"));
    }

    void anyCombinationEqualsTheSlowReference_data() {
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<double>("density");
        QTest::newRow("usual") << 40 << 60 << 0.25;
        QTest::newRow("lists end before the cutoff") << 40 << 12 << 0.5;
        QTest::newRow("one item") << 20 << 1 << 0.9;
        QTest::newRow("several blocks") << 300 << 20 << 0.3;
        QTest::newRow("sparse") << 60 << 40 << 0.04;
    }
    void anyCombinationEqualsTheSlowReference() {
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(double, density);
        const auto seed = static_cast<std::uint64_t>(users * 1000 + items);
        const SplitPtr split = randomSplit(users, items, density, seed);
        const MatrixF scores = tiedScores(users, items, seed);
        Rng rng(seed);
        for (int n = 0; n < 12; ++n) {
            const QString differs = differing(*split, scores, randomOptions(rng));
            QVERIFY2(differs.isEmpty(), qPrintable(differs));
        }
    }

    void everyDialectEqualsTheSlowReference_data() {
        QTest::addColumn<QString>("id");
        for (const Dialect& dialect : dialects())
            QTest::newRow(std::string(dialect.id).c_str())
                << QString::fromUtf8(dialect.id.data(), static_cast<qsizetype>(dialect.id.size()));
    }
    void everyDialectEqualsTheSlowReference() {
        QFETCH(QString, id);
        const SplitPtr split = randomSplit(50, 40, 0.2, 3);
        const MatrixF scores = tiedScores(50, 40, 3);
        EvaluationOptions options =
            inDialect({.cutoffs = {1, 3, 10, 25}, .metrics = rankingNames, .relevanceThreshold = 2.0},
                      *findDialect(id.toStdString()), *split);
        // What is drawn has tests of its own.
        if (id == "ncf_99") {
            QCOMPARE(options.candidates.kind, CandidateKind::Uniform);
            QCOMPARE(options.candidates.negatives, 99);
            options.candidates = {};
        }
        const QString differs = differing(*split, scores, options);
        QVERIFY2(differs.isEmpty(), qPrintable(differs));
    }

    void aPerfectModelScoresOneInEveryDialect() {
        const auto data = test::randomDataset(50, 60, 0.3, 5);
        const auto split = std::move(makeSplit(data, {.validationFraction = 0.0})).value();
        MatrixF scores = MatrixF::Zero(50, 60);
        for (int u = 0; u < 50; ++u) {
            const auto items = split->test().cols(UserIndex{u});
            for (std::size_t n = 0; n < items.size(); ++n)
                scores(u, toInt(items[n])) = split->test().values(UserIndex{u})[n]; // the best rated first
        }
        // Every user has 60 · 0.3 · 0.2 relevant ones or so; 60 is all of them.
        for (const Dialect& dialect : dialects()) {
            const EvaluationOptions options =
                inDialect({.cutoffs = {1, 2, 60}, .metrics = rankingNames}, dialect, *split);
            const Evaluation found = evaluated(FixedScores(50, scores), *split, options);
            for (const char* key :
                 {"ndcg@1", "ndcg@2", "ndcg@60", "recall@60", "map@60", "mrr@1", "hr@1", "auc"}) {
                if (std::string_view(key).substr(0, 4) == "map@" &&
                    options.map == MapDenominator::MeanPrecision)
                    continue; // not 1 by its definition
                if (options.ideal != IdealList::CutAtK && key[0] == 'n')
                    continue; // k = 60 tells for R below 60
                QVERIFY2(
                    std::abs(value(found, key) - 1.0) < 1e-12,
                    (std::string(dialect.id) + " " + key + " " + std::to_string(value(found, key))).c_str());
            }
            if (options.ideal == IdealList::AllRelevant)
                QVERIFY(std::abs(value(found, "ndcg@60") - 1.0) < 1e-12);
        }
    }

    void onlyTheOrderOfScoresMatters() {
        const SplitPtr split = randomSplit(40, 50, 0.25, 8);
        const MatrixF scores = MatrixF::Random(40, 50);
        MatrixF other = scores;
        for (Eigen::Index n = 0; n < other.size(); ++n) {
            const float s = other.data()[n];
            other.data()[n] = 2.0f * s * s * s + s + 5.0f;
        }
        Rng rng(1);
        for (int n = 0; n < 10; ++n) {
            const EvaluationOptions options = randomOptions(rng);
            const Evaluation a = evaluated(FixedScores(40, scores), *split, options);
            const Evaluation b = evaluated(FixedScores(40, other), *split, options);
            QCOMPARE(a.topItems, b.topItems);
            for (std::size_t m = 0; m < a.metrics.size(); ++m)
                QCOMPARE(a.metrics[m].value, b.metrics[m].value);
        }
    }

    void theOrderOfUsersDoesNotMatter() {
        // User u of the one dataset is user 39 − u of the other.
        const SplitPtr split = randomSplit(40, 50, 0.25, 8);
        std::vector<test::Row> rows;
        DatasetParts parts;
        for (int u = 39; u >= 0; --u)
            parts.users.insert("u" + std::to_string(u));
        for (int i = 0; i < 50; ++i)
            parts.items.insert("i" + std::to_string(i));
        const auto add = [&](const UserItemCsr& from, Part part) {
            for (int u = 0; u < 40; ++u)
                for (std::size_t n = 0; n < from.cols(UserIndex{u}).size(); ++n) {
                    parts.rows.users.push_back(UserIndex{39 - u});
                    parts.rows.items.push_back(from.cols(UserIndex{u})[n]);
                    parts.rows.values.push_back(from.values(UserIndex{u})[n]);
                    parts.rows.parts.push_back(part);
                }
        };
        add(split->train(), Part::Train);
        add(split->validation(), Part::Validation);
        add(split->test(), Part::Test);
        parts.provenance.path = "test";
        const auto turned = std::move(makeSplit(std::move(Dataset::make(std::move(parts))).value(),
                                                {.kind = SplitKind::Premade}))
                                .value();
        const MatrixF scores = MatrixF::Random(40, 50);
        const MatrixF turnedScores = scores.colwise().reverse();
        Rng rng(2);
        for (int n = 0; n < 10; ++n) {
            EvaluationOptions options = randomOptions(rng);
            options.predictsRatings = true;
            options.metrics.clear();
            const Evaluation a = evaluated(FixedScores(40, scores), *split, options);
            const Evaluation b = evaluated(FixedScores(40, turnedScores), *turned, options);
            QCOMPARE(a.metrics.size(), b.metrics.size());
            for (std::size_t m = 0; m < a.metrics.size(); ++m)
                QVERIFY2(std::abs(a.metrics[m].value - b.metrics[m].value) < 1e-9, a.metrics[m].key.c_str());
        }
    }

    void dialectsTogetherAreTheDialectsOneByOne() {
        const SplitPtr split = randomSplit(300, 60, 0.2, 4);
        const FixedScores model(300, tiedScores(300, 60, 4));
        const auto ids = std::move(dialectIds("all")).value();
        EvaluationOptions options{.relevanceThreshold = 2.0, .predictsRatings = true};
        ThreadPool pool({.threads = 3});
        RunControl control;
        double last = 0.0;
        std::mutex mutex;
        const auto all =
            evaluateDialects(model, *split, Target::Test, options, ids, pool, control, [&](double f) {
                std::lock_guard lock(mutex);
                last = std::max(last, f);
            });
        QVERIFY(all.ok());
        QCOMPARE(last, 1.0);
        QCOMPARE(all->size(), dialects().size());
        std::size_t asked = model.asked().size();
        // Once for all, and once more because RecBole's AUC needs it.
        QVERIFY2(asked <= 600, std::to_string(asked).c_str());
        for (const DialectReading& reading : *all) {
            const Evaluation alone =
                evaluated(model, *split, inDialect(options, *reading.dialect, *split), 1);
            QCOMPARE(reading.evaluation.metrics.size(), alone.metrics.size());
            for (std::size_t m = 0; m < alone.metrics.size(); ++m) {
                const double a = reading.evaluation.metrics[m].value;
                const double b = alone.metrics[m].value;
                QVERIFY(a == b || (std::isnan(a) && std::isnan(b))); // to the last bit
                QCOMPARE(reading.evaluation.metrics[m].definition, alone.metrics[m].definition);
            }
        }
    }

    void labelAndDefinitionShowWhatDiffers() {
        const SplitPtr split = randomSplit(30, 30, 0.2, 6);
        const FixedScores model(30, tiedScores(30, 30, 6));
        const auto read = [&](const char* id) {
            return evaluated(model, *split, inDialect({.cutoffs = {10}}, *findDialect(id), *split));
        };
        const Evaluation own = read("recoscope");
        const auto label = [](const Evaluation& e, const char* key) {
            return QString::fromStdString(e.find(key)->label);
        };
        QCOMPARE(label(own, "ndcg@10"), QStringLiteral("NDCG@10"));
        QCOMPARE(label(read("tois"), "ndcg@10"), QStringLiteral("NDCG@10 (ideal uncut)"));
        QCOMPARE(label(read("elliot"), "ndcg@10"), QStringLiteral("NDCG@10 (gain 2^(r−t+1)−1)"));
        QCOMPARE(label(read("elliot"), "map@10"), QStringLiteral("MAP@10 (mean P@n)"));
        QCOMPARE(label(read("lenskit"), "precision@10"), QStringLiteral("Precision@10 (of the list)"));
        QCOMPARE(label(read("trec_eval"), "mrr@10"), QStringLiteral("MRR (uncut, ties by id)"));
        QCOMPARE(label(read("recbole"), "auc"), QStringLiteral("AUC (pooled)"));
        QCOMPARE(label(read("ncf_99"), "hr@10"), QStringLiteral("HR@10 [99 uniform]"));
        // Two numbers that differ never have the same definition.
        for (const Dialect& dialect : dialects()) {
            const Evaluation other = read(std::string(dialect.id).c_str());
            for (const MetricValue& metric : other.metrics) {
                const MetricValue* usual = own.find(metric.key);
                QVERIFY(usual);
                if (metric.value != usual->value) {
                    QVERIFY2(metric.definition != usual->definition, metric.definition.c_str());
                    QVERIFY2(metric.label != usual->label, metric.label.c_str());
                }
            }
        }
        QVERIFY(read("elliot").find("ndcg@10")->definition.find("gain=2^(r-0+1)-1") != std::string::npos);
    }

    void everyDialectSaysWhatItIs() {
        std::set<std::string_view> ids;
        for (const Dialect& dialect : dialects()) {
            QVERIFY(ids.insert(dialect.id).second);
            QVERIFY(!dialect.title.empty() && !dialect.differs.empty() && !dialect.reference.empty());
            QVERIFY(dialect.differs.back() == '.' || dialect.differs.back() == ')');
        }
        QCOMPARE(dialects().front().id, std::string_view("recoscope"));
    }

    void namesOfDialectsAreRead() {
        QCOMPARE(*dialectIds("recbole, lenskit,recbole"), (std::vector<std::string>{"recbole", "lenskit"}));
        QCOMPARE(dialectIds("all")->size(), dialects().size());
        QVERIFY(!dialectIds("surprise"));
        QVERIFY(dialectIds("surprise").error().message.find("trec_eval") != std::string::npos);
        QVERIFY(!dialectIds(" ,"));
    }

    void aDialectKeepsWhatItHasNoSayIn() {
        const SplitPtr split = randomSplit(20, 20, 0.3, 2);
        EvaluationOptions options{.cutoffs = {7}, .relevanceThreshold = 3.0, .excludeTrain = false};
        options.recall = RecallDenominator::Capped;
        options.candidates = {.kind = CandidateKind::Popular, .negatives = 5, .seed = 1};
        const EvaluationOptions tois = inDialect(options, *findDialect("tois"), *split);
        QCOMPARE(tois.cutoffs, std::vector<int>{7});
        QCOMPARE(tois.relevanceThreshold, 3.0);
        QVERIFY(!tois.excludeTrain);
        QCOMPARE(tois.recall, RecallDenominator::Relevant);
        QCOMPARE(tois.candidates, CandidateSpec{});
        EvaluationOptions wrong{.ideal = IdealList::AllK};
        wrong.gain = Gain::Linear;
        QVERIFY(!checkEvaluationOptions(wrong));
    }
};

QTEST_APPLESS_MAIN(TestDialects)
#include "tst_dialects.moc"
