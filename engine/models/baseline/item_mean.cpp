// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/item_mean.h"

#include "engine/models/classic_cost.h"

namespace recoscope {

namespace {

// 1. The parameters: a plain struct. A member's initialiser is the default value.
struct Params {
    double damping = 0.0;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema = TypedSchema<Params>::Builder()
                                   .real("damping", &Params::damping,
                                         {.label = "Damping",
                                          .help = "Adds this many ratings at the global mean to each item, "
                                                  "so that an item with few ratings stays "
                                                  "close to it. 0 is the plain mean.",
                                          .min = 0.0,
                                          .max = 1000.0})
                                   .build();
    return schema;
}

// 2. The fitted model: immutable, any thread. It answers queries and can write itself to a file.
class ItemMean final : public Recommender {
public:
    ItemMean(std::int32_t users, float globalMean, VectorF means)
        : m_users(users)
        , m_globalMean(globalMean)
        , m_means(std::move(means)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_means.size()); }

    void score(std::span<const Query>, Eigen::Ref<MatrixF> out) const override {
        out.rowwise() = m_means.transpose();
    }

    Result<Explanation> explain(const Query&, ItemIndex item) const override {
        const double mean = m_means[toInt(item)];
        return Explanation{
            mean,
            m_globalMean,
            true,
            "The mean of this item's ratings, the same for everyone.",
            {{"this item's ratings against all items'", std::nullopt, mean - m_globalMean, ""}}};
    }

    void save(TensorFile& file) const override {
        file.set("item.mean",
                 std::span<const float>(m_means.data(), static_cast<std::size_t>(m_means.size())));
        file.set("global_mean", std::span<const float>(&m_globalMean, 1));
        const std::int64_t users = m_users;
        file.set("user.total", std::span<const std::int64_t>(&users, 1));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto means = file.floats("item.mean");
        if (!means) return means.error();
        const auto globalMean = file.floats("global_mean");
        if (!globalMean) return globalMean.error();
        if (globalMean->size() != 1)
            return Error{ErrorCode::Parse, "The mean is not one number", "global_mean"};
        const auto users = file.longs("user.total");
        if (!users) return users.error();
        if (users->size() != 1 || users->front() < 0 || users->front() > INT32_MAX)
            return Error{ErrorCode::Parse, "The user count is not one number", "user.total"};
        return std::shared_ptr<const Recommender>(std::make_shared<ItemMean>(
            static_cast<std::int32_t>(users->front()), globalMean->front(),
            VectorF(Eigen::Map<const VectorF>(means->data(), static_cast<Eigen::Index>(means->size())))));
    }

private:
    std::int32_t m_users;
    float m_globalMean;
    VectorF m_means; // items
};

// 3. One run of the algorithm. The training loop around it evaluates, stops, pauses and reports.
class ItemMeanTrainer final : public Trainer {
public:
    ItemMeanTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_means(VectorF::Zero(m_split->dataset()->itemCount())) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext&) override {
        const ItemUserCsr& byItem = m_split->trainByItem();
        double total = 0.0;
        for (const float rating : byItem.values())
            total += rating;
        if (!byItem.empty()) m_globalMean = total / static_cast<double>(byItem.size());
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i) {
            double sum = m_params.damping * m_globalMean;
            for (const float rating : byItem.values(ItemIndex{i}))
                sum += rating;
            const double weight = m_params.damping + byItem.rowSize(ItemIndex{i});
            m_means[i] = static_cast<float>(weight > 0.0 ? sum / weight : m_globalMean);
        }
        return EpochResult{true, static_cast<double>(byItem.size()), {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<ItemMean>(m_split->dataset()->userCount(), static_cast<float>(m_globalMean),
                                          m_means);
    }

private:
    SplitPtr m_split;
    Params m_params;
    double m_globalMean = 0.0;
    VectorF m_means; // items
};

} // namespace

// 4. The row of the registry: everything a form, the command line and the documents show.
AlgorithmInfo itemMeanInfo() {
    return {
        .id = "item_mean",
        .title = "Item mean",
        .family = "Baseline",
        .summary = "Predicts each item's mean rating, the same for everyone. As a ranking it favours items "
                   "that few people "
                   "rated highly, unless damped.",
        .equation = "r̂(u, i) = (d·μ + Σ_{v ∈ U_i} r_vi) / (d + |U_i|)",
        .reference =
            "Koren, Bell & Volinsky: Matrix Factorization Techniques for Recommender Systems, IEEE Computer "
            "42(8), 2009, eq. 3",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true, .personalised = false},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<ItemMeanTrainer>(input.split, *params));
        },
        .load = &ItemMean::load,
        .cost = &classic_cost::counts,
    };
}

} // namespace recoscope
