// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/warp.h"

#include "engine/data/negative_sampler.h"
#include "engine/models/factorization/ranking_model.h"
#include "engine/models/factorization/ranking_trainer.h"

namespace recoscope {

namespace {

enum class Rate { Sgd, AdaGrad };

struct Params {
    int factors = 64;
    int epochs = 20;
    int tries = 30;
    double regUser = 0.01;
    double regItem = 0.01;
    bool itemBias = true;
    Rate optimizer = Rate::AdaGrad;
    double learningRate = 0.03;
    double initStd = 0.1;

    RankingOptions options() const {
        RankingOptions options;
        options.factors = factors;
        options.epochs = epochs;
        options.initStd = initStd;
        options.signal = "without_violation";
        options.step.loss = RankingLoss::Warp;
        options.step.adaGrad = optimizer == Rate::AdaGrad;
        options.step.itemBias = itemBias;
        options.step.tries = tries;
        options.step.rate = static_cast<float>(learningRate);
        options.step.regUser = static_cast<float>(regUser);
        options.step.regPositive = static_cast<float>(regItem);
        options.step.regNegative = static_cast<float>(regItem);
        options.step.regBias = static_cast<float>(regItem);
        return options;
    }
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each user's and item's vector. More factors hold finer tastes, "
                              "cost time in proportion and need more regularisation.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over all interactions. Later ones take longer, as violations become "
                              "harder to find.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .integer("max_sampled", &Params::tries,
                     {.label = "Draws",
                      .help = "At most so many items are sampled in search of one that stands too high. More "
                              "draws find what troubles the top of the list, and take longer.",
                      .min = 1,
                      .max = 1000,
                      .logScale = true})
            .real("reg_user", &Params::regUser,
                  {.label = "Regularisation of users",
                   .help = "Pulls a user's factors towards 0 in each of the steps.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("reg_item", &Params::regItem,
                  {.label = "Regularisation of items",
                   .help = "Pulls the factors and biases of both items of a step towards 0.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .flag("item_bias", &Params::itemBias,
                  {.label = "Item bias",
                   .help = "Each item has a number beside its vector for how it does with everybody."})
            .choice("optimizer", &Params::optimizer,
                    {{Rate::Sgd, {"sgd", "SGD", "The same rate for all numbers and steps"}},
                     {Rate::AdaGrad,
                      {"adagrad", "AdaGrad",
                       "Each vector has its own rate, which shrinks as it is moved; larger rates than with "
                       "SGD"}}},
                    {.label = "Optimiser", .help = "How far a step goes.", .group = "Training"})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of a step. Too large and the loss jumps or turns into NaN, too small and it "
                           "creeps.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training"})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first factors. Exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

} // namespace

AlgorithmInfo warpInfo() {
    return {
        .id = "warp",
        .title = "WARP",
        .family = "Factorisation",
        .summary = "Looks for items that wrongly stand before a chosen one and corrects them, the more so "
                   "the lower the chosen one stands. Made for the top of the list.",
        .equation = "ŝ(u, i) = p_u · q_i + b_i\n"
                    "min Σ Φ(rank_u(i)) max(0, 1 − ŝ(u, i) + ŝ(u, j)),  i ∈ S_u, j ∉ S_u\n"
                    "Φ(r) = 1 + 1/2 + … + 1/r",
        .reference = "Weston, Bengio & Usunier: WSABIE: Scaling Up to Large Vocabulary Image Annotation, "
                     "IJCAI 2011; Kula: Metadata Embeddings for User and Item Cold-start Recommendations "
                     "(LightFM), 2015",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return makeRankingTrainer(input.split, params->options(), input.seed);
        },
        .load = &RankingModel::load,
        .cost = [](const DataShape& shape, const ParamMap& given) -> FitCost {
            const auto params = typedSchema().read(given);
            if (!params) return {};
            // Most pairs need a few draws at first and many later. What a draw takes is to see whether the
            // user has the item: one bit, or where those are too many a search of the history.
            const bool bits = shape.users * shape.items / 8.0 <= NegativeSampler::kMostBitBytes;
            return rankingCost(shape, params->options(), 2.0 + (bits ? 0.025 : 0.2) * params->tries);
        },
    };
}

} // namespace recoscope
