// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// NMF: the whole matrix, missing cells being 0, as a product of vectors that have no negative number.
///
///   ŝ(u, i) = p_u · q_i,   min |X − P Qᵀ|² + λ (|P|² + |Q|²),   P, Q >= 0
///
/// by coordinate descent: one number of a row after the other takes its best value, or 0,
///
///   p_uk ← max(0, p_uk + (x_u q_·k − Σ_m p_um (QᵀQ)_mk − λ p_uk) / ((QᵀQ)_kk + λ)),
///
/// an epoch being one such pass over all users and one over all items. Rows are independent, so it runs on
/// all threads with the same bits. Any history folds in by the same passes with Q fixed.
///
/// Reference: Lee & Seung, "Algorithms for non-negative matrix factorization", NIPS 2000 (the objective);
/// Cichocki & Phan, "Fast local algorithms for large scale nonnegative matrix and tensor factorizations",
/// IEICE Transactions E92-A(3), 2009 (hierarchical alternating least squares), in the row-wise order of Hsieh
/// & Dhillon, KDD 2011. Differs from the papers: nothing.
AlgorithmInfo nmfInfo();

} // namespace recoscope
