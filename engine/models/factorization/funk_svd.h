// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Funk's SVD on implicit data: a chosen pair is a 1, some sampled pairs are 0, and user and item vectors are
/// fitted to them by stochastic gradient descent.
///
///   ŝ(u, i) = p_u · q_i (+ b_i)
///
///   minimise  Σ_(u,i)∈S [ ½ (1 − ŝ_ui)² + ½ Σ_j ŝ_uj² ] + reg_u |p_u|² / 2 + reg_i |q_i|² / 2,
///             j: `negatives` items sampled outside of the history, on average
///
/// A step for each 1 and each 0 (Funk), e = r − ŝ:
///   p += rate (e q − reg_u p),  q += rate (e p − reg_i q)
/// with AdaGrad as in bpr_mf.h. Trains on the
/// same grid of blocks as BPR-MF (bpr_mf.h); folds in by the same steps with items held. The loss is the mean
/// of ½ e² over ones and zeros, each taken just before its step. Ratings themselves are for biased_mf.h.
///
/// References: Funk, "Netflix update: try this at home", 2006. On implicit data with sampled zeros: Ferrari
/// Dacrema, Boglio, Cremonesi & Jannach, "A troubling analysis of reproducibility and progress in recommender
/// systems research", ACM TOIS 39(2), 2021 (appendix).
///
/// Differs from the papers: all factors at once; zeros come from the same column of the grid as the pair's
/// item; their number is given for each 1, not as a share of all.
AlgorithmInfo funkSvdInfo();

} // namespace recoscope
