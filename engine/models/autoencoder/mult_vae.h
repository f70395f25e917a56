// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Mult-VAE, the variational autoencoder with a multinomial likelihood.
///
///     x̃ = dropout(x / |x|),  h = f(x̃),  z ~ N(μ(h), σ²(h)),  ŝ = g(z),  π = softmax(ŝ)
///     min  −Σ_i x_i log π_i + β KL(N(μ, σ²) ‖ N(0, I)),  meaned over users
///     β grows linearly to its cap; in use z = μ
///
/// Liang, Krishnan, Hoffman & Jebara: Variational Autoencoders for Collaborative Filtering, WWW 2018,
/// equations 1 to 7 and section 2.2.2 (annealing). Differs from the paper: weights start Glorot-uniform with
/// zero biases; attributes of users and items may join x̃ or the code, by weights of their own that start at
/// 0.
AlgorithmInfo multVaeInfo();

/// Mult-DAE, the denoising autoencoder of the same paper: the same without a random code or a KL term.
AlgorithmInfo multDaeInfo();

} // namespace recoscope
