// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/nn/graph.h"

namespace recoscope::nn {

enum class Activation { Identity, Sigmoid, Tanh, Relu, LeakyRelu, Elu, Selu, Softplus, Swish };

/// For parameter forms: what can be chosen, in that order.
const std::vector<std::pair<Activation, ParamChoice>>& activationChoices();

/// y = f(x), each number by itself. Identity adds no node. Leaky ReLU's slope is 0.01; SELU's constants are
/// those of Klambauer et al., NIPS 2017; swish is x · sigmoid(x).
template <class S>
NodeId activation(Graph<S>& graph, NodeId x, Activation function);

/// The same for one number, in double: for reference and for drawing.
double activate(Activation function, double x);

/// In training, each number is 0 with probability `rate`, the others are scaled by 1 / (1 − rate) (inverted
/// dropout, Srivastava et al., JMLR 2014). A rate of 0 adds no node.
template <class S>
NodeId dropout(Graph<S>& graph, NodeId x, double rate);

} // namespace recoscope::nn
