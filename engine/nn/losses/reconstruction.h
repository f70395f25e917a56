// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// How far a rebuilt history is from the history itself.
enum class ReconstructionLoss {
    Multinomial,  // −Σ_i x_i log softmax(y)_i
    CrossEntropy, // Σ_i softplus(y_i) − x_i y_i: binary cross-entropy with logits y
    SquaredError, // Σ_i w_i (y_i − x_i)²
    Gaussian,     // Σ_i w_i ½ (y_i − x_i)²: −log N(x; y, 1) without its constant
};

struct ReconstructionOptions {
    ReconstructionLoss loss = ReconstructionLoss::Multinomial;
    /// w_i of cells with x_i > 0 (squared error, Gaussian), or the factor of −x_i log p_i (cross-entropy); 1
    /// elsewhere.
    double positiveWeight = 1.0;
};

/// (1/B) Σ_b ℓ(y_b, x_b) over all cells of x. y: rows x items, the network's linear output; x: a sparse
/// batch, zero where it says nothing, which is never given noise. O(rows · items).
template <class S>
NodeId reconstructionLoss(Graph<S>& graph, NodeId y, SparseId x, const ReconstructionOptions& options);

/// The squared error over the observed cells only, meaned over them: (1/n) Σ_(b,i) observed (h_b · w_i + c_i
/// − x_bi)². h: rows x d; W: items x d; c: 1 x items. Predictions are made for observed cells alone. O(values
/// · d). After Sedhain et al., AutoRec, WWW 2015 (equation 2).
template <class S>
NodeId observedSquaredError(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId h, ParamId weight,
                            ParamId bias, SparseId x);

/// Σ weight · loss, of nodes of one number. A weight is a scalar that may change between steps.
template <class S>
NodeId weightedSum(Graph<S>& graph, std::vector<NodeId> losses, std::vector<ScalarId> weights);

} // namespace recoscope::nn
