// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/mult_vae.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/vae_design.h"

namespace recoscope {

namespace {

const TypedSchema<VaeParams>& vaeSchema() {
    static const auto schema = [] {
        TypedSchema<VaeParams>::Builder builder;
        addNetworkRows<VaeParams>(builder);
        addAnnealingRows<VaeParams>(builder);
        addTrainingRows<VaeParams>(builder);
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

class MultVaeDesign final : public VaeDesign {
public:
    explicit MultVaeDesign(const VaeParams& params)
        : m_params(params) {}
    ParamMap paramMap() const override { return vaeSchema().write(m_params); }

private:
    const VaeParams& vaeParams() const override { return m_params; }
    nn::ReconstructionOptions likelihood() const override {
        return {.loss = nn::ReconstructionLoss::Multinomial};
    }
    VaeParams m_params;
};

class MultDaeDesign final : public AutoencoderDesign {
public:
    explicit MultDaeDesign(const AutoencoderParams& params)
        : m_params(params) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return daeSchema().write(m_params); }

    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override {
        const std::int32_t items = size.items;
        CodeNetwork network;
        auto graph = std::make_shared<nn::Graph<float>>();
        const LayerSizes sizes = m_params.sizes(size);
        const Encoder encoder = addEncoder(network.parameters, sizes, false, seed);
        const Decoder decoder =
            addDecoder(network.parameters, sizes, m_params.tied ? &encoder : nullptr, seed);
        network.history = graph->sparseInput(items);
        network.target = graph->sparseInput(items);
        addSideInputs(*graph, sizes, network);
        network.noisy = graph->transform(network.history, m_params.noise());
        LayerOptions layers = m_params.layers();
        layers.codeActivation = m_params.activation;
        network.code = wireEncoder(*graph, network.parameters, encoder, network, layers).mean;
        network.latent = network.code;
        network.output = wireDecoder(*graph, network.parameters, decoder, network, layers);
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
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(vaeSchema(), shape, params,
                                       [](const VaeParams&) { return AutoencoderWork{.heads = 2.0}; });
            },
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
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(daeSchema(), shape, params,
                                       [](const AutoencoderParams&) { return AutoencoderWork{}; });
            },
    };
}

} // namespace recoscope
