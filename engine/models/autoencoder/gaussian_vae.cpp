// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/gaussian_vae.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/vae_design.h"

namespace recoscope {

namespace {

enum class Likelihood { Gaussian, Logistic };

struct GaussianVaeParams : VaeParams {
    Likelihood likelihood = Likelihood::Logistic;
    double positiveWeight = 10.0;
};

const TypedSchema<GaussianVaeParams>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<GaussianVaeParams>::Builder builder;
        builder
            .choice("likelihood", &GaussianVaeParams::likelihood,
                    {{Likelihood::Gaussian,
                      {"gaussian", "Gaussian", "Each cell is a number with noise of variance 1"}},
                     {Likelihood::Logistic, {"logistic", "Logistic", "Each cell is a yes or no of its own"}}},
                    {.label = "Likelihood", .help = "What a rebuilt cell stands for."})
            .real("positive_weight", &GaussianVaeParams::positiveWeight,
                  {.label = "Weight of what was chosen",
                   .help = "How much more a chosen item counts in the loss than one that was not.",
                   .min = 0.01,
                   .max = 1000.0,
                   .logScale = true});
        addNetworkRows<GaussianVaeParams>(builder);
        addAnnealingRows<GaussianVaeParams>(builder);
        addTrainingRows<GaussianVaeParams>(builder);
        return builder.build();
    }();
    return schema;
}

class GaussianVaeDesign final : public VaeDesign {
public:
    explicit GaussianVaeDesign(const GaussianVaeParams& params)
        : m_params(params) {}
    ParamMap paramMap() const override { return typedSchema().write(m_params); }

private:
    const VaeParams& vaeParams() const override { return m_params; }
    nn::ReconstructionOptions likelihood() const override {
        return {.loss = m_params.likelihood == Likelihood::Gaussian ? nn::ReconstructionLoss::Gaussian
                                                                    : nn::ReconstructionLoss::CrossEntropy,
                .positiveWeight = m_params.positiveWeight};
    }
    GaussianVaeParams m_params;
};

} // namespace

AlgorithmInfo gaussianVaeInfo() {
    return {
        .id = "gaussian_vae",
        .title = "Gaussian/logistic VAE",
        .family = "Autoencoder",
        .summary = "A variational autoencoder that rebuilds every cell by itself, as a number or as a yes or "
                   "no, instead of "
                   "sharing out one whole as Mult-VAE does.",
        .equation = "z ~ N(μ(x̃), σ²(x̃)),  ŝ = g(z)\n"
                    "Gaussian: min Σᵢ cᵢ ½ (xᵢ − ŝᵢ)² + β KL(N(μ, σ²) ‖ N(0, I))\n"
                    "logistic: min −Σᵢ [c xᵢ log σ(ŝᵢ) + (1 − xᵢ) log(1 − σ(ŝᵢ))] + β KL",
        .reference = "Liang, Krishnan, Hoffman & Jebara: Variational Autoencoders for Collaborative "
                     "Filtering, WWW 2018",
        .needs = {},
        .capabilities = {.foldIn = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer =
            [](const TrainerInput& input) { return trainerOf<GaussianVaeDesign>(typedSchema(), input); },
        .load = [](const TensorFile& file) { return loadedOf<GaussianVaeDesign>(typedSchema(), file); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(typedSchema(), shape, params, [](const GaussianVaeParams&) {
                    return AutoencoderWork{.heads = 2.0};
                });
            },
    };
}

} // namespace recoscope
