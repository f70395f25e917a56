// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// P3alpha: where a walk of three steps ends, from the user to an item of the history, to one of its users,
/// to an item of theirs.
///
///   score(u, ·) = x_u W,   W = (D_i⁻¹ Xᵀ)^alpha (D_u⁻¹ X)^alpha,   diagonal 0
///
/// X: users x items, 1 or the rating; D_u, D_i: sums of its rows and columns; powers entry by entry. The k
/// largest of each row of W are kept, rows are divided by their sums, then the k largest of each column are
/// kept. Reference: Cooper, Lee, Radinsky & Fekete, "Random walks in recommender systems: exact computation
/// and simulations", WWW 2014 (companion), section 3; neighbours kept as in Ferrari Dacrema et al., "A
/// troubling analysis of reproducibility and progress in recommender systems research", TOIS 39(2), 2021,
/// section 3. Differs from the paper: neighbours are cut, rows normalised, and the walk's first step is not
/// raised to alpha.
AlgorithmInfo p3alphaInfo();

} // namespace recoscope
