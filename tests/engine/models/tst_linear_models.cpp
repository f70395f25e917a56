// SPDX-License-Identifier: GPL-3.0-or-later
//
// EASE, SLIM, P3alpha and RP3beta beside their definitions, computed slowly in double.
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

Result<std::shared_ptr<const Recommender>> fit(const char* id, const SplitPtr& split,
                                               const ParamMap& params) {
    auto trainer = requireAlgorithm(id).value()->makeTrainer({split, params, 42});
    if (!trainer) return trainer.error();
    ThreadPool pool({2, 0});
    RunControl control;
    EpochContext context{pool, control, 1, {}};
    const auto epoch = (*trainer)->runEpoch(context);
    if (!epoch) return epoch.error();
    return (*trainer)->snapshot();
}

/// What holding each item, once, says for all others: the weights row by row.
MatrixF weightsOf(const Recommender& model) {
    MatrixF out(model.itemCount(), model.itemCount());
    const float one = 1.0f;
    for (std::int32_t i = 0; i < model.itemCount(); ++i) {
        const ItemIndex item{i};
        Query query;
        query.items = std::span(&item, 1);
        query.values = std::span(&one, 1);
        model.score(std::span(&query, 1), out.row(i));
    }
    return out;
}

double largestDifference(const MatrixF& a, const MatrixD& b) {
    return (a.cast<double>() - b).cwiseAbs().maxCoeff();
}

/// Keeps the k largest of a row above 0, ties (to a float's digits) to the lower index; the rest becomes 0.
template <class Vector>
void keepLargest(Vector&& row, int k) {
    std::vector<std::pair<float, int>> order;
    for (int n = 0; n < row.size(); ++n)
        order.emplace_back(-static_cast<float>(row(n)), n);
    std::sort(order.begin(), order.end());
    for (std::size_t place = 0; place < order.size(); ++place)
        if (place >= static_cast<std::size_t>(k) || order[place].first >= 0.0f)
            row(order[place].second) = 0.0;
}

/// RP3beta by its definition.
MatrixD naiveWalk(const UserItemCsr& byUser, int k, double alpha, double beta, bool normalise,
                  EntryValues values) {
    const MatrixD x = denseUserItem(byUser, values);
    const Eigen::Index n = x.cols();
    MatrixD toUser = MatrixD::Zero(n, x.rows());
    MatrixD toItem = MatrixD::Zero(x.rows(), n);
    for (Eigen::Index u = 0; u < x.rows(); ++u)
        for (Eigen::Index i = 0; i < n; ++i) {
            if (x(u, i) == 0.0) continue;
            toUser(i, u) = std::pow(x(u, i) / x.col(i).sum(), alpha);
            toItem(u, i) = std::pow(x(u, i) / x.row(u).sum(), alpha);
        }
    MatrixD w = toUser * toItem;
    for (Eigen::Index j = 0; j < n; ++j)
        w.col(j) *= std::pow(static_cast<double>((x.col(j).array() != 0.0).count()), -beta);
    w.diagonal().setZero();
    for (Eigen::Index i = 0; i < n; ++i) {
        keepLargest(w.row(i), k);
        if (normalise && w.row(i).sum() > 0.0) w.row(i) /= w.row(i).sum();
    }
    for (Eigen::Index j = 0; j < n; ++j)
        keepLargest(w.col(j), k);
    return w;
}

} // namespace

class TestLinearModels final : public QObject {
    Q_OBJECT
private slots:
    void easeEqualsItsClosedForm() {
        // More than one stripe of 128 scores, and not a whole number of them.
        for (const int items : {1, 3, 40, 300}) {
            const SplitPtr split = wholeSplit(randomDataset(120, items, 0.15, 3));
            for (const EntryValues values : {EntryValues::Ones, EntryValues::Given}) {
                const bool ones = values == EntryValues::Ones;
                const auto model = fit(
                    "ease", split, {{"reg_weight", 7.5}, {"values", std::string(ones ? "ones" : "ratings")}});
                QVERIFY(model);
                const MatrixD expected = naiveEase(split->train(), 7.5, values);
                const double error = largestDifference(weightsOf(**model), expected);
                QVERIFY2(error < 2e-5, qPrintable(QString::number(error)));
            }
        }
    }

    void easeSaysWhichParameterToChange() {
        const SplitPtr split =
            wholeSplit(dataset(2, 2, {{0, 0, 1e25f, 0}, {0, 1, 1e25f, 0}, {1, 0, 1e24f, 0}}));
        const auto model = fit("ease", split, {{"values", std::string("ratings")}});
        QVERIFY(!model);
        QCOMPARE(model.error().code, ErrorCode::Numeric);
        QCOMPARE(model.error().where, std::string("reg_weight"));
    }

    void slimEqualsPlainCoordinateDescent_data() {
        QTest::addColumn<bool>("positive");
        QTest::addColumn<double>("ratio");
        QTest::newRow("positive, few weights") << true << 0.3;
        QTest::newRow("positive, many weights") << true << 0.001;
        QTest::newRow("both signs, few weights") << false << 0.3;
        QTest::newRow("both signs, ridge") << false << 0.0;
    }
    void slimEqualsPlainCoordinateDescent() {
        QFETCH(bool, positive);
        QFETCH(double, ratio);
        // Two batches of columns, the second not full; three groups of coordinates.
        const int items = 170;
        const SplitPtr split = wholeSplit(randomDataset(150, items, 0.1, 4));
        const double alpha = 0.05;
        const auto model = fit("slim", split,
                               {{"alpha", alpha},
                                {"l1_ratio", ratio},
                                {"positive_only", positive},
                                {"tolerance", 0.0},
                                {"max_iter", std::int64_t{300}},
                                {"k", std::int64_t{items}}});
        QVERIFY(model);
        const MatrixF weights = weightsOf(**model);
        const MatrixD gram = naiveGram(split->train(), EntryValues::Ones);
        const double strength = alpha * 150.0;
        for (const Eigen::Index target : {0, 1, 63, 64, 127, 128, 169}) {
            const VectorD expected =
                naiveElasticNet(gram, target, strength * ratio, strength * (1.0 - ratio), positive, 300);
            const double error = (weights.col(target).cast<double>() - expected).cwiseAbs().maxCoeff();
            QVERIFY2(error < 1e-5, qPrintable(QString::number(error)));
            QVERIFY(expected.cwiseAbs().maxCoeff() > 0.01);
        }
    }

    void slimKeepsTheLargestWeights() {
        const SplitPtr split = wholeSplit(randomDataset(150, 60, 0.2, 5));
        const ParamMap all{{"k", std::int64_t{60}}, {"l1_ratio", 0.001}};
        ParamMap few = all;
        few["k"] = std::int64_t{3};
        const MatrixF full = weightsOf(**fit("slim", split, all));
        const MatrixF cut = weightsOf(**fit("slim", split, few));
        for (Eigen::Index j = 0; j < full.cols(); ++j) {
            MatrixD column = full.col(j).cast<double>();
            keepLargest(column.col(0), 3);
            QVERIFY(cut.col(j) == column.cast<float>());
        }
    }

    void walksEqualTheirDefinition_data() {
        QTest::addColumn<double>("alpha");
        QTest::addColumn<double>("beta");
        QTest::addColumn<bool>("normalise");
        QTest::addColumn<bool>("ratings");
        QTest::newRow("P3") << 1.0 << 0.0 << false << false;
        QTest::newRow("P3alpha") << 0.7 << 0.0 << true << false;
        QTest::newRow("RP3beta") << 0.86 << 0.66 << true << false;
        QTest::newRow("RP3beta on ratings") << 1.3 << 0.4 << false << true;
    }
    void walksEqualTheirDefinition() {
        QFETCH(double, alpha);
        QFETCH(double, beta);
        QFETCH(bool, normalise);
        QFETCH(bool, ratings);
        const SplitPtr split = wholeSplit(randomDataset(90, 50, 0.2, 6));
        const int k = 12;
        ParamMap params{{"k", std::int64_t{k}},
                        {"alpha", alpha},
                        {"normalise", normalise},
                        {"values", std::string(ratings ? "ratings" : "ones")}};
        if (beta > 0.0) params["beta"] = beta;
        const auto model = fit(beta > 0.0 ? "rp3beta" : "p3alpha", split, params);
        QVERIFY2(model, model ? "" : model.error().text().c_str());
        const MatrixD expected = naiveWalk(split->train(), k, alpha, beta, normalise,
                                           ratings ? EntryValues::Given : EntryValues::Ones);
        QVERIFY(largestDifference(weightsOf(**model), expected) < 1e-6);
        QVERIFY(expected.maxCoeff() > 1e-3);
    }

    void costsGrowAsTheMemoryDoes() {
        const DataShape small{.users = 1000, .items = 1000, .interactions = 1e5, .squaredHistories = 1e7};
        DataShape large = small;
        large.items = 20'000;
        for (const char* id : {"ease", "slim", "p3alpha", "rp3beta", "bias_als", "knn_baseline", "slope_one",
                               "co_clustering"}) {
            const AlgorithmInfo* const info = requireAlgorithm(id).value();
            QVERIFY2(info->cost, id);
            QVERIFY(info->cost(large, {}).bytes > info->cost(small, {}).bytes);
            QVERIFY(!info->cost(small, {}).memory.empty());
        }
        const FitCost ease = requireAlgorithm("ease").value()->cost(large, {});
        QVERIFY(ease.bytes >= 3.2e9 && ease.bytes < 3.6e9); // items² x 4 bytes, twice: also while it is stored
        QCOMPARE(ease.factorisation, 4e12);
    }
};

QTEST_APPLESS_MAIN(TestLinearModels)
#include "tst_linear_models.moc"
