// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/cost.h"
#include "engine/models/autoencoder/autoencoder_params.h"

#include <type_traits>
#include <vector>

namespace recoscope {

/// What an autoencoder does otherwise than its parameters say by themselves.
struct AutoencoderWork {
    std::vector<double> encoder =
        {}; // widths from the first layer to the code; empty: hidden layers and code
    std::vector<double> decoder =
        {};                   // widths from the code on, without the items; empty: the encoder's mirrored
    double heads = 1.0;       // 2: mean and variance of the code
    double passes = 1.0;      // over all users in an epoch
    double encoderSets = 1.0; // 2: a copy of the encoder takes part
    bool userRows = false;    // a row of weights for each user
    bool overItems = false;   // items are the examples, users the inputs
    double extra = 0.0;       // weights besides, all of them used for each example
};

/// Counts what training takes: dense products of a batch with the wide output layer three times (forward, and
/// back to weights and inputs), the sparse first layer by interactions, the optimiser by weights and steps.
/// Every epoch that the parameters ask for; early stopping makes it less.
FitCost autoencoderCost(const AutoencoderParams& params, const DataShape& shape,
                        const AutoencoderWork& work = {});

/// The same for the parameters of a registry row, as far as they are given and right.
template <class P>
FitCost autoencoderCost(const TypedSchema<P>& schema, const DataShape& shape, const ParamMap& given,
                        AutoencoderWork (*work)(const std::type_identity_t<P>&)) {
    const auto read = schema.read(given);
    const P params = read ? *read : P{};
    return autoencoderCost(static_cast<const AutoencoderParams&>(params), shape, work(params));
}

} // namespace recoscope
