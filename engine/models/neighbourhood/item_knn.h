// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// ItemKNN: an item scores by how alike it is to the items in the history.
///
///   implicit:  score(u, i) = sum over j in I_u of W_ji x_uj
///   explicit:  score(u, i) = m_i + (sum over j in I_u of W_ji (r_uj - m_j)) / (sum over j in I_u of |W_ji|)
///
/// W: items x items similarities (engine/linalg/similarity.h has the formulas), diagonal 0; of each column i
/// the k largest are kept, so each item keeps its own k neighbours. m: item means; x: 1 or the rating,
/// weighted when asked for. Reference: Sarwar, Karypis, Konstan & Riedl, "Item-based collaborative filtering
/// recommendation algorithms", WWW 2001, sections 3.1 and 3.2; Deshpande & Karypis, "Item-based top-N
/// recommendation algorithms", TOIS 22(1), 2004, section 4 (sums over the k kept per item). Shrink and
/// weightings as compared in Ferrari Dacrema et al., "A troubling analysis of reproducibility and progress in
/// recommender systems research", TOIS 39(2), 2021, section 3. Differs from the paper: norms and means are
/// over all of an item's ratings, not only over users who rated both; the weighted average is of deviations
/// from item means; similarities that are zero are not kept.
AlgorithmInfo itemKnnInfo();

} // namespace recoscope
