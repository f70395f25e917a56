// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/negative_sampler.h"
#include "engine/eval/evaluator.h"
#include "engine/models/baseline/popularity.h"
#include "engine/models/factorization/bpr_mf.h"
#include "engine/models/factorization/pair_grid.h"
#include "engine/models/factorization/ranking_model.h"
#include "engine/models/factorization/ranking_sgd.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <map>
#include <set>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr trainingOnly(const DatasetPtr& data) {
    SplitSpec spec;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    return std::move(makeSplit(data, spec)).value();
}

RankingFactors randomFactors(std::int64_t users, std::int64_t items, std::int64_t d) {
    RankingFactors factors;
    Rng rng(5);
    const std::int64_t stride = (d + 15) / 16 * 16;
    factors.users = MatrixF::Zero(users, stride);
    factors.items = MatrixF::Zero(items, stride);
    factors.itemBias = VectorF::Zero(items);
    for (MatrixF* table : {&factors.users, &factors.items})
        for (Eigen::Index row = 0; row < table->rows(); ++row)
            for (Eigen::Index f = 0; f < d; ++f)
                (*table)(row, f) = static_cast<float>(0.3 * rng.normal());
    factors.userSquares = VectorF::Ones(users);
    factors.itemSquares = VectorF::Ones(items);
    factors.biasSquares = VectorF::Ones(items);
    return factors;
}

double ndcgOf(const Recommender& model, const Split& split) {
    ThreadPool pool({.threads = 1});
    RunControl control;
    EvaluationOptions options;
    options.cutoffs = {10};
    return evaluate(model, split, Target::Test, options, pool, control)->find("ndcg@10")->value;
}

/// BPR as in the paper, one thread, pairs and items drawn from everything, in double.
std::shared_ptr<const Recommender> naiveBpr(const Split& split, int d, int epochs, double rate, double reg) {
    const UserItemCsr& train = split.train();
    Rng rng(11);
    MatrixD p(train.rowCount(), d);
    MatrixD q(train.colCount(), d);
    VectorD b = VectorD::Zero(train.colCount());
    for (MatrixD* table : {&p, &q})
        for (Eigen::Index n = 0; n < table->size(); ++n)
            table->data()[n] = 0.1 * rng.normal();
    std::vector<ChosenPair> pairs;
    for (std::int32_t u = 0; u < train.rowCount(); ++u)
        for (const ItemIndex item : train.cols(UserIndex{u}))
            pairs.push_back({UserIndex{u}, item});
    for (std::size_t n = 0; n < pairs.size() * static_cast<std::size_t>(epochs); ++n) {
        const ChosenPair pair = pairs[rng.below(pairs.size())];
        const ItemIndex other{static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(q.rows())))};
        if (train.contains(pair.user, other)) continue;
        const auto u = toInt(pair.user);
        const auto i = toInt(pair.item);
        const auto j = toInt(other);
        const double x = p.row(u).dot(q.row(i) - q.row(j)) + b[i] - b[j];
        const double g = 1.0 / (1.0 + std::exp(x));
        const Eigen::RowVectorXd pu = p.row(u);
        p.row(u) += rate * (g * (q.row(i) - q.row(j)) - reg * pu);
        q.row(i) += rate * (g * pu - reg * q.row(i));
        q.row(j) += rate * (-g * pu - reg * q.row(j));
        b[i] += rate * (g - reg * b[i]);
        b[j] += rate * (-g - reg * b[j]);
    }
    return std::make_shared<RankingModel>(p.cast<float>(), q.cast<float>(), VectorF(b.cast<float>()),
                                          RankingFold{});
}

} // namespace

class TestRankingSgd final : public QObject {
    Q_OBJECT
private slots:
    void whatIsSampledIsNeverInTheHistory() {
        const SplitPtr split = trainingOnly(randomDataset(30, 70, 0.4, 3));
        const NegativeSampler sampler(split->train(), {});
        Rng rng(1);
        for (std::int32_t u = 0; u < 30; ++u)
            for (int n = 0; n < 200; ++n) {
                const auto item = sampler.draw(UserIndex{u}, rng);
                QVERIFY(item && !split->train().contains(UserIndex{u}, *item));
            }
        for (std::int32_t u = 0; u < 30; ++u)
            for (std::int32_t i = 0; i < 70; ++i)
                QCOMPARE(sampler.chosen(UserIndex{u}, ItemIndex{i}),
                         split->train().contains(UserIndex{u}, ItemIndex{i}));
    }

    void nothingCanBeSampledForAUserWhoHasEverything() {
        const SplitPtr split = trainingOnly(dataset(2, 2, {{0, 0}, {0, 1}, {1, 0}}));
        const NegativeSampler sampler(split->train(), {});
        Rng rng(1);
        QVERIFY(!sampler.draw(UserIndex{0}, rng));
        QCOMPARE(sampler.draw(UserIndex{1}, rng), std::optional(ItemIndex{1}));
    }

    void popularItemsAreSampledAsOftenAsTheirWeightSays() {
        // Users: item 0 has 3, item 1 has 1, item 2 none; user 3 has nothing of them. Weights (count + 1)^1.
        const SplitPtr split = trainingOnly(dataset(4, 4, {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {3, 3}}));
        const NegativeSampler sampler(split->train(), {NegativeWeights::Popularity, 1.0});
        Rng rng(2);
        double counts[4] = {};
        constexpr int draws = 70'000;
        for (int n = 0; n < draws; ++n)
            ++counts[toInt(*sampler.draw(UserIndex{3}, rng))];
        const double expected[4] = {4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0, 0.0};
        for (int i = 0; i < 4; ++i) // three standard deviations are below .006
            QVERIFY(std::abs(counts[i] / draws - expected[i]) < 0.006);
    }

    void theGridHasEveryPairOnceAndItsDiagonalsShareNothing() {
        const SplitPtr split = trainingOnly(randomDataset(90, 200, 0.2, 4));
        const NegativeSampler sampler(split->train(), {});
        PairGrid grid(split->train(), 42);
        ThreadPool pool({.threads = 2});
        RunControl control;
        QCOMPARE(grid.side(), 6); // 200 items in columns of 32 or more
        std::set<std::pair<std::int32_t, std::int32_t>> together[2];
        for (int epoch = 1; epoch <= 2; ++epoch) {
            QVERIFY(grid.deal(epoch, sampler, pool, control));
            std::set<std::pair<std::int32_t, std::int32_t>> seen;
            std::map<std::int32_t, std::int32_t> rowOf;
            std::map<std::int32_t, std::int32_t> colOf;
            for (std::int32_t row = 0; row < grid.side(); ++row)
                for (std::int32_t col = 0; col < grid.side(); ++col)
                    for (const auto [user, item] : grid.block(row, col)) {
                        QVERIFY(seen.insert({toInt(user), toInt(item)}).second);
                        QVERIFY(split->train().contains(user, item));
                        QCOMPARE(rowOf.insert({toInt(user), row}).first->second, row);
                        QCOMPARE(colOf.insert({toInt(item), col}).first->second, col);
                    }
            QCOMPARE(static_cast<std::int64_t>(seen.size()), split->train().size());
            Rng rng(3);
            for (std::int32_t col = 0; col < grid.side(); ++col)
                for (int n = 0; n < 100; ++n)
                    QCOMPARE(colOf.at(toInt(grid.lottery(col).draw(rng))), col);
            for (const auto& [a, colA] : colOf)
                for (const auto& [b, colB] : colOf)
                    if (a < b && colA == colB) together[epoch - 1].insert({a, b});
        }
        QVERIFY(together[0] != together[1]); // dealt anew
    }

    /// The step of the header in double, for each optimiser.
    void aBprStepIsThatOfThePaper_data() {
        QTest::addColumn<bool>("adaGrad");
        QTest::newRow("SGD") << false;
        QTest::newRow("AdaGrad") << true;
    }
    void aBprStepIsThatOfThePaper() {
        QFETCH(bool, adaGrad);
        // User 0 has item 0 of two, so item 1 is what is sampled.
        const SplitPtr split = trainingOnly(dataset(2, 2, {{0, 0}, {1, 1}}));
        const NegativeSampler sampler(split->train(), {});
        for (const std::int64_t d : {1, 16, 20, 64, 130}) {
            RankingFactors factors = randomFactors(2, 2, d);
            factors.itemBias << 0.2f, -0.1f;
            factors.userSquares[0] = 4.0f;
            const RankingFactors before = factors;
            RankingStep step;
            step.adaGrad = adaGrad;
            step.rate = 0.1f;
            step.regUser = 0.03f;
            step.regPositive = 0.02f;
            step.regNegative = 0.01f;
            step.regBias = 0.04f;
            Rng rng(1);
            const ChosenPair pair{UserIndex{0}, ItemIndex{0}};
            const RankingSums sums = rankingPass(
                std::span(&pair, 1), step, {sampler, sampler.allItems(), {}, split->train()}, rng, factors);
            const Eigen::RowVectorXd p = before.users.row(0).cast<double>();
            const Eigen::RowVectorXd qi = before.items.row(0).cast<double>();
            const Eigen::RowVectorXd qj = before.items.row(1).cast<double>();
            const double x = p.dot(qi - qj) + 0.3;
            const double g = 1.0 / (1.0 + std::exp(x));
            QVERIFY(std::abs(sums.loss - std::log1p(std::exp(-x))) < 1e-5);
            QCOMPARE(sums.terms, 1);
            const double rateP = adaGrad ? 0.1 / 2.0 : 0.1; // root of 4
            const Eigen::RowVectorXd newP = p + rateP * (g * (qi - qj) - 0.03 * p);
            const Eigen::RowVectorXd newI = qi + 0.1 * (g * p - 0.02 * qi);
            const Eigen::RowVectorXd newJ = qj + 0.1 * (-g * p - 0.01 * qj);
            QVERIFY((factors.users.row(0).cast<double>() - newP).norm() < 1e-5);
            QVERIFY((factors.items.row(0).cast<double>() - newI).norm() < 1e-5);
            QVERIFY((factors.items.row(1).cast<double>() - newJ).norm() < 1e-5);
            QVERIFY(std::abs(static_cast<double>(factors.itemBias[0]) - (0.2 + 0.1 * (g - 0.04 * 0.2))) <
                    1e-5);
            QVERIFY(std::abs(static_cast<double>(factors.itemBias[1]) - (-0.1 + 0.1 * (-g + 0.04 * 0.1))) <
                    1e-5);
            QVERIFY(factors.users.row(1) == before.users.row(1));
        }
    }

    void aWarpStepWeighsByTheRankThatDrawsSay() {
        // One other item: the first draw finds it, so the rank is all others, 1 of 1, and its weight 1.
        const SplitPtr split = trainingOnly(dataset(2, 2, {{0, 0}, {1, 1}}));
        const NegativeSampler sampler(split->train(), {});
        RankingFactors factors = randomFactors(2, 2, 8);
        const RankingFactors before = factors;
        RankingStep step;
        step.loss = RankingLoss::Warp;
        step.rate = 0.1f;
        const std::vector<float> weights = warpWeights(2);
        Rng rng(1);
        const ChosenPair pair{UserIndex{0}, ItemIndex{0}};
        const RankingSums sums = rankingPass(
            std::span(&pair, 1), step, {sampler, sampler.allItems(), weights, split->train()}, rng, factors);
        const float miss = 1.0f - before.users.row(0).dot(before.items.row(0) - before.items.row(1));
        QVERIFY(miss > 0.0f);
        QVERIFY(std::abs(sums.loss - static_cast<double>(miss)) < 1e-5);
        const Eigen::RowVectorXf moved = before.items.row(0) + 0.1f * before.users.row(0);
        QVERIFY((factors.items.row(0) - moved).norm() < 1e-5f);
        QCOMPARE(warpWeights(4)[3], 1.0f + 0.5f + 1.0f / 3.0f);
    }

    void aRateOfZeroChangesNothing() {
        const SplitPtr split = trainingOnly(randomDataset(20, 40, 0.3, 9));
        const NegativeSampler sampler(split->train(), {});
        RankingFactors factors = randomFactors(20, 40, 12);
        const RankingFactors before = factors;
        const std::vector<float> weights = warpWeights(40);
        std::vector<ChosenPair> pairs;
        for (std::int32_t u = 0; u < 20; ++u)
            for (const ItemIndex item : split->train().cols(UserIndex{u}))
                pairs.push_back({UserIndex{u}, item});
        for (const RankingLoss loss :
             {RankingLoss::Bpr, RankingLoss::Warp, RankingLoss::Squared, RankingLoss::Logistic}) {
            RankingStep step;
            step.loss = loss;
            step.rate = 0.0f;
            Rng rng(1);
            const RankingSums sums = rankingPass(
                pairs, step, {sampler, sampler.allItems(), weights, split->train()}, rng, factors);
            QVERIFY(sums.loss > 0.0 && sums.terms > 0);
            QVERIFY(factors.users == before.users && factors.items == before.items);
        }
    }

    /// What is sampled within a column of the grid teaches as much as what is sampled from everything.
    void theGridLearnsAsWellAsThePlainMethod() {
        SplitSpec spec;
        spec.validationFraction = 0.0;
        const SplitPtr split = std::move(makeSplit(plantedDataset(300, 200), spec)).value();
        const double plain = ndcgOf(*naiveBpr(*split, 16, 40, 0.05, 0.01), *split);
        const auto trainer = bprMfInfo().makeTrainer({split,
                                                      {{"embedding_size", std::int64_t{16}},
                                                       {"epochs", std::int64_t{40}},
                                                       {"optimizer", std::string("sgd")},
                                                       {"learning_rate", 0.05},
                                                       {"reg_user", 0.01},
                                                       {"reg_positive", 0.01},
                                                       {"reg_negative", 0.01},
                                                       {"reg_bias", 0.01}},
                                                      42});
        QVERIFY(trainer.ok());
        ThreadPool pool({.threads = 2});
        RunControl control;
        for (int epoch = 1; epoch <= 40; ++epoch) {
            EpochContext context{pool, control, epoch, {}, {}};
            QVERIFY((*trainer)->runEpoch(context).ok());
        }
        const double ours = ndcgOf(*(*trainer)->snapshot(), *split);
        qInfo("NDCG@10 %.4f, plain %.4f", ours, plain);
        const auto popularity = popularityInfo().makeTrainer({split, {}, 42});
        QVERIFY(popularity.ok());
        EpochContext once{pool, control, 1, {}, {}};
        QVERIFY((*popularity)->runEpoch(once).ok());
        QVERIFY(plain > 1.3 * ndcgOf(*(*popularity)->snapshot(), *split));
        QVERIFY(ours > plain - 0.02);
    }
};

QTEST_GUILESS_MAIN(TestRankingSgd)
#include "tst_ranking_sgd.moc"
