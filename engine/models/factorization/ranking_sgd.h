// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/rng.h"
#include "engine/data/negative_sampler.h"
#include "engine/models/factorization/pair_grid.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// What stochastic gradient descent with sampled items minimises for a chosen pair (u, i), s = p·q + b:
enum class RankingLoss {
    Bpr,      // −log σ(s_ui − s_uj), j sampled outside of the history
    Warp,     // Φ(rank) max(0, 1 − s_ui + s_uj), j the first of several sampled that violates the margin
    Squared,  // ½ (1 − s_ui)² + ½ Σ s_uj², j: some sampled
    Logistic, // −log σ(s_ui) − Σ log σ(−s_uj), j: some sampled
};

struct RankingStep {
    RankingLoss loss = RankingLoss::Bpr;
    bool adaGrad = false; // each row its own rate: rate / sqrt(1 + its mean squares)
    bool itemBias = true;
    float rate = 0.05f;
    float regUser = 0.0f;
    float regPositive = 0.0f;
    float regNegative = 0.0f;
    float regBias = 0.0f;
    int tries = 10;         // WARP: at most so many sampled items
    float negatives = 1.0f; // Squared, Logistic: sampled items a pair, on average
    bool operator==(const RankingStep&) const = default;
};

/// What a pass changes. Columns from d on are zero and stay so.
struct RankingFactors {
    MatrixF users;    // P: users x stride
    MatrixF items;    // Q: items x stride
    VectorF itemBias; // b
    // Sums of squared gradients (mean over the row's factors), from 1; only AdaGrad moves them.
    VectorF userSquares;
    VectorF itemSquares;
    VectorF biasSquares;
};

/// Sums over the pairs of a pass, each taken just before its step.
struct RankingSums {
    double loss = 0.0;
    std::int64_t terms = 0;   // pairs and sampled items in `loss`
    std::int64_t right = 0;   // BPR: the chosen item was ahead; WARP: no violation found
    std::int64_t skipped = 0; // pairs for which nothing could be sampled
};

/// By rank from 0: Σ_{k ≤ rank} 1/k, for ranks below `items`.
std::vector<float> warpWeights(std::int32_t items);

/// Where a pass gets the items that were not chosen.
struct RankingSource {
    const NegativeSampler& sampler;
    const ItemLottery& lottery;
    std::span<const float> rankWeights; // warpWeights() of the number of items; for WARP only
    const UserItemCsr& histories;
};

/// One step for each pair, in order. Touches only rows of the pairs' users, of their items and of the
/// lottery's items. With a rate of 0 nothing changes and the sums are what they would be.
RankingSums rankingPass(std::span<const ChosenPair> pairs, const RankingStep& step,
                        const RankingSource& source, Rng& rng, RankingFactors& factors);

} // namespace recoscope
