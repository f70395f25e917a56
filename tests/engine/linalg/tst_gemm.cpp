// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/core/thread_pool.h"
#include "engine/linalg/gemm.h"

#include "tests/conformance/allocation_counter.h"
#include "tests/support/naive_gemm.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace recoscope;
using namespace recoscope::test;

namespace {

// What stands between the rows of C and must stay there.
constexpr float kGuard = 12345.0f;

struct Shape {
    std::int64_t m = 0;
    std::int64_t n = 0;
    std::int64_t k = 0;
    Transpose transposeA = Transpose::No;
    Transpose transposeB = Transpose::No;
    bool accumulate = false;
    std::int64_t spare = 0; // rows are this much further apart than they are long
};

/// Matrices of one problem, of normal numbers; same seed, same numbers.
template <class S>
struct Matrices {
    Matrices(const Shape& s, std::uint64_t seed) {
        Rng rng(seed);
        const auto fill = [&](std::int64_t rows, std::int64_t cols, std::vector<S>& out) {
            const std::int64_t stride = cols + s.spare;
            // Exactly up to the last value: a read beyond it is an error that the address sanitizer sees.
            out.assign(static_cast<std::size_t>(rows > 0 ? (rows - 1) * stride + cols : 0), S(kGuard));
            for (std::int64_t row = 0; row < rows; ++row)
                for (std::int64_t col = 0; col < cols; ++col)
                    out[static_cast<std::size_t>(row * stride + col)] = static_cast<S>(rng.normal());
            return stride;
        };
        const bool ta = s.transposeA == Transpose::Yes;
        const bool tb = s.transposeB == Transpose::Yes;
        problem.m = s.m;
        problem.n = s.n;
        problem.k = s.k;
        problem.lda = ta ? fill(s.k, s.m, a) : fill(s.m, s.k, a);
        problem.ldb = tb ? fill(s.n, s.k, b) : fill(s.k, s.n, b);
        problem.ldc = fill(s.m, s.n, c);
        problem.a = a.data();
        problem.b = b.data();
        problem.c = c.data();
        problem.transposeA = s.transposeA;
        problem.transposeB = s.transposeB;
        problem.accumulate = s.accumulate;
    }
    Matrices(const Matrices&) = delete;
    Matrices& operator=(const Matrices&) = delete;

    std::vector<S> a, b, c;
    GemmProblem<S> problem;
};

template <class S>
bool sameBits(const std::vector<S>& a, const std::vector<S>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(S)) == 0);
}

/// The largest difference to the three loops; infinity when anything between the rows of C was touched.
template <class S>
double errorOf(const Shape& shape, std::uint64_t seed, GemmScratch<S>& scratch, ThreadPool* pool) {
    Matrices<S> ours(shape, seed);
    Matrices<S> naive(shape, seed);
    gemm(ours.problem, scratch, pool);
    naiveGemm(naive.problem);
    double error = 0.0;
    for (std::size_t i = 0; i < ours.c.size(); ++i) {
        const bool between = static_cast<std::int64_t>(i) % ours.problem.ldc >= shape.n;
        if (between && ours.c[i] != S(kGuard)) return std::numeric_limits<double>::infinity();
        if (!between) {
            const double difference =
                std::abs(static_cast<double>(ours.c[i]) - static_cast<double>(naive.c[i]));
            if (!(difference <= error)) error = difference; // NaN counts as an error
        }
    }
    return error;
}

/// Rounding of a sum of k products of normal numbers, with a wide margin; a missing or doubled product is off
/// by about 1.
template <class S>
double allowed(const Shape& shape) {
    return std::numeric_limits<S>::epsilon() * 4.0 * (8.0 + static_cast<double>(shape.k));
}

void addLayouts() {
    QTest::addColumn<int>("transposes");
    QTest::addColumn<bool>("accumulate");
    for (int transposes = 0; transposes < 4; ++transposes)
        for (const bool accumulate : {false, true})
            QTest::addRow("A%s B%s%s", transposes & 1 ? "t" : "", transposes & 2 ? "t" : "",
                          accumulate ? ", added" : "")
                << transposes << accumulate;
}

Shape layout() {
    QFETCH_GLOBAL(int, transposes);
    QFETCH_GLOBAL(bool, accumulate);
    Shape shape;
    shape.transposeA = transposes & 1 ? Transpose::Yes : Transpose::No;
    shape.transposeB = transposes & 2 ? Transpose::Yes : Transpose::No;
    shape.accumulate = accumulate;
    return shape;
}

template <class S>
void compareRandomShapes(Shape shape) {
    ThreadPool pool({.threads = 2});
    GemmScratch<S> scratch;
    Rng rng(42);
    // Sizes around the borders of tiles and blocks are as likely as any.
    const auto size = [&](std::int64_t most) {
        const std::int64_t edges[] = {0, 1, 2, 4, 5, 13, 14, 15, 16, 17, 31, 32, 33, 63, 65, 97};
        const std::int64_t value = rng.below(2) ? edges[rng.below(std::size(edges))] : 1 + rng.below(most);
        return std::min(value, most);
    };
    for (std::uint64_t round = 0; round < 150; ++round) {
        shape.m = size(90);
        shape.n = size(150);
        shape.k = rng.below(8) == 0 ? 380 + static_cast<std::int64_t>(rng.below(420)) : size(100);
        shape.spare = rng.below(2) ? static_cast<std::int64_t>(rng.below(20)) : 0;
        const double error = errorOf<S>(shape, round, scratch, round % 2 ? &pool : nullptr);
        QVERIFY2(error <= allowed<S>(shape), qPrintable(QString("%1 x %2 x %3, spare %4: off by %5")
                                                            .arg(shape.m)
                                                            .arg(shape.n)
                                                            .arg(shape.k)
                                                            .arg(shape.spare)
                                                            .arg(error)));
    }
}

} // namespace

class TestGemm final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase_data() { addLayouts(); }

    void equalsThreeLoopsOnRandomShapes() { compareRandomShapes<float>(layout()); }
    void equalsThreeLoopsOnRandomShapesInDouble() { compareRandomShapes<double>(layout()); }

    void equalsThreeLoopsOverSeveralBlocks_data() {
        QTest::addColumn<qlonglong>("m");
        QTest::addColumn<qlonglong>("n");
        QTest::addColumn<qlonglong>("k");
        QTest::addRow("rows beyond one block") << 1501LL << 37LL << 70LL;
        QTest::addRow("rows and steps beyond one block") << 700LL << 33LL << 801LL;
        QTest::addRow("many columns") << 33LL << 3706LL << 60LL;
        QTest::addRow("one row") << 1LL << 3706LL << 401LL;
        QTest::addRow("one column") << 500LL << 1LL << 600LL;
        QTest::addRow("one step") << 50LL << 2000LL << 1LL;
    }
    void equalsThreeLoopsOverSeveralBlocks() {
        QFETCH(qlonglong, m);
        QFETCH(qlonglong, n);
        QFETCH(qlonglong, k);
        Shape shape = layout();
        shape.m = m;
        shape.n = n;
        shape.k = k;
        ThreadPool pool({.threads = 3});
        GemmScratch<float> scratch;
        const double error = errorOf<float>(shape, 7, scratch, &pool);
        QVERIFY2(error <= allowed<float>(shape), qPrintable(QString("off by %1").arg(error)));
    }

    void smallIntegersAreExact() {
        // 3 x 2 times 2 x 3 by hand: rows (1 2), (3 4), (5 6) with (1 0 2), (0 1 3).
        const std::vector<float> expected{1, 2, 8, 3, 4, 18, 5, 6, 28};
        const Shape shape = layout();
        const bool ta = shape.transposeA == Transpose::Yes;
        const bool tb = shape.transposeB == Transpose::Yes;
        const std::vector<float> a =
            ta ? std::vector<float>{1, 3, 5, 2, 4, 6} : std::vector<float>{1, 2, 3, 4, 5, 6};
        const std::vector<float> b =
            tb ? std::vector<float>{1, 0, 0, 1, 2, 3} : std::vector<float>{1, 0, 2, 0, 1, 3};
        std::vector<float> c(9, 100.0f);
        GemmScratch<float> scratch;
        gemm(GemmProblem<float>{3, 3, 2, a.data(), ta ? 3 : 2, shape.transposeA, b.data(), tb ? 2 : 3,
                                shape.transposeB, c.data(), 3, shape.accumulate},
             scratch, nullptr);
        for (std::size_t i = 0; i < c.size(); ++i)
            QCOMPARE(c[i], expected[i] + (shape.accumulate ? 100.0f : 0.0f));
    }

    void nothingToSumLeavesZerosOrWhatWasThere() {
        const Shape shape = layout();
        std::vector<float> c(6, 3.0f);
        GemmScratch<float> scratch;
        GemmProblem<float> problem{2,        3, 0,
                                   nullptr,  0, shape.transposeA,
                                   nullptr,  3, shape.transposeB,
                                   c.data(), 3, shape.accumulate};
        gemm(problem, scratch, nullptr);
        QCOMPARE(c, std::vector<float>(6, shape.accumulate ? 3.0f : 0.0f));
        problem.m = 0;
        problem.k = 5;
        gemm(problem, scratch, nullptr);
        QCOMPARE(c, std::vector<float>(6, shape.accumulate ? 3.0f : 0.0f));
    }

    void anyNumberOfThreadsGivesTheSameBits() {
        const std::int64_t sizes[][3] = {
            {130, 777, 401}, {500, 200, 90}, {700, 33, 500}, {1, 3000, 500}, {14, 900, 7}, {3000, 1, 97}};
        for (const auto& [m, n, k] : sizes) {
            Shape shape = layout();
            shape.m = m;
            shape.n = n;
            shape.k = k;
            Matrices<float> alone(shape, 3);
            GemmScratch<float> scratch;
            gemm(alone.problem, scratch, nullptr);
            for (const int threads : {1, 2, 3}) {
                ThreadPool pool({.threads = threads});
                Matrices<float> shared(shape, 3);
                gemm(shared.problem, scratch, &pool);
                QVERIFY(sameBits(alone.c, shared.c));
            }
        }
    }

    void aRowHasTheSameBitsInAnyBatch_data() {
        QTest::addColumn<qlonglong>("n");
        QTest::addRow("many columns") << 333LL;
        QTest::addRow("one column") << 1LL;
    }
    void aRowHasTheSameBitsInAnyBatch() {
        QFETCH(qlonglong, n);
        Shape shape = layout();
        shape.m = 65;
        shape.n = n;
        shape.k = 450;
        Matrices<float> all(shape, 11);
        const Matrices<float> before(shape, 11);
        GemmScratch<float> scratch;
        gemm(all.problem, scratch, nullptr);
        for (const std::int64_t row : {0, 13, 14, 40, 64}) {
            GemmProblem<float> one = all.problem;
            one.m = 1;
            one.a += shape.transposeA == Transpose::Yes ? row : row * one.lda;
            std::vector<float> c(before.c.begin() + row * one.ldc, before.c.begin() + row * one.ldc + one.n);
            one.c = c.data();
            gemm(one, scratch, nullptr);
            QVERIFY(std::memcmp(c.data(), all.problem.c + row * one.ldc, c.size() * sizeof(float)) == 0);
        }
    }

    void aColumnHasTheSameBitsAmongAnyOthers() {
        Shape shape = layout();
        shape.m = 20;
        shape.n = 100;
        shape.k = 450;
        Matrices<float> all(shape, 12);
        Matrices<float> cut(shape, 12);
        GemmScratch<float> scratch;
        gemm(all.problem, scratch, nullptr);
        // Columns 5 .. 41 alone.
        cut.problem.n = 37;
        cut.problem.b += shape.transposeB == Transpose::Yes ? 5 * cut.problem.ldb : 5;
        cut.problem.c += 5;
        gemm(cut.problem, scratch, nullptr);
        for (std::int64_t row = 0; row < shape.m; ++row)
            QVERIFY(std::memcmp(all.c.data() + row * shape.n + 5, cut.c.data() + row * shape.n + 5,
                                37 * sizeof(float)) == 0);
    }

    void notANumberStaysInItsRowAndColumn() {
        Shape shape = layout();
        shape.m = 17;
        shape.n = 35;
        shape.k = 20;
        Matrices<float> matrices(shape, 13);
        const float nan = std::numeric_limits<float>::quiet_NaN();
        (shape.transposeA == Transpose::Yes ? matrices.a[static_cast<std::size_t>(4 * 17 + 16)]
                                            : matrices.a[static_cast<std::size_t>(16 * 20 + 4)]) = nan;
        GemmScratch<float> scratch;
        gemm(matrices.problem, scratch, nullptr);
        for (std::int64_t row = 0; row < 17; ++row)
            for (std::int64_t col = 0; col < 35; ++col)
                QCOMPARE(std::isnan(matrices.c[static_cast<std::size_t>(row * 35 + col)]), row == 16);
    }

    void aSteadyStepAllocatesNothing() {
        if (!canCountAllocations()) QSKIP("the sanitizer has its own allocator");
        ThreadPool pool({.threads = 2});
        GemmScratch<float> scratch;
        // The products of one training step, of several shapes, share one scratch.
        std::vector<Shape> shapes;
        for (const auto& [m, n, k] :
             {std::array<std::int64_t, 3>{100, 700, 120}, {120, 700, 100}, {100, 120, 700}}) {
            Shape shape = layout();
            shape.m = m;
            shape.n = n;
            shape.k = k;
            shapes.push_back(shape);
        }
        std::vector<std::unique_ptr<Matrices<float>>> matrices;
        for (const Shape& shape : shapes)
            matrices.push_back(std::make_unique<Matrices<float>>(shape, 1));
        const auto step = [&] {
            for (const auto& each : matrices)
                gemm(each->problem, scratch, &pool);
        };
        step();
        const std::size_t bytes = scratch.bytes();
        const std::int64_t before = allocationCount();
        for (int i = 0; i < 3; ++i)
            step();
        QCOMPARE(allocationCount() - before, 0);
        QCOMPARE(scratch.bytes(), bytes);
    }
};

QTEST_APPLESS_MAIN(TestGemm)
#include "tst_gemm.moc"
