// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"
#include "engine/nn/losses/reconstruction.h"
#include "engine/nn/ops/activation.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace recoscope {

/// How many users and items a network is for, and how many numbers side information has for each.
struct DataSize {
    std::int32_t users = 0;
    std::int32_t items = 0;
    std::int32_t userColumns = 0;
    std::int32_t itemColumns = 0;
};

/// How a network's linear output reads beside the history that went in.
enum class OutputScale { Softmax, Sigmoid, Linear };

/// One loss that is minimised over some of the parameters. Most autoencoders have one; adversarial ones have
/// three.
struct CodeObjective {
    std::string key = "loss"; // of its curve
    nn::NodeId loss{};
    std::vector<nn::ParamId> trained;
    /// Parts with curves of their own: a node of one number that the loss is made from, times a factor.
    struct Part {
        std::string key;
        nn::NodeId node;
        double factor = 1.0;
    };
    std::vector<Part> parts = {};
};

/// The wiring of an autoencoder: what goes in, where the code stands, what comes out, what is minimised.
/// Training and use share it; the parameters' values are the first ones.
struct CodeNetwork {
    std::shared_ptr<const nn::Graph<float>> graph;
    nn::ParameterSet<float> parameters;

    nn::SparseId history{};                     // rows x items, as given
    nn::SparseId target{};                      // rows x items: what is to be rebuilt; only losses read it
    std::optional<nn::IndexId> user = {};       // the known user, −1 where there is none
    std::optional<nn::SparseId> sideInput = {}; // rows x columns: attributes that stand beside the history
    std::optional<nn::SparseId> sideCode = {};  // rows x columns: attributes that stand beside the code
    nn::SparseId noisy{}; // the history after normalisation and noise: what the encoder reads
    nn::NodeId code{};    // rows x d, the mean where codes are random
    std::optional<nn::NodeId> logVariance = {};
    nn::NodeId latent{};         // rows x d: what the decoder reads
    nn::NodeId output{};         // rows x items, linear
    nn::NodeId reconstruction{}; // the loss that compares output and target
    OutputScale scale = OutputScale::Softmax;
    bool generative = false; // codes follow a standard normal, by training

    std::vector<CodeObjective> objectives;
    /// Each pass goes once over all users and steps these objectives (by index) on every batch; an epoch is
    /// all passes.
    std::vector<std::vector<std::size_t>> passes = {{0}};
    /// One pass a phase of layer by layer pre-training; empty without.
    std::vector<std::vector<std::size_t>> pretraining = {};
};

struct LayerSizes {
    std::int32_t items = 0;
    std::vector<std::int32_t> hidden; // from the items inward
    std::int32_t code = 0;
    std::int32_t sideInput = 0; // columns of side information beside the history
    std::int32_t sideCode = 0;  // and beside the code
};
/// Adds the side inputs that the sizes tell of.
void addSideInputs(nn::Graph<float>& graph, const LayerSizes& sizes, CodeNetwork& network);

struct LayerOptions {
    nn::Activation activation = nn::Activation::Tanh;
    nn::Activation codeActivation = nn::Activation::Identity;
    double dropout = 0.0; // of hidden layers, in training
    bool tied = false;    // the decoder's weights are the encoder's, transposed
};

/// An encoder's layers, named "encoder.<n>.weight" and so on; `heads` linear outputs of d numbers each on top
/// ("code", "log_variance"): one for a plain code, two for a random one.
struct Encoder {
    std::vector<nn::ParamId> weights; // items x h1, h1 x h2, …, h x d
    std::vector<nn::ParamId> biases;
    std::optional<nn::ParamId> varianceWeight = {};
    std::optional<nn::ParamId> varianceBias = {};
    /// Side information's own weights into the first layer, columns x h1: the same as one layer over history
    /// and columns joined. They start at 0, so that what training never showed says nothing.
    std::optional<nn::ParamId> sideWeight = {};
    std::optional<nn::ParamId> varianceSideWeight = {}; // where the heads are the first layer
};
Encoder addEncoder(nn::ParameterSet<float>& parameters, const LayerSizes& sizes, bool random,
                   std::uint64_t seed);

struct Code {
    nn::NodeId mean{};
    std::optional<nn::NodeId> logVariance = {};
};
/// Layer n before its bend: from the history (after noise) and the side information, or from the layer below.
nn::NodeId wireEncoderLayer(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                            const Encoder& encoder, std::size_t n, std::optional<nn::NodeId> below,
                            const CodeNetwork& network);
/// network.noisy and network.sideInput to code. Hidden activations are observed under "encoder.<n>".
Code wireEncoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters, const Encoder& encoder,
                 const CodeNetwork& network, const LayerOptions& options);

/// A decoder's layers from the code outward; the last weight is items x h1.
struct Decoder {
    std::vector<nn::ParamId> weights; // each stored outputs x inputs
    std::vector<nn::ParamId> biases;
    std::optional<nn::ParamId> sideWeight = {}; // columns x outputs of the first layer; starts at 0
};
/// With `tied`, the encoder's weights serve and only biases are new.
Decoder addDecoder(nn::ParameterSet<float>& parameters, const LayerSizes& sizes, const Encoder* tied,
                   std::uint64_t seed);
/// Layer n before its bend; the first also takes network.sideCode.
nn::NodeId wireDecoderLayer(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                            const Decoder& decoder, std::size_t n, nn::NodeId below,
                            const CodeNetwork& network);
/// network.latent and network.sideCode to linear output.
nn::NodeId wireDecoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                       const Decoder& decoder, const CodeNetwork& network, const LayerOptions& options);

} // namespace recoscope
