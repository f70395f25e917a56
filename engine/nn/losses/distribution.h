// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

struct LogisticOptions {
    double scale = 1.0; // s, when it is not learned
    /// log s to be learned: 1 x 1, or 1 x items for one of each item.
    std::optional<ParamId> logScale = {};
};

/// (1/B) Σ_b Σ_i −log p(x_bi; y_bi, s) with the continuous logistic density p(x; μ, s) = e^−u / (s (1 +
/// e^−u)²), u = (x − μ) / s, over all cells of x (zero where it says nothing). y: rows x items, the linear
/// output; the logistic VAE's reconstruction. Not discretised: over the two values 0 and 1 that is binary
/// cross-entropy. Reported values can be below 0, as log densities may. O(rows · items). The density as in
/// Kingma et al., NIPS 2016 (section 5.1, before binning).
template <class S>
NodeId logisticLoss(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId y, SparseId x,
                    const LogisticOptions& options = {});

/// (1/B) Σ_b w_b KL(N(mean, e^lv) ‖ N(otherMean, e^otherLv)), diagonal Gaussians: all four rows x d.
/// `weights`, a rows x 1 node that gets no gradient, is optional (all 1).
template <class S>
NodeId klBetweenGaussians(Graph<S>& graph, NodeId mean, NodeId logVariance, NodeId otherMean,
                          NodeId otherLogVariance, std::optional<NodeId> weights = {});

struct CompositePriorOptions {
    double standardWeight = 3.0 / 20.0;
    double oldWeight = 3.0 / 4.0;
    double wideWeight = 1.0 / 10.0;
    double wideLogVariance = 10.0;
};

struct CompositePriorInputs {
    NodeId z{}; // a sample of N(mean, e^logVariance)
    NodeId mean{};
    NodeId logVariance{};
    NodeId oldMean{}; // of the same histories, by the encoder as it was
    NodeId oldLogVariance{};
    std::optional<NodeId> weights = {}; // rows x 1, gets no gradient: γ · |x_u|
};

/// RecVAE's divergence by one sample: (1/B) Σ_b w_b Σ_d [log N(z; mean, e^lv) − log Σ_k α_k N(z; k-th
/// prior)], the priors N(0, 1), N(oldMean, e^oldLv) and N(0, e^10). All: rows x d. Shenbin et al., WSDM 2020
/// (equations 6, 7). Differs from the paper's text: the mixture is taken in each dimension, as the authors'
/// program does.
template <class S>
NodeId compositePriorKl(Graph<S>& graph, const CompositePriorInputs& inputs,
                        const CompositePriorOptions& options = {});

} // namespace recoscope::nn
