// SPDX-License-Identifier: GPL-3.0-or-later
//
// SVD++ against its update rules taken literally, and non-negative factorisations on planted data and by
// hand.
#include "engine/models/registry.h"

#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"

#include <QtTest>

#include <cmath>
#include <vector>

using namespace recoscope;
using namespace recoscope::test;

namespace {

std::unique_ptr<Trainer> trainerOf(const char* id, const SplitPtr& split, const ParamMap& params) {
    return std::move(findAlgorithm(id)->makeTrainer({split, params, 42})).value();
}

double runEpochs(Trainer& trainer, int from, int to) {
    ThreadPool pool({2, 0});
    RunControl control;
    double loss = 0.0;
    for (int epoch = from; epoch <= to; ++epoch) {
        EpochContext context{pool, control, epoch, {}, {}};
        loss = trainer.runEpoch(context)->losses.front().value;
    }
    return loss;
}

/// Two groups of users that take two groups of items, all of them.
DatasetPtr blocks() {
    DatasetParts parts;
    for (int u = 0; u < 8; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 10; ++i)
        parts.items.insert("i" + std::to_string(i));
    for (int u = 0; u < 8; ++u)
        for (int i = 0; i < 10; ++i) {
            if (u % 2 != i % 2) continue;
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{i});
            parts.rows.values.push_back(static_cast<float>(1 + (u % 2) * 2));
        }
    return std::move(Dataset::make(std::move(parts))).value();
}

} // namespace

class TestSvdppNmf : public QObject {
    Q_OBJECT

private slots:
    /// One user, so that there is one order. Koren, KDD 2008: every rating moves every y of the user.
    void svdppMovesAsItsRulesSayRatingByRating() {
        const SplitPtr split =
            wholeSplit(dataset(1, 5, {{0, 0, 5, 1}, {0, 1, 1, 2}, {0, 2, 4, 3}, {0, 3, 2, 4}, {0, 4, 3, 5}}));
        const ParamMap params{{"embedding_size", std::int64_t{3}}, {"learning_rate", 0.05}, {"reg", 0.1}};
        const auto trainer = trainerOf("svdpp", split, params);
        TensorFile start = saved(*trainer->snapshot());
        const double rate = 0.05;
        const double reg = 0.1;
        const double biasReg = 0.02;
        const double root = 1.0 / std::sqrt(5.0);
        MatrixD q = start.matrix("item.factors")->cast<double>();
        MatrixD y = start.matrix("item.implicit")->cast<double>();
        Eigen::RowVectorXd p = start.matrix("user.vectors")->cast<double>().row(0) - root * y.colwise().sum();
        double bu = 0.0;
        std::vector<double> bi(5, 0.0);
        for (int epoch = 1; epoch <= 3; ++epoch) {
            for (int i = 0; i < 5; ++i) {
                const double r = split->train().values(UserIndex{0})[static_cast<std::size_t>(i)];
                const Eigen::RowVectorXd w = p + root * y.colwise().sum();
                const Eigen::RowVectorXd old = q.row(i);
                double& b = bi[static_cast<std::size_t>(i)];
                const double e = r - (3.0 + bu + b + old.dot(w));
                bu += rate * (e - biasReg * bu);
                b += rate * (e - biasReg * b);
                q.row(i) += rate * (e * w - reg * old);
                p += rate * (e * old - reg * p);
                for (int j = 0; j < 5; ++j)
                    y.row(j) += rate * (e * root * old - reg * y.row(j));
            }
            runEpochs(*trainer, epoch, epoch);
        }
        const TensorFile after = saved(*trainer->snapshot());
        QVERIFY((after.matrix("item.factors")->cast<double>() - q).cwiseAbs().maxCoeff() < 1e-5);
        QVERIFY((after.matrix("item.implicit")->cast<double>() - y).cwiseAbs().maxCoeff() < 1e-5);
        const Eigen::RowVectorXd w = p + root * y.colwise().sum();
        QVERIFY((after.matrix("user.vectors")->cast<double>().row(0) - w).cwiseAbs().maxCoeff() < 1e-5);
        QVERIFY(std::abs((*after.floats("user.bias"))[0] - bu) < 1e-5);
        QVERIFY((start.matrix("item.implicit")->cast<double>() - y).cwiseAbs().maxCoeff() > 1e-3); // it moved
    }

    void svdppSaysOnlyTheMeanAndTheUserOfAnItemNobodyRated() {
        const SplitPtr split = wholeSplit(dataset(2, 3, {{0, 0, 5, 1}, {0, 1, 1, 2}, {1, 0, 4, 3}}));
        const auto model = run(*findAlgorithm("svdpp"), split).model;
        const auto why = model->explain(knownUser(*split, UserIndex{0}), ItemIndex{2});
        for (const ExplanationPart& part : why->parts)
            QVERIFY(part.label == "user bias" || part.contribution == 0.0);
    }

    void tooLargeStepsAreAnErrorThatNamesTheRate() {
        const auto trainer = trainerOf("svdpp", plantedSplit(*findAlgorithm("svdpp")),
                                       {{"learning_rate", 1.0}, {"init_std", 10.0}});
        ThreadPool pool({1, 0});
        RunControl control;
        for (int epoch = 1; epoch <= 20; ++epoch) {
            EpochContext context{pool, control, epoch, {}, {}};
            const auto result = trainer->runEpoch(context);
            if (result) continue;
            QCOMPARE(result.error().code, ErrorCode::Numeric);
            QCOMPARE(result.error().where, std::string("learning_rate"));
            return;
        }
        QFAIL("it never diverged");
    }

    void nmfTakesBlocksApartAndNeverGoesUp() {
        const SplitPtr split = wholeSplit(blocks());
        const auto trainer = trainerOf("nmf", split, {{"embedding_size", std::int64_t{2}}});
        double before = 1e9;
        for (int epoch = 1; epoch <= 30; ++epoch) {
            const double loss = runEpochs(*trainer, epoch, epoch);
            QVERIFY2(loss <= before + 1e-7, qPrintable(QString("%1 after %2").arg(loss).arg(before)));
            before = loss;
        }
        QVERIFY2(before < 1e-6, qPrintable(QString::number(before))); // two blocks, two factors
        const auto model = trainer->snapshot();
        QVERIFY(model->itemEmbeddings()->minCoeff() >= 0.0f);
        QVERIFY(model->userEmbeddings()->minCoeff() >= 0.0f);
        const auto scores = scoresOf(*model, unknownUser(*split, UserIndex{1}));
        for (int i = 0; i < 10; ++i)
            QVERIFY(std::abs(scores[static_cast<std::size_t>(i)] - static_cast<float>(i % 2)) < 1e-3f);
    }

    /// The loss that is put together from what the passes meet is the error over all cells.
    void nmfsLossIsTheErrorOfEveryCell() {
        const SplitPtr split = plantedSplit(*findAlgorithm("nmf"));
        const auto trainer = trainerOf("nmf", split, {{"embedding_size", std::int64_t{5}}});
        const double loss = runEpochs(*trainer, 1, 3);
        const auto model = trainer->snapshot();
        MatrixD cells = (*model->userEmbeddings() * model->itemEmbeddings()->transpose()).cast<double>();
        for (std::int32_t u = 0; u < split->train().rowCount(); ++u)
            for (const ItemIndex item : split->train().cols(UserIndex{u}))
                cells(u, toInt(item)) -= 1.0;
        QVERIFY(std::abs(loss - cells.squaredNorm() / static_cast<double>(cells.size())) < 1e-6);
    }

    /// One multiplicative step by hand, from numbers that both sides begin with.
    void ratingNmfStepsAsItsRulesSay() {
        const SplitPtr split =
            wholeSplit(dataset(2, 3, {{0, 0, 5, 1}, {0, 1, 1, 2}, {1, 0, 4, 3}, {1, 2, 2, 4}}));
        const auto trainer =
            trainerOf("rating_nmf", split,
                      {{"embedding_size", std::int64_t{2}}, {"order", std::string("simultaneous")}});
        const auto before = trainer->snapshot();
        const MatrixD p = before->userEmbeddings()->cast<double>();
        const MatrixD q = before->itemEmbeddings()->cast<double>();
        runEpochs(*trainer, 1, 1);
        const auto after = trainer->snapshot();
        const auto step = [](double old, double up, double said, int count) {
            return old * up / (said + count * 0.1 * old);
        };
        for (int k = 0; k < 2; ++k) {
            const double user = step(p(0, k), 5 * q(0, k) + 1 * q(1, k),
                                     p.row(0).dot(q.row(0)) * q(0, k) + p.row(0).dot(q.row(1)) * q(1, k), 2);
            QVERIFY(std::abs((*after->userEmbeddings())(0, k) - user) < 1e-5);
            const double item = step(q(0, k), 5 * p(0, k) + 4 * p(1, k),
                                     p.row(0).dot(q.row(0)) * p(0, k) + p.row(1).dot(q.row(0)) * p(1, k), 2);
            QVERIFY(std::abs((*after->itemEmbeddings())(0, k) - item) < 1e-5);
        }
    }

    void ratingNmfReachesRatingsThatAreAProduct() {
        const SplitPtr split = wholeSplit(blocks());
        const auto trainer = trainerOf(
            "rating_nmf", split, {{"embedding_size", std::int64_t{2}}, {"user_reg", 0.0}, {"item_reg", 0.0}});
        QVERIFY(runEpochs(*trainer, 1, 200) < 1e-4);
        // And of a user of whom nothing is known, the mean: 8 x 5 ratings, half 1, half 3.
        const auto scores = scoresOf(*trainer->snapshot(), Query{});
        QCOMPARE(scores[0], 2.0f);
    }
};

QTEST_GUILESS_MAIN(TestSvdppNmf)
#include "tst_svdpp_nmf.moc"
