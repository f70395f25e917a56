// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// kNN baseline: biases, moved by what the nearest neighbours deviate from theirs.
///
///   items:  r(u, i) = b_ui + sum over j in N(i; u) of s_ij (r_uj - b_uj) / sum of those s_ij
///   users:  r(u, i) = b_ui + sum over v in N(u; i) of s_uv (r_vi - b_vi) / sum of those s_uv
///
/// b: biases (baseline/als_biases.h). N: of the items that u rated (the users who rated i) the k most similar
/// with a similarity above 0; fewer than min_k leave b_ui. Similarities over what both rated, n of them:
/// Pearson around the biases, (n - 1) / (n - 1 + shrinkage) times sum e e' / sqrt(sum e² sum e'²), e = r - b;
/// or MSD, 1 / (mean squared difference + 1). Reference: Koren, "Factor in the neighbors: scalable and
/// accurate collaborative filtering", ACM TKDD 4(1), 2010, sections 2.1 and 2.2, equations 2 and 3; MSD and
/// min_k as in Hug, "Surprise", JOSS 5(52), 2020. Differs from the paper: nothing.
AlgorithmInfo knnBaselineInfo();

} // namespace recoscope
