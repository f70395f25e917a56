// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace recoscope {

/// What stands in a cell that has an entry.
enum class CellValues { AsGiven, Ones };
/// Whether column means are subtracted from every cell, also from those without an entry.
enum class Centring { None, ColumnMeans };

struct SvdOptions {
    int rank = 10;
    int oversampling = 10;   // further directions that are followed and then dropped
    int powerIterations = 6; // passes over X and Xᵀ after the first
    std::uint64_t seed = 42;
    CellValues values = CellValues::AsGiven;
    Centring centring = Centring::None;
};

/// The leading singular triplets, without U: X V holds the rows' coordinates, and |X v_k| is the k-th
/// singular value. Beyond the rank of X, singular values and columns of V are zero.
struct TruncatedSvd {
    MatrixD v;                // columns of X x rank; orthonormal columns, largest entry of each positive
    VectorD singularValues;   // rank, descending
    VectorD mean;             // column means; zero without centring
    double squaredNorm = 0.0; // |X|² (centred when asked) over the rows with entries
    std::int64_t rows = 0;    // rows with entries; the others are no part of the matrix

    /// |X − X V Vᵀ|², the squared error of the best rebuilding from `rank` numbers a row: never below 0.
    double squaredError() const;
};

/// Randomised subspace iteration (Halko, Martinsson & Tropp, "Finding structure with randomness:
/// probabilistic algorithms for constructing approximate matrix decompositions", SIAM Review 53(2), 2011,
/// algorithms 4.4 and 5.1) with an orthonormal basis after every product, on X and Xᵀ, in double. Exact when
/// rank + oversampling reaches the rank of X; otherwise the error falls with (σ_{l+1} / σ_k)^(2
/// powerIterations + 2).
///
/// Differs from the paper: the last step projects on the right basis W and solves the small symmetric problem
/// (XW)ᵀXW, so that the singular values are |X v| exactly.
///
/// @param x         users x items
/// @param xByItem   its transpose
/// @param progress  may be empty; share done, from the calling thread
/// Nothing when cancelled. The same bits for any number of threads. O((powerIterations + 1) (entries l +
/// (rows + columns) l²) + l³), l = rank + oversampling.
std::optional<TruncatedSvd> truncatedSvd(const UserItemCsr& x, const ItemUserCsr& xByItem,
                                         const SvdOptions& options, ThreadPool& pool, RunControl& control,
                                         const std::function<void(double)>& progress = {});

} // namespace recoscope
