// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

enum class ConvPadding {
    None,   // T − dilation · (kernel − 1) rows come out
    Same,   // zeros at both ends, the odd one at the end; T rows come out
    Causal, // zeros at the beginning: row t sees rows up to t only; T rows come out
};

struct ConvOptions {
    std::int32_t kernel = 3;
    std::int32_t dilation = 1;
    ConvPadding padding = ConvPadding::Same;
};

/// y_t = b + Σ_k x_(t − before + k · dilation) W_k over a sequence of T rows an example. x: T rows of c
/// columns; W: kernel · c x outputs, the rows of tap 0 first; b: 1 x outputs. As PyTorch's Conv1d, whose
/// weight (outputs, c, kernel) is W transposed with taps and channels exchanged. O(rows · kernel · c ·
/// outputs).
template <class S>
NodeId conv1d(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId weight,
              std::optional<ParamId> bias, const ConvOptions& options = {});

} // namespace recoscope::nn
