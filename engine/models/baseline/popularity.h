// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Popularity: the items that most users interacted with, the same list for everyone.
///
///   score(u, i) = |{v : (v, i) in train}|
///
/// Reference: the non-personalised baseline of Cremonesi, Koren & Turrin, "Performance of recommender
/// algorithms on top-N recommendation tasks", RecSys 2010, section 3.1 ("TopPop"). Differs from the paper:
/// nothing.
AlgorithmInfo popularityInfo();

} // namespace recoscope
