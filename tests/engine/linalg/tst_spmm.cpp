// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/matrix.h"
#include "engine/core/rng.h"
#include "engine/linalg/spmm.h"

#include <QTest>

#include <vector>

using namespace recoscope;

namespace {

constexpr float untouched = 9.0f;

/// A random product, and the same computed densely.
struct Drawn {
    Drawn(std::int64_t rows, std::int64_t cols, std::int64_t stride, Rng& rng)
        : ones(MatrixF::Zero(rows, cols))
        , z(cols, stride)
        , x(rows, stride)
        , own(rows)
        , scale(rows) {
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t c = 0; c < cols; ++c)
                if (rng.uniform() < 0.3) {
                    ones(r, c) = 1.0f;
                    columns.push_back(static_cast<std::int32_t>(c));
                }
            offsets.push_back(static_cast<std::int64_t>(columns.size()));
        }
        for (MatrixF* const matrix : {&z, &x})
            for (Eigen::Index n = 0; n < matrix->size(); ++n)
                matrix->data()[n] = static_cast<float>(rng.normal());
        for (VectorF* const factors : {&own, &scale})
            for (Eigen::Index n = 0; n < rows; ++n)
                (*factors)[n] = rng.uniformFloat();
    }

    MatrixF expected() const {
        return own.asDiagonal() * x + MatrixF(scale.asDiagonal() * MatrixF(ones * z));
    }

    MatrixF times(const SparseOnes& sparse, SparseOnes::Product product, int threads) const {
        MatrixF y = MatrixF::Constant(x.rows(), x.cols(), untouched);
        product.z = z.data();
        product.x = x.data();
        product.y = y.data();
        product.stride = x.cols();
        product.own = own.data();
        product.scale = scale.data();
        ThreadPool pool({.threads = threads});
        RunControl control;
        [[maybe_unused]] const bool done = sparse.multiply(product, pool, control);
        return y;
    }

    MatrixF ones;
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> columns;
    MatrixF z;
    MatrixF x;
    VectorF own;
    VectorF scale;
};

} // namespace

class TestSpmm final : public QObject {
    Q_OBJECT
private slots:
    void itEqualsTheDenseProductForAnyShapeTilesAndThreads() {
        Rng rng(3);
        for (const std::int64_t rows : {0, 1, 7, 100})
            for (const std::int64_t cols : {1, 5, 90})
                for (const std::int64_t stride : {16, 48, 64, 144}) {
                    const Drawn drawn(rows, cols, stride, rng);
                    for (const std::int32_t tile : {1, 7, 30, 1000}) {
                        const SparseOnes sparse(drawn.offsets, drawn.columns, tile);
                        QCOMPARE(sparse.rows(), rows);
                        MatrixF first;
                        for (const int threads : {1, 2}) {
                            const MatrixF y = drawn.times(sparse, {}, threads);
                            QVERIFY(rows == 0 || (y - drawn.expected()).cwiseAbs().maxCoeff() < 1e-4f);
                            if (threads == 1) first = y;
                            QVERIFY(first == y);
                        }
                    }
                }
    }

    void onlyTheRowsThatAreWantedAreWritten() {
        Rng rng(4);
        const Drawn drawn(80, 60, 80, rng);
        std::vector<std::uint8_t> wanted(80);
        for (std::size_t row = 0; row < 80; row += 3)
            wanted[row] = 1;
        const MatrixF y =
            drawn.times(SparseOnes(drawn.offsets, drawn.columns, 16), {.wanted = wanted.data()}, 2);
        const MatrixF expected = drawn.expected();
        for (Eigen::Index row = 0; row < 80; ++row)
            if (wanted[static_cast<std::size_t>(row)])
                QVERIFY((y.row(row) - expected.row(row)).cwiseAbs().maxCoeff() < 1e-4f);
            else
                QVERIFY(y.row(row) == MatrixF::Constant(1, 80, untouched));
    }

    void columnsOfZerosMayBeLeftOut() {
        Rng rng(5);
        Drawn drawn(80, 60, 80, rng);
        for (const int apart : {1, 2, 20}) { // as few as one marked column in a tile, and all of them
            std::vector<std::uint8_t> nonZero(60);
            for (std::size_t column = 0; column < 60; column += static_cast<std::size_t>(apart))
                nonZero[column] = 1;
            const MatrixF all = drawn.z;
            for (Eigen::Index column = 0; column < 60; ++column)
                if (!nonZero[static_cast<std::size_t>(column)]) drawn.z.row(column).setZero();
            const MatrixF y =
                drawn.times(SparseOnes(drawn.offsets, drawn.columns, 16), {.nonZero = nonZero.data()}, 2);
            QVERIFY((y - drawn.expected()).cwiseAbs().maxCoeff() < 1e-4f);
            drawn.z = all;
        }
    }

    void aTileIsAMegabyteOfRows() {
        QCOMPARE(SparseOnes::tileFor(64), 4096);
        QCOMPARE(SparseOnes::tileFor(1 << 20), 1);
    }

    void cancellingStopsIt() {
        Rng rng(6);
        const Drawn drawn(3, 3, 16, rng);
        ThreadPool pool({.threads = 1});
        RunControl control;
        control.cancel();
        MatrixF y(3, 16);
        QVERIFY(!SparseOnes(drawn.offsets, drawn.columns, 2)
                     .multiply({.z = drawn.z.data(),
                                .x = drawn.x.data(),
                                .y = y.data(),
                                .stride = 16,
                                .own = drawn.own.data(),
                                .scale = drawn.scale.data()},
                               pool, control));
    }
};

QTEST_GUILESS_MAIN(TestSpmm)
#include "tst_spmm.moc"
