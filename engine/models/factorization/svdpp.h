// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// SVD++: biased matrix factorisation that also learns from which items a user rated, whatever the ratings.
///
///   r̂(u, i) = mu + b_u + b_i + q_i · w_u,   w_u = p_u + |N(u)|^-½ Σ_{j ∈ N(u)} y_j
///   min Σ (r_ui − r̂_ui)² + λ (|p_u|² + |q_i|² + Σ_{j ∈ N(u)} |y_j|²) + λ_b (b_u² + b_i²)
///
/// by stochastic gradient descent, e = r − r̂, with learning rate η, user by user:
///
///   b += η (e − λ_b b),  q += η (e w − λ q),  p += η (e q − λ p),  y_j += η (e |N|^-½ q − λ y_j) for all j ∈
///   N(u)
///
/// The last line costs |N(u)| vectors a rating if taken literally. But all y_j of a user, p_u and their sum
/// move by the same map x → (1 − ηλ) x + c η e q, so w moves by w += η (2 e q − λ w), and after the user's n
/// ratings, with κ = (1 − ηλ)ⁿ and B = ½ (w_after − κ w_before):
///
///   p ← κ p + B,   y_j ← κ y_j + |N|^-½ B
///
/// which is the same to rounding and costs three vectors a rating. Users come in a new random order each
/// epoch. One thread: all users share the items' vectors.
///
/// Reference: Koren, "Factorization meets the neighborhood: a multifaceted collaborative filtering model",
/// KDD 2008, section 4, equation 15 and the steps below it. Differs from the paper: one learning rate and one
/// regularisation for both kinds of vectors, as in common implementations; the paper's N(u) may hold more
/// than rated items, here it is the history.
AlgorithmInfo svdppInfo();

} // namespace recoscope
