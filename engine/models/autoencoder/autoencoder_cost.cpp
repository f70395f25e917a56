// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/autoencoder_cost.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace recoscope {

namespace {

/// Products of neighbours: the weights between layers, or one example's multiply-adds there.
double between(const std::vector<double>& widths) {
    double sum = 0.0;
    for (std::size_t n = 1; n < widths.size(); ++n)
        sum += widths[n - 1] * widths[n];
    return sum;
}

/// How the optimiser keeps a weight: itself, its gradient, and moments.
double numbersPerWeight(nn::OptimizerKind kind) {
    switch (kind) {
    case nn::OptimizerKind::Sgd:
        return 2.0;
    case nn::OptimizerKind::Adam:
    case nn::OptimizerKind::AdamW:
    case nn::OptimizerKind::Rprop:
        return 4.0;
    default:
        return 3.0;
    }
}

} // namespace

FitCost autoencoderCost(const AutoencoderParams& params, const DataShape& shape,
                        const AutoencoderWork& work) {
    const double examples = work.overItems ? shape.items : shape.users;
    const double inputs = work.overItems ? shape.users : shape.items;
    std::vector<double> encoder = work.encoder;
    if (encoder.empty()) {
        if (const auto widths = parseWidths(params.hidden)) encoder.assign(widths->begin(), widths->end());
        encoder.push_back(params.code);
    }
    std::vector<double> decoder = work.decoder;
    if (decoder.empty() && work.encoder.empty()) decoder.assign(encoder.rbegin() + 1, encoder.rend());
    decoder.insert(decoder.begin(), encoder.back());

    const double head = encoder.size() > 1 ? encoder[encoder.size() - 2] * encoder.back() : 0.0;
    const double inner = between(encoder) + (work.heads - 1.0) * head + between(decoder) + work.extra;
    const double first =
        inputs * encoder.front() * (encoder.size() == 1 ? work.heads : 1.0); // sparse: costs by interactions
    const double last = decoder.back() * inputs;
    const double encoderWeights = first + between(encoder) + (work.heads - 1.0) * head;
    const double weights = work.encoderSets * encoderWeights + (params.tied ? 0.0 : last + between(decoder)) +
                           (work.userRows ? shape.users * params.code : 0.0) + work.extra;

    const double epochs = params.epochs;
    const double batch = std::max(1.0, std::min<double>(params.batchSize, examples));
    const double steps = epochs * work.passes * std::ceil(examples / batch);

    FitCost cost;
    cost.dense = epochs * work.passes * examples * 3.0 * (inner + last);
    // Forward and back through the rows of the first layer that a history names.
    cost.vectors = epochs * work.passes * work.encoderSets * shape.interactions * 2.0 * encoder.front();
    // About three multiply-adds for each number that a step keeps moving, and ten for each output's loss.
    const double moved = 3.0 * numbersPerWeight(params.optimizer);
    cost.vectors += steps * moved *
                    (weights - first +
                     std::min(1.0, batch * shape.interactions / std::max(1.0, examples * inputs)) * first);
    cost.vectors += epochs * work.passes * examples * inputs * 10.0;
    // Weights: as drawn, training's with gradient and moments, the last model and the best. Beside them a
    // batch's outputs, their gradient and the loss's own.
    const double copies = numbersPerWeight(params.optimizer) + 3.0;
    double widths = 0.0;
    for (const double width : encoder)
        widths += width;
    for (const double width : decoder)
        widths += width;
    cost.bytes = 4.0 * (copies * weights + batch * (4.0 * inputs + 6.0 * widths)) + 24.0 * shape.interactions;
    cost.memory =
        "weights x " + std::to_string(static_cast<int>(copies)) + " copies x 4 bytes, and a batch's outputs";
    return cost;
}

} // namespace recoscope
