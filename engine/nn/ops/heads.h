// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// What two rows have to do with each other. The distances grow with it: scale(…, −1) makes scores of them.
enum class RowRelation {
    Dot,             // a · b
    Cosine,          // a · b / (‖a‖ ‖b‖); 0, without gradient, when one is shorter than 1e-12
    SquaredDistance, // ‖a − b‖²
    Distance,        // ‖a − b‖; without gradient where it is 0
};

/// Each row of a with its n rows of b, n = rows of b / rows of a: rows of a x n. a: r rows an example, b: r·n
/// rows an example, row i of a going with rows i·n … i·n + n − 1 of b; both d wide. n = 1 takes rows pair by
/// pair; r = 1 takes one row with a list of its own. O(rows of b · d).
template <class S>
NodeId relateRows(Graph<S>& graph, NodeId a, NodeId b, RowRelation relation);

} // namespace recoscope::nn
