// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/code_network.h"

#include "engine/nn/initialiser.h"
#include "engine/nn/ops/dense.h"

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

/// Widths from the items to the code.
std::vector<std::int32_t> widths(const LayerSizes& sizes) {
    std::vector<std::int32_t> result{sizes.items};
    result.insert(result.end(), sizes.hidden.begin(), sizes.hidden.end());
    result.push_back(sizes.code);
    return result;
}

} // namespace

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
    return encoder;
}

Code wireEncoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters, const Encoder& encoder,
                 nn::SparseId noisy, const LayerOptions& options) {
    std::optional<nn::NodeId> x; // none yet: the history itself
    const auto layer = [&](ParamId weight, ParamId bias) {
        return x ? nn::dense(graph, parameters, *x, weight, bias)
                 : nn::sparseDense(graph, parameters, noisy, weight, bias);
    };
    for (std::size_t n = 0; n + 1 < encoder.weights.size(); ++n) {
        const nn::NodeId h =
            nn::activation(graph, layer(encoder.weights[n], encoder.biases[n]), options.activation);
        graph.observe(h, "encoder." + std::to_string(n));
        x = nn::dropout(graph, h, options.dropout);
    }
    Code code;
    code.mean =
        nn::activation(graph, layer(encoder.weights.back(), encoder.biases.back()), options.codeActivation);
    graph.observe(code.mean, "code");
    if (encoder.varianceWeight) code.logVariance = layer(*encoder.varianceWeight, *encoder.varianceBias);
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
    return decoder;
}

nn::NodeId wireDecoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                       const Decoder& decoder, nn::NodeId latent, const LayerOptions& options) {
    nn::NodeId x = latent;
    for (std::size_t n = 0; n < decoder.weights.size(); ++n) {
        x = nn::dense(graph, parameters, x, decoder.weights[n], decoder.biases[n],
                      nn::WeightLayout::OutputByInput);
        if (n + 1 == decoder.weights.size()) break;
        x = nn::activation(graph, x, options.activation);
        graph.observe(x, "decoder." + std::to_string(n));
        x = nn::dropout(graph, x, options.dropout);
    }
    return x;
}

} // namespace recoscope
