// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// WARP: matrix factorisation learned from the items that stand too high, weighed by how high the chosen item
/// stands.
///
///   ŝ(u, i) = p_u · q_i + b_i
///
///   minimise  Σ_(u,i)∈S Φ(rank_u(i)) max(0, 1 − ŝ(u, i) + ŝ(u, j)) + penalties,   Φ(r) = Σ_{k ≤ r} 1/k
///
/// For each pair, items j outside of the history are sampled until one violates the margin of 1, at most
/// `max_sampled` times; found at the N-th draw, the rank is taken for floor((items − history) / N). Then
/// (Weston et al., algorithm 1), with g = Φ(rank):
///   p += rate (g (q_i − q_j) − reg_u p),  q_i += rate (g p − reg_i q_i),  q_j += rate (−g p − reg_i q_j)
/// and likewise for biases; with AdaGrad as in bpr_mf.h. Trains on the same grid of blocks as BPR-MF
/// (bpr_mf.h); folds in by the same steps.
///
/// The loss of an epoch is the mean over the pairs of Φ(rank) (1 − ŝ(u, i) + ŝ(u, j)), 0 where no violation
/// was found; the signal "without_violation" is the share of those.
///
/// References: Weston, Bengio & Usunier, "WSABIE: scaling up to large vocabulary image annotation", IJCAI
/// 2011. Kula, "Metadata embeddings for user and item cold-start recommendations" (LightFM), 2015.
///
/// Differs from the paper: an L2 penalty instead of a largest length of a vector; users instead of images; at
/// most `max_sampled` draws (as LightFM); an item bias; every pair once an epoch in random order, j from the
/// same column of the grid as i.
AlgorithmInfo warpInfo();

} // namespace recoscope
