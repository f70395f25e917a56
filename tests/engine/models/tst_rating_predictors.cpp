// SPDX-License-Identifier: GPL-3.0-or-later
//
// kNN baseline and Slope One beside their definitions, written down slowly.
#include "engine/models/registry.h"

#include "tests/support/naive_linear.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr wholeSplit(const DatasetPtr& data) {
    return makeSplit(data, {.kind = SplitKind::RandomGlobal, .testFraction = 0.0, .validationFraction = 0.0})
        .value();
}

std::shared_ptr<const Recommender> fit(const char* id, const SplitPtr& split, const ParamMap& params) {
    const auto trainer = requireAlgorithm(id).value()->makeTrainer({split, params, 42});
    ThreadPool pool({2, 0});
    RunControl control;
    for (int epoch = 1; epoch <= (*trainer)->plannedEpochs(); ++epoch) {
        EpochContext context{pool, control, epoch, {}};
        (void)(*trainer)->runEpoch(context);
    }
    return (*trainer)->snapshot();
}

MatrixF scoresOfAll(const Recommender& model, const Split& split) {
    MatrixF out(model.userCount(), model.itemCount());
    for (std::int32_t u = 0; u < model.userCount(); ++u) {
        Query query;
        query.user = UserIndex{u};
        query.items = split.train().cols(UserIndex{u});
        query.values = split.train().values(UserIndex{u});
        model.score(std::span(&query, 1), out.row(u));
    }
    return out;
}

/// users x items, 0 where there is no rating, and the biases.
struct Ratings {
    MatrixD r;
    double mean = 0.0;
    VectorD user;
    VectorD item;
    double bias(Eigen::Index u, Eigen::Index i) const { return mean + user[u] + item[i]; }
    double e(Eigen::Index u, Eigen::Index i) const { return r(u, i) - bias(u, i); }
};

Ratings ratingsOf(const Split& split, int passes) {
    Ratings all{denseUserItem(split.train(), EntryValues::Given), 0.0, {}, {}};
    const auto rated = (all.r.array() != 0.0).cast<double>().eval();
    all.mean = all.r.sum() / rated.sum();
    all.user = VectorD::Zero(all.r.rows());
    all.item = VectorD::Zero(all.r.cols());
    for (int pass = 0; pass < passes; ++pass) {
        for (Eigen::Index i = 0; i < all.r.cols(); ++i) {
            double sum = 0.0;
            for (Eigen::Index u = 0; u < all.r.rows(); ++u)
                if (all.r(u, i) != 0.0) sum += all.r(u, i) - all.mean - all.user[u];
            all.item[i] = sum / (10.0 + rated.col(i).sum());
        }
        for (Eigen::Index u = 0; u < all.r.rows(); ++u) {
            double sum = 0.0;
            for (Eigen::Index i = 0; i < all.r.cols(); ++i)
                if (all.r(u, i) != 0.0) sum += all.r(u, i) - all.mean - all.item[i];
            all.user[u] = sum / (15.0 + rated.row(u).sum());
        }
    }
    return all;
}

/// Similarity of two users (or items, over the transposed) over what both rated.
double similarity(const Ratings& all, Eigen::Index a, Eigen::Index b, bool ofUsers, bool msd) {
    double count = 0.0, product = 0.0, own = 0.0, other = 0.0;
    for (Eigen::Index c = 0; c < (ofUsers ? all.r.cols() : all.r.rows()); ++c) {
        const auto [ua, ia] = ofUsers ? std::pair{a, c} : std::pair{c, a};
        const auto [ub, ib] = ofUsers ? std::pair{b, c} : std::pair{c, b};
        if (all.r(ua, ia) == 0.0 || all.r(ub, ib) == 0.0) continue;
        count += 1.0;
        product += msd ? std::pow(all.r(ua, ia) - all.r(ub, ib), 2) : all.e(ua, ia) * all.e(ub, ib);
        own += std::pow(all.e(ua, ia), 2);
        other += std::pow(all.e(ub, ib), 2);
    }
    if (count == 0.0) return 0.0;
    if (msd) return 1.0 / (product / count + 1.0);
    return (count - 1.0) / (count - 1.0 + 100.0) * product / std::sqrt(own * other);
}

} // namespace

class TestRatingPredictors final : public QObject {
    Q_OBJECT
private slots:
    void biasesEqualPlainAlternation() {
        const SplitPtr split = wholeSplit(randomDataset(60, 40, 0.3, 2));
        const Ratings all = ratingsOf(*split, 10);
        const MatrixF scores = scoresOfAll(*fit("bias_als", split, {}), *split);
        for (Eigen::Index u = 0; u < scores.rows(); ++u)
            for (Eigen::Index i = 0; i < scores.cols(); ++i)
                QVERIFY(std::abs(static_cast<double>(scores(u, i)) - all.bias(u, i)) < 1e-5);
        QVERIFY(all.user.cwiseAbs().maxCoeff() > 0.05);
    }

    void knnBaselineEqualsItsDefinition_data() {
        QTest::addColumn<bool>("ofUsers");
        QTest::addColumn<bool>("msd");
        QTest::newRow("items, Pearson") << false << false;
        QTest::newRow("items, MSD") << false << true;
        QTest::newRow("users, Pearson") << true << false;
        QTest::newRow("users, MSD") << true << true;
    }
    void knnBaselineEqualsItsDefinition() {
        QFETCH(bool, ofUsers);
        QFETCH(bool, msd);
        const SplitPtr split = wholeSplit(randomDataset(60, 40, 0.3, 3));
        const Ratings all = ratingsOf(*split, 10);
        const int k = 4;
        const int minK = 2;
        const MatrixF scores =
            scoresOfAll(*fit("knn_baseline", split,
                             {{"based_on", std::string(ofUsers ? "users" : "items")},
                              {"similarity", std::string(msd ? "msd" : "pearson_baseline")},
                              {"k", std::int64_t{k}},
                              {"min_k", std::int64_t{minK}}}),
                        *split);
        int moved = 0;
        for (Eigen::Index u = 0; u < scores.rows(); ++u)
            for (Eigen::Index i = 0; i < scores.cols(); ++i) {
                std::vector<std::pair<double, double>> near; // similarity, rating less bias
                for (Eigen::Index other = 0; other < (ofUsers ? scores.rows() : scores.cols()); ++other) {
                    const auto [v, j] = ofUsers ? std::pair{other, i} : std::pair{u, other};
                    if (all.r(v, j) == 0.0 || other == (ofUsers ? u : i)) continue;
                    const double s = similarity(all, ofUsers ? u : i, other, ofUsers, msd);
                    if (s > 0.0) near.emplace_back(s, all.e(v, j));
                }
                std::stable_sort(near.begin(), near.end(),
                                 [](const auto& a, const auto& b) { return a.first > b.first; });
                // Where float and double could disagree on who is the k-th, nothing can be said.
                if (near.size() > k && near[k - 1].first - near[k].first < 1e-5) continue;
                if (near.size() > k) near.resize(k);
                double sum = 0.0, weight = 0.0;
                for (const auto& [s, e] : near) {
                    sum += s * e;
                    weight += s;
                }
                const double expected = all.bias(u, i) + (near.size() >= minK ? sum / weight : 0.0);
                moved += near.size() >= minK ? 1 : 0;
                QVERIFY2(
                    std::abs(static_cast<double>(scores(u, i)) - expected) < 1e-4,
                    qPrintable(QString("%1 %2: %3 for %4").arg(u).arg(i).arg(scores(u, i)).arg(expected)));
            }
        QVERIFY(moved > 500);
    }

    void slopeOneByHand() {
        // Lemire & Maclachlan's example in words: u0 rates i0 1 and i1 1.5, u1 rates i0 2: i1 is .5 better.
        const SplitPtr two = wholeSplit(dataset(2, 2, {{0, 0, 1.0f}, {0, 1, 1.5f}, {1, 0, 2.0f}}));
        for (const char* scheme : {"weighted", "plain"}) {
            const MatrixF scores =
                scoresOfAll(*fit("slope_one", two, {{"scheme", std::string(scheme)}}), *two);
            QCOMPARE(scores(1, 1), 2.5f);
        }
        // i2 is 1 below i0 (two users: -2, 0) and 2 below i1 (one user); u3 rated i0 4 and i1 5, so by hand:
        // weighted (2 (4 - 1) + 1 (5 - 2)) / 3 = 3, plain 4.5 + (-1 - 2) / 2 = 3.
        // With i1 rated 2 by u3: weighted (6 + 0) / 3 = 2, plain 3 - 1.5 = 1.5.
        const SplitPtr four = wholeSplit(dataset(4, 3,
                                                 {{0, 0, 5.0f},
                                                  {0, 2, 3.0f},
                                                  {1, 0, 2.0f},
                                                  {1, 2, 2.0f},
                                                  {2, 1, 4.0f},
                                                  {2, 2, 2.0f},
                                                  {3, 0, 4.0f},
                                                  {3, 1, 2.0f}}));
        QCOMPARE(scoresOfAll(*fit("slope_one", four, {}), *four)(3, 2), 2.0f);
        QCOMPARE(scoresOfAll(*fit("slope_one", four, {{"scheme", std::string("plain")}}), *four)(3, 2), 1.5f);
    }

    void coClusteringSeesTheGroupsThatArePlanted() {
        const SplitPtr split = wholeSplit(plantedDataset());
        const auto model = fit("co_clustering", split,
                               {{"user_clusters", std::int64_t{8}}, {"item_clusters", std::int64_t{8}}});
        const MatrixF scores = scoresOfAll(*model, *split);
        const MatrixF biases = scoresOfAll(*fit("bias_als", split, {}), *split);
        double squared = 0.0, squaredOfBiases = 0.0;
        for (std::int32_t u = 0; u < model->userCount(); ++u)
            for (std::size_t n = 0; n < split->train().cols(UserIndex{u}).size(); ++n) {
                const std::int32_t i = toInt(split->train().cols(UserIndex{u})[n]);
                const double r = static_cast<double>(split->train().values(UserIndex{u})[n]);
                squared += std::pow(r - static_cast<double>(scores(u, i)), 2);
                squaredOfBiases += std::pow(r - static_cast<double>(biases(u, i)), 2);
            }
        qInfo("squared error %.3f of the biases'", squared / squaredOfBiases);
        QVERIFY(squared < 0.6 * squaredOfBiases);
    }
};

QTEST_APPLESS_MAIN(TestRatingPredictors)
#include "tst_rating_predictors.moc"
