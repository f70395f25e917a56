// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor_summary.h"
#include "engine/nn/graph.h"

#include <vector>

namespace recoscope::nn {

/// Share of the units of observed nodes that had the same value for every example of the last batch: they
/// tell examples apart no more. 0 without observed nodes, or with fewer than two examples. O(observed
/// numbers).
double deadShare(const Workspace<float>& workspace);

/// Weights, gradients and observed activations as the last step left them. O(all numbers): for when somebody
/// looks.
std::vector<TensorSummary> summarise(const ParameterSet<float>& parameters, const Gradients<float>& gradients,
                                     const Workspace<float>& workspace);

} // namespace recoscope::nn
