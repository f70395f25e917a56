// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/attention.h"
#include "engine/nn/ops/conv1d.h"
#include "engine/nn/ops/gru.h"
#include "engine/nn/ops/pooling.h"

#include "tests/engine/nn/cases.h"

namespace recoscope::test {

using namespace recoscope::nn;

namespace {

/// Example 0 has no padding, example 1 has it behind, example 2 in front, example 3 is padding alone.
NodeId mask(GradientBench& b, int length) {
    return constantNode(b, 1, length, [length](int row, int /*col*/) {
        const int example = row / length % 4;
        const int t = row % length;
        if (example == 0) return 1.0;
        if (example == 1) return t < (length + 1) / 2 ? 1.0 : 0.0;
        return example == 2 && t >= length / 2 ? 1.0 : 0.0;
    });
}

void addConvolutions(std::vector<GradientCase>& cases) {
    const std::pair<const char*, ConvPadding> paddings[] = {
        {"none", ConvPadding::None}, {"same", ConvPadding::Same}, {"causal", ConvPadding::Causal}};
    for (const auto& [name, padding] : paddings) {
        const auto row = [&, padding = padding, name = name](int length, int channels, int kernel,
                                                             int dilation, int outputs, int batch) {
            cases.push_back({std::string("conv1d, padding ") + name + ", T " + std::to_string(length) + ", " +
                                 std::to_string(channels) + " channels, kernel " + std::to_string(kernel) +
                                 ", dilation " + std::to_string(dilation),
                             [=](GradientBench& b) {
                                 const NodeId x = b.input(channels, length);
                                 const ParamId w = b.parameter("w", kernel * channels, outputs);
                                 std::optional<ParamId> bias;
                                 if (outputs > 1) bias = b.parameter("b", 1, outputs);
                                 return conv1d(*b.graph, b.parameters, x, w, bias,
                                               {.kernel = kernel, .dilation = dilation, .padding = padding});
                             },
                             true, batch});
        };
        row(5, 3, 3, 1, 2, 2);
        row(7, 2, 2, 3, 4, 2);
        row(6, 1, 4, 1, 1, 1);
        row(1, 2, 1, 1, 3, 1);
        if (padding != ConvPadding::None) row(2, 2, 5, 2, 3, 2);
    }
}

void addPoolings(std::vector<GradientCase>& cases) {
    for (const bool masked : {false, true})
        for (const int length : {1, 4})
            for (const bool largest : {false, true})
                cases.push_back({std::string(largest ? "max" : "mean") + " over rows, T " +
                                     std::to_string(length) + (masked ? ", masked" : ""),
                                 [=](GradientBench& b) {
                                     const NodeId x = b.input(3, length);
                                     std::optional<NodeId> m;
                                     if (masked) m = mask(b, length);
                                     return largest ? maxOverRows(*b.graph, x, m)
                                                    : meanOverRows(*b.graph, x, m);
                                 },
                                 true, 4});
    cases.push_back(
        {"row of example", [](GradientBench& b) { return rowOfExample(*b.graph, b.input(3, 4), 2); }});
    cases.push_back({"last row of example, batch of one",
                     [](GradientBench& b) { return rowOfExample(*b.graph, b.input(3, 4), -1); }, true, 1});
}

void addGrus(std::vector<GradientCase>& cases) {
    const auto row = [&](int length, int inputs, int units, bool masked, int batch) {
        cases.push_back({"GRU, T " + std::to_string(length) + ", " + std::to_string(inputs) + " inputs, " +
                             std::to_string(units) + " units, batch " + std::to_string(batch) +
                             (masked ? ", masked" : ""),
                         [=](GradientBench& b) {
                             const NodeId x = b.input(inputs, length);
                             const ParamId w = b.parameter("w", inputs, 3 * units);
                             const ParamId u = b.parameter("u", units, 3 * units);
                             const ParamId bias = b.parameter("b", 1, 3 * units);
                             const ParamId recurrentBias = b.parameter("c", 1, 3 * units);
                             std::optional<NodeId> m;
                             if (masked) m = mask(b, length);
                             return gru(*b.graph, b.parameters, x, {w, u, bias, recurrentBias}, m);
                         },
                         true, batch});
    };
    row(5, 3, 4, false, 3);
    row(5, 3, 4, true, 4);
    row(1, 3, 4, false, 2);
    row(3, 1, 1, false, 1);
    row(2, 2, 19, true, 2);
}

void addAttentions(std::vector<GradientCase>& cases) {
    for (const int heads : {1, 2})
        for (const bool causal : {false, true})
            for (const bool masked : {false, true})
                for (const int length : {1, 4})
                    cases.push_back(
                        {"attention, T " + std::to_string(length) + ", heads " + std::to_string(heads) +
                             (causal ? ", causal" : "") + (masked ? ", masked" : ""),
                         [=](GradientBench& b) {
                             const NodeId q = b.input(4, length);
                             const NodeId k = b.input(4, length);
                             const NodeId v = b.input(6, length);
                             std::optional<NodeId> m;
                             if (masked) m = mask(b, length);
                             return attention(*b.graph, q, k, v, {.heads = heads, .causal = causal}, m);
                         },
                         true, masked ? 4 : 2});
    cases.push_back({"attention to another sequence, one column", [](GradientBench& b) {
                         const NodeId q = b.input(1, 2);
                         const NodeId k = b.input(1, 5);
                         return attention(*b.graph, q, k, b.input(1, 5));
                     }});
    cases.push_back({"attention of one node to itself",
                     [](GradientBench& b) {
                         const NodeId x = b.input(4, 3);
                         return attention(*b.graph, x, x, x, {.heads = 2, .causal = true});
                     },
                     true, 1});
    cases.push_back({"self-attention", [](GradientBench& b) {
                         const NodeId x = b.input(4, 3);
                         MultiHeadParameters ids{b.parameter("q", 4, 4), b.parameter("k", 4, 4),
                                                 b.parameter("v", 4, 4), b.parameter("o", 4, 4)};
                         ids.queryBias = b.parameter("qb", 1, 4);
                         ids.outputBias = b.parameter("ob", 1, 4);
                         return selfAttention(*b.graph, b.parameters, x, ids, {.heads = 2}, mask(b, 3));
                     }});
}

} // namespace

std::vector<GradientCase> sequenceCases() {
    std::vector<GradientCase> cases;
    addConvolutions(cases);
    addPoolings(cases);
    addGrus(cases);
    addAttentions(cases);
    return cases;
}

} // namespace recoscope::test
