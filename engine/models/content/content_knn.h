// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Content ItemKNN: an item scores by how alike in content it is to the items in the history.
///
///   ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj
///   W_ij = f_i · f_j / (|f_i||f_j| + shrink + 1e-6), or Jaccard of the features
///
/// f: an item's genres, categories, brand, words of its title and bands of its numbers, weighted by TF-IDF or
/// BM25 where asked for. Of each column i the k largest W_ji are kept; equal ones go to the lower index. No
/// interaction is looked at in training, so an item without any is scored like the others.
///
/// Reference: Lops, de Gemmis & Semeraro, "Content-based recommender systems: state of the art and trends",
/// Recommender Systems Handbook, 2011, section 3.3; the item-based form with shrink and weightings as
/// compared in Ferrari Dacrema et al., TOIS 39(2), 2021, section 3. Differs from the paper: nothing.
AlgorithmInfo contentKnnInfo();

/// The interactions' matrix and the content's side by side, as if a feature were one more user of weight w:
///
///   row i = [x_1i … x_Ui, w f_i1 … w f_iF],   W: similarity of rows,   ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj
///
/// Reference: Mobasher, Jin & Zhou, "Semantically enhanced collaborative filtering on the web", EWMF 2003
/// (combined similarity); in this form, with the weight before TF-IDF or BM25, Ferrari Dacrema et al., TOIS
/// 39(2), 2021, section 3 ("ItemKNN-CFCBF"). Differs from the paper: nothing.
AlgorithmInfo hybridKnnInfo();

} // namespace recoscope
