// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// RP3beta: P3alpha with popular items held down.
///
///   score(u, ·) = x_u W,   W_ij = ((D_i⁻¹ Xᵀ)^alpha (D_u⁻¹ X)^alpha)_ij / degree(j)^beta,   diagonal 0
///
/// X: users x items, 1 or the rating; D_u, D_i: sums of its rows and columns; powers entry by entry;
/// degree(j): the users of j. The k largest of each row of W are kept, rows are divided by their sums, then
/// the k largest of each column are kept. Reference: Paudel, Christoffel, Newell & Bernstein, "Updatable,
/// accurate, diverse, and scalable recommendations for interactive applications", ACM TiiS 7(1), 2017,
/// section 4; neighbours kept as in Ferrari Dacrema et al., "A troubling analysis of reproducibility and
/// progress in recommender systems research", TOIS 39(2), 2021, section 3. Differs from the paper: neighbours
/// are cut, rows normalised, and the walk's first step is not raised to alpha.
AlgorithmInfo rp3betaInfo();

} // namespace recoscope
