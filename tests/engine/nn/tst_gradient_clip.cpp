// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/core/thread_pool.h"
#include "engine/nn/gradient_clip.h"

#include "tests/conformance/allocation_counter.h"

#include <QTest>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Two parameters: `dense` with gradients in all rows, `rows` in the rows 4 and 1 only; elsewhere there is a
/// guard, which is never valid and never to be changed.
template <class S>
struct Setup {
    Setup(std::int64_t rowCount, std::int64_t cols) {
        dense = set.add("dense", ParamRole::Weight, Matrix<S>::Zero(rowCount, cols));
        rows = set.add("rows", ParamRole::Weight, Matrix<S>::Zero(rowCount, cols));
        gradients.emplace_back(set);
        Rng rng(1);
        for (S& x : gradients[0].dense(dense).matrix.reshaped())
            x = static_cast<S>(rng.normal());
        gradients[0].value(rows).setConstant(kGuard);
        auto some = gradients[0].rows(rows, touched);
        for (const std::int32_t row : touched)
            for (S& x : some.row(row))
                x = static_cast<S>(rng.normal());
    }
    /// Sum of squares as the definition reads.
    double squares() const {
        double sum = 0.0;
        const auto d = gradients[0].value(dense);
        for (const S x : d.reshaped())
            sum += static_cast<double>(x) * static_cast<double>(x);
        for (const std::int32_t row : touched)
            for (const S x : gradients[0].value(rows).row(row))
                sum += static_cast<double>(x) * static_cast<double>(x);
        return sum;
    }
    bool guardStands() const {
        const auto matrix = gradients[0].value(rows);
        for (Eigen::Index row = 0; row < matrix.rows(); ++row)
            if (row != touched[0] && row != touched[1] && !(matrix.row(row).array() == kGuard).all())
                return false;
        return true;
    }
    std::array<ParamId, 2> both() const { return {dense, rows}; }

    static constexpr S kGuard = S(77);
    std::array<std::int32_t, 2> touched{4, 1};
    ParameterSet<S> set;
    ParamId dense{};
    ParamId rows{};
    std::vector<Gradients<S>> gradients; // one
};

} // namespace

class TestGradientClip : public QObject {
    Q_OBJECT

private slots:
    void normIsScaledDownToTheLimitAndTheOldOneIsReturned() {
        Setup<double> s(7, 13);
        const double before = std::sqrt(s.squares());
        const Matrix<double> old = s.gradients[0].value(s.dense);
        const double norm =
            clipGradients<double>(s.gradients[0], s.both(), {GradientClipKind::Norm, 0.5}, nullptr);
        QVERIFY(std::abs(norm - before) < 1e-12);
        QVERIFY(std::abs(std::sqrt(s.squares()) - 0.5) < 1e-12);
        // The direction stays.
        QVERIFY((s.gradients[0].value(s.dense) - old * (0.5 / before)).cwiseAbs().maxCoeff() < 1e-15);
        QVERIFY(s.guardStands());
    }

    void aNormWithinTheLimitChangesNothing() {
        Setup<float> s(7, 13);
        const Matrix<float> old = s.gradients[0].value(s.dense);
        const double norm =
            clipGradients<float>(s.gradients[0], s.both(), {GradientClipKind::Norm, 1e3}, nullptr);
        QVERIFY(std::abs(norm - std::sqrt(s.squares())) < 1e-5);
        QVERIFY(s.gradients[0].value(s.dense) == old);
    }

    void valuesAreCutOffAtTheLimit() {
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Bias, Matrix<float>::Zero(1, 5));
        Gradients<float> gradients(set);
        gradients.dense(id).matrix << -3.0f, -0.5f, 0.0f, 0.5f, 4.0f;
        const std::array which{id};
        const double norm = clipGradients<float>(gradients, which, {GradientClipKind::Value, 1.0}, nullptr);
        QVERIFY(std::abs(norm - std::sqrt(9.0 + 0.25 + 0.25 + 16.0)) < 1e-12);
        Matrix<float> expected(1, 5);
        expected << -1.0f, -0.5f, 0.0f, 0.5f, 1.0f;
        QVERIFY(gradients.value(id) == expected);
    }

    void onlyTouchedRowsAreCutOff() {
        Setup<double> s(9, 5);
        clipGradients<double>(s.gradients[0], s.both(), {GradientClipKind::Value, 0.25}, nullptr);
        QVERIFY(s.guardStands());
        QCOMPARE(s.gradients[0].value(s.dense).cwiseAbs().maxCoeff(), 0.25);
        for (const std::int32_t row : s.touched)
            QCOMPARE(s.gradients[0].value(s.rows).row(row).cwiseAbs().maxCoeff(), 0.25);
    }

    void parametersThatAreNotAskedForDoNotCount() {
        Setup<double> s(7, 13);
        const std::array which{s.rows};
        double expected = 0.0;
        for (const std::int32_t row : s.touched)
            expected += s.gradients[0].value(s.rows).row(row).squaredNorm();
        const Matrix<double> old = s.gradients[0].value(s.dense);
        const double norm =
            clipGradients<double>(s.gradients[0], which, {GradientClipKind::Norm, 0.1}, nullptr);
        QVERIFY(std::abs(norm - std::sqrt(expected)) < 1e-12);
        QVERIFY(s.gradients[0].value(s.dense) == old);
    }

    void noneOnlyMeasures() {
        Setup<double> s(7, 13);
        const Matrix<double> old = s.gradients[0].value(s.dense);
        const double norm = clipGradients<double>(s.gradients[0], s.both(), {}, nullptr);
        QVERIFY(std::abs(norm - std::sqrt(s.squares())) < 1e-12);
        QVERIFY(s.gradients[0].value(s.dense) == old);
    }

    void numbersWhoseSquareIsTooLargeForAFloatAreClipped() {
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<float>::Zero(1, 20));
        Gradients<float> gradients(set);
        gradients.dense(id).matrix.setConstant(1e30f);
        const std::array which{id};
        const double norm = clipGradients<float>(gradients, which, {GradientClipKind::Norm, 2.0}, nullptr);
        QVERIFY(std::abs(norm / (1e30 * std::sqrt(20.0)) - 1.0) < 1e-6);
        QVERIFY(std::abs(gradients.value(id)(0, 3) - 2.0f / std::sqrt(20.0f)) < 1e-6f);
    }

    void aNormThatIsNotFiniteIsReturnedAndNothingIsScaled() {
        for (const double odd : {kNaN, std::numeric_limits<double>::infinity()}) {
            ParameterSet<double> set;
            const ParamId id = set.add("w", ParamRole::Weight, Matrix<double>::Zero(1, 3));
            Gradients<double> gradients(set);
            gradients.dense(id).matrix << 5.0, odd, -7.0;
            const std::array which{id};
            const double norm =
                clipGradients<double>(gradients, which, {GradientClipKind::Norm, 1.0}, nullptr);
            QVERIFY(!std::isfinite(norm));
            QCOMPARE(gradients.value(id)(0, 0), 5.0);
            clipGradients<double>(gradients, which, {GradientClipKind::Value, 1.0}, nullptr);
            QCOMPARE(gradients.value(id)(0, 0), 1.0);
            QCOMPARE(gradients.value(id)(0, 2), -1.0);
            QCOMPARE(std::isnan(gradients.value(id)(0, 1)), std::isnan(odd));
        }
    }

    void bitsDoNotDependOnThreads() {
        ThreadPool one({.threads = 1});
        ThreadPool two({.threads = 2});
        const auto run = [](ThreadPool* pool) {
            Setup<float> s(601, 259); // 10 chunks
            const double norm =
                clipGradients<float>(s.gradients[0], s.both(), {GradientClipKind::Norm, 1.0}, pool);
            return std::pair(norm, Matrix<float>(s.gradients[0].value(s.dense)));
        };
        const auto alone = run(nullptr);
        for (ThreadPool* pool : {&one, &two}) {
            const auto pooled = run(pool);
            QVERIFY(std::memcmp(&alone.first, &pooled.first, sizeof(double)) == 0);
            QVERIFY(alone.second == pooled.second);
        }
    }

    void normOfManyChunksIsExact() {
        ThreadPool two({.threads = 2});
        Setup<float> s(5003, 259); // more numbers than 64 of the smallest chunks hold
        const double expected =
            static_cast<double>(s.gradients[0].value(s.dense).cast<double>().squaredNorm());
        QVERIFY(std::abs(squaredNorm(s.gradients[0], s.dense, &two) / expected - 1.0) < 1e-12);
    }

    void clippingAllocatesNothing() {
        if (!test::canCountAllocations()) QSKIP("a sanitizer brings its own allocator");
        ThreadPool pool({.threads = 2});
        Setup<float> s(601, 259);
        const std::int64_t before = test::allocationCount();
        for (const auto kind : {GradientClipKind::None, GradientClipKind::Norm, GradientClipKind::Value})
            clipGradients<float>(s.gradients[0], s.both(), {kind, 0.001}, &pool);
        QCOMPARE(test::allocationCount() - before, std::int64_t{0});
    }

    void untouchedAndEmptyGradientsHaveNormZero() {
        ParameterSet<float> set;
        const ParamId untouched = set.add("a", ParamRole::Weight, Matrix<float>::Ones(3, 3));
        const ParamId empty = set.add("b", ParamRole::Weight, Matrix<float>(0, 3));
        Gradients<float> gradients(set);
        gradients.value(untouched).setOnes(); // not valid
        gradients.dense(empty);
        const std::array which{untouched, empty};
        QCOMPARE(clipGradients<float>(gradients, which, {GradientClipKind::Norm, 1.0}, nullptr), 0.0);
    }

    void aLimitOfZeroIsRefused() {
        Setup<float> s(7, 3);
        QVERIFY_THROWS_EXCEPTION(CheckFailed, clipGradients<float>(s.gradients[0], s.both(),
                                                                   {GradientClipKind::Norm, 0.0}, nullptr));
    }
};

QTEST_APPLESS_MAIN(TestGradientClip)
#include "tst_gradient_clip.moc"
