// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// SLIM: each item's column of interactions is regressed on all others, with few weights.
///
///   score(u, ·) = x_u W
///   for each j: minimise over w   1/(2n) |x_j - X w|² + alpha (l1_ratio |w|₁ + (1 - l1_ratio)/2 |w|²)
///               with w_j = 0 and, where asked for, w ≥ 0; of each column the k largest weights are kept
///
/// X: users x items, 1 or the rating; n: users with training interactions. Fitted on XᵀX by coordinate
/// descent for many items at once (engine/linalg/elastic_net.h). Reference: Ning & Karypis, "SLIM: sparse
/// linear methods for top-N recommender systems", ICDM 2011, equation 4; the elastic net's parameters and k
/// as compared in Ferrari Dacrema et al., "A troubling analysis of reproducibility and progress in
/// recommender systems research", TOIS 39(2), 2021, section 3. Differs from the paper: the loss is divided by
/// the users, the penalties are given as their sum and the share of l1, weights below 0 can be allowed, and k
/// cuts columns.
AlgorithmInfo slimInfo();

} // namespace recoscope
