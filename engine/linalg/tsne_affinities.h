// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <cstdint>
#include <vector>

namespace recoscope {

enum class TsneMetric {
    Euclidean,
    Cosine, // Euclidean between rows of length 1; a row of zeros stays
};

/// A symmetric sparse matrix that sums to 1, for kernels of 16 lanes: each row's length is a multiple of 16,
/// filled up with the row's own index and value 0. Plain data.
struct SparseAffinities {
    std::vector<std::int64_t> offsets; // points + 1
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    double entropyTerm = 0.0; // Σ p ln p
};

/// Nearest neighbours of every point, nearest first, ties to the lower index. Plain data.
struct NearestPoints {
    int k = 0;
    std::vector<std::int32_t> indices;   // points x k
    std::vector<float> squaredDistances; // points x k
};

/// Exact, by products of blocks: O(points² d). False when cancelled.
/// @param points  points x d, finite
/// @param k       below the number of points
bool nearestPoints(const MatrixF& points, int k, NearestPoints& out, ThreadPool& pool, RunControl& control);

/// Gaussian weights of one point's neighbours, summing to 1, whose entropy is ln(perplexity) as nearly as the
/// distances allow (ties allow less choice).
/// @param squaredDistances  ascending
/// @param out               as many
void perplexityWeights(const float* squaredDistances, int k, double perplexity, float* out);

/// p_ij of the t-SNE papers. False when cancelled.
bool tsneAffinities(const MatrixF& points, double perplexity, TsneMetric metric, SparseAffinities& out,
                    ThreadPool& pool, RunControl& control);

} // namespace recoscope
