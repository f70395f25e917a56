// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// How a discriminator's answers become a loss. l: its linear output; t: the answer that is wanted.
enum class AdversarialLoss {
    CrossEntropy, // softplus(l) − t l: Goodfellow et al., NIPS 2014, in its non-saturating form
    LeastSquares, // ½ (l − t)²: Mao et al., ICCV 2017 (equation 2 with a = 0, b = 1)
    Wasserstein,  // −l wanted real, +l wanted fake: Arjovsky et al., ICML 2017 (clip the weights, or else)
};

/// What the loss wants the discriminator to say. A generator is trained towards Real on what it made.
enum class Verdict { Fake, Real };

struct AdversarialOptions {
    AdversarialLoss loss = AdversarialLoss::CrossEntropy;
    /// Real is 1 − smoothing instead of 1, fake stays 0: one-sided, Salimans et al., NIPS 2016 (section 3.4).
    /// Wasserstein has no labels to smooth.
    double smoothing = 0.0;
};

/// The loss meaned over rows. logits: rows x 1. O(rows).
template <class S>
NodeId adversarialLoss(Graph<S>& graph, NodeId logits, Verdict wanted,
                       const AdversarialOptions& options = {});

} // namespace recoscope::nn
