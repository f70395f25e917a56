// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

/// How a layer's weight is stored. Item-facing weights are items x hidden on both ends of a network, so that
/// an item is one row: to be gathered, updated, shared between both ends (tied), or read as the item's
/// vector.
enum class WeightLayout {
    InputByOutput, // inputs x outputs: y = x W + b
    OutputByInput, // outputs x inputs: y = x Wᵀ + b
};

/// y = x W + b. x: rows x inputs; b: 1 x outputs. O(rows · inputs · outputs).
template <class S>
NodeId dense(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId weight,
             std::optional<ParamId> bias, WeightLayout layout = WeightLayout::InputByOutput);

/// y = x W + b for a sparse batch x. W: columns of x by outputs, only the rows that occur get a gradient.
/// O(values of the batch · outputs).
template <class S>
NodeId sparseDense(Graph<S>& graph, const ParameterSet<S>& parameters, SparseId x, ParamId weight,
                   std::optional<ParamId> bias);

} // namespace recoscope::nn
