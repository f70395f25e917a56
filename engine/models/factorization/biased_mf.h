// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Biased matrix factorisation ("SVD", Funk) for ratings, by parallel stochastic gradient descent.
///
///   r̂(u, i) = mu + b_u + b_i + p_u · q_i
///
///   minimise  Σ_(u,i)∈train (r_ui − r̂_ui)² + reg (|p_u|² + |q_i|²) + bias_reg (b_u² + b_i²)
///
/// mu is the mean of the training ratings. A step for each rating, e = r − r̂ (Koren, Bell & Volinsky,
/// equation 5 with biases):
///   b_u += bias_rate (e − bias_reg b_u),  p_u += rate (e q_i − reg p_u),  and likewise b_i, q_i
/// The rate is constant, or multiplied by `decay` after each epoch, or with AdaGrad divided by the root of
/// the row's own sum of squared gradients (Chin et al.).
///
/// Ratings are cut into a fixed grid of 16 x 16 blocks. An epoch visits the 16 diagonals in an order drawn
/// from the seed; the blocks of one diagonal share no row and run in parallel, so the bits do not depend on
/// the threads.
///
/// The loss of an epoch: "fit" is the mean of e² with every error taken just before its own step (no extra
/// pass; slightly above the error after the epoch while it still falls), "regularisation" the penalty after
/// the epoch divided by the number of ratings. The validation loss is the mean squared error of unclipped
/// predictions.
///
/// A history training never saw is folded in by ridge regression on the fixed item factors, with the same
/// penalty.
///
/// References: Funk, "Netflix update: try this at home", 2006. Koren, Bell & Volinsky, "Matrix factorization
/// techniques for recommender systems", IEEE Computer 42(8), 2009. Zhuang, Chin, Juan & Lin, "A fast parallel
/// SGD for matrix factorization in shared memory systems", RecSys 2013. Chin, Zhuang, Juan & Lin, "A
/// learning-rate schedule for stochastic gradient methods to matrix factorization", PAKDD 2015.
///
/// Differs from the papers: all factors at once instead of one after the other (Funk); a fixed schedule
/// instead of the first free block (Zhuang et al.); AdaGrad keeps one sum a row instead of two (Chin et al.),
/// and biases share one decaying rate; initial factors are uniform with the given standard deviation; users
/// and items without ratings have zero bias and factors.
AlgorithmInfo biasedMfInfo();

} // namespace recoscope
