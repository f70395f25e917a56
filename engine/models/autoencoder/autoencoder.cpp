// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/autoencoder.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/nn/losses/penalty.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/embedding.h"
#include "engine/nn/ops/rows.h"

namespace recoscope {

namespace {

enum class Loss { SquaredError, CrossEntropy, Multinomial };

struct PlainParams : AutoencoderParams {
    PlainParams() {
        hidden = "";
        activation = nn::Activation::Tanh;
        dropout = 0.3;
    }
    Loss loss = Loss::CrossEntropy;
    double positiveWeight = 10.0;
    nn::Activation codeActivation = nn::Activation::Tanh;
    double noiseDeviation = 0.0;
    double sparsityWeight = 0.0;
    double sparsityTarget = 0.05;
    double contractiveWeight = 0.0;
    std::int32_t pretrainEpochs = 0;
};

template <class P>
void addLossRows(typename TypedSchema<P>::Builder& builder) {
    builder
        .choice("loss", static_cast<Loss P::*>(&PlainParams::loss),
                {{Loss::SquaredError,
                  {"mse", "Squared error", "Over all cells; with identity activations this is PCA"}},
                 {Loss::CrossEntropy, {"cross_entropy", "Cross-entropy", "A yes or no for every item"}},
                 {Loss::Multinomial, {"multinomial", "Multinomial", "Shares of one whole"}}},
                {.label = "Loss", .help = "How output and history are compared."})
        .real("positive_weight", static_cast<double P::*>(&PlainParams::positiveWeight),
              {.label = "Weight of what was chosen",
               .help = "How much more a chosen item counts in the loss than one that was not.",
               .min = 0.01,
               .max = 1000.0,
               .logScale = true,
               .enabledBy = "loss",
               .enabledWhen = {"mse", "cross_entropy"}});
}

const TypedSchema<PlainParams>& plainSchema() {
    static const auto schema = [] {
        TypedSchema<PlainParams>::Builder builder;
        addLossRows<PlainParams>(builder);
        builder
            .choice("code_activation", &PlainParams::codeActivation, nn::activationChoices(),
                    {.label = "Code activation", .help = "The bend in the code itself."})
            .real("noise_std", &PlainParams::noiseDeviation,
                  {.label = "Input noise",
                   .help = "Standard deviation of Gaussian noise on the history's values in training.",
                   .min = 0.0,
                   .max = 10.0,
                   .advanced = true})
            .real("sparsity_weight", &PlainParams::sparsityWeight,
                  {.label = "Sparsity weight",
                   .help = "How hard units are pushed to be on only rarely (a sparse autoencoder). Needs a "
                           "sigmoid in "
                           "the first layer.",
                   .min = 0.0,
                   .max = 1000.0,
                   .logScale = true,
                   .advanced = true})
            .real("sparsity_target", &PlainParams::sparsityTarget,
                  {.label = "Sparsity target (ρ)",
                   .help = "Share of the users that a unit should be on for.",
                   .min = 0.001,
                   .max = 0.999,
                   .advanced = true})
            .real("contractive_weight", &PlainParams::contractiveWeight,
                  {.label = "Contractive weight",
                   .help = "How hard codes are kept from moving with the history (a contractive "
                           "autoencoder). Needs a "
                           "sigmoid or tanh in the first layer.",
                   .min = 0.0,
                   .max = 1000.0,
                   .logScale = true,
                   .advanced = true})
            .integer("pretrain_epochs", &PlainParams::pretrainEpochs,
                     {.label = "Pre-training epochs",
                      .help = "Epochs of each layer alone before all are trained together (stacked "
                              "pre-training). They "
                              "count as epochs of the run.",
                      .min = 0,
                      .max = 100000,
                      .advanced = true});
        addNetworkRows<PlainParams>(builder);
        addTrainingRows<PlainParams>(builder);
        return builder.build();
    }();
    return schema;
}

const TypedSchema<PlainParams>& cdaeSchema() {
    static const auto schema = [] {
        TypedSchema<PlainParams>::Builder builder;
        addLossRows<PlainParams>(builder);
        builder
            .integer("hidden_size", static_cast<std::int32_t PlainParams::*>(&AutoencoderParams::code),
                     {.label = "Hidden size",
                      .help = "Numbers that a history is squeezed into.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true})
            .choice("hid_activation", &PlainParams::codeActivation, nn::activationChoices(),
                    {.label = "Activation", .help = "The bend in the hidden layer."})
            .real("corruption_ratio", static_cast<double PlainParams::*>(&AutoencoderParams::dropout),
                  {.label = "Corruption",
                   .help = "Share of the history hidden in training.",
                   .min = 0.0,
                   .max = 0.95});
        addUseRows<PlainParams>(builder);
        addSideRows<PlainParams>(builder);
        addTrainingRows<PlainParams>(builder);
        return builder.build();
    }();
    return schema;
}

nn::ReconstructionOptions lossOptions(const PlainParams& params) {
    switch (params.loss) {
    case Loss::SquaredError:
        return {.loss = nn::ReconstructionLoss::SquaredError, .positiveWeight = params.positiveWeight};
    case Loss::CrossEntropy:
        return {.loss = nn::ReconstructionLoss::CrossEntropy, .positiveWeight = params.positiveWeight};
    case Loss::Multinomial:
        return {.loss = nn::ReconstructionLoss::Multinomial};
    }
    return {};
}

OutputScale scaleOf(Loss loss) {
    switch (loss) {
    case Loss::SquaredError:
        return OutputScale::Linear;
    case Loss::CrossEntropy:
        return OutputScale::Sigmoid;
    case Loss::Multinomial:
        return OutputScale::Softmax;
    }
    return OutputScale::Linear;
}

bool hasSlope(nn::Activation activation) {
    return activation == nn::Activation::Sigmoid || activation == nn::Activation::Tanh;
}

class PlainDesign final : public AutoencoderDesign {
public:
    explicit PlainDesign(const PlainParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return plainSchema().write(m_params); }
    Status check() const override {
        const nn::Activation first =
            m_params.hiddenSizes().empty() ? m_params.codeActivation : m_params.activation;
        if (m_params.sparsityWeight > 0.0 && first != nn::Activation::Sigmoid)
            return Error{ErrorCode::Invalid, "A sparse autoencoder needs a sigmoid in its first layer",
                         "sparsity_weight"};
        if (m_params.contractiveWeight > 0.0 && !hasSlope(first))
            return Error{ErrorCode::Invalid,
                         "A contractive autoencoder needs a sigmoid or tanh in its first layer",
                         "contractive_weight"};
        return {};
    }
    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override;

    std::span<const std::vector<std::size_t>> passes(const CodeNetwork& network, int epoch) const override {
        if (m_params.pretrainEpochs == 0) return network.passes;
        const auto phase = static_cast<std::size_t>((epoch - 1) / m_params.pretrainEpochs);
        if (phase >= network.pretraining.size()) return network.passes;
        return std::span(network.pretraining).subspan(phase, 1);
    }

private:
    PlainParams m_params;
};

CodeNetwork PlainDesign::build(const DataSize& size, std::uint64_t seed) const {
    CodeNetwork network;
    auto graph = std::make_shared<nn::Graph<float>>();
    auto& parameters = network.parameters;
    const LayerSizes sizes = m_params.sizes(size);
    const Encoder encoder = addEncoder(parameters, sizes, false, seed);
    const Decoder decoder = addDecoder(parameters, sizes, m_params.tied ? &encoder : nullptr, seed);
    LayerOptions layers = m_params.layers();
    layers.codeActivation = m_params.codeActivation;
    network.history = graph->sparseInput(size.items);
    network.target = graph->sparseInput(size.items);
    addSideInputs(*graph, sizes, network);
    nn::SparseTransform noise = m_params.noise();
    noise.noise = m_params.noiseDeviation;
    noise.rescale = false; // masking noise, as in Vincent et al.
    network.noisy = graph->transform(network.history, noise);
    const std::size_t before = static_cast<std::size_t>(graph->nodeCount());
    network.code = wireEncoder(*graph, parameters, encoder, network, layers).mean;
    network.latent = network.code;
    const nn::NodeId firstLayer = graph->observed().front().node;
    RECOSCOPE_CHECK(static_cast<std::size_t>(graph->nodeCount()) > before, "an encoder without layers");
    network.output = wireDecoder(*graph, parameters, decoder, network, layers);
    network.reconstruction =
        nn::reconstructionLoss(*graph, network.output, network.target, lossOptions(m_params));
    network.scale = scaleOf(m_params.loss);

    CodeObjective whole{.loss = network.reconstruction, .trained = parameters.trained()};
    std::vector<nn::NodeId> terms{network.reconstruction};
    std::vector<nn::ScalarId> weights{graph->scalar("one", 1.0f)};
    const auto addTerm = [&](const char* key, nn::NodeId node, double weight) {
        whole.parts.push_back({key, node});
        terms.push_back(node);
        weights.push_back(graph->scalar(key, static_cast<float>(weight)));
    };
    if (m_params.sparsityWeight > 0.0)
        addTerm("sparsity", nn::sparsityKl(*graph, firstLayer, m_params.sparsityTarget),
                m_params.sparsityWeight);
    if (m_params.contractiveWeight > 0.0)
        addTerm("contraction",
                nn::contractivePenalty(*graph, parameters, firstLayer, encoder.weights[0],
                                       sizes.hidden.empty() ? m_params.codeActivation : m_params.activation),
                m_params.contractiveWeight);
    if (m_params.loss == Loss::SquaredError && m_params.positiveWeight == 1.0) {
        // Per cell, beside the number of PCA.
        whole.parts.push_back(
            {"mse_per_cell", network.reconstruction, 1.0 / static_cast<double>(size.items)});
    }
    if (terms.size() > 1) {
        whole.parts.insert(whole.parts.begin(), {"reconstruction", network.reconstruction});
        whole.loss = nn::weightedSum(*graph, terms, weights);
    }
    network.objectives.push_back(std::move(whole));

    if (m_params.pretrainEpochs > 0) {
        // Layer n alone: what it is given, through it and the decoder's layer that mirrors it, and back.
        const std::size_t count = encoder.weights.size();
        std::optional<nn::NodeId> given;
        for (std::size_t n = 0; n < count; ++n) {
            const nn::Activation bend = n + 1 < count ? layers.activation : layers.codeActivation;
            const nn::NodeId h = nn::activation(
                *graph, wireEncoderLayer(*graph, parameters, encoder, n, given, network), bend);
            nn::NodeId back = wireDecoderLayer(*graph, parameters, decoder, count - 1 - n, h, network);
            nn::NodeId loss{};
            if (given) {
                back = nn::activation(*graph, back, layers.activation);
                const nn::NodeId miss = nn::subtract(*graph, back, nn::stopGradient(*graph, *given));
                loss = nn::sumPerExample(*graph, nn::multiply(*graph, miss, miss));
            } else {
                loss = nn::reconstructionLoss(*graph, back, network.target, lossOptions(m_params));
            }
            std::vector<nn::ParamId> trained{encoder.weights[n], encoder.biases[n],
                                             decoder.biases[count - 1 - n]};
            if (!m_params.tied) trained.push_back(decoder.weights[count - 1 - n]);
            if (n == 0 && encoder.sideWeight) trained.push_back(*encoder.sideWeight);
            if (n + 1 == count && decoder.sideWeight) trained.push_back(*decoder.sideWeight);
            network.objectives.push_back(
                {.key = "pretraining_loss." + std::to_string(n + 1), .loss = loss, .trained = trained});
            network.pretraining.push_back({network.objectives.size() - 1});
            given = nn::stopGradient(*graph, h);
        }
    }
    network.graph = std::move(graph);
    return network;
}

class CdaeDesign final : public AutoencoderDesign {
public:
    explicit CdaeDesign(const PlainParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return cdaeSchema().write(m_params); }

    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override {
        CodeNetwork network;
        auto graph = std::make_shared<nn::Graph<float>>();
        auto& parameters = network.parameters;
        const LayerSizes sizes = m_params.sizes(size);
        const Encoder encoder = addEncoder(parameters, sizes, false, seed);
        const Decoder decoder = addDecoder(parameters, sizes, nullptr, seed);
        const nn::ParamId users = parameters.add("user.embedding", nn::ParamRole::Weight,
                                                 nn::Matrix<float>::Zero(size.users, m_params.code));
        network.history = graph->sparseInput(size.items);
        network.target = graph->sparseInput(size.items);
        addSideInputs(*graph, sizes, network);
        network.noisy = graph->transform(network.history, m_params.noise());
        network.user = graph->indexInput();
        const nn::NodeId linear =
            nn::add(*graph, wireEncoderLayer(*graph, parameters, encoder, 0, std::nullopt, network),
                    nn::gather(*graph, parameters, users, *network.user));
        network.code = nn::activation(*graph, linear, m_params.codeActivation);
        graph->observe(network.code, "code");
        network.latent = network.code;
        network.output = wireDecoder(*graph, parameters, decoder, network, m_params.layers());
        network.reconstruction =
            nn::reconstructionLoss(*graph, network.output, network.target, lossOptions(m_params));
        network.scale = scaleOf(m_params.loss);
        network.objectives.push_back({.loss = network.reconstruction, .trained = parameters.trained()});
        network.graph = std::move(graph);
        return network;
    }

private:
    PlainParams m_params;
};

} // namespace

AlgorithmInfo autoencoderInfo() {
    return {
        .id = "autoencoder",
        .title = "Autoencoder",
        .family = "Autoencoder",
        .summary =
            "Squeezes a history into a short code and rebuilds it; what it rebuilds that was not there is "
            "the "
            "recommendation. One layer or deep, with noise, sparse, contractive, or pre-trained by layer.",
        .equation = "h = f(x̃),  ŝ = g(h)\n"
                    "min loss(x, ŝ) + a Σⱼ KL(ρ ‖ mean hⱼ) + b ‖∂h/∂x‖²",
        .reference =
            "Hinton & Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 2006; "
            "Vincent et al.: Stacked Denoising Autoencoders, JMLR 2010; Ng: Sparse autoencoder, 2011; Rifai "
            "et "
            "al.: Contractive Auto-Encoders, ICML 2011",
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return plainSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return trainerOf<PlainDesign>(plainSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<PlainDesign>(plainSchema(), file); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(plainSchema(), shape, params,
                                       [](const PlainParams&) { return AutoencoderWork{}; });
            },
    };
}

AlgorithmInfo cdaeInfo() {
    return {
        .id = "cdae",
        .title = "CDAE",
        .family = "Autoencoder",
        .summary = "A denoising autoencoder that also learns a vector for each known user: what the history "
                   "does not say, "
                   "the vector may.",
        .equation = "h = f(Wᵀ x̃ + V_u + b),  ŝ = W′ h + b′\n"
                    "min loss(x, ŝ)",
        .reference =
            "Wu, DuBois, Zheng & Ester: Collaborative Denoising Auto-Encoders for Top-N Recommender Systems, "
            "WSDM 2016",
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return cdaeSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return trainerOf<CdaeDesign>(cdaeSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<CdaeDesign>(cdaeSchema(), file); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(cdaeSchema(), shape, params,
                                       [](const PlainParams&) { return AutoencoderWork{.userRows = true}; });
            },
    };
}

} // namespace recoscope
