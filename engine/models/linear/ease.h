// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// EASE: a linear autoencoder without hidden layer whose weights have a closed form.
///
///   score(u, ·) = x_u B,    minimise over B   |X - X B|² + l2 |B|²   with B's diagonal 0
///   P = (XᵀX + l2 I)⁻¹,     B_ij = -P_ij / P_jj   for i ≠ j
///
/// X: users x items, 1 or the rating. Time items³ / 2 multiply-adds, memory items² floats, whatever the
/// number of users. Reference: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019,
/// equations 4 to 8 and algorithm 1. Differs from the paper: nothing.
AlgorithmInfo easeInfo();

} // namespace recoscope
