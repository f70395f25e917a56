// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// y = a + b, a − b, a ⊙ b. Both: rows x d; they may be one node.
template <class S>
NodeId add(Graph<S>& graph, NodeId a, NodeId b);
template <class S>
NodeId subtract(Graph<S>& graph, NodeId a, NodeId b);
template <class S>
NodeId multiply(Graph<S>& graph, NodeId a, NodeId b);

/// y = factor · x
template <class S>
NodeId scale(Graph<S>& graph, NodeId x, double factor);
/// The same with a number that may change between steps.
template <class S>
NodeId scale(Graph<S>& graph, NodeId x, ScalarId factor);

/// y = x + r, the same r for every row. r: 1 x d.
template <class S>
NodeId addRow(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId r);
/// y_bt = x_bt + r_b: a row for each example, added to each of the example's rows. x: several rows an
/// example; r: one row an example; both d wide.
template <class S>
NodeId addToExample(Graph<S>& graph, NodeId x, NodeId r);
/// y_bt = x_bt · f_bt: every row times a number of its own. x: rows x d; f: rows x 1.
template <class S>
NodeId multiplyRows(Graph<S>& graph, NodeId x, NodeId f);

/// y = x, and no gradient flows back.
template <class S>
NodeId stopGradient(Graph<S>& graph, NodeId x);
/// y = x, and the gradient flows back times −factor. Ganin & Lempitsky, ICML 2015 (equation 10).
template <class S>
NodeId reverseGradient(Graph<S>& graph, NodeId x, ScalarId factor);

} // namespace recoscope::nn
