// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/global_mean.h"

#include "engine/models/classic_cost.h"

namespace recoscope {

namespace {

const TypedSchema<NoParams>& typedSchema() {
    static const auto schema = TypedSchema<NoParams>::Builder().build();
    return schema;
}

/// Immutable; any thread.
class GlobalMean final : public Recommender {
public:
    GlobalMean(std::int32_t users, std::int32_t items, float mean)
        : m_users(users)
        , m_items(items)
        , m_mean(mean) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_items; }

    void score(std::span<const Query>, Eigen::Ref<MatrixF> out) const override { out.setConstant(m_mean); }

    Result<Explanation> explain(const Query&, ItemIndex) const override {
        return Explanation{m_mean, m_mean, true, "Every prediction is the mean of all ratings.", {}};
    }

    void save(TensorFile& file) const override {
        file.set("global_mean", std::span<const float>(&m_mean, 1));
        const std::int64_t counts[] = {m_users, m_items};
        file.set("users_items", std::span<const std::int64_t>(counts));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto mean = file.floats("global_mean");
        if (!mean) return mean.error();
        if (mean->size() != 1) return Error{ErrorCode::Parse, "The mean is not one number", "global_mean"};
        const auto counts = file.longs("users_items");
        if (!counts) return counts.error();
        const auto isCount = [](std::int64_t n) { return n >= 0 && n <= INT32_MAX; };
        if (counts->size() != 2 || !isCount((*counts)[0]) || !isCount((*counts)[1]))
            return Error{ErrorCode::Parse, "Expected the number of users and of items", "users_items"};
        return std::shared_ptr<const Recommender>(std::make_shared<GlobalMean>(
            static_cast<std::int32_t>((*counts)[0]), static_cast<std::int32_t>((*counts)[1]), mean->front()));
    }

private:
    std::int32_t m_users;
    std::int32_t m_items;
    float m_mean;
};

class GlobalMeanTrainer final : public Trainer {
public:
    explicit GlobalMeanTrainer(SplitPtr split)
        : m_split(std::move(split)) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext&) override {
        const auto ratings = m_split->train().values();
        double sum = 0.0;
        for (const float rating : ratings)
            sum += rating;
        if (!ratings.empty()) m_mean = sum / static_cast<double>(ratings.size());
        return EpochResult{true, static_cast<double>(ratings.size()), {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<GlobalMean>(m_split->dataset()->userCount(), m_split->dataset()->itemCount(),
                                            static_cast<float>(m_mean));
    }

private:
    SplitPtr m_split;
    double m_mean = 0.0;
};

} // namespace

AlgorithmInfo globalMeanInfo() {
    return {
        .id = "global_mean",
        .title = "Global mean",
        .family = "Baseline",
        .summary = "Predicts the mean of all ratings for every pair: the RMSE that any rating model has to "
                   "beat. As a "
                   "ranking it is empty, since all items tie.",
        .equation = "r̂(u, i) = μ",
        .reference =
            "Koren, Bell & Volinsky: Matrix Factorization Techniques for Recommender Systems, IEEE Computer "
            "42(8), 2009, eq. 3",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true, .personalised = false},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<GlobalMeanTrainer>(input.split));
        },
        .load = &GlobalMean::load,
        .cost = &classic_cost::counts,
    };
}

} // namespace recoscope
