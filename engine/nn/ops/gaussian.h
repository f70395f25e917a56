// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

/// z = mean + exp(logVariance / 2) · ε with ε ~ N(0, 1) in training, z = mean else: the reparameterisation of
/// Kingma & Welling, ICLR 2014. All three: rows x d.
template <class S>
NodeId gaussianSample(Graph<S>& graph, NodeId mean, NodeId logVariance);

/// (1/B) Σ_b w_b ½ Σ_d (exp(lv) + mean² − 1 − lv): the divergence of N(mean, exp(lv)) from N(0, I), meaned
/// over the batch. `weights`, a rows x 1 node without gradient, is optional (all 1).
template <class S>
NodeId klToStandardNormal(Graph<S>& graph, NodeId mean, NodeId logVariance,
                          std::optional<NodeId> weights = {});

} // namespace recoscope::nn
