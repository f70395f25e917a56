// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/biased_mf.h"
#include "engine/models/factorization/biased_mf_model.h"
#include "engine/models/factorization/biased_sgd.h"
#include "engine/models/factorization/rating_grid.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace recoscope;
using namespace recoscope::test;

namespace {

constexpr std::int32_t kUsers = 7;
constexpr std::int32_t kItems = 5;

BiasedFactors randomFactors(int d, std::uint64_t seed) {
    Rng rng(seed);
    const std::int64_t stride = simd::padded(d);
    BiasedFactors f;
    f.mean = 3.5f;
    f.users = MatrixF::Zero(kUsers, stride);
    f.items = MatrixF::Zero(kItems, stride);
    for (MatrixF* side : {&f.users, &f.items})
        for (Eigen::Index row = 0; row < side->rows(); ++row)
            for (int k = 0; k < d; ++k)
                (*side)(row, k) = static_cast<float>(0.3 * rng.normal());
    f.userBias = VectorF::Constant(kUsers, 0.1f);
    f.itemBias = VectorF::Constant(kItems, -0.2f);
    f.userSquares = VectorF::Ones(kUsers);
    f.itemSquares = VectorF::Ones(kItems);
    return f;
}

/// The update of the header, in double and without any care for speed. AdaGrad's mean is over the padded
/// length.
double naivePass(std::span<const GridRating> ratings, const SgdStep& step, BiasedFactors& f) {
    const Eigen::Index stride = f.users.cols();
    double squares = 0.0;
    for (const GridRating& rating : ratings) {
        const VectorD p = f.users.row(rating.user).transpose().cast<double>();
        const VectorD q = f.items.row(rating.item).transpose().cast<double>();
        const double bu = f.userBias[rating.user];
        const double bi = f.itemBias[rating.item];
        const double e = rating.value - (f.mean + bu + bi + p.dot(q));
        squares += e * e;
        f.userBias[rating.user] = static_cast<float>(bu + step.biasRate * (e - step.biasReg * bu));
        f.itemBias[rating.item] = static_cast<float>(bi + step.biasRate * (e - step.biasReg * bi));
        const VectorD gp = e * q - step.reg * p;
        const VectorD gq = e * p - step.reg * q;
        double rateP = step.rate;
        double rateQ = step.rate;
        if (step.adaGrad) {
            rateP /= std::sqrt(f.userSquares[rating.user]);
            rateQ /= std::sqrt(f.itemSquares[rating.item]);
            f.userSquares[rating.user] += static_cast<float>(gp.squaredNorm() / static_cast<double>(stride));
            f.itemSquares[rating.item] += static_cast<float>(gq.squaredNorm() / static_cast<double>(stride));
        }
        f.users.row(rating.user) = (p + rateP * gp).transpose().cast<float>();
        f.items.row(rating.item) = (q + rateQ * gq).transpose().cast<float>();
    }
    return squares;
}

Result<std::unique_ptr<Trainer>> trainerFor(const SplitPtr& split, const ParamMap& params) {
    return biasedMfInfo().makeTrainer({split, params, 42});
}

SplitPtr plantedSplit(double validationFraction) {
    SplitSpec spec;
    spec.validationFraction = validationFraction;
    return std::move(makeSplit(plantedDataset(), spec)).value();
}

} // namespace

class TestBiasedMf : public QObject {
    Q_OBJECT

private slots:
    void aPassIsTheUpdateOfTheHeader_data() {
        QTest::addColumn<int>("d");
        QTest::addColumn<bool>("adaGrad");
        for (const int d : {1, 15, 16, 17, 48, 64, 70, 100, 112, 128, 150})
            for (const bool adaGrad : {false, true})
                QTest::addRow("%d factors%s", d, adaGrad ? ", AdaGrad" : "") << d << adaGrad;
    }
    void aPassIsTheUpdateOfTheHeader() {
        QFETCH(int, d);
        QFETCH(bool, adaGrad);
        Rng rng(5);
        std::vector<GridRating> ratings;
        for (int n = 0; n < 60; ++n)
            ratings.push_back({static_cast<std::int32_t>(rng.below(kUsers)),
                               static_cast<std::int32_t>(rng.below(kItems)),
                               static_cast<float>(1 + rng.below(5))});
        const SgdStep step{
            .rate = 0.03f, .biasRate = 0.02f, .reg = 0.1f, .biasReg = 0.05f, .adaGrad = adaGrad};
        BiasedFactors fast = randomFactors(d, 3);
        BiasedFactors naive = fast;
        const double fastSquares = sgdPass(ratings, step, fast);
        const double naiveSquares = naivePass(ratings, step, naive);
        QVERIFY(std::abs(fastSquares - naiveSquares) < 1e-3 * naiveSquares);
        QVERIFY((fast.users - naive.users).cwiseAbs().maxCoeff() < 1e-4f);
        QVERIFY((fast.items - naive.items).cwiseAbs().maxCoeff() < 1e-4f);
        QVERIFY((fast.userBias - naive.userBias).cwiseAbs().maxCoeff() < 1e-4f);
        QVERIFY((fast.itemBias - naive.itemBias).cwiseAbs().maxCoeff() < 1e-4f);
        // Padding stays zero, else products of later passes would be wrong.
        QVERIFY((fast.users.rightCols(fast.users.cols() - d).array() == 0.0f).all());
    }

    void theGridHoldsEachRatingOnceAndDiagonalsShareNothing() {
        const SplitPtr split = plantedSplit(0.0);
        const UserItemCsr& train = split->train();
        RatingGrid grid(train.rowCount(), train.colCount(), 42);
        RunControl control;
        QVERIFY(!grid.filled());
        QVERIFY(grid.fill(train, 42, control));
        std::multiset<std::tuple<std::int32_t, std::int32_t, float>> expected;
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            for (std::size_t n = 0; n < train.cols(UserIndex{u}).size(); ++n)
                expected.emplace(grid.position(UserIndex{u}), grid.position(train.cols(UserIndex{u})[n]),
                                 train.values(UserIndex{u})[n]);
        std::multiset<std::tuple<std::int32_t, std::int32_t, float>> held;
        for (std::int32_t diagonal = 0; diagonal < RatingGrid::side(); ++diagonal) {
            std::map<std::int32_t, std::int32_t> userRow;
            std::map<std::int32_t, std::int32_t> itemRow;
            for (std::int32_t row = 0; row < RatingGrid::side(); ++row) {
                for (const GridRating& rating : grid.block(row, (row + diagonal) % RatingGrid::side())) {
                    held.emplace(rating.user, rating.item, rating.value);
                    QCOMPARE(userRow.try_emplace(rating.user, row).first->second, row);
                    QCOMPARE(itemRow.try_emplace(rating.item, row).first->second, row);
                }
            }
        }
        QVERIFY(held == expected);
    }

    void aCancelledFillLeavesTheGridUnfilled() {
        const SplitPtr split = std::move(makeSplit(randomDataset(600, 500, 0.4, 3), {})).value();
        RatingGrid grid(600, 500, 1);
        RunControl control;
        control.cancel();
        QVERIFY(!grid.fill(split->train(), 1, control)); // 84,000 ratings: more than one look at the control
        QVERIFY(!grid.filled());
    }

    void anUnseenHistoryIsFoldedInByRidge() {
        // One factor, one rating: minimise (r − mu − b_i − b − p q)² + lambda p² + lambda_b b². With residual
        // s and D = 1 + 1/lambda_b... the normal equations [1 + lb, q; q, q² + l] [b, p] = [s, s q] have the
        // solution below.
        const float q = 0.5f;
        const double lambda = 0.2;
        const double lambdaB = 0.1;
        const BiasedMfModel model(3.0f, MatrixF::Constant(1, 1, 9.0f), MatrixF::Constant(1, 1, q),
                                  VectorF::Zero(1), VectorF::Constant(1, 0.25f), {0.2f, 0.1f});
        const ItemIndex item{0};
        const float rating = 5.0f;
        Query query;
        query.items = std::span(&item, 1);
        query.values = std::span(&rating, 1);
        const BiasedMfModel::User user = model.userOf(query);
        const double s = 5.0 - 3.0 - 0.25;
        const double determinant = (1.0 + lambdaB) * (q * q + lambda) - q * q;
        QVERIFY(std::abs(user.bias - s * lambda / determinant) < 1e-5);
        QVERIFY(std::abs(user.factors[0] - s * q * lambdaB / determinant) < 1e-5);
        query.user = UserIndex{0};
        QCOMPARE(model.userOf(query).factors[0], 9.0f);
    }

    void theValidationLossIsTheMeanSquaredError() {
        const SplitPtr split = plantedSplit(0.2);
        auto trainer = trainerFor(split, {});
        QVERIFY(trainer.ok());
        ThreadPool pool({2, 0});
        RunControl control;
        EpochContext context{pool, control, 1, {}};
        QVERIFY((*trainer)->runEpoch(context).ok());
        const auto loss = (*trainer)->validationLoss(context);
        const auto model = (*trainer)->snapshot();
        double squares = 0.0;
        for (std::int32_t u = 0; u < model->userCount(); ++u) {
            Query query;
            query.user = UserIndex{u};
            MatrixF scores(1, model->itemCount());
            model->score(std::span(&query, 1), scores);
            for (std::size_t n = 0; n < split->validation().cols(UserIndex{u}).size(); ++n) {
                const double miss = split->validation().values(UserIndex{u})[n] -
                                    scores(0, toInt(split->validation().cols(UserIndex{u})[n]));
                squares += miss * miss;
            }
        }
        QVERIFY(loss.has_value());
        QVERIFY(std::abs(*loss - squares / static_cast<double>(split->validation().size())) < 1e-4);
    }

    void aLossThatIsNoNumberNamesTheLearningRate() {
        auto trainer = trainerFor(plantedSplit(0.0), {{"learning_rate_schedule", std::string("constant")},
                                                      {"learning_rate", 1.0},
                                                      {"bias_learning_rate", 1.0},
                                                      {"init_std", 10.0}});
        QVERIFY(trainer.ok());
        ThreadPool pool({1, 0});
        RunControl control;
        EpochContext context{pool, control, 1, {}};
        const auto epoch = (*trainer)->runEpoch(context);
        QVERIFY(!epoch.ok());
        QCOMPARE(epoch.error().code, ErrorCode::Numeric);
        QCOMPARE(epoch.error().where, std::string("learning_rate"));
    }

    void everySchedulePredictsBetterThanTheMean_data() {
        QTest::addColumn<QString>("schedule");
        QTest::addColumn<double>("rate");
        QTest::newRow("constant") << "constant" << 0.02;
        QTest::newRow("decay") << "decay" << 0.03;
        QTest::newRow("adagrad") << "adagrad" << 0.04;
    }
    void everySchedulePredictsBetterThanTheMean() {
        QFETCH(QString, schedule);
        QFETCH(double, rate);
        const SplitPtr split = plantedSplit(0.1);
        auto trainer = trainerFor(split, {{"learning_rate_schedule", schedule.toStdString()},
                                          {"learning_rate", rate},
                                          {"learning_rate_decay", 0.99},
                                          {"epochs", std::int64_t{50}}});
        QVERIFY(trainer.ok());
        ThreadPool pool({2, 0});
        RunControl control;
        EpochContext context{pool, control, 1, {}};
        const double before = (*trainer)->validationLoss(context).value();
        double firstFit = 0.0;
        double lastFit = 0.0;
        for (int epoch = 1; epoch <= (*trainer)->plannedEpochs(); ++epoch) {
            context.epoch = epoch;
            const auto result = (*trainer)->runEpoch(context);
            QVERIFY(result.ok());
            QCOMPARE(result->losses[0].value, result->losses[1].value + result->losses[2].value);
            lastFit = result->losses[1].value;
            if (epoch == 1) firstFit = lastFit;
        }
        QVERIFY(lastFit < 0.8 * firstFit);
        // At first all predictions are near the mean of all ratings.
        const double after = (*trainer)->validationLoss(context).value();
        QVERIFY2(after < 0.9 * before, QByteArray::number(after) + " after, " + QByteArray::number(before));
    }
};

QTEST_GUILESS_MAIN(TestBiasedMf)
#include "tst_biased_mf.moc"
