// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/mult_vae.h"

#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/nn/ops/gaussian.h"

namespace recoscope {

namespace {

struct MultVaeParams : AutoencoderParams {
    nn::AnnealingKind annealing = nn::AnnealingKind::Linear;
    double annealCap = 0.2;
    std::int64_t annealSteps = 2000;
};

const TypedSchema<MultVaeParams>& vaeSchema() {
    static const auto schema = [] {
        TypedSchema<MultVaeParams>::Builder builder;
        addNetworkRows<MultVaeParams>(builder);
        builder
            .choice("anneal_schedule", &MultVaeParams::annealing, nn::annealingChoices(),
                    {.label = "KL annealing",
                     .help = "How the weight of the KL term grows to its cap.",
                     .advanced = true})
            .real("anneal_cap", &MultVaeParams::annealCap,
                  {.label = "KL weight (β)",
                   .help =
                       "Weight of the KL term at the end. 1 is the variational bound; smaller ranks better.",
                   .min = 0.0,
                   .max = 10.0})
            .integer(
                "total_anneal_steps", &MultVaeParams::annealSteps,
                {.label = "Annealing steps",
                 .help =
                     "Steps (batches) in which the weight would grow to 1; it stops at its cap. 0: the cap "
                     "from the start.",
                 .min = 0,
                 .max = 1e9,
                 .logScale = true});
        addTrainingRows<MultVaeParams>(builder);
        return builder.build();
    }();
    return schema;
}

const TypedSchema<AutoencoderParams>& daeSchema() {
    static const auto schema = [] {
        TypedSchema<AutoencoderParams>::Builder builder;
        addNetworkRows<AutoencoderParams>(builder);
        addTrainingRows<AutoencoderParams>(builder);
        return builder.build();
    }();
    return schema;
}

class MultVaeDesign final : public AutoencoderDesign {
public:
    explicit MultVaeDesign(const MultVaeParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return vaeSchema().write(m_params); }

    CodeNetwork build(std::int32_t items, std::uint64_t seed) const override {
        CodeNetwork network;
        auto graph = std::make_shared<nn::Graph<float>>();
        const LayerSizes sizes = m_params.sizes(items);
        const Encoder encoder = addEncoder(network.parameters, sizes, true, seed);
        const Decoder decoder =
            addDecoder(network.parameters, sizes, m_params.tied ? &encoder : nullptr, seed);
        network.history = graph->sparseInput(items);
        network.target = graph->sparseInput(items);
        network.noisy = graph->transform(network.history, m_params.noise());
        const Code code = wireEncoder(*graph, network.parameters, encoder, network.noisy, m_params.layers());
        network.code = code.mean;
        network.logVariance = code.logVariance;
        network.latent = nn::gaussianSample(*graph, code.mean, *code.logVariance);
        network.output = wireDecoder(*graph, network.parameters, decoder, network.latent, m_params.layers());
        network.reconstruction = nn::reconstructionLoss(*graph, network.output, network.target,
                                                        {.loss = nn::ReconstructionLoss::Multinomial});
        const nn::NodeId kl = nn::klToStandardNormal(*graph, code.mean, *code.logVariance);
        const nn::ScalarId one = graph->scalar("one", 1.0f);
        const nn::ScalarId weight = graph->scalar("kl_weight", 0.0f);
        RECOSCOPE_CHECK(weight == kKlWeight, "the weight's place in the graph");
        const nn::NodeId loss = nn::weightedSum(*graph, {network.reconstruction, kl}, {one, weight});
        network.objectives.push_back({.loss = loss,
                                      .trained = network.parameters.trained(),
                                      .parts = {{"reconstruction", network.reconstruction}, {"kl", kl}}});
        network.generative = true;
        network.graph = std::move(graph);
        return network;
    }

    void beforeStep(const StepTime& time, nn::Workspace<float>& workspace) const override {
        workspace.scalar(kKlWeight) = static_cast<float>(nn::annealedWeight(
            {.kind = m_params.annealing, .cap = m_params.annealCap, .steps = m_params.annealSteps},
            time.step));
    }

    void addSignals(const StepTime&, const nn::Workspace<float>& workspace,
                    std::vector<NamedValue>& signals) const override {
        signals.push_back({"kl_weight", static_cast<double>(workspace.scalar(kKlWeight))});
    }

private:
    static constexpr nn::ScalarId kKlWeight{1};
    MultVaeParams m_params;
};

class MultDaeDesign final : public AutoencoderDesign {
public:
    explicit MultDaeDesign(const AutoencoderParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return daeSchema().write(m_params); }

    CodeNetwork build(std::int32_t items, std::uint64_t seed) const override {
        CodeNetwork network;
        auto graph = std::make_shared<nn::Graph<float>>();
        const LayerSizes sizes = m_params.sizes(items);
        const Encoder encoder = addEncoder(network.parameters, sizes, false, seed);
        const Decoder decoder =
            addDecoder(network.parameters, sizes, m_params.tied ? &encoder : nullptr, seed);
        network.history = graph->sparseInput(items);
        network.target = graph->sparseInput(items);
        network.noisy = graph->transform(network.history, m_params.noise());
        LayerOptions layers = m_params.layers();
        layers.codeActivation = m_params.activation;
        network.code = wireEncoder(*graph, network.parameters, encoder, network.noisy, layers).mean;
        network.latent = network.code;
        network.output = wireDecoder(*graph, network.parameters, decoder, network.latent, layers);
        network.reconstruction = nn::reconstructionLoss(*graph, network.output, network.target,
                                                        {.loss = nn::ReconstructionLoss::Multinomial});
        network.objectives.push_back(
            {.loss = network.reconstruction, .trained = network.parameters.trained()});
        network.graph = std::move(graph);
        return network;
    }

private:
    AutoencoderParams m_params;
};

constexpr const char* kReference =
    "Liang, Krishnan, Hoffman & Jebara: Variational Autoencoders for Collaborative "
    "Filtering, WWW 2018";

} // namespace

AlgorithmInfo multVaeInfo() {
    return {
        .id = "mult_vae",
        .title = "Mult-VAE",
        .family = "Autoencoder",
        .summary = "Squeezes a history into a cloud of taste instead of a point, and rebuilds it as shares "
                   "of one whole. "
                   "Strong on implicit data; new users at once.",
        .equation = "z ~ N(μ(x̃), σ²(x̃)),  ŝ = g(z),  π = softmax(ŝ)\n"
                    "min −Σᵢ xᵢ log πᵢ + β KL(N(μ, σ²) ‖ N(0, I))",
        .reference = kReference,
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return vaeSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return trainerOf<MultVaeDesign>(vaeSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<MultVaeDesign>(vaeSchema(), file); },
    };
}

AlgorithmInfo multDaeInfo() {
    return {
        .id = "mult_dae",
        .title = "Mult-DAE",
        .family = "Autoencoder",
        .summary = "Hides part of a history and learns to rebuild all of it as shares of one whole. Simple "
                   "and strong on "
                   "implicit data; new users at once.",
        .equation = "ŝ = g(f(dropout(x / |x|))),  π = softmax(ŝ)\n"
                    "min −Σᵢ xᵢ log πᵢ",
        .reference = kReference,
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return daeSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return trainerOf<MultDaeDesign>(daeSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<MultDaeDesign>(daeSchema(), file); },
    };
}

} // namespace recoscope
