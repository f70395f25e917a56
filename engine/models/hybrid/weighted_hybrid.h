// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Two models' scores blended, after each has been brought to one scale for the user:
///
///   ŝ(u, i) = w n(s₁(u, ·))_i + (1 − w) n(s₂(u, ·))_i
///
///   n  min-max: (s − min s) / (max s − min s)
///      z-score: (s − mean s) / deviation of s
///      rank:    share of the items that score lower, half of those that score the same
///      none:    s
///
/// over all items of one user; a model that gives all items one score says nothing and counts 0 (by rank ½).
/// Both parts are trained on the same data for all their epochs.
///
/// Reference: Burke, "Hybrid recommender systems: survey and experiments", User Modeling and User-Adapted
/// Interaction 12(4), 2002, section 3.1; the scales after Lee, "Combining multiple evidence from different
/// properties of weighting schemes", SIGIR 1995 (min-max), and Renda & Straccia, "Web metasearch", SAC 2003
/// (z-score and rank). Differs from the paper: nothing.
AlgorithmInfo weightedHybridInfo();

} // namespace recoscope
