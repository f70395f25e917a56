// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/code_network.h"

#include "engine/nn/initialiser.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/elementwise.h"

namespace recoscope {

namespace {

using nn::InitialiserKind;
using nn::ParamId;
using nn::ParamRole;

ParamId addWeight(nn::ParameterSet<float>& parameters, const std::string& name, std::int32_t rows,
                  std::int32_t cols, nn::Fans fans, std::uint64_t seed) {
    return parameters.add(
        name, ParamRole::Weight,
        nn::initialised<float>(rows, cols, {InitialiserKind::GlorotUniform}, fans, seed, name));
}

ParamId addBias(nn::ParameterSet<float>& parameters, const std::string& name, std::int32_t cols) {
    return parameters.add(name, ParamRole::Bias, nn::Matrix<float>::Zero(1, cols));
}

ParamId addSideWeight(nn::ParameterSet<float>& parameters, const std::string& name, std::int32_t rows,
                      std::int32_t cols) {
    return parameters.add(name, ParamRole::Weight, nn::Matrix<float>::Zero(rows, cols));
}

/// y + side W, where there is side information.
nn::NodeId joined(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters, nn::NodeId y,
                  std::optional<nn::SparseId> side, std::optional<ParamId> weight) {
    if (!side || !weight) return y;
    return nn::add(graph, y, nn::sparseDense(graph, parameters, *side, *weight, std::optional<ParamId>()));
}

/// Widths from the items to the code.
std::vector<std::int32_t> widths(const LayerSizes& sizes) {
    std::vector<std::int32_t> result{sizes.items};
    result.insert(result.end(), sizes.hidden.begin(), sizes.hidden.end());
    result.push_back(sizes.code);
    return result;
}

} // namespace

void addSideInputs(nn::Graph<float>& graph, const LayerSizes& sizes, CodeNetwork& network) {
    if (sizes.sideInput > 0) network.sideInput = graph.sparseInput(sizes.sideInput);
    if (sizes.sideCode > 0) network.sideCode = graph.sparseInput(sizes.sideCode);
}

Encoder addEncoder(nn::ParameterSet<float>& parameters, const LayerSizes& sizes, bool random,
                   std::uint64_t seed) {
    const auto width = widths(sizes);
    Encoder encoder;
    for (std::size_t n = 0; n + 1 < width.size(); ++n) {
        const std::string name = "encoder." + std::to_string(n);
        encoder.weights.push_back(
            addWeight(parameters, name + ".weight", width[n], width[n + 1], {width[n], width[n + 1]}, seed));
        encoder.biases.push_back(addBias(parameters, name + ".bias", width[n + 1]));
    }
    if (random) {
        const std::int32_t last = width[width.size() - 2];
        encoder.varianceWeight =
            addWeight(parameters, "encoder.log_variance.weight", last, sizes.code, {last, sizes.code}, seed);
        encoder.varianceBias = addBias(parameters, "encoder.log_variance.bias", sizes.code);
    }
    if (sizes.sideInput > 0) {
        encoder.sideWeight = addSideWeight(parameters, "encoder.side.weight", sizes.sideInput, width[1]);
        if (random && sizes.hidden.empty())
            encoder.varianceSideWeight =
                addSideWeight(parameters, "encoder.side.log_variance.weight", sizes.sideInput, sizes.code);
    }
    return encoder;
}

nn::NodeId wireEncoderLayer(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                            const Encoder& encoder, std::size_t n, std::optional<nn::NodeId> below,
                            const CodeNetwork& network) {
    if (below)
        return nn::dense(graph, parameters, *below, encoder.weights[n], std::optional(encoder.biases[n]));
    return joined(graph, parameters,
                  nn::sparseDense(graph, parameters, network.noisy, encoder.weights[n],
                                  std::optional(encoder.biases[n])),
                  network.sideInput, encoder.sideWeight);
}

Code wireEncoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters, const Encoder& encoder,
                 const CodeNetwork& network, const LayerOptions& options) {
    std::optional<nn::NodeId> x; // none yet: the history itself
    for (std::size_t n = 0; n + 1 < encoder.weights.size(); ++n) {
        const nn::NodeId h = nn::activation(
            graph, wireEncoderLayer(graph, parameters, encoder, n, x, network), options.activation);
        graph.observe(h, "encoder." + std::to_string(n));
        x = nn::dropout(graph, h, options.dropout);
    }
    Code code;
    code.mean = nn::activation(
        graph, wireEncoderLayer(graph, parameters, encoder, encoder.weights.size() - 1, x, network),
        options.codeActivation);
    graph.observe(code.mean, "code");
    if (!encoder.varianceWeight) return code;
    if (x)
        code.logVariance = nn::dense(graph, parameters, *x, *encoder.varianceWeight, encoder.varianceBias);
    else
        code.logVariance = joined(
            graph, parameters,
            nn::sparseDense(graph, parameters, network.noisy, *encoder.varianceWeight, encoder.varianceBias),
            network.sideInput, encoder.varianceSideWeight);
    return code;
}

Decoder addDecoder(nn::ParameterSet<float>& parameters, const LayerSizes& sizes, const Encoder* tied,
                   std::uint64_t seed) {
    const auto width = widths(sizes);
    Decoder decoder;
    for (std::size_t n = width.size() - 1; n > 0; --n) {
        const std::string name = "decoder." + std::to_string(width.size() - 1 - n);
        decoder.weights.push_back(tied ? tied->weights[n - 1]
                                       : addWeight(parameters, name + ".weight", width[n - 1], width[n],
                                                   {width[n], width[n - 1]}, seed));
        decoder.biases.push_back(addBias(parameters, name + ".bias", width[n - 1]));
    }
    if (sizes.sideCode > 0)
        decoder.sideWeight =
            addSideWeight(parameters, "decoder.side.weight", sizes.sideCode, width[width.size() - 2]);
    return decoder;
}

nn::NodeId wireDecoderLayer(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                            const Decoder& decoder, std::size_t n, nn::NodeId below,
                            const CodeNetwork& network) {
    const nn::NodeId y = nn::dense(graph, parameters, below, decoder.weights[n],
                                   std::optional(decoder.biases[n]), nn::WeightLayout::OutputByInput);
    return n == 0 ? joined(graph, parameters, y, network.sideCode, decoder.sideWeight) : y;
}

nn::NodeId wireDecoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                       const Decoder& decoder, const CodeNetwork& network, const LayerOptions& options) {
    nn::NodeId x = network.latent;
    for (std::size_t n = 0; n < decoder.weights.size(); ++n) {
        x = wireDecoderLayer(graph, parameters, decoder, n, x, network);
        if (n + 1 == decoder.weights.size()) break;
        x = nn::activation(graph, x, options.activation);
        graph.observe(x, "decoder." + std::to_string(n));
        x = nn::dropout(graph, x, options.dropout);
    }
    return x;
}

} // namespace recoscope
