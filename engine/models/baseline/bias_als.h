// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Biases: a rating is the mean of all, moved by how generous the user and how well liked the item is.
///
///   r(u, i) = mu + b_u + b_i
///   minimise   sum of (r_ui - mu - b_u - b_i)² + reg_u sum of b_u² + reg_i sum of b_i²
///
/// Alternating least squares (als_biases.h); a user's bias follows from the history, so any history is
/// served. Reference: Koren, "Factor in the neighbors: scalable and accurate collaborative filtering", ACM
/// TKDD 4(1), 2010, section 2.1, equation 1; regularisation of each side as in Hug, "Surprise", JOSS 5(52),
/// 2020. Differs from the paper: nothing.
AlgorithmInfo biasAlsInfo();

} // namespace recoscope
