// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/ops/activation.h"
#include "engine/nn/ops/dense.h"

namespace recoscope::nn {

/// Σ_j KL(ρ ‖ ρ̂_j), ρ̂_j the mean over rows of unit j of h: how far the units are from being on a share ρ of
/// the time. h: rows x d, numbers in (0, 1), so behind a sigmoid. Of ρ̂ within 1e-6 of 0 or 1, that border's
/// value and slope are taken. O(rows · d). Ng, "Sparse autoencoder" (CS294A lecture notes), 2011.
template <class S>
NodeId sparsityKl(Graph<S>& graph, NodeId h, double rho);

/// (1/B) Σ_b ‖∂h_b / ∂x_b‖²_F = (1/B) Σ_b Σ_j f′(a_bj)² Σ_i W_ij² for h = f(a), a = x W + b. h: rows x d,
/// the layer's output; f: sigmoid or tanh, whose slope h itself tells. W gets a gradient in every row.
/// O((rows + inputs) · d). Rifai et al., ICML 2011 (equations 4, 7).
template <class S>
NodeId contractivePenalty(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId h, ParamId weight,
                          Activation f, WeightLayout layout = WeightLayout::InputByOutput);

} // namespace recoscope::nn
