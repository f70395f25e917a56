// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/funk_svd.h"

#include "engine/models/factorization/ranking_model.h"
#include "engine/models/factorization/ranking_trainer.h"

namespace recoscope {

namespace {

enum class Rate { Sgd, AdaGrad };

struct Params {
    int factors = 32;
    int epochs = 60;
    double negatives = 3.0;
    double regUser = 0.02;
    double regItem = 0.02;
    bool itemBias = false;
    Rate optimizer = Rate::AdaGrad;
    double learningRate = 0.1;
    double initStd = 0.1;

    RankingOptions options() const {
        RankingOptions options;
        options.factors = factors;
        options.epochs = epochs;
        options.initStd = initStd;
        options.step.loss = RankingLoss::Squared;
        options.step.adaGrad = optimizer == Rate::AdaGrad;
        options.step.itemBias = itemBias;
        options.step.negatives = static_cast<float>(negatives);
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
                      .help = "Passes over all interactions, each with newly sampled zeros.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .real("negatives", &Params::negatives,
                  {.label = "Sampled zeros",
                   .help = "So many items outside of the history stand as 0 beside each chosen item's 1, on "
                           "average. Few let all scores be near 1, many let the zeros rule.",
                   .min = 0.0,
                   .max = 100.0})
            .real("reg_user", &Params::regUser,
                  {.label = "Regularisation of users",
                   .help = "Pulls a user's factors towards 0 in each of the steps.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("reg_item", &Params::regItem,
                  {.label = "Regularisation of items",
                   .help = "Pulls an item's factors and bias towards 0 in each of the steps.",
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

AlgorithmInfo funkSvdInfo() {
    return {
        .id = "funk_svd",
        .title = "FunkSVD (implicit)",
        .family = "Factorisation",
        .summary = "Fits user and item vectors to ones for what was chosen and zeros for a sample of the "
                   "rest. Funk's method of the Netflix prize, on clicks instead of ratings.",
        .equation = "ŝ(u, i) = p_u · q_i (+ b_i)\n"
                    "min Σ (1 − ŝ_ui)² + Σ ŝ_uj² + λ_u |p_u|² + λ_i |q_i|²,  i ∈ S_u, j ∉ S_u sampled",
        .reference = "Funk: Netflix Update: Try This at Home, 2006; Ferrari Dacrema, Boglio, Cremonesi & "
                     "Jannach: A Troubling Analysis of Reproducibility and Progress in Recommender Systems "
                     "Research, ACM TOIS 39(2), 2021",
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
            return params ? rankingCost(shape, params->options(), 1.0 + params->negatives) : FitCost{};
        },
    };
}

} // namespace recoscope
