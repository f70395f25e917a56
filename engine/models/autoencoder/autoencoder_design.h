// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/core/rng.h"
#include "engine/models/autoencoder/autoencoder_params.h"
#include "engine/models/autoencoder/side_information.h"

namespace recoscope {

/// Where training stands when a step is about to be taken.
struct StepTime {
    std::int64_t step = 0; // batches so far, through all epochs; passes of one epoch count by themselves
    int epoch = 1;
    std::size_t pass = 0;
    std::uint64_t seed = 0; // of the run
};

/// Batch examples and what is held out of them, by row: users and items, or items and users for an
/// autoencoder over items.
struct TrainingRows {
    std::shared_ptr<const UserItemCsr> train;
    std::shared_ptr<const UserItemCsr> validationHistory;
    std::shared_ptr<const UserItemCsr> validation;
};

/// What one kind of autoencoder is: how its network is built and what happens between steps. Immutable;
/// shared by the trainer and its models.
class AutoencoderDesign {
public:
    virtual ~AutoencoderDesign() = default;

    virtual const AutoencoderParams& params() const = 0;
    /// As the registry's schema writes them: what load() makes the design from again.
    virtual ParamMap paramMap() const = 0;
    /// What makes no sense together.
    virtual Status check() const { return {}; }
    virtual CodeNetwork build(const DataSize& size, std::uint64_t seed) const = 0;
    /// Names and shapes of layers that a model file must hold before memory is taken for the network.
    virtual std::vector<std::pair<std::string, std::vector<std::int64_t>>>
    expectedLayers(const DataSize& size) const;
    /// What is trained on. Default: the users' histories, and the validation part with what they are known
    /// by.
    virtual TrainingRows rows(const SplitPtr& split) const;
    /// The model of these parameters, which training saw `histories` and `side` for (null without side
    /// information). Default: AutoencoderModel.
    virtual std::shared_ptr<const Recommender> makeModel(std::shared_ptr<const AutoencoderDesign> self,
                                                         std::shared_ptr<const CodeNetwork> network,
                                                         nn::ParameterSet<float> parameters,
                                                         std::shared_ptr<const UserItemCsr> histories,
                                                         SidePtr side) const;
    /// Taken off every value that goes in, and added to every score: the mean rating, where ratings are
    /// predicted.
    virtual float offset() const { return 0.0f; }
    virtual bool predictsRatings() const { return false; }
    /// Sets the scalars that change with time: loss weights.
    virtual void beforeStep(const StepTime&, nn::Workspace<float>&) const {}
    /// Objectives of each pass of an epoch: the network's, unless training has phases. A part of the network.
    virtual std::span<const std::vector<std::size_t>> passes(const CodeNetwork& network,
                                                             int /*epoch*/) const {
        return network.passes;
    }
    /// Random codes as training shaped them, for generative networks. Default: standard normal.
    virtual void samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const;
    virtual void beforePass(const StepTime&, nn::ParameterSet<float>&) const {}
    /// Signals at the end of an epoch besides the learning rate and the gradient's norm.
    virtual void addSignals(const StepTime&, const nn::Workspace<float>&, std::vector<NamedValue>&) const {}
};

using DesignPtr = std::shared_ptr<const AutoencoderDesign>;

/// For the registry rows of autoencoders: a trainer and a loader of a design.
Result<std::unique_ptr<Trainer>> makeAutoencoderTrainer(const DesignPtr& design, const TrainerInput& input);
Result<std::shared_ptr<const Recommender>> loadAutoencoder(const DesignPtr& design, const TensorFile& file);
/// The parameters that a model file was saved with, as text under "param.<key>".
Result<ParamMap> savedParams(const ParamSchema& schema, const TensorFile& file);

/// Both for a design that is made from a schema's params: D(const P&).
template <class D, class P>
Result<std::unique_ptr<Trainer>> trainerOf(const TypedSchema<P>& schema, const TrainerInput& input) {
    const auto params = schema.read(input.params);
    if (!params) return params.error();
    if (const auto widths = parseWidths(params->hidden); !widths) return widths.error();
    const auto design = std::make_shared<D>(*params);
    if (const Status sensible = static_cast<const AutoencoderDesign&>(*design).check(); !sensible)
        return sensible.error();
    return makeAutoencoderTrainer(design, input);
}

template <class D, class P>
Result<std::shared_ptr<const Recommender>> loadedOf(const TypedSchema<P>& schema, const TensorFile& file) {
    const auto map = savedParams(schema.schema(), file);
    if (!map) return map.error();
    const auto params = schema.read(*map);
    if (!params) return params.error();
    if (const auto widths = parseWidths(params->hidden); !widths) return widths.error();
    return loadAutoencoder(std::make_shared<D>(*params), file);
}

} // namespace recoscope
