// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Matrix factorisation as tutorials build it in Keras: two embedding layers, a dot product, biases, Adam.
///
///   s(u, i) = p_u · q_i + b_u + b_i
///
/// Output "sigmoid", for choices, binary cross-entropy:
///   minimise  Σ_(u,i)∈S [ −ln σ(s_ui) − Σ_j ln σ(−s_uj) ],   j: `negatives` items outside of the history
/// Output "linear", for ratings, squared error, mu the mean of the training ratings:
///   minimise  Σ_(u,i) (r_ui − mu − s_ui)²
///
/// The loss is meaned over a batch, λ/2 of the squared embeddings of the batch's users and items is its
/// penalty, and each batch is one step of Adam (lazy: rows outside of the batch stay as they are). The
/// network is a graph of engine/nn. The loss of an epoch is the mean over its examples, each taken before its
/// batch's step, without the penalty.
///
/// A history training never saw: for "sigmoid" gradient steps for the user's vector against held items, with
/// newly sampled ones (ranking_model.h); for "linear" the ridge regression of biased_mf.h. The user's bias is
/// no part of a "sigmoid" model's scores, as it moves all of a user's items alike.
///
/// References: Koren, Bell & Volinsky, "Matrix factorization techniques for recommender systems", IEEE
/// Computer 42(8), 2009. Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015. The
/// generalised form with sampled items: He, Liao, Zhang, Nie, Hu & Chua, "Neural collaborative filtering",
/// WWW 2017, section 3.
///
/// Differs from the papers: no layers above the dot product (Rendle, Krichene, Zhang & Anderson, "Neural
/// collaborative filtering vs. matrix factorization revisited", RecSys 2020, found them to do no good); the
/// mean is taken off the ratings instead of being learned.
AlgorithmInfo neuralMfInfo();

} // namespace recoscope
