// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// The columns of all inputs side by side: rows x Σ d. The inputs have as many rows; one may occur twice.
template <class S>
NodeId concatenate(Graph<S>& graph, std::vector<NodeId> inputs);
/// Columns first … first + count − 1 of x.
template <class S>
NodeId sliceColumns(Graph<S>& graph, NodeId x, std::int32_t first, std::int32_t count);
/// The same numbers in rows of another width; rows an example times columns stays.
template <class S>
NodeId reshape(Graph<S>& graph, NodeId x, Shape shape);

/// y_j = exp(x_j) / Σ_k exp(x_k) by row.
template <class S>
NodeId softmax(Graph<S>& graph, NodeId x);
/// y_j = x_j − log Σ_k exp(x_k) by row.
template <class S>
NodeId logSoftmax(Graph<S>& graph, NodeId x);

/// Σ_j x_j and its mean by row: rows x 1.
template <class S>
NodeId sumPerRow(Graph<S>& graph, NodeId x);
template <class S>
NodeId meanPerRow(Graph<S>& graph, NodeId x);
/// (1/B) Σ of all numbers of x, B the examples of the batch: makes a loss of a node.
template <class S>
NodeId sumPerExample(Graph<S>& graph, NodeId x);

} // namespace recoscope::nn
