// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/nn/losses/reconstruction.h"

namespace recoscope {

/// Parameters of all variational autoencoders.
struct VaeParams : AutoencoderParams {
    nn::AnnealingKind annealing = nn::AnnealingKind::Linear;
    double annealCap = 0.2;
    std::int64_t annealSteps = 2000;

    nn::AnnealingOptions klAnnealing() const {
        return {.kind = annealing, .cap = annealCap, .steps = annealSteps};
    }
};

/// The schema's rows of the KL term.
template <class P>
void addAnnealingRows(typename TypedSchema<P>::Builder& builder) {
    builder
        .choice("anneal_schedule", static_cast<nn::AnnealingKind P::*>(&VaeParams::annealing),
                nn::annealingChoices(),
                {.label = "KL annealing",
                 .help = "How the weight of the KL term grows to its cap.",
                 .advanced = true})
        .real("anneal_cap", static_cast<double P::*>(&VaeParams::annealCap),
              {.label = "KL weight (β)",
               .help = "Weight of the KL term at the end. 1 is the variational bound; smaller ranks better.",
               .min = 0.0,
               .max = 10.0})
        .integer("total_anneal_steps", static_cast<std::int64_t P::*>(&VaeParams::annealSteps),
                 {.label = "Annealing steps",
                  .help =
                      "Steps (batches) in which the weight would grow to 1; it stops at its cap. 0: the cap "
                      "from the start.",
                  .min = 0,
                  .max = 1e9,
                  .logScale = true});
}

/// The network of a variational autoencoder with any likelihood, and its annealed KL weight:
/// a random code, one loss of reconstruction + β KL.
class VaeDesign : public AutoencoderDesign {
public:
    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override;
    void beforeStep(const StepTime& time, nn::Workspace<float>& workspace) const override;
    void addSignals(const StepTime& time, const nn::Workspace<float>& workspace,
                    std::vector<NamedValue>& signalValues) const override;

protected:
    virtual const VaeParams& vaeParams() const = 0;
    virtual nn::ReconstructionOptions likelihood() const = 0;

private:
    const AutoencoderParams& params() const final { return vaeParams(); }
};

} // namespace recoscope
