// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

enum class PairwiseLoss {
    Bpr,   // −log σ(s⁺ − s⁻): Rendle et al., UAI 2009
    Hinge, // max(0, margin − s⁺ + s⁻)
};

struct PairwiseOptions {
    PairwiseLoss loss = PairwiseLoss::Bpr;
    double margin = 1.0; // hinge
};

/// What a sum of weighted terms is divided by.
enum class Averaging {
    Terms,   // their count
    Weights, // the sum of their weights: for padded sequences; 0 when all weights are
};

/// Σ w ℓ(s⁺, s⁻) over all pairs, averaged. positive: rows x 1; negative: rows x n, each against its row's
/// positive. `weights`, without gradient, rows x 1 or rows x n, is optional (all 1): with hinge and
/// warpWeight() of the ranks that sampling found it is WARP (Weston et al., IJCAI 2011).
template <class S>
NodeId pairwiseLoss(Graph<S>& graph, NodeId positive, NodeId negative, const PairwiseOptions& options = {},
                    std::optional<NodeId> weights = {}, Averaging averaging = Averaging::Terms);

/// Σ w (softplus(l) − t l), averaged: binary cross-entropy with logits. logits l and targets t, in [0, 1] and
/// without gradient: rows x n; weights as above.
template <class S>
NodeId pointwiseCrossEntropy(Graph<S>& graph, NodeId logits, NodeId targets,
                             std::optional<NodeId> weights = {}, Averaging averaging = Averaging::Terms);

/// Σ_{k ≤ rank} 1/k: what WARP weighs a pair with whose positive stands at that rank.
double warpWeight(std::int64_t rank);

} // namespace recoscope::nn
