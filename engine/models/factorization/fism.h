// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// FISM: a factored item-item similarity; a user is what the items of the history say.
///
///   ŝ(u, i) = b_i + n^−α Σ_{j ∈ S_u, j ≠ i} p_j · q_i,   n: how many j
///
///   minimise  Σ_(u,i)∈S ½ (1 − ŝ_ui)² + Σ_j sampled ½ ŝ_uj² + reg/2 (|p|² + |q|²) + reg_b/2 b²
///
/// FISMrmse (Kabbur et al., equations 5 and 7, algorithm 1), with ρ items outside of the history for each one
/// in it. Users are taken in batches: with e the errors of a batch's samples, h_u = Σ_{j∈S_u} p_j,
///   q_i += rate Σ e n^−α (h_u − p_i),   p_j += rate Σ_u (Σ_i e_ui n^−α q_i, j's own left out),  b_i += rate
///   Σ e
/// less the penalties, the rate of each row divided by the root of 1 + the sum of its mean squared gradients
/// (AdaGrad). First users, then items are shared out to the threads, so the bits do not depend on them.
///
/// The loss of an epoch is the mean of ½ e² over ones and zeros, each taken before its batch's step. Any
/// history is served as training serves its own: there is nothing to fold in. An item counts itself in where
/// a user asks for an item of the own history.
///
/// Reference: Kabbur, Ning & Karypis, "FISM: factored item similarity models for top-N recommender systems",
/// KDD 2013.
///
/// Differs from the paper: batches of users and AdaGrad instead of single steps at one rate; no user bias,
/// which moves all of a user's items alike.
AlgorithmInfo fismInfo();

} // namespace recoscope
