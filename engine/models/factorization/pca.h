// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// PCA: the linear counterpart of an autoencoder. A history, less the mean history, is squeezed into d
/// numbers and rebuilt from them.
///
///   code(u) = (x_u − m) V,   ŝ(u, ·) = code(u) Vᵀ + m
///
///   m: the mean row of X over users with a history (an item's share of users, for ones)
///   V: items x d, orthonormal, minimises |(X − 1mᵀ)(I − V Vᵀ)|² over all cells
///
/// No linear autoencoder with a bias and d hidden units has a smaller squared error, and one that is trained
/// to the end spans the same space (Bourlard & Kamp, "Auto-association by multilayer perceptrons and singular
/// value decomposition", Biological Cybernetics 59, 1988; Baldi & Hornik, "Neural networks and principal
/// component analysis", Neural Networks 2(1), 1989). The loss is that error divided by the number of cells.
///
/// Reference: Pearson, "On lines and planes of closest fit to systems of points in space", Philosophical
/// Magazine 2(11), 1901. The decomposition is that of truncated_svd.h; the matrix is never made dense.
///
/// Differs from the paper: an empty history has code 0, so that it is answered with the mean, not with the
/// code of a user who is known to want nothing.
AlgorithmInfo pcaInfo();

} // namespace recoscope
