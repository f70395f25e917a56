// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Logistic matrix factorisation: the probability that a user chooses an item, learned from all pairs.
///
///   p(u, i) = σ(x_u · y_i + β_u + β_i),   ŝ(u, i) = x_u · y_i + β_u + β_i
///
///   maximise  Σ_(u,i) [ alpha r_ui ln p(u, i) + ln(1 − p(u, i)) ] − reg/2 (Σ_u |x_u|² + Σ_i |y_i|²)
///
///   r_ui: 1 (or the rating) for a training pair, else 0; the second term runs over all pairs (Johnson,
///   equation 3 and after: every pair has a negative observation of weight 1)
///
/// One epoch takes a step along the full gradient for all users against fixed items, then for all items
/// against fixed users, by AdaGrad: x += rate g / sqrt(Σ g²) (Johnson, section 3.2). Scores and gradients are
/// dense products, so an epoch costs O(users · items · d), whatever the number of interactions.
///
/// The loss of an epoch is the negative of the sum above divided by the training pairs ("fit" taken before
/// the users' step) plus the penalty. A history training never saw gets a vector by the same steps with items
/// held.
///
/// References: Johnson, "Logistic matrix factorization for implicit feedback data", NIPS workshop on
/// distributed machine learning and matrix computations 2014. Duchi, Hazan & Singer, "Adaptive subgradient
/// methods", JMLR 12, 2011.
///
/// Differs from the paper: all missing pairs instead of a sample on request; initial factors are uniform.
AlgorithmInfo logisticMfInfo();

} // namespace recoscope
