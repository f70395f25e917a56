// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <functional>

namespace recoscope {

enum class InverseOutcome {
    Done,
    Cancelled,
    NotPositiveDefinite, // or too close to it for single precision, or not finite
};

/// Replaces a symmetric positive definite matrix by its inverse, in place, by the symmetric sweep operator in
/// blocks (Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33(3), 1979): with pivot
/// block K and D the inverse of A_KK,
///
///   A_IJ -= A_IK D A_KJ,   A_IK <- A_IK D,   A_KK <- -D      (I, J other blocks)
///
/// after all pivots A holds minus the inverse. The pivots are those of Cholesky's factorisation and the work
/// is that of factor plus inverse, n³/2 multiply-adds, but all of it is products of blocks. On all threads of
/// the pool; memory 2 n x 336 floats beside the matrix. The same bits for any thread count. keepGoing() is
/// asked once a product of blocks, at least every few milliseconds.
/// @param matrix  only what is on and below the diagonal is read. Done: both sides hold the inverse; else
/// unspecified.
/// @param progress  optional; called from the calling thread with the share done.
InverseOutcome invertSpd(MatrixF& matrix, ThreadPool& pool, RunControl& control,
                         const std::function<void(double fraction)>& progress = {});

} // namespace recoscope
