// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/matrix.h"
#include "engine/core/rng.h"
#include "engine/linalg/spmm.h"

#include <QTest>

#include <vector>

using namespace recoscope;

class TestSpmm final : public QObject {
    Q_OBJECT
private slots:
    void itEqualsTheDenseProductForAnyShapeAndThreads() {
        Rng rng(3);
        for (const std::int64_t rows : {0, 1, 7, 100})
            for (const std::int64_t cols : {1, 5, 90})
                for (const std::int64_t stride : {16, 48, 64, 144}) {
                    MatrixF dense = MatrixF::Zero(rows, cols);
                    std::vector<std::int64_t> offsets{0};
                    std::vector<std::int32_t> columns;
                    for (std::int64_t r = 0; r < rows; ++r) {
                        for (std::int64_t c = 0; c < cols; ++c)
                            if (rng.uniform() < 0.3) {
                                dense(r, c) = 1.0f;
                                columns.push_back(static_cast<std::int32_t>(c));
                            }
                        offsets.push_back(static_cast<std::int64_t>(columns.size()));
                    }
                    MatrixF x(cols, stride);
                    for (Eigen::Index n = 0; n < x.size(); ++n)
                        x.data()[n] = static_cast<float>(rng.normal());
                    VectorF scale(rows);
                    for (Eigen::Index n = 0; n < rows; ++n)
                        scale[n] = rng.uniformFloat();
                    const MatrixF expected = scale.asDiagonal() * (dense * x);
                    MatrixF first;
                    for (const int threads : {1, 2}) {
                        ThreadPool pool({.threads = threads});
                        RunControl control;
                        MatrixF y = MatrixF::Constant(rows, stride, 9.0f);
                        MatrixF total = MatrixF::Ones(rows, stride);
                        QVERIFY(sparseOnesTimesDense({offsets, columns.data()}, x.data(), stride,
                                                     scale.data(), y.data(), total.data(), pool, control));
                        QVERIFY(rows == 0 || (y - expected).cwiseAbs().maxCoeff() < 1e-4f);
                        QVERIFY(rows == 0 || (total - y).isApproxToConstant(1.0f, 1e-4f));
                        if (threads == 1) first = y;
                        QVERIFY(first == y);
                    }
                }
    }

    void cancellingStopsIt() {
        const std::vector<std::int64_t> offsets{0, 1};
        const std::int32_t column = 0;
        const MatrixF x = MatrixF::Ones(1, 16);
        const float scale = 1.0f;
        MatrixF y = MatrixF::Zero(1, 16);
        ThreadPool pool({.threads = 1});
        RunControl control;
        control.cancel();
        QVERIFY(!sparseOnesTimesDense({offsets, &column}, x.data(), 16, &scale, y.data(), nullptr, pool,
                                      control));
    }
};

QTEST_GUILESS_MAIN(TestSpmm)
#include "tst_spmm.moc"
