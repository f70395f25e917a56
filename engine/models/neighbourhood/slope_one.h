// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Slope One: how much better or worse than another item an item is rated by those who rated both.
///
///   plain:     r(u, i) = m_u + sum over j in R(u, i) of dev_ij / |R(u, i)|
///   weighted:  r(u, i) = sum over j in R(u, i) of c_ij (r_uj + dev_ij) / sum of those c_ij
///
/// dev_ij: mean of r_vi - r_vj over the c_ij users v who rated both; R(u, i): the items of u's history with
/// c_ij at least min_support; m_u: the mean of the history. Without any, m_u (the mean of all ratings for an
/// empty history). Reference: Lemire & Maclachlan, "Slope One predictors for online rating-based
/// collaborative filtering", SDM 2005, sections 3.2 and 3.3. Differs from the paper: nothing.
AlgorithmInfo slopeOneInfo();

} // namespace recoscope
