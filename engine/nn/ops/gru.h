// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

/// Parameters of a GRU layer with h units; columns are the gates r, z, n side by side. PyTorch's weight_ih
/// and weight_hh (3h x …) are these, transposed.
struct GruParameters {
    ParamId input{};         // inputs x 3h
    ParamId recurrent{};     // h x 3h
    ParamId inputBias{};     // 1 x 3h
    ParamId recurrentBias{}; // 1 x 3h
};

/// All states of a GRU over T rows an example, from a state of zeros: T rows of h columns.
///     r = σ(x W_r + b_r + s U_r + c_r),   z = σ(x W_z + b_z + s U_z + c_z)
///     n = tanh(x W_n + b_n + r ⊙ (s U_n + c_n)),   s′ = (1 − z) ⊙ n + z ⊙ s
/// Where `mask` (T rows of one column, without gradient) is 0, the state stays: with padding behind, the last
/// row is the state after the last event. Gradients flow through all T steps. O(rows · h · (inputs + h)). Cho
/// et al., EMNLP 2014. Differs from the paper: r is applied behind the recurrent product, as PyTorch and
/// cuDNN do, and z keeps the old state.
template <class S>
NodeId gru(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, const GruParameters& ids,
           std::optional<NodeId> mask = {});

} // namespace recoscope::nn
