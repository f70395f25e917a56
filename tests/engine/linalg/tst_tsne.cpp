// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/projection.h"
#include "engine/linalg/tsne.h"

#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

using namespace recoscope;

namespace {

/// `groups` clusters with centres of length about 3 in `dims` dimensions, each point with noise of `noise` an
/// axis: more directions than a plane has.
MatrixF clusters(int points, int groups, int dims, double noise, std::uint64_t seed = 8) {
    Rng rng(seed);
    MatrixF centres(groups, dims);
    for (Eigen::Index n = 0; n < centres.size(); ++n)
        centres.data()[n] = static_cast<float>(3.0 * rng.normal() / std::sqrt(static_cast<double>(dims)));
    MatrixF x(points, dims);
    for (int i = 0; i < points; ++i)
        for (int k = 0; k < dims; ++k)
            x(i, k) = centres(i % groups, k) + static_cast<float>(noise * rng.normal());
    return x;
}

std::vector<std::vector<int>> byDistance(const MatrixF& x) {
    std::vector<std::vector<int>> order;
    for (int i = 0; i < x.rows(); ++i) {
        std::vector<int> others;
        for (int j = 0; j < x.rows(); ++j)
            if (j != i) others.push_back(j);
        const VectorF d = (x.rowwise() - x.row(i)).rowwise().squaredNorm();
        std::stable_sort(others.begin(), others.end(), [&](int a, int b) { return d[a] < d[b]; });
        order.push_back(std::move(others));
    }
    return order;
}

/// Venna & Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001, equation 1.
double trustworthiness(const MatrixF& x, const MatrixF& layout, int k) {
    const auto high = byDistance(x);
    const auto low = byDistance(layout);
    const auto n = static_cast<double>(x.rows());
    double penalty = 0.0;
    for (std::size_t i = 0; i < high.size(); ++i) {
        std::vector<int> rank(high.size(), 0);
        for (std::size_t r = 0; r < high[i].size(); ++r)
            rank[static_cast<std::size_t>(high[i][r])] = static_cast<int>(r) + 1;
        for (int m = 0; m < k; ++m)
            penalty += std::max(0, rank[static_cast<std::size_t>(low[i][static_cast<std::size_t>(m)])] - k);
    }
    return 1.0 - 2.0 * penalty / (n * k * (2.0 * n - 3.0 * k - 1.0));
}

Tsne made(const MatrixF& x, const TsneOptions& options, ThreadPool& pool, const MatrixF* previous = nullptr) {
    RunControl control;
    return std::move(Tsne::make(x, options, pool, control, previous)).value();
}

MatrixF layoutOf(const MatrixF& x, int iterations, int threads = 2, const MatrixF* previous = nullptr) {
    ThreadPool pool({threads, 0});
    RunControl control;
    Tsne tsne = made(x, {}, pool, previous);
    tsne.advance(iterations, pool, control);
    return tsne.layout();
}

} // namespace

class TestTsne : public QObject {
    Q_OBJECT

private slots:
    void nearestPointsAreTheNearest() {
        ThreadPool pool({2, 0});
        RunControl control;
        for (const int points : {2, 3, 65, 200}) {
            const MatrixF x = clusters(points, 3, 7, 0.5);
            const int k = std::min(11, points - 1);
            NearestPoints found;
            QVERIFY(nearestPoints(x, k, found, pool, control));
            const auto expected = byDistance(x);
            for (int i = 0; i < points; ++i)
                for (int m = 0; m < k; ++m)
                    QCOMPARE(found.indices[static_cast<std::size_t>(i * k + m)],
                             expected[static_cast<std::size_t>(i)][static_cast<std::size_t>(m)]);
        }
    }

    void weightsHaveTheWantedPerplexity() {
        const std::vector<float> distances{0.1f, 0.2f, 0.25f, 0.9f, 1.4f, 2.0f, 2.2f, 7.0f, 9.0f, 30.0f};
        for (const double wanted : {2.0, 3.3, 8.0}) {
            std::vector<float> weights(distances.size());
            perplexityWeights(distances.data(), 10, wanted, weights.data());
            double entropy = 0.0;
            double sum = 0.0;
            for (const float w : weights) {
                sum += static_cast<double>(w);
                if (w > 0.0f) entropy -= static_cast<double>(w) * std::log(static_cast<double>(w));
            }
            QVERIFY(std::abs(sum - 1.0) < 1e-5);
            QVERIFY(std::abs(std::exp(entropy) - wanted) < 1e-3 * wanted);
            QVERIFY(std::is_sorted(weights.rbegin(), weights.rend()));
        }
        std::vector<float> equal(4, 2.0f);
        perplexityWeights(equal.data(), 4, 2.0, equal.data());
        for (const float w : equal)
            QCOMPARE(w, 0.25f); // ties leave no choice
    }

    void affinitiesAreSymmetricAndSumToOne() {
        ThreadPool pool({2, 0});
        RunControl control;
        const MatrixF x = clusters(150, 4, 5, 0.4);
        for (const TsneMetric metric : {TsneMetric::Euclidean, TsneMetric::Cosine}) {
            SparseAffinities p;
            QVERIFY(tsneAffinities(x, 10.0, metric, p, pool, control));
            MatrixF dense = MatrixF::Zero(150, 150);
            for (std::size_t i = 0; i < 150; ++i) {
                QCOMPARE((p.offsets[i + 1] - p.offsets[i]) % 16, std::int64_t{0});
                for (auto e = static_cast<std::size_t>(p.offsets[i]);
                     e < static_cast<std::size_t>(p.offsets[i + 1]); ++e)
                    dense(static_cast<Eigen::Index>(i), p.columns[e]) += p.values[e];
            }
            QVERIFY((dense - dense.transpose()).cwiseAbs().maxCoeff() < 1e-8f);
            QVERIFY(dense.diagonal().isZero(0.0f));
            QVERIFY(std::abs(dense.cast<double>().sum() - 1.0) < 1e-5);
        }
    }

    void lengthDoesNotMatterToCosine() {
        ThreadPool pool({2, 0});
        RunControl control;
        const MatrixF x = clusters(90, 4, 5, 0.4);
        MatrixF stretched = x;
        for (Eigen::Index i = 0; i < x.rows(); ++i)
            stretched.row(i) *= static_cast<float>(1 << (i % 5)); // exact in floats
        SparseAffinities a;
        SparseAffinities b;
        QVERIFY(tsneAffinities(x, 10.0, TsneMetric::Cosine, a, pool, control));
        QVERIFY(tsneAffinities(stretched, 10.0, TsneMetric::Cosine, b, pool, control));
        QVERIFY(a.columns == b.columns && a.values == b.values);
    }

    void repulsionIsThatOfAllPairs_data() {
        QTest::addColumn<int>("points");
        QTest::addColumn<double>("spread");
        QTest::newRow("two") << 2 << 1.0;
        QTest::newRow("one group") << 16 << 1.0;
        QTest::newRow("odd") << 37 << 5.0;
        QTest::newRow("many, narrow") << 900 << 1e-4;
        QTest::newRow("many, wide") << 900 << 40.0;
        QTest::newRow("all in one spot") << 100 << 0.0;
    }
    void repulsionIsThatOfAllPairs() {
        QFETCH(int, points);
        QFETCH(double, spread);
        Rng rng(6);
        MatrixF y(points, 2);
        for (Eigen::Index n = 0; n < y.size(); ++n)
            y.data()[n] = static_cast<float>(spread * rng.normal());
        MatrixD exact = MatrixD::Zero(points, 2);
        double z = 0.0;
        for (int i = 0; i < points; ++i)
            for (int j = 0; j < points; ++j) {
                if (i == j) continue;
                const double dx = static_cast<double>(y(i, 0) - y(j, 0));
                const double dy = static_cast<double>(y(i, 1) - y(j, 1));
                const double q = 1.0 / (1.0 + dx * dx + dy * dy);
                z += q;
                exact(i, 0) += q * q * dx;
                exact(i, 1) += q * q * dy;
            }
        ThreadPool pool({2, 0});
        RunControl control;
        for (const double theta : {0.0, 0.7}) {
            TsneRepulsion repulsion;
            MatrixF forces;
            double sum = 0.0;
            QVERIFY(repulsion.compute(y, theta, forces, sum, pool, control));
            const double tolerance = theta == 0.0 ? 1e-5 : 0.03;
            QVERIFY2(std::abs(sum - z) <= tolerance * std::abs(z) + 1e-9, QByteArray::number(sum / z));
            const double miss = (forces.cast<double>() - exact).norm();
            QVERIFY2(miss <= tolerance * exact.norm() + 1e-6 * std::sqrt(points) * points,
                     QByteArray::number(miss / exact.norm()));
        }
    }

    void neighboursAreKeptBetterThanByPca() {
        const MatrixF x = clusters(600, 10, 40, 0.25);
        ThreadPool pool({2, 0});
        RunControl control;
        Tsne tsne = made(x, {}, pool);
        QCOMPARE(tsne.divergence(), 0.0);
        QVERIFY(tsne.advance(300, pool, control));
        const double before = tsne.divergence();
        QVERIFY(tsne.advance(450, pool, control));
        QCOMPARE(tsne.iterations(), 750);
        QVERIFY(tsne.divergence() < before);
        const double mine = trustworthiness(x, tsne.layout(), 12);
        const double linear = trustworthiness(x, pcaProjection(x, pool, control)->layout, 12);
        qInfo("trustworthiness %.4f, PCA %.4f, divergence %.3f", mine, linear, tsne.divergence());
        QVERIFY(mine > 0.95); // PCA: about 0.9; a random layout: 0.5
        QVERIFY(mine > linear + 0.02);
        // Nearest in the picture is nearly always of the same cluster.
        int same = 0;
        const auto near = byDistance(tsne.layout());
        for (int i = 0; i < 600; ++i)
            same += near[static_cast<std::size_t>(i)][0] % 10 == i % 10 ? 1 : 0;
        QVERIFY2(same > 590, QByteArray::number(same));
    }

    void theBitsDoNotDependOnTheThreadsOrTheSteps() {
        const MatrixF x = clusters(700, 6, 12, 0.4);
        const MatrixF one = layoutOf(x, 120, 1);
        for (const int threads : {2, 3})
            QVERIFY(layoutOf(x, 120, threads) == one);
        ThreadPool pool({2, 0});
        RunControl control;
        Tsne tsne = made(x, {}, pool);
        for (int n = 0; n < 12; ++n)
            QVERIFY(tsne.advance(10, pool, control));
        QVERIFY(tsne.layout() == one);
    }

    void aWarmStartStaysNearTheLayoutItCameFrom() {
        const MatrixF x = clusters(500, 8, 20, 0.3);
        const MatrixF before = layoutOf(x, 750);
        MatrixF moved = x;
        Rng rng(2);
        for (Eigen::Index n = 0; n < moved.size(); ++n)
            moved.data()[n] += static_cast<float>(0.03 * rng.normal());
        const MatrixF warm = layoutOf(moved, 100, 2, &before);
        const MatrixF cold = layoutOf(moved, 750);
        const auto distance = [&](const MatrixF& y) { return (y - before).norm() / before.norm(); };
        qInfo("moved by %.3f of the layout's size; from anew %.3f", distance(warm), distance(cold));
        QVERIFY(distance(warm) < 0.2);
        QVERIFY(trustworthiness(moved, warm, 12) > trustworthiness(moved, cold, 12) - 0.01);
        // What cannot be gone on from is not.
        ThreadPool pool({2, 0});
        const MatrixF small = MatrixF::Ones(3, 2);
        const MatrixF spot = MatrixF::Ones(500, 2);
        QVERIFY(made(x, {}, pool, &before).warmStarted());
        QVERIFY(!made(x, {}, pool, &small).warmStarted());
        QVERIFY(!made(x, {}, pool, &spot).warmStarted());
    }

    void fewAndEqualPointsStayFinite() {
        ThreadPool pool({2, 0});
        RunControl control;
        for (const int points : {0, 1, 2, 3, 5}) {
            Tsne tsne = made(clusters(points, 2, 3, 0.5), {}, pool);
            QVERIFY(tsne.advance(300, pool, control));
            QCOMPARE(tsne.layout().rows(), Eigen::Index{points});
            QVERIFY(tsne.layout().allFinite());
            if (points > 1) QVERIFY((tsne.layout().row(0) - tsne.layout().row(1)).norm() > 0.0f);
        }
        for (const float value : {0.0f, 2.5f}) {
            for (const TsneMetric metric : {TsneMetric::Euclidean, TsneMetric::Cosine}) {
                TsneOptions options;
                options.metric = metric;
                Tsne equal = made(MatrixF::Constant(300, 8, value), options, pool);
                QVERIFY(equal.advance(300, pool, control));
                QVERIFY(equal.layout().allFinite());
            }
        }
        Tsne flat = made(MatrixF(40, 0), {}, pool);
        QVERIFY(flat.advance(10, pool, control));
        QVERIFY(flat.layout().allFinite());
    }

    void whatIsNoNumberIsRefused() {
        ThreadPool pool({2, 0});
        RunControl control;
        MatrixF x = clusters(20, 2, 3, 0.5);
        x(7, 1) = std::numeric_limits<float>::quiet_NaN();
        const auto tsne = Tsne::make(x, {}, pool, control);
        QVERIFY(!tsne.ok());
        QCOMPARE(tsne.error().code, ErrorCode::Numeric);
    }

    void cancellingKeepsTheLastWholeIteration() {
        ThreadPool pool({2, 0});
        RunControl control;
        const MatrixF x = clusters(300, 5, 6, 0.4);
        Tsne tsne = made(x, {}, pool);
        QVERIFY(tsne.advance(5, pool, control));
        const MatrixF before = tsne.layout();
        control.cancel();
        QVERIFY(!tsne.advance(5, pool, control));
        QVERIFY(tsne.layout() == before);
        QCOMPARE(tsne.iterations(), 5);
        QCOMPARE(Tsne::make(x, {}, pool, control).error().code, ErrorCode::Cancelled);
    }

    void tenThousandPointsTakeSeconds() {
        ThreadPool pool;
        RunControl control;
        for (const int points : {3'700, 10'000}) {
            const MatrixF x = clusters(points, 18, 200, 0.3);
            QElapsedTimer timer;
            timer.start();
            Tsne tsne = made(x, {}, pool);
            const double preparing = static_cast<double>(timer.elapsed()) / 1e3;
            QVERIFY(tsne.advance(points > 5'000 ? 100 : 750, pool, control));
            const double all = static_cast<double>(timer.elapsed()) / 1e3;
            qInfo("%d points: neighbours %.2f s, an iteration %.2f ms", points, preparing,
                  1e3 * (all - preparing) / tsne.iterations());
            QVERIFY(all < 60.0); // a few seconds when the machine is free; without a tree minutes
        }
    }
};

QTEST_GUILESS_MAIN(TestTsne)
#include "tst_tsne.moc"
