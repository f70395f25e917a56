// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Co-clustering: users and items are put in groups at once, so that ratings are explained by how a group of
/// users rates a group of items.
///
///   r(u, i) = A_gh + (m_u - C_g) + (m_i - C_h)        g: u's group, h: i's group
///   minimise over the groups   sum of (r_ui - r(u, i))²
///
/// A_gh: mean rating of group g for group h; C_g, C_h: means of the groups' ratings; m_u, m_i: own means. An
/// epoch computes the means, puts every user in the best group, computes them again, puts every item in the
/// best group. A user's group follows from the history, so any history is served; without a history m_u - C_g
/// is left out. Reference: George & Merugu, "A scalable collaborative filtering framework based on
/// co-clustering", ICDM 2005, section 3, algorithm 1. Differs from the paper: means are computed twice an
/// epoch; an empty group has the mean of all ratings.
AlgorithmInfo coClusteringInfo();

} // namespace recoscope
