// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/normal_equations.h"

#include "engine/linalg/simd.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>

namespace recoscope {

using simd::at;
using simd::Float16;
using simd::kLanes;

namespace {

constexpr std::int64_t kGroup = 8; // history rows that one kernel step reads together
constexpr std::int64_t kBlockRows =
    128; // history rows that one rank update takes: its buffers stay on the stack
constexpr std::int64_t kSliceRows = 256; // factor rows between two looks at the run control

enum class Form { Product, Residual };

/// out += Σ_n coefficient_n y_n, with coefficient w_n (y_n·x) for Product and c_n − w_n (y_n·x) for Residual.
/// Returns Σ_n c_n (y_n·x) for Residual, else 0. Eight rows at a time: their dot products hide each other's
/// latency, and the second reading finds them in the first-level cache.
template <Form form>
double accumulate(const RowProblem& problem, const float* __restrict x, float* __restrict out) {
    const auto count = static_cast<std::int64_t>(problem.rows.size());
    const std::int64_t stride = problem.stride;
    const std::int32_t* rows = problem.rows.data();
    double targetSum = 0.0;
    for (std::int64_t n = 0; n < count; n += kGroup) {
        const std::int64_t m = std::min(kGroup, count - n);
        const float* y[kGroup];
        float w[kGroup] = {};
        float c[kGroup] = {};
        for (std::int64_t k = 0; k < kGroup; ++k) {
            const std::int64_t row = n + std::min(k, m - 1); // the last row again, with coefficient 0
            y[k] = problem.factors + rows[row] * stride;
        }
        for (std::int64_t k = 0; k < m; ++k) {
            w[k] = problem.weights[static_cast<std::size_t>(n + k)];
            c[k] = problem.targets[static_cast<std::size_t>(n + k)];
        }
        for (std::int64_t k = 0; k < kGroup; ++k) {
            const std::int64_t ahead = std::min(n + kGroup + k, count - 1);
            __builtin_prefetch(problem.factors + rows[ahead] * stride);
        }
        Float16 dots[kGroup] = {};
        for (std::int64_t v = 0; v < stride; v += kLanes) {
            const Float16 xv = at(x + v);
#pragma GCC unroll 8
            for (std::int64_t k = 0; k < kGroup; ++k)
                dots[k] += xv * at(y[k] + v);
        }
        float t[kGroup];
        simd::sumEach(dots, t);
        float coefficient[kGroup];
        for (std::int64_t k = 0; k < kGroup; ++k) {
            coefficient[k] = form == Form::Residual ? c[k] - w[k] * t[k] : w[k] * t[k];
            if (form == Form::Residual) targetSum += static_cast<double>(c[k] * t[k]);
        }
        for (std::int64_t v = 0; v < stride; v += kLanes) {
            Float16 even = coefficient[0] * at(y[0] + v);
            Float16 odd = coefficient[1] * at(y[1] + v);
#pragma GCC unroll 3
            for (std::int64_t k = 2; k < kGroup; k += 2) {
                even += coefficient[k] * at(y[k] + v);
                odd += coefficient[k + 1] * at(y[k + 1] + v);
            }
            at(out + v) += even + odd;
        }
    }
    return targetSum;
}

/// out = base x + reg x. The base is symmetric, so rows serve as columns; padding rows are zero and left out.
void multiplyBase(const RowProblem& problem, const float* __restrict x, float* __restrict out) {
    const std::int64_t stride = problem.stride;
    for (std::int64_t v = 0; v < stride; v += kLanes)
        at(out + v) = problem.reg * at(x + v);
    // Four result registers at a time, four rows of the base in flight.
    for (std::int64_t v = 0; v < stride; v += 4 * kLanes) {
        const std::int64_t width = std::min<std::int64_t>(4, (stride - v) / kLanes);
        Float16 sums[4] = {};
        const float* base = problem.base + v;
        if (width == 4) {
            for (std::int64_t j = 0; j < problem.d; ++j) {
#pragma GCC unroll 4
                for (int k = 0; k < 4; ++k)
                    sums[k] += x[j] * at(base + j * stride + k * kLanes);
            }
        } else {
            for (std::int64_t j = 0; j < problem.d; ++j)
                for (std::int64_t k = 0; k < width; ++k)
                    sums[k] += x[j] * at(base + j * stride + k * kLanes);
        }
        for (std::int64_t k = 0; k < width; ++k)
            at(out + v + k * kLanes) += sums[k];
    }
}

void prefillZero(float* p, std::int64_t count) { std::fill(p, p + count, 0.0f); }

} // namespace

/// The solvers' way to a scratch's private buffers.
struct RowSolverAccess {
    static float* vector(RowSolverScratch& s, int row) {
        return s.m_vectors.data() + row * s.m_vectors.cols();
    }
    static std::vector<float>& predictions(RowSolverScratch& s) { return s.m_predictions; }
    static MatrixF& system(RowSolverScratch& s) { return s.m_system; }
    static MatrixF& block(RowSolverScratch& s) { return s.m_block; }
    static MatrixF& weighted(RowSolverScratch& s) { return s.m_weighted; }
};
using Access = RowSolverAccess;

RowSolverScratch::RowSolverScratch(std::int64_t longest, std::int64_t stride, bool dense)
    : rows(static_cast<std::size_t>(longest))
    , weights(static_cast<std::size_t>(longest))
    , targets(static_cast<std::size_t>(longest))
    , m_vectors(MatrixF::Zero(5, stride)) {
    if (!dense) return;
    m_predictions.resize(static_cast<std::size_t>(longest));
    m_system = MatrixF::Zero(stride, stride);
    m_block = MatrixF::Zero(kBlockRows, stride);
    m_weighted = MatrixF::Zero(kBlockRows, stride);
}

std::optional<double> solveByConjugateGradient(const RowProblem& problem, int steps, float* x,
                                               RowSolverScratch& scratch, RunControl& control) {
    const std::int64_t stride = problem.stride;
    float* r = Access::vector(scratch, 0);
    float* p = Access::vector(scratch, 1);
    float* ap = Access::vector(scratch, 2);
    float* z = Access::vector(scratch, 3); // the solution in the making, so that x stays whole when cancelled
    std::copy(x, x + stride, z);

    // r = b − A x
    prefillZero(r, stride);
    const double bx = accumulate<Form::Residual>(problem, z, r);
    multiplyBase(problem, z, ap);
    simd::axpy(-1.0f, ap, r, stride);
    std::copy(r, r + stride, p);
    double objective = -bx - static_cast<double>(simd::dot(z, r, stride));

    float rr = simd::dot(r, r, stride);
    for (int step = 0; step < steps && rr > 1e-20f; ++step) {
        if (!control.keepGoing()) return std::nullopt;
        multiplyBase(problem, p, ap);
        accumulate<Form::Product>(problem, p, ap);
        const float curvature = simd::dot(p, ap, stride);
        if (!(curvature > 0.0f)) break; // a direction without curvature: nothing to gain by float
        const float length = rr / curvature;
        if (!std::isfinite(length)) break;
        simd::axpy(length, p, z, stride);
        simd::axpy(-length, ap, r, stride);
        objective -= static_cast<double>(length) * static_cast<double>(rr);
        const float next = simd::dot(r, r, stride);
        const float beta = next / rr;
        for (std::int64_t v = 0; v < stride; v += kLanes)
            at(p + v) = at(r + v) + beta * at(p + v);
        rr = next;
    }
    std::copy(z, z + stride, x);
    return objective;
}

std::optional<double> solveByCholesky(const RowProblem& problem, float* x, RowSolverScratch& scratch,
                                      RunControl& control) {
    const std::int64_t d = problem.d;
    const std::int64_t stride = problem.stride;
    const auto count = static_cast<std::int64_t>(problem.rows.size());
    MatrixF& system = Access::system(scratch);
    MatrixF& block = Access::block(scratch);
    MatrixF& weighted = Access::weighted(scratch);
    Eigen::Map<VectorF> b(Access::vector(scratch, 0), d);

    system = Eigen::Map<const MatrixF>(problem.base, stride, stride);
    system.diagonal().array() += problem.reg;
    b.setZero();
    for (std::int64_t n = 0; n < count; n += kBlockRows) {
        if (!control.keepGoing()) return std::nullopt;
        const std::int64_t m = std::min(kBlockRows, count - n);
        for (std::int64_t k = 0; k < m; ++k) {
            const auto at = static_cast<std::size_t>(n + k);
            Eigen::Map<const VectorF> y(problem.factors + problem.rows[at] * stride, stride);
            block.row(k) = y.transpose();
            weighted.row(k) = problem.weights[at] * y.transpose();
            b += problem.targets[at] * y.head(d);
        }
        system.topLeftCorner(d, d).triangularView<Eigen::Lower>() +=
            weighted.topLeftCorner(m, d).transpose() * block.topLeftCorner(m, d);
    }
    Eigen::Ref<MatrixF> corner = system.topLeftCorner(d, d);
    Eigen::LLT<Eigen::Ref<MatrixF>> factor(corner);
    Eigen::Map<VectorF> solution(Access::vector(scratch, 1), d);
    if (factor.info() == Eigen::Success) {
        solution = b;
        factor.solveInPlace(solution);
        if (solution.allFinite()) {
            const double objective = -static_cast<double>(b.dot(solution));
            std::copy(solution.data(), solution.data() + d, x);
            return objective;
        }
    }
    return solveByConjugateGradient(problem, static_cast<int>(d), x, scratch, control);
}

std::optional<double> solveByBlocks(const RowProblem& problem, int blockSize, float* x,
                                    RowSolverScratch& scratch, RunControl& control) {
    const std::int64_t d = problem.d;
    const std::int64_t stride = problem.stride;
    const auto count = static_cast<std::int64_t>(problem.rows.size());
    std::vector<float>& predictions = Access::predictions(scratch);
    MatrixF& system = Access::system(scratch);
    MatrixF& block = Access::block(scratch);
    MatrixF& weighted = Access::weighted(scratch);
    float* z = Access::vector(scratch, 0);
    float* baseTimesZ = Access::vector(scratch, 1);
    float* gradientData = Access::vector(scratch, 2);
    std::copy(x, x + stride, z);
    const auto factorRow = [&](std::int64_t n) {
        return problem.factors + problem.rows[static_cast<std::size_t>(n)] * stride;
    };

    for (std::int64_t n = 0; n < count; ++n)
        predictions[static_cast<std::size_t>(n)] = simd::dot(factorRow(n), z, stride);

    for (std::int64_t begin = 0; begin < d; begin += blockSize) {
        const std::int64_t k = std::min<std::int64_t>(blockSize, d - begin);
        auto hessian = system.topLeftCorner(k, k);
        hessian = Eigen::Map<const MatrixF>(problem.base, stride, stride).block(begin, begin, k, k);
        hessian.diagonal().array() += problem.reg;
        multiplyBase(problem, z, baseTimesZ);
        Eigen::Map<VectorF> gradient(gradientData, k);
        gradient = Eigen::Map<const VectorF>(baseTimesZ + begin, k);
        for (std::int64_t n = 0; n < count; n += kBlockRows) {
            if (!control.keepGoing()) return std::nullopt;
            const std::int64_t m = std::min(kBlockRows, count - n);
            for (std::int64_t row = 0; row < m; ++row) {
                const auto at = static_cast<std::size_t>(n + row);
                Eigen::Map<const VectorF> y(factorRow(n + row) + begin, k);
                block.row(row).head(k) = y.transpose();
                weighted.row(row).head(k) = problem.weights[at] * y.transpose();
                gradient += (problem.weights[at] * predictions[at] - problem.targets[at]) * y;
            }
            hessian.triangularView<Eigen::Lower>() +=
                weighted.topLeftCorner(m, k).transpose() * block.topLeftCorner(m, k);
        }
        Eigen::Ref<MatrixF> corner = system.topLeftCorner(k, k);
        Eigen::LLT<Eigen::Ref<MatrixF>> factor(corner);
        if (factor.info() != Eigen::Success) continue; // no curvature in this block: leave it as it is
        factor.solveInPlace(gradient);
        if (!gradient.allFinite()) continue;
        Eigen::Map<VectorF>(z + begin, k) -= gradient;
        for (std::int64_t n = 0; n < count; ++n)
            predictions[static_cast<std::size_t>(n)] -=
                gradient.dot(Eigen::Map<const VectorF>(factorRow(n) + begin, k));
    }

    multiplyBase(problem, z, baseTimesZ);
    double objective = static_cast<double>(simd::dot(z, baseTimesZ, stride));
    for (std::size_t n = 0; n < static_cast<std::size_t>(count); ++n) {
        const double t = predictions[n];
        objective += static_cast<double>(problem.weights[n]) * t * t -
                     2.0 * static_cast<double>(problem.targets[n]) * t;
    }
    std::copy(z, z + stride, x);
    return objective;
}

MatrixD denseSystem(const RowProblem& problem) {
    const std::int64_t d = problem.d;
    MatrixD system = Eigen::Map<const MatrixF>(problem.base, problem.stride, problem.stride)
                         .topLeftCorner(d, d)
                         .cast<double>();
    system.diagonal().array() += static_cast<double>(problem.reg);
    for (std::size_t n = 0; n < problem.rows.size(); ++n) {
        const VectorD y =
            Eigen::Map<const VectorF>(problem.factors + problem.rows[n] * problem.stride, d).cast<double>();
        system.noalias() += static_cast<double>(problem.weights[n]) * y * y.transpose();
    }
    return system;
}

bool gramMatrix(const MatrixF& factors, MatrixF& out, std::vector<MatrixF>& partials, ThreadPool& pool,
                RunControl& control) {
    const std::int64_t rows = factors.rows();
    const std::int64_t stride = factors.cols();
    const std::int64_t wanted = stride <= 256 ? 16 : 4;
    const std::int64_t sliceRows = std::max(kSliceRows, (rows + wanted - 1) / wanted);
    const auto slices = static_cast<std::size_t>(ThreadPool::chunkCount(rows, sliceRows));
    while (partials.size() < slices)
        partials.emplace_back(stride, stride);
    pool.forChunks(rows, sliceRows, [&](const Chunk& chunk) {
        MatrixF& partial = partials[static_cast<std::size_t>(chunk.index)];
        partial.setZero();
        for (std::int64_t begin = chunk.begin; begin < chunk.end && control.keepGoing();
             begin += kSliceRows) {
            const std::int64_t count = std::min(kSliceRows, chunk.end - begin);
            partial.selfadjointView<Eigen::Lower>().rankUpdate(factors.middleRows(begin, count).transpose());
        }
    });
    if (control.cancelled()) return false;
    out.setZero(stride, stride);
    for (std::size_t slice = 0; slice < slices; ++slice)
        out += partials[slice];
    for (std::int64_t row = 0; row < stride; ++row)
        for (std::int64_t col = row + 1; col < stride; ++col)
            out(row, col) = out(col, row);
    return true;
}

} // namespace recoscope
