// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/linalg/gemm.h"

#include <cstdint>
#include <vector>

namespace recoscope {

struct ElasticNetOptions {
    double l1 = 0.0;
    double l2 = 0.0;
    bool positive = true;    // weights below 0 are not allowed
    int rounds = 100;        // at most, over all coordinates
    double tolerance = 1e-2; // a column is done when no weight moved by more than this share of the largest
};

/// Elastic nets of many columns at once, each regressed on all others through their Gram matrix:
///
///   minimise over w   ½ wᵀG w − g_jᵀ w + l1 |w|₁ + ½ l2 |w|²   with w_j = 0   (and w ≥ 0)
///
/// by coordinate descent (Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models
/// via coordinate descent", Journal of Statistical Software 33(1), 2010, section 2.2). 128 columns go side by
/// side: 64 coordinates are minimised one after another for each column, then what their steps change is one
/// matrix product. Coordinates at 0 that want to stay there in all columns are passed over; columns that are
/// done leave. For one thread; memory 2 x rows x 128 floats.
class ElasticNet final {
public:
    static constexpr std::int64_t kColumns = 128;

    ElasticNet(const MatrixF& gram, const ElasticNetOptions& options);

    /// Fits columns [begin, end), at most kColumns. False when cancelled: weights are then unfinished.
    bool fit(std::int64_t begin, std::int64_t end, RunControl& control);
    /// Weights of the column begin + `column` of the last fit(), gram.rows() of them.
    void weights(std::int64_t column, std::vector<float>& out) const;
    /// Rounds that the last fit() took.
    int rounds() const { return m_rounds; }

private:
    static constexpr std::int64_t kCoordinates = 64;

    bool round(RunControl& control);
    bool mayMove(std::int64_t coordinate) const;
    void descend(std::int64_t count);
    bool spread(std::int64_t count, RunControl& control);
    void letGo();

    const MatrixF& m_gram;
    ElasticNetOptions m_options;
    std::int64_t m_n;
    std::int64_t m_active = 0;            // columns still at work: the first of m_slope and m_weights
    std::vector<std::int64_t> m_target;   // of each active column, its row of the Gram matrix
    std::vector<std::int64_t> m_column;   // of each active column, its number among the fitted
    std::vector<std::int64_t> m_activeOf; // of each row of the Gram matrix, the active column it is; -1: none
    std::vector<float> m_slope;           // n x kColumns: g_j − G w
    std::vector<float> m_weights;         // n x kColumns
    std::vector<float> m_done;            // kColumns x n: weights of columns that have left
    std::vector<float> m_largestStep;     // of each active column in this round
    std::vector<float> m_largestWeight;
    std::vector<std::int64_t> m_group; // coordinates that are minimised together
    std::vector<float> m_groupSlope;   // kCoordinates x kColumns
    std::vector<float> m_minusStep;    // kCoordinates x kColumns
    std::vector<float> m_groupRows;    // kCoordinates x n, where the group's rows are not side by side
    GemmScratch<float> m_scratch;
    int m_rounds = 0;
};

} // namespace recoscope
