// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// A row-by-row least squares problem over fixed factors, as alternating least squares meets it:
///
///   minimise over x   f(x) = xᵀ A x − 2 bᵀ x,   A = base + Σ_n w_n y_n y_nᵀ + reg I,   b = Σ_n c_n y_n
///
/// y_n is row rows[n] of `factors`. All rows have `stride` floats, a multiple of 16; columns from `d` on are
/// zero. A plain view; nothing is owned.
struct RowProblem {
    const float* factors = nullptr; // matrix with `stride` floats a row
    const float* base = nullptr;    // stride x stride, symmetric
    std::int64_t stride = 0;
    std::int64_t d = 0;
    std::span<const std::int32_t> rows;
    std::span<const float> weights; // w, one for each of `rows`
    std::span<const float> targets; // c, one for each of `rows`
    float reg = 0.0f;
};

/// Memory of one thread for solving; grows on first use, then stays.
class RowSolverScratch final {
public:
    /// Makes room for histories of `longest` rows and vectors of `stride` floats; `dense`: also for the
    /// direct solvers.
    RowSolverScratch(std::int64_t longest, std::int64_t stride, bool dense);

    // For the caller to gather a problem in: at least `longest` each.
    std::vector<std::int32_t> rows;
    std::vector<float> weights;
    std::vector<float> targets;

private:
    friend struct RowSolverAccess;
    MatrixF m_vectors; // a few rows of `stride`
    std::vector<float> m_predictions;
    MatrixF m_system;   // stride x stride
    MatrixF m_block;    // kBlockRows x stride
    MatrixF m_weighted; // kBlockRows x stride
};

/// At most `steps` steps of conjugate gradient from the given x (Takács, Pilászy & Tikk, "Applications of the
/// conjugate gradient method for implicit feedback collaborative filtering", RecSys 2011). O((steps + 1) *
/// (rows + d) * d).
/// @param x  stride floats, in: start, out: solution; unchanged when cancelled.
/// Returns f(x), tracked by the recurrence; nothing when cancelled.
std::optional<double> solveByConjugateGradient(const RowProblem& problem, int steps, float* x,
                                               RowSolverScratch& scratch, RunControl& control);

/// The exact solution by building A and its Cholesky factor. Where A is not positive definite (reg = 0 and
/// too few rows), d steps of conjugate gradient instead. O(rows * d² + d³).
std::optional<double> solveByCholesky(const RowProblem& problem, float* x, RowSolverScratch& scratch,
                                      RunControl& control);

/// One pass over blocks of `blockSize` coordinates, each block minimised exactly while the others are held
/// (iALS++: Rendle, Krichene, Zhang & Koren, 2021, algorithm 2). O(rows * d * blockSize + d * blockSize²).
std::optional<double> solveByBlocks(const RowProblem& problem, int blockSize, float* x,
                                    RowSolverScratch& scratch, RunControl& control);

/// A itself, d x d, both triangles, in double: for explanations and tests, where speed does not matter.
MatrixD denseSystem(const RowProblem& problem);

/// out = FᵀF. The rows are cut into slices by their number only and the slices' sums added in order, so the
/// bits do not depend on the threads. False when cancelled; `out` is then unspecified.
/// @param factors   rows x stride
/// @param partials  grown on first use to slices x stride² floats
bool gramMatrix(const MatrixF& factors, MatrixF& out, std::vector<MatrixF>& partials, ThreadPool& pool,
                RunControl& control);

} // namespace recoscope
