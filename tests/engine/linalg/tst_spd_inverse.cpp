// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/item_gram.h"
#include "engine/linalg/spd_inverse.h"

#include "tests/support/naive_linear.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <chrono>
#include <thread>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr wholeSplit(const DatasetPtr& data) {
    return makeSplit(data, {.kind = SplitKind::RandomGlobal, .testFraction = 0.0, .validationFraction = 0.0})
        .value();
}

/// A A' of a random n x 2n matrix, plus `ridge` on the diagonal; garbage above it.
MatrixF randomSpd(Eigen::Index n, float ridge, std::uint64_t seed) {
    Rng rng(seed);
    MatrixF a(n, 2 * n);
    for (Eigen::Index v = 0; v < a.size(); ++v)
        a.data()[v] = static_cast<float>(rng.normal());
    MatrixF spd = a * a.transpose();
    spd.diagonal().array() += ridge;
    for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = i + 1; j < n; ++j)
            spd(i, j) = 1e30f;
    return spd;
}

MatrixD bothSides(const MatrixF& lower) {
    MatrixD full(lower.rows(), lower.cols());
    for (Eigen::Index i = 0; i < lower.rows(); ++i)
        for (Eigen::Index j = 0; j < lower.cols(); ++j)
            full(i, j) = static_cast<double>(lower(std::max(i, j), std::min(i, j)));
    return full;
}

} // namespace

class TestSpdInverse final : public QObject {
    Q_OBJECT
private slots:
    void equalsTheNaiveInverse_data() {
        QTest::addColumn<int>("n");
        // Around the borders of the blocks of 32 and 336.
        for (const int n : {0, 1, 2, 3, 31, 32, 33, 63, 100, 335, 336, 337, 368, 700})
            QTest::addRow("%d", n) << n;
    }
    void equalsTheNaiveInverse() {
        QFETCH(int, n);
        ThreadPool pool({2, 0});
        RunControl control;
        const MatrixF matrix = randomSpd(n, 1.0f, 5);
        MatrixF inverse = matrix;
        double last = 0.0;
        QCOMPARE(invertSpd(inverse, pool, control, [&](double fraction) { last = fraction; }),
                 InverseOutcome::Done);
        if (n == 0) return;
        QCOMPARE(last, 1.0);
        QVERIFY(inverse == inverse.transpose());
        const MatrixD expected = naiveInverse(bothSides(matrix));
        const double error = (inverse.cast<double>() - expected).cwiseAbs().maxCoeff();
        QVERIFY2(error < 2e-5 * expected.cwiseAbs().maxCoeff(), qPrintable(QString::number(error)));
    }

    void givesTheSameBitsForAnyThreadCount() {
        const MatrixF matrix = randomSpd(1100, 1.0f, 6);
        RunControl control;
        MatrixF one = matrix;
        ThreadPool alone({1, 0});
        QCOMPARE(invertSpd(one, alone, control), InverseOutcome::Done);
        MatrixF three = matrix;
        ThreadPool pool({3, 0});
        QCOMPARE(invertSpd(three, pool, control), InverseOutcome::Done);
        QVERIFY(one == three);
    }

    void saysWhatHasNoInverse() {
        ThreadPool pool({2, 0});
        RunControl control;
        for (const float bad :
             {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            MatrixF matrix = randomSpd(400, 1.0f, 7);
            matrix.row(380).setZero();
            matrix.col(380).setZero();
            matrix(380, 380) = bad;
            QCOMPARE(invertSpd(matrix, pool, control), InverseOutcome::NotPositiveDefinite);
        }
    }

    void cancelsInTheMiddle() {
        ThreadPool pool({2, 0});
        RunControl control;
        MatrixF matrix = randomSpd(1500, 1.0f, 8);
        int pivots = 0;
        QCOMPARE(invertSpd(matrix, pool, control,
                           [&](double) {
                               ++pivots;
                               control.cancel();
                           }),
                 InverseOutcome::Cancelled);
        QCOMPARE(pivots, 1);
    }

    void gramCountsWhoHoldsBoth() {
        ThreadPool pool({2, 0});
        RunControl control;
        for (const int items : {1, 2, 65, 130}) {
            const SplitPtr split = wholeSplit(randomDataset(90, items, 0.2, 9));
            for (const EntryValues values : {EntryValues::Ones, EntryValues::Given}) {
                MatrixF gram;
                QVERIFY(itemGram(split->train(), split->trainByItem(), values, gram, pool, control));
                QCOMPARE(gram.rows(), Eigen::Index{split->dataset()->itemCount()});
                QVERIFY(gram.cast<double>() == naiveGram(split->train(), values)); // small whole numbers
            }
        }
        control.cancel();
        const SplitPtr split = wholeSplit(randomDataset(90, 20, 0.2, 9));
        MatrixF gram;
        QVERIFY(!itemGram(split->train(), split->trainByItem(), EntryValues::Ones, gram, pool, control));
    }
};

QTEST_APPLESS_MAIN(TestSpdInverse)
#include "tst_spd_inverse.moc"
