// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/result.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <array>

namespace recoscope {

/// Points on a plane, for a picture.
struct PlaneProjection {
    MatrixF layout;                        // points x 2
    std::array<double, 2> varianceShare{}; // of all variance, by axis
};

/// The two leading principal components (Pearson 1901) from the exact d x d covariance; centred. The largest
/// coordinate of each axis' direction is positive. One point, equal points or one dimension leave an axis at
/// 0. ErrorCode::Numeric when a coordinate is not finite, Cancelled when cancelled. The same bits for any
/// number of threads. O(points d² + d³).
Result<PlaneProjection> pcaProjection(const MatrixF& points, ThreadPool& pool, RunControl& control);

/// Turns axes round where that brings `layout` nearer to `previous`, because the sign of a component is
/// arbitrary and a picture that is updated should not flip. Only where both have the same number of points.
void keepOrientation(const MatrixF& previous, MatrixF& layout);

} // namespace recoscope
