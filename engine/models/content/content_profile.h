// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// A profile of tastes in features, by Rocchio's formula: towards what was liked, away from what was not.
///
///   p_u = β (Σ_{j ∈ L_u} d_j f_j) / (Σ_{j ∈ L_u} d_j) − γ (Σ_{j ∈ D_u} d_j f_j) / (Σ_{j ∈ D_u} d_j)
///   ŝ(u, i) = p_u · f_i
///
/// f: an item's features, weighted by TF-IDF or BM25 and brought to length 1 where asked for; L, D: the
/// liked and the disliked part of the history; d = 2^(−age / half-life), age counted from the newest
/// interaction. Nothing is learned from other users: the model is the catalogue.
///
/// Reference: Rocchio, "Relevance feedback in information retrieval", in Salton (ed.), The SMART Retrieval
/// System, 1971; for recommendation Pazzani & Billsus, "Content-based recommendation systems", The Adaptive
/// Web, LNCS 4321, 2007, section 10.5. Differs from the paper: no initial query; the decay is ours.
AlgorithmInfo contentProfileInfo();

} // namespace recoscope
