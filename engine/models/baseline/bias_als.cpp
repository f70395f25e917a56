// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/bias_als.h"

#include "engine/models/baseline/als_biases.h"
#include "engine/models/linear/item_weights.h"

#include <cmath>

namespace recoscope {

namespace {

struct Params {
    std::int32_t epochs = 10;
    double regUser = 15.0;
    double regItem = 10.0;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema = TypedSchema<Params>::Builder()
                                   .integer("epochs", &Params::epochs,
                                            {.label = "Epochs",
                                             .help = "Passes over items and users in turn; a few are enough.",
                                             .min = 1,
                                             .max = 1000,
                                             .group = "Training"})
                                   .real("reg_user", &Params::regUser,
                                         {.label = "User regularisation",
                                          .help = "As many ratings at the mean are added to each user: one "
                                                  "with few ratings stays close to it.",
                                          .min = 0.0,
                                          .max = 10'000.0})
                                   .real("reg_item", &Params::regItem,
                                         {.label = "Item regularisation",
                                          .help = "As many ratings at the mean are added to each item.",
                                          .min = 0.0,
                                          .max = 10'000.0})
                                   .build();
    return schema;
}

/// Immutable; any thread.
class BiasModel final : public Recommender {
public:
    BiasModel(std::int32_t users, ItemBiases biases)
        : m_users(users)
        , m_biases(std::move(biases)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_biases.items.size()); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t q = 0; q < queries.size(); ++q) {
            const float user = m_biases.userBias(queries[q].items, queries[q].values);
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            for (std::size_t i = 0; i < m_biases.items.size(); ++i)
                scores[i] = m_biases.ofItem(i) + user;
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const double user = m_biases.userBias(query.items, query.values);
        const double own = m_biases.items[static_cast<std::size_t>(item)];
        Explanation result{
            m_biases.mean + user + own,
            m_biases.mean,
            true,
            "The mean of all ratings, moved by how this user rates and how this item is rated.",
            {{"how this item is rated", std::nullopt, own, ""},
             {"how this user rates", std::nullopt, user, ""}}};
        sortByMagnitude(result.parts);
        return result;
    }

    void save(TensorFile& file) const override {
        saveCount(file, "user.total", m_users);
        saveItemBiases(file, m_biases);
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto users = loadCount(file, "user.total");
        if (!users) return users.error();
        auto biases = loadItemBiases(file);
        if (!biases) return biases.error();
        return std::shared_ptr<const Recommender>(std::make_shared<BiasModel>(*users, std::move(*biases)));
    }

private:
    std::int32_t m_users;
    ItemBiases m_biases;
};

class BiasTrainer final : public Trainer {
public:
    BiasTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_biases(m_split, params.regUser, params.regItem) {}

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        if (!m_biases.pass(context.pool, context.control)) return EpochResult{false, 0.0, {}};
        const double loss = m_biases.trainingError();
        if (!std::isfinite(loss))
            return Error{ErrorCode::Numeric, "Biases are not finite; raise the users' regularisation",
                         "reg_user"};
        return EpochResult{true, examples, {{"loss", loss}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<BiasModel>(m_split->dataset()->userCount(),
                                           itemBiases(m_biases, m_params.regUser));
    }

    std::optional<double> validationLoss(EpochContext&) const override {
        return m_biases.errorOn(m_split->validation());
    }

private:
    SplitPtr m_split;
    Params m_params;
    AlsBiases m_biases;
};

FitCost cost(const DataShape& shape, const ParamMap& params) {
    return {.bytes = 12.0 * (shape.users + shape.items),
            .scattered = 3.0 * shape.interactions * numberIn(params, "epochs").value_or(Params{}.epochs),
            .memory = "a bias for each user and item"};
}

} // namespace

AlgorithmInfo biasAlsInfo() {
    return {
        .id = "bias_als",
        .title = "Biases (ALS)",
        .family = "Baseline",
        .summary = "Predicts the mean of all ratings, moved by how generous the user and how well liked the "
                   "item is. "
                   "What a rating predictor has to beat.",
        .equation = "r̂(u, i) = μ + b_u + b_i\n"
                    "min Σ (r_ui − μ − b_u − b_i)² + λ_u Σ b_u² + λ_i Σ b_i²",
        .reference =
            "Koren: Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, ACM TKDD 4(1), "
            "2010",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true,
                         .explains = true,
                         .predictsRatings = true,
                         .personalised = false,
                         .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<BiasTrainer>(input.split, *params));
        },
        .load = &BiasModel::load,
        .cost = &cost,
    };
}

} // namespace recoscope
