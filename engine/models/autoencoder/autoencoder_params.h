// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/models/autoencoder/code_network.h"
#include "engine/nn/gradient_clip.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/schedule.h"

#include <cstdint>
#include <string>
#include <vector>

namespace recoscope {

enum class HistoryValues { Ones, Ratings };

/// Where a recommendation comes from.
enum class RecommendBy {
    Rebuild, // the decoder's output
    Cosine,  // nearness of the user's code and the item's code
    Euclidean,
    Dot,
    Knn, // what users with codes nearby took
};

/// Where the attributes of users join the network.
enum class UserFeatures { None, Input, Code };
/// And what items are like, as the mean over a history.
enum class ItemFeatures { None, Input };

/// Parameters that every autoencoder has. A model's own struct derives from this one and sets other defaults
/// in its constructor.
struct AutoencoderParams {
    std::string hidden = "600"; // widths from the items inward, separated by commas; empty: none
    std::int32_t code = 200;
    nn::Activation activation = nn::Activation::Tanh;
    bool tied = false;
    HistoryValues values = HistoryValues::Ones;
    bool normalise = true;
    double dropout = 0.5; // of the history
    double hiddenDropout = 0.0;
    RecommendBy recommendBy = RecommendBy::Rebuild;
    std::int32_t neighbours = 50;
    UserFeatures userFeatures = UserFeatures::None;
    ItemFeatures itemFeatures = ItemFeatures::None;

    std::int32_t epochs = 100;
    std::int32_t batchSize = 100;
    nn::OptimizerKind optimizer = nn::OptimizerKind::Adam;
    double learningRate = 1e-3;
    double weightDecay = 0.0;
    double l1 = 0.0;
    bool lazyRows = true; // rows that a batch did not touch stay; not in the form
    nn::ScheduleKind schedule = nn::ScheduleKind::Constant;
    double scheduleGamma = 0.5;
    double scheduleEpochs = 20.0;
    double warmUpEpochs = 0.0;
    nn::GradientClipKind clip = nn::GradientClipKind::None;
    double clipLimit = 5.0;

    std::vector<std::int32_t> hiddenSizes() const; // of a checked `hidden`
    /// Without side information.
    LayerSizes sizes(std::int32_t items) const { return {items, hiddenSizes(), code}; }
    LayerSizes sizes(const DataSize& size) const;
    LayerOptions layers() const { return {activation, nn::Activation::Identity, hiddenDropout, tied}; }
    nn::SparseTransform noise() const { return {.normalise = normalise, .dropout = dropout}; }
    nn::OptimizerOptions optimizerOptions() const;
    nn::ScheduleOptions scheduleOptions() const;
};

/// Widths such as "600, 200"; an error names what is wrong.
Result<std::vector<std::int32_t>> parseWidths(std::string_view text);

/// Rows of the schema: what goes in, and what is made of a code.
template <class P>
void addUseRows(typename TypedSchema<P>::Builder& builder) {
    using Base = AutoencoderParams;
    builder
        .choice("values", static_cast<HistoryValues P::*>(&Base::values),
                {{HistoryValues::Ones, {"ones", "Ones", "Every interaction counts 1"}},
                 {HistoryValues::Ratings, {"ratings", "Ratings", "An interaction counts its rating"}}},
                {.label = "Values", .help = "What an interaction counts in the history.", .advanced = true})
        .flag(
            "normalize", static_cast<bool P::*>(&Base::normalise),
            {.label = "Normalise histories",
             .help =
                 "Divides each history by its Euclidean length, so that long ones do not saturate the first "
                 "layer.",
             .advanced = true})
        .choice(
            "recommend_by", static_cast<RecommendBy P::*>(&Base::recommendBy),
            {{RecommendBy::Rebuild, {"rebuild", "Rebuilding", "The decoder's output for the user's code"}},
             {RecommendBy::Cosine,
              {"cosine", "Cosine of codes", "Angle between the user's and the item's code"}},
             {RecommendBy::Euclidean,
              {"euclidean", "Distance of codes", "Nearness of the user's and item's code"}},
             {RecommendBy::Dot, {"dot", "Product of codes", "Dot product of the user's and the item's code"}},
             {RecommendBy::Knn, {"knn", "Neighbours by code", "What the users with the nearest codes took"}}},
            {.label = "Recommend by",
             .help = "What is made of the codes. An item's code is that of a history of this item alone.",
             .advanced = true})
        .integer("code_neighbours", static_cast<std::int32_t P::*>(&Base::neighbours),
                 {.label = "Neighbours",
                  .help = "Users with the nearest codes (cosine) whose histories are summed.",
                  .min = 1,
                  .max = 10000,
                  .logScale = true,
                  .advanced = true,
                  .enabledBy = "recommend_by",
                  .enabledWhen = {"knn"}});
}

/// Rows of the schema: what goes in besides the history.
template <class P>
void addSideRows(typename TypedSchema<P>::Builder& builder) {
    using Base = AutoencoderParams;
    const std::string group = "Side information";
    builder
        .choice("user_features", static_cast<UserFeatures P::*>(&Base::userFeatures),
                {{UserFeatures::None, {"none", "None", "Users are known by their histories alone"}},
                 {UserFeatures::Input,
                  {"input", "Joined to the input", "They shape the code, together with the history"}},
                 {UserFeatures::Code,
                  {"code", "Joined to the code",
                   "The decoder gets them beside the code, which is left to say the rest"}}},
                {.label = "User features",
                 .help =
                     "Uses what the data says of users besides their histories, such as age and gender, so "
                     "that a new user without a history gets a list of their own. Free text is left out. "
                     "Beside the code, they count where recommendations are made by rebuilding.",
                 .advanced = true,
                 .group = group})
        .choice("item_features", static_cast<ItemFeatures P::*>(&Base::itemFeatures),
                {{ItemFeatures::None, {"none", "None", "Items are known by who took them alone"}},
                 {ItemFeatures::Input,
                  {"input", "Joined to the input", "The mean over the history's items goes in beside it"}}},
                {.label = "Item features",
                 .help =
                     "Uses what the data says of items, such as genres, years and prices: the history's "
                     "profile, the mean over its items, helps with items that few took. Free text, such as "
                     "titles, is left out.",
                 .advanced = true,
                 .group = group});
}

/// What P's network is like, in the order of the form; the rows of use and of side information come last.
template <class P>
void addNetworkRows(typename TypedSchema<P>::Builder& builder) {
    using Base = AutoencoderParams;
    builder
        .text(
            "mlp_hidden_size", static_cast<std::string P::*>(&Base::hidden),
            {.label = "Hidden layers",
             .help =
                 "Widths of the encoder's hidden layers from the items inward, such as 600 or 600, 200; the "
                 "decoder mirrors them. Empty: the code is the only layer."})
        .integer("latent_dimension", static_cast<std::int32_t P::*>(&Base::code),
                 {.label = "Code size",
                  .help = "Numbers that a history is squeezed into.",
                  .min = 1,
                  .max = 4096,
                  .logScale = true})
        .choice("activation", static_cast<nn::Activation P::*>(&Base::activation), nn::activationChoices(),
                {.label = "Activation", .help = "The bend in each hidden layer."})
        .real("dropout_prob", static_cast<double P::*>(&Base::dropout),
              {.label = "Input dropout",
               .help =
                   "Share of the history hidden in training, so that the network learns to fill in what is "
                   "missing instead of copying.",
               .min = 0.0,
               .max = 0.95})
        .real("hidden_dropout_prob", static_cast<double P::*>(&Base::hiddenDropout),
              {.label = "Hidden dropout",
               .help = "Share of the hidden units silenced in training.",
               .min = 0.0,
               .max = 0.95,
               .advanced = true})
        .flag("tied_weights", static_cast<bool P::*>(&Base::tied),
              {.label = "Tied weights",
               .help = "The decoder uses the encoder's weights, transposed: half the parameters.",
               .advanced = true});
    addUseRows<P>(builder);
    addSideRows<P>(builder);
}

template <class P>
void addTrainingRows(typename TypedSchema<P>::Builder& builder) {
    using Base = AutoencoderParams;
    const std::string group = "Training";
    builder
        .integer("epochs", static_cast<std::int32_t P::*>(&Base::epochs),
                 {.label = "Epochs",
                  .help = "Passes over all users.",
                  .min = 1,
                  .max = 100000,
                  .logScale = true,
                  .group = group})
        .integer("train_batch_size", static_cast<std::int32_t P::*>(&Base::batchSize),
                 {.label = "Batch size",
                  .help = "Users a step (items, for a model over items). Larger is faster an epoch; smaller "
                          "takes more steps.",
                  .min = 1,
                  .max = 65536,
                  .logScale = true,
                  .group = group})
        .choice("learner", static_cast<nn::OptimizerKind P::*>(&Base::optimizer), nn::optimizerChoices(),
                {.label = "Optimiser",
                 .help = "How a step follows the gradient.",
                 .advanced = true,
                 .group = group})
        .real("learning_rate", static_cast<double P::*>(&Base::learningRate),
              {.label = "Learning rate",
               .help = "Length of a step. Too large: the loss jumps or turns NaN; too small: nothing moves.",
               .min = 1e-6,
               .max = 10.0,
               .logScale = true,
               .group = group})
        .real("weight_decay", static_cast<double P::*>(&Base::weightDecay),
              {.label = "L2 regularisation",
               .help = "Pulls weights towards 0 (not biases).",
               .min = 0.0,
               .max = 10.0,
               .logScale = true,
               .group = group})
        .real("l1_decay", static_cast<double P::*>(&Base::l1),
              {.label = "L1 regularisation",
               .help = "Pulls weights to exactly 0 (not biases).",
               .min = 0.0,
               .max = 10.0,
               .logScale = true,
               .advanced = true,
               .group = group})
        .choice("scheduler", static_cast<nn::ScheduleKind P::*>(&Base::schedule), nn::scheduleChoices(),
                {.label = "Learning rate schedule",
                 .help = "How the learning rate moves.",
                 .advanced = true,
                 .group = group})
        .real("scheduler_gamma", static_cast<double P::*>(&Base::scheduleGamma),
              {.label = "Schedule factor",
               .help = "What the learning rate is multiplied by.",
               .min = 0.001,
               .max = 1.0,
               .advanced = true,
               .group = group,
               .enabledBy = "scheduler",
               .enabledWhen = {"step", "exponential", "plateau"}})
        .real("scheduler_epochs", static_cast<double P::*>(&Base::scheduleEpochs),
              {.label = "Schedule epochs",
               .help = "Epochs from one reduction to the next.",
               .min = 1.0,
               .max = 100000.0,
               .logScale = true,
               .advanced = true,
               .group = group,
               .enabledBy = "scheduler",
               .enabledWhen = {"step"}})
        .real("warmup_epochs", static_cast<double P::*>(&Base::warmUpEpochs),
              {.label = "Warm-up epochs",
               .help = "Epochs over which the learning rate rises from 0.",
               .min = 0.0,
               .max = 10000.0,
               .advanced = true,
               .group = group})
        .choice("clip_grad", static_cast<nn::GradientClipKind P::*>(&Base::clip), nn::gradientClipChoices(),
                {.label = "Gradient clipping",
                 .help = "Keeps a step from becoming too long.",
                 .advanced = true,
                 .group = group})
        .real("clip_grad_limit", static_cast<double P::*>(&Base::clipLimit),
              {.label = "Clipping limit",
               .help = "The longest gradient, or the largest of its numbers.",
               .min = 1e-6,
               .max = 1e6,
               .logScale = true,
               .advanced = true,
               .group = group,
               .enabledBy = "clip_grad",
               .enabledWhen = {"norm", "value"}});
}

} // namespace recoscope
