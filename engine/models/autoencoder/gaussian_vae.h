// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// The variational autoencoder with a Gaussian or a logistic likelihood.
///
///     z ~ N(μ(x̃), σ²(x̃)),  ŝ = g(z)
///     Gaussian  min  Σ_i c_i ½ (x_i − ŝ_i)² + β KL,  c_i = c for x_i > 0, else 1
///     logistic  min  −Σ_i [c x_i log σ(ŝ_i) + (1 − x_i) log(1 − σ(ŝ_i))] + β KL
///
/// both meaned over users; β grows to its cap.
/// Liang, Krishnan, Hoffman & Jebara: Variational Autoencoders for Collaborative Filtering, WWW 2018,
/// equations 2 (Gaussian) and 3 (logistic). Differs from the paper: the weight of what was chosen is there
/// for the logistic likelihood too; attributes of users and items may join x̃ or the code.
AlgorithmInfo gaussianVaeInfo();

} // namespace recoscope
