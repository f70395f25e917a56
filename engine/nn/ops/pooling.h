// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

// Over the T rows of each example: one row an example comes out. x: T rows of d columns; mask: T rows of one
// column, 0 where there is padding, without gradient; without one all rows count. O(rows · d).

/// The largest number of each column; of equals the first. 0 where all rows are padding.
template <class S>
NodeId maxOverRows(Graph<S>& graph, NodeId x, std::optional<NodeId> mask = {});
/// The mean of each column, over the rows that count. 0 where all rows are padding.
template <class S>
NodeId meanOverRows(Graph<S>& graph, NodeId x, std::optional<NodeId> mask = {});
/// Row t of each example; −1 is the last.
template <class S>
NodeId rowOfExample(Graph<S>& graph, NodeId x, std::int32_t t);

} // namespace recoscope::nn
