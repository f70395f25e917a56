// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// User mean: predicts the mean of the ratings in the user's history.
///
///   score(u, i) = (damping * mu + sum of r_uj) / (damping + |I_u|)
///
/// An empty history gets the global mean mu. All items of a user tie, so a ranking by it is the order of the
/// items' indices. Reference: the user's part of the baseline predictor in Koren, Bell & Volinsky, "Matrix
/// factorization techniques for recommender systems", IEEE Computer 42(8), 2009, equation 3; damping as in
/// Ekstrand, Riedl & Konstan, "Collaborative filtering recommender systems", FnT HCI 4(2), 2011, section 2.1.
/// Differs from the paper: damping is 0 unless asked for.
AlgorithmInfo userMeanInfo();

} // namespace recoscope
