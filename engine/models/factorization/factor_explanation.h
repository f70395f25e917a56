// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/explanation.h"
#include "engine/core/matrix.h"

namespace recoscope {

/// A part "factor k" for each product p_k q_k.
void addFactorParts(const VectorF& user, Eigen::Ref<const Eigen::RowVectorXf> item, Explanation& why);

/// The score from the baseline and the parts, largest part first; additive.
void finishParts(Explanation& why);

} // namespace recoscope
