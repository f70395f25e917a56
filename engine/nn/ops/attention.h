// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <optional>

namespace recoscope::nn {

struct AttentionOptions {
    std::int32_t heads = 1;
    bool causal = false; // row t sees rows up to t only
};

/// softmax(q kᵀ / √(d / heads)) v in each head, heads side by side. q: T rows an example, k and v: as many
/// rows an example each as the other, q and k d wide; heads divide d and the width of v. `keyMask` (rows of
/// k, one column, without gradient) is 0 where a key is padding. A row that may see no key gives 0. O(T ·
/// rows of k · d) an example. Vaswani et al., NIPS 2017 (equation 1).
template <class S>
NodeId attention(Graph<S>& graph, NodeId q, NodeId k, NodeId v, const AttentionOptions& options = {},
                 std::optional<NodeId> keyMask = {});

/// Weights d x d, biases 1 x d or all absent.
struct MultiHeadParameters {
    ParamId query{}, key{}, value{}, output{};
    std::optional<ParamId> queryBias = {}, keyBias = {}, valueBias = {}, outputBias = {};
};

/// attention(x W_q, x W_k, x W_v) W_o: self-attention of several heads over T rows an example (section
/// 3.2.2).
template <class S>
NodeId selfAttention(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x,
                     const MultiHeadParameters& ids, const AttentionOptions& options = {},
                     std::optional<NodeId> keyMask = {});

} // namespace recoscope::nn
