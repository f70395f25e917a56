// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// One model for those whose history is long enough, another for the others:
///
///   ŝ(u, i) = s₁(u, i) where |I_u| >= n, else s₂(u, i)
///
/// |I_u| is the length of the history that a question brings, so a list may change its model while a history
/// is edited. Both parts are trained on the same data for all their epochs.
///
/// Reference: Burke, "Hybrid recommender systems: survey and experiments", User Modeling and User-Adapted
/// Interaction 12(4), 2002, section 3.2. Differs from the paper: the criterion is the history's length.
AlgorithmInfo switchingHybridInfo();

} // namespace recoscope
