// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// AutoRec, the autoencoder that predicts ratings.
///
///     U-AutoRec  r̂_u = μ + W g(V (r_u − μ) + m) + b      a user's ratings in, all his ratings out
///     I-AutoRec  r̂_i = μ + W g(V (r_i − μ) + m) + b      an item's ratings in, all its ratings out
///     min  (1/n) Σ_observed (r − r̂)² + λ/2 (|W|² + |V|²)
///
/// what is not observed goes in as 0. A user whom an I-AutoRec never saw gets a row of W by ridge regression
/// on the codes of the items he rated, so every history can be scored without retraining. Sedhain, Menon,
/// Sanner & Xie: AutoRec: Autoencoders Meet Collaborative Filtering, WWW 2015, equations 1 and 2. Differs
/// from the paper: ratings are centred on their mean μ, or (I-AutoRec, by default) on μ + b_u + b_i with biases by
/// alternating ridge regression; optimised by Adam on batches instead of RProp or L-BFGS.
AlgorithmInfo autorecInfo();

} // namespace recoscope
