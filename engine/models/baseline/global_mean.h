// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Global mean: predicts the mean training rating for every pair.
///
///   score(u, i) = mu
///
/// All items tie, so a ranking by it is the order of the items' indices and says nothing.
/// Reference: the zeroth term of the baseline predictor in Koren, Bell & Volinsky, "Matrix factorization
/// techniques for recommender systems", IEEE Computer 42(8), 2009, equation 3. Differs from the paper:
/// nothing.
AlgorithmInfo globalMeanInfo();

} // namespace recoscope
