// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/user_mean.h"

#include "engine/models/classic_cost.h"
#include <cmath>

namespace recoscope {

namespace {

struct Params {
    double damping = 0.0;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema = TypedSchema<Params>::Builder()
                                   .real("damping", &Params::damping,
                                         {.label = "Damping",
                                          .help = "Adds this many ratings at the global mean to each user, "
                                                  "so that a user with few ratings stays "
                                                  "close to it. 0 is the plain mean.",
                                          .min = 0.0,
                                          .max = 1000.0})
                                   .build();
    return schema;
}

/// Immutable; any thread.
class UserMean final : public Recommender {
public:
    UserMean(std::int32_t users, std::int32_t items, float globalMean, float damping)
        : m_users(users)
        , m_items(items)
        , m_globalMean(globalMean)
        , m_damping(damping) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_items; }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t q = 0; q < queries.size(); ++q)
            out.row(static_cast<Eigen::Index>(q)).setConstant(static_cast<float>(meanOf(queries[q])));
    }

    Result<Explanation> explain(const Query& query, ItemIndex) const override {
        const double mean = meanOf(query);
        return Explanation{
            mean,
            m_globalMean,
            true,
            "The mean of this user's " + std::to_string(query.values.size()) + " ratings.",
            {{"this user's ratings against all users'", std::nullopt, mean - m_globalMean, ""}}};
    }

    void save(TensorFile& file) const override {
        const float numbers[] = {m_globalMean, m_damping};
        file.set("mean_damping", std::span<const float>(numbers));
        const std::int64_t counts[] = {m_users, m_items};
        file.set("users_items", std::span<const std::int64_t>(counts));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto numbers = file.floats("mean_damping");
        if (!numbers) return numbers.error();
        if (numbers->size() != 2 || !std::isfinite((*numbers)[0]) || !((*numbers)[1] >= 0.0f))
            return Error{ErrorCode::Parse, "Expected the global mean and the damping", "mean_damping"};
        const auto counts = file.longs("users_items");
        if (!counts) return counts.error();
        const auto isCount = [](std::int64_t n) { return n >= 0 && n <= INT32_MAX; };
        if (counts->size() != 2 || !isCount((*counts)[0]) || !isCount((*counts)[1]))
            return Error{ErrorCode::Parse, "Expected the number of users and of items", "users_items"};
        return std::shared_ptr<const Recommender>(std::make_shared<UserMean>(
            static_cast<std::int32_t>((*counts)[0]), static_cast<std::int32_t>((*counts)[1]), (*numbers)[0],
            (*numbers)[1]));
    }

private:
    double meanOf(const Query& query) const {
        const double weight = m_damping + static_cast<double>(query.values.size());
        if (weight <= 0.0) return m_globalMean;
        double sum = static_cast<double>(m_damping) * m_globalMean;
        for (const float rating : query.values)
            sum += rating;
        return sum / weight;
    }

    std::int32_t m_users;
    std::int32_t m_items;
    float m_globalMean;
    float m_damping;
};

class UserMeanTrainer final : public Trainer {
public:
    UserMeanTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext&) override {
        const auto ratings = m_split->train().values();
        double sum = 0.0;
        for (const float rating : ratings)
            sum += rating;
        if (!ratings.empty()) m_globalMean = sum / static_cast<double>(ratings.size());
        return EpochResult{true, static_cast<double>(ratings.size()), {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<UserMean>(m_split->dataset()->userCount(), m_split->dataset()->itemCount(),
                                          static_cast<float>(m_globalMean),
                                          static_cast<float>(m_params.damping));
    }

private:
    SplitPtr m_split;
    Params m_params;
    double m_globalMean = 0.0;
};

} // namespace

AlgorithmInfo userMeanInfo() {
    return {
        .id = "user_mean",
        .title = "User mean",
        .family = "Baseline",
        .summary = "Predicts each user's own mean rating. Knows generous from strict users and nothing about "
                   "items, so as "
                   "a ranking it is empty.",
        .equation = "r̂(u, i) = (d·μ + Σ_{j ∈ I_u} r_uj) / (d + |I_u|)",
        .reference =
            "Koren, Bell & Volinsky: Matrix Factorization Techniques for Recommender Systems, IEEE Computer "
            "42(8), 2009, eq. 3",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true, .personalised = false},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<UserMeanTrainer>(input.split, *params));
        },
        .load = &UserMean::load,
        .cost = &classic_cost::counts,
    };
}

} // namespace recoscope
