// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// RecVAE, a variational autoencoder with a composite prior and alternating updates.
///
///     encoder: five layers h_n = norm(swish(W_n h_(n−1) + h_1 + … + h_(n−1))) on x̃ = dropout(x / |x|), then
///     μ and log σ² decoder: ŝ = W z + b,  π = softmax(ŝ) min  −Σ_i x_i log π_i + γ |x|₁ E[log q(z|x̃) − log
///     p(z)] p(z) = 3/20 N(0, I) + 3/4 q_old(z|x) + 1/10 N(0, e¹⁰ I), by dimension
///
/// An epoch is `encoder_epochs` passes that train the encoder on noisy histories, then the encoder becomes
/// q_old, then `decoder_epochs` passes that train the decoder on clean ones. Shenbin, Alekseev, Tutubalina,
/// Malykh & Nikolenko: RecVAE: a New Variational Autoencoder for Top-N Recommendations with Implicit
/// Feedback, WSDM 2020, sections 3.1 to 3.4, equations 5 to 9. Differs from the paper: weights start
/// Glorot-uniform with zero biases.
AlgorithmInfo recVaeInfo();

} // namespace recoscope
