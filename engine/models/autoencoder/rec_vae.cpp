// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/rec_vae.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/nn/initialiser.h"
#include "engine/nn/losses/distribution.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/gaussian.h"
#include "engine/nn/ops/normalisation.h"

namespace recoscope {

namespace {

constexpr int kLayers = 5;
constexpr double kNormEpsilon = 0.1;
constexpr std::int32_t kEncoderParameters = 2 * (kLayers + 2) + 2 * kLayers;

struct RecVaeParams : AutoencoderParams {
    RecVaeParams() {
        learningRate = 5e-4;
        activation = nn::Activation::Swish;
        epochs = 50;
    }
    std::int32_t width = 600;
    double gamma = 0.005;
    std::int32_t encoderEpochs = 3;
    std::int32_t decoderEpochs = 1;
};

const TypedSchema<RecVaeParams>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<RecVaeParams>::Builder builder;
        builder
            .integer("hidden_dimension", &RecVaeParams::width,
                     {.label = "Hidden width",
                      .help = "Units of each of the encoder's five layers.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true})
            .integer("latent_dimension", static_cast<std::int32_t RecVaeParams::*>(&AutoencoderParams::code),
                     {.label = "Code size",
                      .help = "Numbers that a history is squeezed into.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true})
            .real("dropout_prob", static_cast<double RecVaeParams::*>(&AutoencoderParams::dropout),
                  {.label = "Input dropout",
                   .help = "Share of the history hidden while the encoder is trained.",
                   .min = 0.0,
                   .max = 0.95})
            .real("gamma", &RecVaeParams::gamma,
                  {.label = "KL weight per interaction (γ)",
                   .help = "The KL term of a user weighs γ times the length of the history.",
                   .min = 0.0,
                   .max = 1.0,
                   .logScale = true})
            .integer("encoder_epochs", &RecVaeParams::encoderEpochs,
                     {.label = "Encoder passes",
                      .help = "Passes over all users that train the encoder, in each epoch.",
                      .min = 1,
                      .max = 100,
                      .advanced = true})
            .integer("decoder_epochs", &RecVaeParams::decoderEpochs,
                     {.label = "Decoder passes",
                      .help = "Passes over all users that train the decoder, in each epoch.",
                      .min = 1,
                      .max = 100,
                      .advanced = true});
        addUseRows<RecVaeParams>(builder);
        addTrainingRows<RecVaeParams>(builder);
        return builder.build();
    }();
    return schema;
}

/// The encoder's parameters. The prior's copy is a set of buffers of the same shapes.
struct DeepEncoder {
    std::vector<nn::ParamId> weights; // items x w, w x w …, then w x d twice (mean, log variance)
    std::vector<nn::ParamId> biases;
    std::vector<nn::ParamId> gains;
    std::vector<nn::ParamId> shifts;
};

DeepEncoder addDeepEncoder(nn::ParameterSet<float>& parameters, std::int32_t items,
                           const RecVaeParams& params, const std::string& prefix, bool trained,
                           std::uint64_t seed) {
    DeepEncoder encoder;
    const auto role = [&](nn::ParamRole when) { return trained ? when : nn::ParamRole::Buffer; };
    for (int n = 0; n < kLayers + 2; ++n) {
        const std::string layer = n < kLayers    ? std::to_string(n)
                                  : n == kLayers ? std::string("mean")
                                                 : std::string("log_variance");
        const std::int32_t in = n == 0 ? items : params.width;
        const std::int32_t out = n < kLayers ? params.width : params.code;
        // Seeded by the layer alone: the prior starts as the encoder.
        encoder.weights.push_back(
            parameters.add(prefix + layer + ".weight", role(nn::ParamRole::Weight),
                           nn::initialised<float>(in, out, {nn::InitialiserKind::GlorotUniform}, {in, out},
                                                  seed, "encoder." + layer)));
        encoder.biases.push_back(parameters.add(prefix + layer + ".bias", role(nn::ParamRole::Bias),
                                                nn::Matrix<float>::Zero(1, out)));
        if (n >= kLayers) continue;
        encoder.gains.push_back(parameters.add(prefix + layer + ".norm.gain", role(nn::ParamRole::Bias),
                                               nn::Matrix<float>::Ones(1, out)));
        encoder.shifts.push_back(parameters.add(prefix + layer + ".norm.bias", role(nn::ParamRole::Bias),
                                                nn::Matrix<float>::Zero(1, out)));
    }
    return encoder;
}

Code wireDeepEncoder(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                     const DeepEncoder& encoder, nn::SparseId history, nn::Activation bend, bool observed) {
    std::optional<nn::NodeId> sum; // h_1 + … + h_n
    nn::NodeId h{};
    for (std::size_t n = 0; n < kLayers; ++n) {
        nn::NodeId a =
            n == 0 ? nn::sparseDense(graph, parameters, history, encoder.weights[0], encoder.biases[0])
                   : nn::dense(graph, parameters, h, encoder.weights[n], encoder.biases[n]);
        if (sum) a = nn::add(graph, a, *sum);
        h = nn::layerNorm(graph, parameters, nn::activation(graph, a, bend), encoder.gains[n],
                          encoder.shifts[n], kNormEpsilon);
        if (observed) graph.observe(h, "encoder." + std::to_string(n));
        sum = sum ? nn::add(graph, *sum, h) : h;
    }
    return {nn::dense(graph, parameters, h, encoder.weights[kLayers], encoder.biases[kLayers]),
            nn::dense(graph, parameters, h, encoder.weights[kLayers + 1], encoder.biases[kLayers + 1])};
}

class RecVaeDesign final : public AutoencoderDesign {
public:
    explicit RecVaeDesign(const RecVaeParams& params)
        : m_params(params) {
        m_params.hidden = std::to_string(params.width);
    }

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return typedSchema().write(m_params); }
    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override;
    std::vector<std::pair<std::string, std::vector<std::int64_t>>>
    expectedLayers(const DataSize& size) const override {
        return {{"encoder.0.weight", {size.items, m_params.width}},
                {"encoder.1.weight", {m_params.width, m_params.width}},
                {"encoder.mean.weight", {m_params.width, m_params.code}}};
    }

    void beforeStep(const StepTime&, nn::Workspace<float>& workspace) const override {
        // γ |x|₁ of each user.
        const auto& history = workspace.sparse(nn::SparseId{0});
        nn::Map<float> weights = workspace.value(kWeights);
        for (std::int32_t row = 0; row < history.rows(); ++row) {
            float sum = 0.0f;
            for (std::int64_t n = history.rowBegin(row); n < history.rowEnd(row); ++n)
                sum += history.values()[n];
            weights(row, 0) = static_cast<float>(m_params.gamma) * sum;
        }
    }

    void beforePass(const StepTime& time, nn::ParameterSet<float>& parameters) const override {
        if (time.pass != static_cast<std::size_t>(m_params.encoderEpochs)) return;
        // The encoder's parameters come first, then the prior's in the same order.
        for (std::int32_t n = 0; n < kEncoderParameters; ++n)
            parameters[nn::ParamId{kEncoderParameters + n}].value = parameters[nn::ParamId{n}].value;
    }

private:
    static constexpr nn::NodeId kWeights{0};
    RecVaeParams m_params;
};

CodeNetwork RecVaeDesign::build(const DataSize& size, std::uint64_t seed) const {
    const std::int32_t items = size.items;
    CodeNetwork network;
    auto graph = std::make_shared<nn::Graph<float>>();
    auto& parameters = network.parameters;
    const nn::NodeId weights = graph->input(1);
    RECOSCOPE_CHECK(weights == kWeights, "the weights' place in the graph");
    const DeepEncoder encoder = addDeepEncoder(parameters, items, m_params, "encoder.", true, seed);
    RECOSCOPE_CHECK(parameters.count() == kEncoderParameters, "the encoder's parameters");
    const DeepEncoder prior = addDeepEncoder(parameters, items, m_params, "prior.", false, seed);
    const nn::ParamId decoderWeight =
        parameters.add("decoder.0.weight", nn::ParamRole::Weight,
                       nn::initialised<float>(items, m_params.code, {nn::InitialiserKind::GlorotUniform},
                                              {m_params.code, items}, seed, "decoder.0"));
    const nn::ParamId decoderBias =
        parameters.add("decoder.0.bias", nn::ParamRole::Bias, nn::Matrix<float>::Zero(1, items));

    network.history = graph->sparseInput(items);
    network.target = graph->sparseInput(items);
    network.noisy = graph->transform(network.history, m_params.noise());
    const nn::SparseId clean = graph->transform(network.history, {.normalise = m_params.normalise});
    const auto decode = [&](nn::NodeId z) {
        return nn::dense(*graph, parameters, z, decoderWeight, std::optional(decoderBias),
                         nn::WeightLayout::OutputByInput);
    };
    const nn::ReconstructionOptions multinomial{.loss = nn::ReconstructionLoss::Multinomial};

    const Code code = wireDeepEncoder(*graph, parameters, encoder, network.noisy, m_params.activation, true);
    network.code = code.mean;
    network.logVariance = code.logVariance;
    network.latent = nn::gaussianSample(*graph, code.mean, *code.logVariance);
    network.output = decode(network.latent);
    network.reconstruction = nn::reconstructionLoss(*graph, network.output, network.target, multinomial);

    const Code old = wireDeepEncoder(*graph, parameters, prior, clean, m_params.activation, false);
    const nn::NodeId kl = nn::compositePriorKl(*graph, {.z = network.latent,
                                                        .mean = code.mean,
                                                        .logVariance = *code.logVariance,
                                                        .oldMean = old.mean,
                                                        .oldLogVariance = *old.logVariance,
                                                        .weights = weights});
    const nn::ScalarId one = graph->scalar("one", 1.0f);
    network.objectives.push_back({.loss = nn::weightedSum(*graph, {network.reconstruction, kl}, {one, one}),
                                  .trained = parameters.trained("encoder."),
                                  .parts = {{"reconstruction", network.reconstruction}, {"kl", kl}}});

    const Code exact = wireDeepEncoder(*graph, parameters, encoder, clean, m_params.activation, false);
    const nn::NodeId cleanOutput = decode(nn::gaussianSample(*graph, exact.mean, *exact.logVariance));
    network.objectives.push_back(
        {.key = "decoder_loss",
         .loss = nn::reconstructionLoss(*graph, cleanOutput, network.target, multinomial),
         .trained = parameters.trained("decoder.")});
    network.passes.assign(static_cast<std::size_t>(m_params.encoderEpochs), {0});
    network.passes.insert(network.passes.end(), static_cast<std::size_t>(m_params.decoderEpochs), {1});
    network.graph = std::move(graph);
    return network;
}

} // namespace

AlgorithmInfo recVaeInfo() {
    return {
        .id = "rec_vae",
        .title = "RecVAE",
        .family = "Autoencoder",
        .summary = "A variational autoencoder that remembers its last self: a deep encoder, a prior that "
                   "contains the "
                   "encoder of the epoch before, and turns of training for both halves. Among the best on "
                   "implicit data.",
        .equation = "z ~ N(μ(x̃), σ²(x̃)),  π = softmax(W z + b)\n"
                    "min −Σᵢ xᵢ log πᵢ + γ |x|₁ E[log q(z|x̃) − log p(z)]\n"
                    "p = 3/20 N(0, I) + 3/4 q_old(z|x) + 1/10 N(0, e¹⁰ I)",
        .reference = "Shenbin, Alekseev, Tutubalina, Malykh & Nikolenko: RecVAE: a New Variational "
                     "Autoencoder for Top-N "
                     "Recommendations with Implicit Feedback, WSDM 2020",
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer =
            [](const TrainerInput& input) { return trainerOf<RecVaeDesign>(typedSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<RecVaeDesign>(typedSchema(), file); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(typedSchema(), shape, params, [](const RecVaeParams& p) {
                    return AutoencoderWork{.encoder = {1.0 * p.width, 1.0 * p.width, 1.0 * p.width,
                                                       1.0 * p.width, 1.0 * p.width, 1.0 * p.code},
                                           .heads = 2.0,
                                           .passes = 1.0 * (p.encoderEpochs + p.decoderEpochs),
                                           .encoderSets = 2.0};
                });
            },
    };
}

} // namespace recoscope
