// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// The adversarial autoencoder: codes are pushed towards a prior by a discriminator that tries to tell them
/// apart.
///
///     z = f(x̃),  ŝ = g(z),  D(z): was z drawn from the prior?
///     1. min over f, g   reconstruction of x from ŝ
///     2. min over D      −log σ(D(z')) − log(1 − σ(D(z))),  z' ~ prior
///     3. min over f      −w log σ(D(z))
///
/// on every batch in this order. The prior is a standard normal or a mixture of normals in a ring.
/// Makhzani, Shlens, Jaitly, Goodfellow & Frey: Adversarial Autoencoders, ICLR workshop 2016, section 2,
/// figure 1. Differs from the paper: the reconstruction is multinomial or cross-entropy; the mixture's
/// centres lie in the first two dimensions of the code; attributes of users and items may join x̃ or the code.
AlgorithmInfo adversarialAeInfo();

} // namespace recoscope
