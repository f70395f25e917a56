// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// UserKNN: an item scores by how alike to this user those are who hold it.
///
///   implicit:  score(u, i) = sum over v in N(u) of W_uv x_vi
///   explicit:  score(u, i) = m_u + (sum over v in N(u) who rated i of W_uv (r_vi - m_v)) / (sum of those
///   |W_uv|)
///
/// W: users x users similarities (engine/linalg/similarity.h has the formulas), diagonal 0. N(u): the k users
/// most like u (textbook), or everybody v who has u among the k users most like v (reverse). m: user means;
/// x: 1 or the rating, weighted when asked for. A user that training never saw is compared with all training
/// users, with training's weights and means, as if he were the last of them. Reference: Resnick et al.,
/// "GroupLens: an open architecture for collaborative filtering of netnews", CSCW 1994, p. 180; Herlocker,
/// Konstan, Borchers & Riedl, "An algorithmic framework for performing collaborative filtering", SIGIR 1999,
/// section 5. Shrink, weightings and the reverse direction as in Ferrari Dacrema et al., "A troubling
/// analysis of reproducibility and progress in recommender systems research", TOIS 39(2), 2021, section 3.
/// Differs from the paper: norms and means are over all of a user's ratings, not only over items that both
/// rated; similarities that are zero are not kept.
AlgorithmInfo userKnnInfo();

} // namespace recoscope
