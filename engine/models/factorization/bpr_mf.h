// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// BPR-MF: matrix factorisation learned from pairs, a chosen item before one that was not chosen.
///
///   ŝ(u, i) = p_u · q_i + b_i
///
///   minimise  Σ_(u,i,j) −ln σ(x) + (reg_u |p_u|² + reg_i |q_i|² + reg_j |q_j|² + reg_b (b_i² + b_j²)) / 2
///             x = ŝ(u, i) − ŝ(u, j),  i in the history of u, j sampled outside of it
///
/// A step for each triple (Rendle et al., section 4.3, and figure 4), g = σ(−x):
///   p += rate (g (q_i − q_j) − reg_u p),  q_i += rate (g p − reg_i q_i),  q_j += rate (−g p − reg_j q_j)
/// and likewise for the biases; with AdaGrad the rate of each vector is divided by the root of 1 +
/// the sum of its mean squared gradients (Duchi et al.; one sum a row as in Chin et al.). An epoch takes one
/// triple for each training pair.
///
/// Pairs are cut into a grid of blocks by user and item, dealt anew for each epoch (pair_grid.h); j comes
/// from the block's own items, so that blocks on a diagonal run in parallel and the bits do not depend on the
/// threads.
///
/// The loss of an epoch is the mean of −ln σ(x), each taken just before its own step; the signal "train_auc"
/// is the share of triples in the right order. A history training never saw gets its vector by the same steps
/// with items held.
///
/// References: Rendle, Freudenthaler, Gantner & Schmidt-Thieme, "BPR: Bayesian personalized ranking from
/// implicit feedback", UAI 2009. Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and
/// stochastic optimization", JMLR 12, 2011. Chin, Zhuang, Juan & Lin, "A learning-rate schedule for
/// stochastic gradient methods to matrix factorization", PAKDD 2015.
///
/// Differs from the paper: every pair once an epoch in random order instead of drawn with replacement; within
/// an epoch j stands in the same column of the grid as i (over the epochs every two items meet alike);
/// AdaGrad on choice; items may be sampled by popularity; an item bias; initial factors are uniform.
AlgorithmInfo bprMfInfo();

} // namespace recoscope
