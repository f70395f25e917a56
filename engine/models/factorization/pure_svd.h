// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// PureSVD: the history, rebuilt from its d leading singular directions.
///
///   code(u) = x_u V,   ŝ(u, ·) = code(u) Vᵀ
///
///   V: items x d, orthonormal, minimises |X − X V Vᵀ|² over all cells, missing ones being 0
///
/// X is the training matrix of ratings or ones. Any history folds in by the same two products. The loss is
/// |X − X V Vᵀ|² divided by the number of cells of the users with a history; it needs no pass over the cells,
/// because |X − X V Vᵀ|² = |X|² − Σ σ_k².
///
/// Reference: Cremonesi, Koren & Turrin, "Performance of recommender algorithms on top-N recommendation
/// tasks", RecSys 2010, section 3.2, equations 5 to 7. The decomposition is that of truncated_svd.h.
///
/// Differs from the paper: nothing for "ratings"; its matrix holds ratings, here ones are the default.
AlgorithmInfo pureSvdInfo();

} // namespace recoscope
