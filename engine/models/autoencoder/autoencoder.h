// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// The plain autoencoder, with one layer or deep, and its classic variants.
///
///     h = f(x̃),  ŝ = g(h),  x̃: x with values hidden or noise added
///     min  loss(x, ŝ) + a Σ_j KL(ρ ‖ mean h_j) + b ‖∂h/∂x‖²
///     loss: squared error or cross-entropy over all cells, those that were chosen weighing c
///
/// With pre-training, the layers are first trained one after the other, each to rebuild what it is given,
/// then all together. With identity activations and squared error it finds the space that PCA finds. Hinton &
/// Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 2006; Vincent et al.:
/// Stacked Denoising Autoencoders, JMLR 2010 (sections 3.3, 3.5); Ng: Sparse autoencoder, 2011; Rifai et al.:
/// Contractive Auto-Encoders, ICML 2011 (equation 7).
/// Differs from the papers: optimised by gradient steps of choice; the contractive and the sparsity term act
/// on the first hidden layer, or on the code where there is none, and not on attributes of users and items,
/// which may join x̃ or the code by weights of their own that start at 0.
AlgorithmInfo autoencoderInfo();

/// CDAE: the same with one hidden layer and a vector for each known user in it.
///
///     h = f(Wᵀ x̃ + V_u + b),  ŝ = W' h + b'
///
/// Wu, DuBois, Zheng & Ester: Collaborative Denoising Auto-Encoders for Top-N Recommender Systems, WSDM 2016,
/// equations 9 and 10. Differs from the paper: the loss is over all items instead of sampled ones; a user
/// that training never saw has V_u = 0; attributes of users and items may join x̃ or the code.
AlgorithmInfo cdaeInfo();

} // namespace recoscope
