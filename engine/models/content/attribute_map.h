// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Attribute-to-latent map: any model with vectors, and two maps from attributes into its vectors' space, so
/// that users and items that training never saw get a vector too.
///
///   base:      s(u, i) ≈ p_u · q_i + o_i + c_u      o_i: mean of s(·, i) over users
///   map:       q̂_i, ô_i = M_I(a_i),   p̂_u, ĉ_u = M_U(a_u)
///   a user without history:         ŝ(u, i) = p̂_u · q_i + o_i + ĉ_u
///   an item without interactions:   ŝ(u, i) = p_u · q̂_i + ô_i + c_u
///   everyone and everything else:   ŝ(u, i) = s(u, i)
///
/// p_u and c_u of a history are those that explain the base model's own scores best (least squares over the
/// items of training), which for scores that are products of vectors gives the vector itself; so every
/// algorithm with vectors can be the base. M is ridge regression or a network with one hidden layer, fitted
/// to the vectors of the users and items of training, all alike or those with a longer history counting more.
///
/// Reference: Gantner, Drumond, Freudenthaler, Rendle & Schmidt-Thieme, "Learning attribute-to-feature
/// mappings for cold-start recommendations", ICDM 2010, section III. Differs from the paper: it maps by
/// k-nearest neighbours and by linear maps trained for ranking or squared error; here the linear map is
/// solved in closed form, the other is a network; offsets are mapped too.
AlgorithmInfo attributeMapInfo();

} // namespace recoscope
