// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/truncated_svd.h"

#include <Eigen/SVD>
#include <QTest>

#include <atomic>
#include <cmath>
#include <thread>

using namespace recoscope;

namespace {

struct Sparse {
    UserItemCsr byUser;
    ItemUserCsr byItem;
    MatrixD dense; // rows with entries only; centred when asked
};

Sparse fromDense(const MatrixD& cells, const SvdOptions& options) {
    std::vector<Entry<UserIndex, ItemIndex>> entries;
    std::vector<Eigen::Index> kept;
    for (Eigen::Index r = 0; r < cells.rows(); ++r) {
        bool any = false;
        for (Eigen::Index c = 0; c < cells.cols(); ++c) {
            if (cells(r, c) == 0.0) continue;
            any = true;
            entries.push_back({UserIndex{static_cast<int>(r)}, ItemIndex{static_cast<int>(c)},
                               static_cast<float>(cells(r, c))});
        }
        if (any) kept.push_back(r);
    }
    Sparse out;
    out.byUser =
        UserItemCsr::fromEntries(static_cast<int>(cells.rows()), static_cast<int>(cells.cols()), entries)
            .value();
    out.byItem = out.byUser.transposed();
    out.dense = MatrixD(static_cast<Eigen::Index>(kept.size()), cells.cols());
    for (std::size_t n = 0; n < kept.size(); ++n)
        out.dense.row(static_cast<Eigen::Index>(n)) = cells.row(kept[n]);
    if (options.values == CellValues::Ones)
        out.dense =
            (out.dense.array() != 0.0).select(MatrixD::Ones(out.dense.rows(), out.dense.cols()), out.dense);
    if (options.centring == Centring::ColumnMeans && out.dense.rows() > 0) {
        const Eigen::RowVectorXd mean = out.dense.colwise().mean();
        out.dense.rowwise() -= mean;
    }
    return out;
}

/// Ratings 1..5 in about `density` of the cells; every fifth row is empty when `gaps`.
MatrixD randomCells(int rows, int cols, double density, std::uint64_t seed, bool gaps = false) {
    Rng rng(seed);
    MatrixD cells = MatrixD::Zero(rows, cols);
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < cols; ++c) {
            const bool filled = rng.uniform() < density;
            const auto value = static_cast<double>(rng.below(5) + 1);
            if (filled && !(gaps && r % 5 == 2)) cells(r, c) = value;
        }
    return cells;
}

/// Product of two thin integer matrices: rank `rank`, exactly.
MatrixD lowRank(int rows, int cols, int rank) {
    Rng rng(3);
    const auto whole = [&] { return static_cast<double>(rng.below(7)) - 3.0; };
    MatrixD a(rows, rank);
    MatrixD b(rank, cols);
    for (Eigen::Index n = 0; n < a.size(); ++n)
        a.data()[n] = whole();
    for (Eigen::Index n = 0; n < b.size(); ++n)
        b.data()[n] = whole();
    return a * b;
}

TruncatedSvd decompose(const Sparse& x, const SvdOptions& options, int threads = 2) {
    ThreadPool pool({threads, 0});
    RunControl control;
    auto found = truncatedSvd(x.byUser, x.byItem, options, pool, control);
    return found ? std::move(*found) : TruncatedSvd{};
}

} // namespace

class TestTruncatedSvd : public QObject {
    Q_OBJECT

private slots:
    void itIsTheDenseDecomposition_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::addColumn<int>("rank");
        QTest::addColumn<double>("density");
        QTest::addColumn<int>("deficient"); // the matrix' own rank; 0: full
        QTest::newRow("tall") << 90 << 40 << 12 << 0.3 << 0;
        QTest::newRow("wide") << 33 << 120 << 9 << 0.2 << 0;
        QTest::newRow("all directions") << 30 << 20 << 20 << 0.5 << 0;
        QTest::newRow("more asked than there are") << 12 << 7 << 30 << 0.6 << 0;
        QTest::newRow("one column kept") << 50 << 50 << 1 << 0.2 << 0;
        QTest::newRow("rank 3 of 10") << 60 << 45 << 10 << 1.0 << 3;
        QTest::newRow("rank 1 of 4") << 20 << 31 << 4 << 1.0 << 1;
        QTest::newRow("one cell") << 1 << 1 << 1 << 1.0 << 0;
        QTest::newRow("one row") << 1 << 9 << 3 << 0.8 << 0;
        QTest::newRow("one column") << 9 << 1 << 2 << 0.8 << 0;
        QTest::newRow("nothing in it") << 5 << 6 << 2 << 0.0 << 0;
    }

    void itIsTheDenseDecomposition() {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        QFETCH(double, density);
        QFETCH(int, deficient);
        const MatrixD cells =
            deficient > 0 ? lowRank(rows, cols, deficient) : randomCells(rows, cols, density, 17, true);
        for (const CellValues values : {CellValues::AsGiven, CellValues::Ones})
            for (const Centring centring : {Centring::None, Centring::ColumnMeans}) {
                SvdOptions options;
                options.rank = rank;
                options.powerIterations = 40; // a random matrix' singular values lie close together
                options.values = values;
                options.centring = centring;
                const Sparse x = fromDense(cells, options);
                const TruncatedSvd found = decompose(x, options);
                QCOMPARE(found.v.rows(), Eigen::Index{cols});
                QCOMPARE(found.v.cols(), Eigen::Index{rank});
                QCOMPARE(found.rows, static_cast<std::int64_t>(x.dense.rows()));
                QVERIFY(std::abs(found.squaredNorm - x.dense.squaredNorm()) <=
                        1e-10 * (1.0 + cells.squaredNorm()));

                VectorD expected = VectorD::Zero(rank);
                if (x.dense.size() > 0) {
                    const Eigen::JacobiSVD<MatrixD> svd(x.dense);
                    const Eigen::Index count = std::min<Eigen::Index>(rank, svd.singularValues().size());
                    expected.head(count) = svd.singularValues().head(count);
                }
                const double scale = std::max(expected.size() > 0 ? expected[0] : 0.0, 1.0);
                for (int k = 0; k < rank; ++k)
                    QVERIFY2(std::abs(found.singularValues[k] - expected[k]) < 2e-6 * scale,
                             qPrintable(QString("σ%1 %2, dense %3")
                                            .arg(k)
                                            .arg(found.singularValues[k], 0, 'g', 12)
                                            .arg(expected[k], 0, 'g', 12)));
                // V is orthonormal where σ is not zero, zero elsewhere, and X v has the length σ.
                const MatrixD product = found.v.transpose() * found.v;
                const MatrixD xv = x.dense * found.v;
                for (int k = 0; k < rank; ++k) {
                    const bool real = found.singularValues[k] > 0.0;
                    for (int j = 0; j < rank; ++j)
                        QVERIFY(std::abs(product(k, j) - (real && j == k ? 1.0 : 0.0)) < 1e-9);
                    QVERIFY(std::abs(xv.col(k).norm() - found.singularValues[k]) < 1e-8 * scale);
                }
                const double error = (x.dense - xv * found.v.transpose()).squaredNorm();
                QVERIFY(std::abs(error - found.squaredError()) < 1e-8 * (1.0 + cells.squaredNorm()));
            }
    }

    void aSpectrumThatFallsNeedsFewPasses() {
        // Planted: singular values 2^-k times noise-free directions, rounded to floats.
        SvdOptions options;
        options.rank = 8;
        options.powerIterations = 2;
        const int rows = 200;
        const int cols = 90;
        Rng rng(5);
        MatrixD a(rows, 20);
        MatrixD b(20, cols);
        for (Eigen::Index n = 0; n < a.size(); ++n)
            a.data()[n] = rng.normal();
        for (Eigen::Index n = 0; n < b.size(); ++n)
            b.data()[n] = rng.normal();
        for (int k = 0; k < 20; ++k)
            b.row(k) *= std::pow(0.6, k);
        const MatrixD cells = (a * b).cast<float>().cast<double>();
        const Sparse x = fromDense(cells, options);
        const TruncatedSvd found = decompose(x, options);
        const Eigen::JacobiSVD<MatrixD> svd(x.dense);
        for (int k = 0; k < 8; ++k)
            QVERIFY(std::abs(found.singularValues[k] / svd.singularValues()[k] - 1.0) < 1e-6);
    }

    void theBitsDoNotDependOnTheThreads() {
        for (const Centring centring : {Centring::None, Centring::ColumnMeans}) {
            SvdOptions options;
            options.rank = 13;
            options.centring = centring;
            const Sparse x = fromDense(randomCells(700, 333, 0.05, 9), options);
            const TruncatedSvd one = decompose(x, options, 1);
            for (const int threads : {2, 3, 4}) {
                const TruncatedSvd many = decompose(x, options, threads);
                QVERIFY(one.v == many.v);
                QVERIFY(one.singularValues == many.singularValues);
            }
            options.seed = 43; // another start, the same space
            const TruncatedSvd other = decompose(x, options, 2);
            QVERIFY(one.v != other.v);
            // Random cells have no leading space: centred, singular values lie within percents of each other.
            QVERIFY(std::abs(one.singularValues[0] / other.singularValues[0] - 1.0) < 0.01);
        }
    }

    void progressRisesAndCancellingGivesNothing() {
        SvdOptions options;
        options.rank = 20;
        const Sparse x = fromDense(randomCells(500, 400, 0.05, 9), options);
        ThreadPool pool({2, 0});
        RunControl control;
        double last = 0.0;
        bool rising = true;
        const auto found = truncatedSvd(x.byUser, x.byItem, options, pool, control, [&](double fraction) {
            rising = rising && fraction > last && fraction < 1.0;
            last = fraction;
            if (fraction > 0.5) control.cancel();
        });
        QVERIFY(rising);
        QVERIFY(last > 0.5);
        QVERIFY(!found);
    }
};

QTEST_GUILESS_MAIN(TestTruncatedSvd)
#include "tst_truncated_svd.moc"
