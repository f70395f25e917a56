// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/models/autoencoder/autoencoder_params.h"

namespace recoscope {

/// Where training stands when a step is about to be taken.
struct StepTime {
    std::int64_t step = 0; // batches so far, through all epochs; passes of one epoch count by themselves
    int epoch = 1;
    std::size_t pass = 0;
};

/// What one kind of autoencoder is: how its network is built and what happens between steps. Immutable;
/// shared by the trainer and its models.
class AutoencoderDesign {
public:
    virtual ~AutoencoderDesign() = default;

    virtual const AutoencoderParams& params() const = 0;
    /// As the registry's schema writes them: what load() makes the design from again.
    virtual ParamMap paramMap() const = 0;
    virtual CodeNetwork build(std::int32_t items, std::uint64_t seed) const = 0;
    /// Sets the scalars that change with time: loss weights.
    virtual void beforeStep(const StepTime&, nn::Workspace<float>&) const {}
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
    return makeAutoencoderTrainer(std::make_shared<D>(*params), input);
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
