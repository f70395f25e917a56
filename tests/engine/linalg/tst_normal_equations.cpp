// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/normal_equations.h"
#include "engine/linalg/simd.h"

#include <Eigen/Cholesky>
#include <QTest>

#include <cmath>

using namespace recoscope;

namespace {

/// A random problem with its own memory.
struct Case {
    MatrixF factors;
    MatrixF base;
    std::vector<std::int32_t> rows;
    std::vector<float> weights;
    std::vector<float> targets;
    RowProblem problem;

    Case(int d, int count, std::uint64_t seed) {
        Rng rng(seed);
        const std::int64_t stride = simd::padded(d);
        const int candidates = 60;
        factors = MatrixF::Zero(candidates, stride);
        for (int row = 0; row < candidates; ++row)
            for (int k = 0; k < d; ++k)
                factors(row, k) = static_cast<float>(rng.normal());
        base = 0.3f * factors.transpose() * factors;
        for (int n = 0; n < count; ++n) {
            rows.push_back(static_cast<std::int32_t>(rng.below(candidates)));
            weights.push_back(static_cast<float>(0.5 + rng.uniform()));
            targets.push_back(static_cast<float>(1.0 + rng.uniform()));
        }
        problem = {.factors = factors.data(),
                   .base = base.data(),
                   .stride = stride,
                   .d = d,
                   .rows = rows,
                   .weights = weights,
                   .targets = targets,
                   .reg = 2.0f};
    }

    VectorD rightSide() const {
        VectorD b = VectorD::Zero(problem.d);
        for (std::size_t n = 0; n < rows.size(); ++n)
            b += static_cast<double>(targets[n]) *
                 factors.row(rows[n]).head(problem.d).transpose().cast<double>();
        return b;
    }
    double objective(const VectorD& x) const {
        return x.dot(denseSystem(problem) * x) - 2.0 * rightSide().dot(x);
    }
    RowSolverScratch scratch() const {
        return RowSolverScratch(static_cast<std::int64_t>(rows.size()), problem.stride, true);
    }
};

VectorD head(const VectorF& x, std::int64_t d) { return x.head(d).cast<double>(); }

void shapes() {
    QTest::addColumn<int>("d");
    QTest::addColumn<int>("count");
    for (const int d : {1, 3, 16, 17, 40, 64, 70, 130})
        for (const int count : {0, 1, 7, 8, 9, 33, 300})
            QTest::addRow("%d factors, %d rows", d, count) << d << count;
}

} // namespace

class TestNormalEquations : public QObject {
    Q_OBJECT

private slots:
    void theSystemIsItsDefinition() {
        const Case c(5, 3, 1);
        MatrixD expected = c.base.topLeftCorner(5, 5).cast<double>();
        for (int k = 0; k < 5; ++k)
            expected(k, k) += 2.0;
        for (std::size_t n = 0; n < 3; ++n)
            for (int a = 0; a < 5; ++a)
                for (int b = 0; b < 5; ++b)
                    expected(a, b) +=
                        static_cast<double>(c.weights[n]) * c.factors(c.rows[n], a) * c.factors(c.rows[n], b);
        QVERIFY((denseSystem(c.problem) - expected).cwiseAbs().maxCoeff() < 1e-6);
    }

    void everySolverFindsTheSolution_data() { shapes(); }
    void everySolverFindsTheSolution() {
        QFETCH(int, d);
        QFETCH(int, count);
        const Case c(d, count, 2);
        const VectorD exact = denseSystem(c.problem).ldlt().solve(c.rightSide());
        const double best = c.objective(exact);
        const double scale = 1.0 + std::abs(best);
        RunControl control;
        for (int solver = 0; solver < 3; ++solver) {
            RowSolverScratch scratch = c.scratch();
            VectorF x = VectorF::Zero(c.problem.stride);
            x.head(d).setConstant(0.1f);
            std::optional<double> reached;
            if (solver == 0)
                reached = solveByConjugateGradient(c.problem, 2 * d + 20, x.data(), scratch, control);
            if (solver == 1) reached = solveByCholesky(c.problem, x.data(), scratch, control);
            if (solver == 2)
                for (int pass = 0; pass < 200; ++pass)
                    reached = solveByBlocks(c.problem, 16, x.data(), scratch, control);
            QVERIFY(reached.has_value());
            QVERIFY2(c.objective(head(x, d)) - best < 1e-3 * scale, QByteArray::number(solver));
            // The value the solver says is the value at its x.
            QVERIFY2(std::abs(*reached - c.objective(head(x, d))) < 1e-3 * scale, QByteArray::number(solver));
            QVERIFY((x.tail(c.problem.stride - d).array() == 0.0f).all());
        }
    }

    void fewStepsNeverMakeTheObjectiveWorse_data() { shapes(); }
    void fewStepsNeverMakeTheObjectiveWorse() {
        QFETCH(int, d);
        QFETCH(int, count);
        const Case c(d, count, 3);
        RunControl control;
        RowSolverScratch scratch = c.scratch();
        VectorF x = VectorF::Zero(c.problem.stride);
        x.head(d).setConstant(0.5f);
        double before = c.objective(head(x, d));
        for (int round = 0; round < 6; ++round) {
            const bool blocks = round % 2 == 1;
            const auto said = blocks ? solveByBlocks(c.problem, 5, x.data(), scratch, control)
                                     : solveByConjugateGradient(c.problem, 1, x.data(), scratch, control);
            const double after = c.objective(head(x, d));
            QVERIFY(said && std::abs(*said - after) < 1e-3 * (1.0 + std::abs(before)));
            QVERIFY(after <= before + 1e-4 * (1.0 + std::abs(before)));
            before = after;
        }
    }

    void aSingularSystemStaysFinite() {
        Case c(40, 5, 4);
        c.base.setZero();
        c.problem.reg = 0.0f;
        RunControl control;
        RowSolverScratch scratch = c.scratch();
        for (int solver = 0; solver < 3; ++solver) {
            VectorF x = VectorF::Zero(c.problem.stride);
            std::optional<double> reached;
            if (solver == 0) reached = solveByConjugateGradient(c.problem, 10, x.data(), scratch, control);
            if (solver == 1) reached = solveByCholesky(c.problem, x.data(), scratch, control);
            if (solver == 2) reached = solveByBlocks(c.problem, 8, x.data(), scratch, control);
            QVERIFY(reached && std::isfinite(*reached));
            QVERIFY(x.allFinite());
        }
    }

    void cancellingLeavesTheVectorAsItWas() {
        const Case c(24, 300, 5);
        RunControl control;
        control.cancel();
        RowSolverScratch scratch = c.scratch();
        const VectorF before = VectorF::Constant(c.problem.stride, 0.25f);
        VectorF x = before;
        QVERIFY(!solveByConjugateGradient(c.problem, 3, x.data(), scratch, control));
        QVERIFY(!solveByCholesky(c.problem, x.data(), scratch, control));
        QVERIFY(!solveByBlocks(c.problem, 8, x.data(), scratch, control));
        QVERIFY(x == before);
    }

    void theGramMatrixIsTheProductForAnyThreads_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("stride");
        for (const int rows : {0, 1, 255, 256, 257, 5000})
            for (const int stride : {16, 64, 272})
                QTest::addRow("%d x %d", rows, stride) << rows << stride;
    }
    void theGramMatrixIsTheProductForAnyThreads() {
        QFETCH(int, rows);
        QFETCH(int, stride);
        Rng rng(6);
        MatrixF factors(rows, stride);
        for (Eigen::Index k = 0; k < factors.size(); ++k)
            factors.data()[k] = static_cast<float>(rng.normal());
        const MatrixD expected = factors.cast<double>().transpose() * factors.cast<double>();
        MatrixF first;
        RunControl control;
        for (const int threads : {1, 2, 3}) {
            ThreadPool pool({threads, 0});
            std::vector<MatrixF> partials;
            MatrixF gram;
            QVERIFY(gramMatrix(factors, gram, partials, pool, control));
            QVERIFY((gram.cast<double>() - expected).cwiseAbs().maxCoeff() < 1e-5 * (rows + 100));
            QVERIFY(gram == gram.transpose());
            if (threads == 1) first = gram;
            QVERIFY(gram == first);
        }
        control.cancel();
        ThreadPool pool({1, 0});
        std::vector<MatrixF> partials;
        MatrixF gram;
        QVERIFY(!gramMatrix(factors, gram, partials, pool, control));
    }
};

QTEST_GUILESS_MAIN(TestNormalEquations)
#include "tst_normal_equations.moc"
