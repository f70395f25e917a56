// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// LightGCN: vectors of users and items that are averaged over what is near them in the graph of
/// interactions.
///
///   E⁽ᵏ⁺¹⁾ = D^-½ A D^-½ E⁽ᵏ⁾,   E = 1/(K+1) Σ_k E⁽ᵏ⁾,   ŝ(u, i) = e_u · e_i
///
///   minimise  Σ_(u,i,j) [ −ln σ(ŝ(u, i) − ŝ(u, j)) + reg/2 (|e⁽⁰⁾_u|² + |e⁽⁰⁾_i|² + |e⁽⁰⁾_j|²) ]
///
///   A: the graph's adjacency matrix, D its degrees; only E⁽⁰⁾ is learned (He et al., equations 7, 8, 11, 15)
///
/// With M = 1/(K+1) Σ_k (D^-½ A D^-½)^k, E = M E⁽⁰⁾ and M is symmetric: the gradient of E⁽⁰⁾ is M times that
/// of E, the same propagation once more. A batch takes B pairs, an item j sampled outside of each user's
/// history, one propagation forward and one backward, and one step of Adam on all of E⁽⁰⁾.
///
/// The loss is the mean over the pairs of −ln σ, each taken before its batch's step ("bpr"), plus the penalty
/// of the batch's rows ("regularisation").
///
/// A history training never saw is propagated: with E's items as they are, the user is a new node at degree
/// |S_u| whose own e⁽⁰⁾ is 0, e_u = 1/(K+1) Σ_{k<K} Σ_{i∈S_u} e⁽ᵏ⁾_i / √(|S_u| d_i). Equal to the learned
/// vector but for the user's own part.
///
/// Reference: He, Deng, Wang, Li, Zhang & Wang, "LightGCN: simplifying and powering graph convolution network
/// for recommendation", SIGIR 2020.
///
/// Differs from the paper: an epoch takes every training pair once in random order, where the authors'
/// program draws with replacement; initial vectors are normal with standard deviation `init_std`, as in that
/// program, not Xavier's.
AlgorithmInfo lightGcnInfo();

} // namespace recoscope
