// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Item mean: predicts the mean of an item's training ratings, the same for everyone.
///
///   score(u, i) = (damping * mu + sum of r_vi) / (damping + |U_i|)
///
/// An item without ratings gets the global mean mu. In a ranking, ties go to the lower index; without damping
/// an item with one top rating stands above all that many people liked. Reference: the item's part of the
/// baseline predictor in Koren, Bell & Volinsky, "Matrix factorization techniques for recommender systems",
/// IEEE Computer 42(8), 2009, equation 3; damping as in Ekstrand, Riedl & Konstan, "Collaborative filtering
/// recommender systems", FnT HCI 4(2), 2011, section 2.1. Differs from the paper: damping is 0 unless asked
/// for.
AlgorithmInfo itemMeanInfo();

} // namespace recoscope
