// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/bpr_mf.h"

#include "engine/models/factorization/ranking_model.h"
#include "engine/models/factorization/ranking_trainer.h"

namespace recoscope {

namespace {

enum class Rate { Sgd, AdaGrad };

struct Params {
    int factors = 64;
    int epochs = 60;
    double regUser = 0.02;
    double regPositive = 0.02;
    double regNegative = 0.02;
    double regBias = 0.005;
    bool itemBias = true;
    NegativeWeights negatives = NegativeWeights::Uniform;
    double exponent = 0.75;
    Rate optimizer = Rate::AdaGrad;
    double learningRate = 0.05;
    double initStd = 0.1;

    RankingOptions options() const {
        RankingOptions options;
        options.factors = factors;
        options.epochs = epochs;
        options.initStd = initStd;
        options.negatives = {negatives, exponent};
        options.signal = "train_auc";
        options.step.loss = RankingLoss::Bpr;
        options.step.adaGrad = optimizer == Rate::AdaGrad;
        options.step.itemBias = itemBias;
        options.step.rate = static_cast<float>(learningRate);
        options.step.regUser = static_cast<float>(regUser);
        options.step.regPositive = static_cast<float>(regPositive);
        options.step.regNegative = static_cast<float>(regNegative);
        options.step.regBias = static_cast<float>(regBias);
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
                      .help = "Passes over all interactions, each with a newly sampled item that was not "
                              "chosen.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .real("reg_user", &Params::regUser,
                  {.label = "Regularisation of users",
                   .help = "Pulls a user's factors towards 0 in each of the steps.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("reg_positive", &Params::regPositive,
                  {.label = "Regularisation of chosen items",
                   .help = "Pulls an item's factors towards 0 in each step where it is the chosen one.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("reg_negative", &Params::regNegative,
                  {.label = "Regularisation of sampled items",
                   .help =
                       "The same in each step where it is the item that was not chosen. Rendle et al. let "
                       "it be ten times smaller than that of chosen items.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .flag("item_bias", &Params::itemBias,
                  {.label = "Item bias",
                   .help = "Each item has a number beside its vector for how it does with everybody."})
            .real("reg_bias", &Params::regBias,
                  {.label = "Regularisation of biases",
                   .help = "Pulls the biases of both items towards 0 in each step.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .enabledBy = "item_bias",
                   .enabledWhen = {"true"}})
            .choice(
                "negative_sampling", &Params::negatives,
                {{NegativeWeights::Uniform, {"uniform", "Uniform", "Every item alike, as in the paper"}},
                 {NegativeWeights::Popularity,
                  {"popularity", "By popularity",
                   "Often chosen items more often: harder to tell apart, and lists become less popular"}}},
                {.label = "Sampled items",
                 .help = "How the items are drawn that stand for what a user did not choose.",
                 .group = "Training"})
            .real("popularity_exponent", &Params::exponent,
                  {.label = "Popularity exponent",
                   .help = "An item is drawn in proportion to its number of users to this power.",
                   .min = 0.0,
                   .max = 2.0,
                   .advanced = true,
                   .group = "Training",
                   .enabledBy = "negative_sampling",
                   .enabledWhen = {"popularity"}})
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

AlgorithmInfo bprMfInfo() {
    return {
        .id = "bpr_mf",
        .title = "BPR-MF",
        .family = "Factorisation",
        .summary = "Learns vectors that put what a user chose before what the user did not choose, one "
                   "sampled pair after the other. The classic way to learn an order from clicks.",
        .equation =
            "ŝ(u, i) = p_u · q_i + b_i\n"
            "min Σ −ln σ(ŝ(u, i) − ŝ(u, j)) + λ_u |p_u|² + λ_i |q_i|² + λ_j |q_j|²,  i ∈ S_u, j ∉ S_u",
        .reference = "Rendle, Freudenthaler, Gantner & Schmidt-Thieme: BPR: Bayesian Personalized Ranking "
                     "from Implicit Feedback, UAI 2009",
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
            return params ? rankingCost(shape, params->options(), 2.0) : FitCost{};
        },
    };
}

} // namespace recoscope
