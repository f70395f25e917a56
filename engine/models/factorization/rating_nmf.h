// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// NMF of the ratings that are there:
///
///   r̂(u, i) = p_u · q_i,   min Σ (r_ui − p_u · q_i)² + λ_u Σ |I_u| |p_u|² + λ_i Σ |U_i| |q_i|²,   P, Q >= 0
///
///   p_uk ← p_uk (Σ_i r_ui q_ik) / (Σ_i r̂_ui q_ik + |I_u| λ_u p_uk),   q_ik likewise, from the new p or the
///   old
///
/// Reference: Luo, Zhou, Xia & Zhu, "An efficient non-negative matrix-factorization-based approach to
/// collaborative filtering for recommender systems", IEEE Transactions on Industrial Informatics 10(2), 2014,
/// equations 11 to 13. Differs from the paper: the order of the two steps may
/// be chosen.
AlgorithmInfo ratingNmfInfo();

} // namespace recoscope
