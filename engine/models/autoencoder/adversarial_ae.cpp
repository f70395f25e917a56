// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/adversarial_ae.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/nn/initialiser.h"
#include "engine/nn/losses/adversarial.h"
#include "engine/nn/ops/dense.h"

#include <cmath>
#include <numbers>

namespace recoscope {

namespace {

enum class Prior { Normal, Mixture };
enum class Rebuilds { Multinomial, CrossEntropy };

struct AdversarialParams : AutoencoderParams {
    AdversarialParams() { code = 64; }
    Rebuilds loss = Rebuilds::Multinomial;
    Prior prior = Prior::Normal;
    std::int32_t components = 10;
    double radius = 4.0;
    double adversarialWeight = 1.0;
    std::int32_t discriminatorWidth = 128;
    double smoothing = 0.1;
};

const TypedSchema<AdversarialParams>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<AdversarialParams>::Builder builder;
        builder
            .choice(
                "reconstruction", &AdversarialParams::loss,
                {{Rebuilds::Multinomial, {"multinomial", "Multinomial", "Shares of one whole"}},
                 {Rebuilds::CrossEntropy, {"cross_entropy", "Cross-entropy", "A yes or no for every item"}}},
                {.label = "Reconstruction loss", .help = "How output and history are compared."})
            .choice("prior", &AdversarialParams::prior,
                    {{Prior::Normal, {"normal", "Normal", "One round cloud"}},
                     {Prior::Mixture,
                      {"mixture", "Mixture", "Several clouds in a ring: tastes fall into groups"}}},
                    {.label = "Prior", .help = "The distribution that codes are pushed towards."})
            .integer("prior_components", &AdversarialParams::components,
                     {.label = "Clouds",
                      .help = "Normals in the mixture.",
                      .min = 2,
                      .max = 100,
                      .enabledBy = "prior",
                      .enabledWhen = {"mixture"}})
            .real("prior_radius", &AdversarialParams::radius,
                  {.label = "Ring radius",
                   .help = "Distance of the clouds' centres from the middle, in standard deviations.",
                   .min = 0.0,
                   .max = 100.0,
                   .advanced = true,
                   .enabledBy = "prior",
                   .enabledWhen = {"mixture"}})
            .real("adversarial_weight", &AdversarialParams::adversarialWeight,
                  {.label = "Adversarial weight",
                   .help = "How hard codes are pushed towards the prior.",
                   .min = 0.0,
                   .max = 1000.0,
                   .logScale = true})
            .integer("discriminator_size", &AdversarialParams::discriminatorWidth,
                     {.label = "Discriminator width",
                      .help = "Units in each of the discriminator's two hidden layers.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true,
                      .advanced = true})
            .real("label_smoothing", &AdversarialParams::smoothing,
                  {.label = "Label smoothing",
                   .help =
                       "How far from 1 the wanted answer for real codes is; keeps the discriminator unsure.",
                   .min = 0.0,
                   .max = 0.5,
                   .advanced = true});
        addNetworkRows<AdversarialParams>(builder);
        addTrainingRows<AdversarialParams>(builder);
        return builder.build();
    }();
    return schema;
}

class AdversarialDesign final : public AutoencoderDesign {
public:
    explicit AdversarialDesign(const AdversarialParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return typedSchema().write(m_params); }
    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override;

    void beforeStep(const StepTime& time, nn::Workspace<float>& workspace) const override {
        Rng rng = Rng::stream(time.seed, "prior", static_cast<std::uint64_t>(time.step));
        nn::Map<float> draws = workspace.value(kPriorDraws);
        samplePrior(rng, draws);
    }

    void samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const override {
        AutoencoderDesign::samplePrior(rng, codes);
        if (m_params.prior != Prior::Mixture) return;
        for (Eigen::Index row = 0; row < codes.rows(); ++row) {
            const double turn =
                static_cast<double>(rng.below(static_cast<std::uint64_t>(m_params.components))) /
                static_cast<double>(m_params.components);
            const double angle = 2.0 * std::numbers::pi * turn;
            codes(row, 0) += static_cast<float>(m_params.radius * std::cos(angle));
            if (codes.cols() > 1) codes(row, 1) += static_cast<float>(m_params.radius * std::sin(angle));
        }
    }

private:
    static constexpr nn::NodeId kPriorDraws{0};
    AdversarialParams m_params;
};

/// Two hidden layers and one answer.
struct Discriminator {
    std::vector<nn::ParamId> weights;
    std::vector<nn::ParamId> biases;
};

nn::NodeId wireDiscriminator(nn::Graph<float>& graph, const nn::ParameterSet<float>& parameters,
                             const Discriminator& discriminator, nn::NodeId code) {
    nn::NodeId x = code;
    for (std::size_t n = 0; n < discriminator.weights.size(); ++n) {
        x = nn::dense(graph, parameters, x, discriminator.weights[n], std::optional(discriminator.biases[n]));
        if (n + 1 < discriminator.weights.size()) x = nn::activation(graph, x, nn::Activation::LeakyRelu);
    }
    return x;
}

CodeNetwork AdversarialDesign::build(const DataSize& size, std::uint64_t seed) const {
    CodeNetwork network;
    auto graph = std::make_shared<nn::Graph<float>>();
    auto& parameters = network.parameters;
    const nn::NodeId draws = graph->input(m_params.code);
    RECOSCOPE_CHECK(draws == kPriorDraws, "the draws' place in the graph");
    const LayerSizes sizes = m_params.sizes(size);
    const Encoder encoder = addEncoder(parameters, sizes, false, seed);
    const Decoder decoder = addDecoder(parameters, sizes, m_params.tied ? &encoder : nullptr, seed);
    Discriminator discriminator;
    const std::int32_t width[] = {m_params.code, m_params.discriminatorWidth, m_params.discriminatorWidth, 1};
    for (std::size_t n = 0; n < 3; ++n) {
        const std::string name = "discriminator." + std::to_string(n);
        discriminator.weights.push_back(
            parameters.add(name + ".weight", nn::ParamRole::Weight,
                           nn::initialised<float>(width[n], width[n + 1], {nn::InitialiserKind::HeUniform},
                                                  {width[n], width[n + 1]}, seed, name)));
        discriminator.biases.push_back(
            parameters.add(name + ".bias", nn::ParamRole::Bias, nn::Matrix<float>::Zero(1, width[n + 1])));
    }

    network.history = graph->sparseInput(size.items);
    network.target = graph->sparseInput(size.items);
    addSideInputs(*graph, sizes, network);
    network.noisy = graph->transform(network.history, m_params.noise());
    network.code = wireEncoder(*graph, parameters, encoder, network, m_params.layers()).mean;
    network.latent = network.code;
    network.output = wireDecoder(*graph, parameters, decoder, network, m_params.layers());
    network.reconstruction = nn::reconstructionLoss(*graph, network.output, network.target,
                                                    {.loss = m_params.loss == Rebuilds::Multinomial
                                                                 ? nn::ReconstructionLoss::Multinomial
                                                                 : nn::ReconstructionLoss::CrossEntropy});
    network.scale = m_params.loss == Rebuilds::Multinomial ? OutputScale::Softmax : OutputScale::Sigmoid;
    std::vector<nn::ParamId> rebuilding = parameters.trained("encoder.");
    const std::vector<nn::ParamId> decoding = parameters.trained("decoder.");
    rebuilding.insert(rebuilding.end(), decoding.begin(), decoding.end());
    network.objectives.push_back({.loss = network.reconstruction, .trained = rebuilding});

    const nn::ScalarId one = graph->scalar("one", 1.0f);
    const nn::ScalarId weight =
        graph->scalar("adversarial_weight", static_cast<float>(m_params.adversarialWeight));
    const nn::AdversarialOptions honest{.smoothing = m_params.smoothing};
    const nn::NodeId onCodes = wireDiscriminator(*graph, parameters, discriminator, network.code);
    const nn::NodeId onPrior = wireDiscriminator(*graph, parameters, discriminator, draws);
    const nn::NodeId real = nn::adversarialLoss(*graph, onPrior, nn::Verdict::Real, honest);
    const nn::NodeId fake = nn::adversarialLoss(*graph, onCodes, nn::Verdict::Fake, honest);
    network.objectives.push_back({.key = "discriminator_loss",
                                  .loss = nn::weightedSum(*graph, {real, fake}, {one, one}),
                                  .trained = parameters.trained("discriminator.")});
    const nn::NodeId fooled = nn::adversarialLoss(*graph, onCodes, nn::Verdict::Real);
    network.objectives.push_back({.key = "generator_loss",
                                  .loss = nn::weightedSum(*graph, {fooled}, {weight}),
                                  .trained = parameters.trained("encoder.")});
    network.passes = {{0, 1, 2}};
    network.generative = true;
    network.graph = std::move(graph);
    return network;
}

} // namespace

AlgorithmInfo adversarialAeInfo() {
    return {
        .id = "aae",
        .title = "Adversarial autoencoder",
        .family = "Autoencoder",
        .summary = "Rebuilds histories while a discriminator pushes the codes into a shape of our choice: a "
                   "cloud, or "
                   "several in a ring. A random code from that shape is a made-up user.",
        .equation = "z = f(x̃),  ŝ = g(z)\n"
                    "min f, g: reconstruction(x, ŝ);  min D: −log σ(D(z′)) − log(1 − σ(D(z))), z′ ~ prior\n"
                    "min f: −w log σ(D(z))",
        .reference =
            "Makhzani, Shlens, Jaitly, Goodfellow & Frey: Adversarial Autoencoders, ICLR workshop 2016",
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer =
            [](const TrainerInput& input) { return trainerOf<AdversarialDesign>(typedSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<AdversarialDesign>(typedSchema(), file); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(typedSchema(), shape, params, [](const AdversarialParams& p) {
                    return AutoencoderWork{.extra =
                                               2.0 * p.discriminatorWidth * (p.discriminatorWidth + p.code)};
                });
            },
    };
}

} // namespace recoscope
