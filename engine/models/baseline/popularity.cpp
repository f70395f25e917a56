// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/popularity.h"

#include "engine/models/classic_cost.h"

namespace recoscope {

namespace {

const TypedSchema<NoParams>& typedSchema() {
    static const auto schema = TypedSchema<NoParams>::Builder().build();
    return schema;
}

class Popularity final : public Recommender {
public:
    Popularity(std::int32_t users, VectorF counts)
        : m_users(users)
        , m_counts(std::move(counts)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_counts.size()); }

    void score(std::span<const Query>, Eigen::Ref<MatrixF> out) const override {
        out.rowwise() = m_counts.transpose();
    }

    Result<Explanation> explain(const Query&, ItemIndex item) const override {
        const double count = m_counts[toInt(item)];
        return Explanation{
            count,
            0.0,
            true,
            "Everyone gets the same list: " + std::to_string(static_cast<std::int64_t>(count)) +
                " users interacted with this item.",
            {{"users who interacted with the item", std::nullopt, count, ""}}};
    }

    void save(TensorFile& file) const override {
        file.set("item.count",
                 std::span<const float>(m_counts.data(), static_cast<std::size_t>(m_counts.size())));
        const std::int64_t users = m_users;
        file.set("user.total", std::span<const std::int64_t>(&users, 1));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto counts = file.floats("item.count");
        if (!counts) return counts.error();
        const auto users = file.longs("user.total");
        if (!users) return users.error();
        if (users->size() != 1 || users->front() < 0 || users->front() > INT32_MAX)
            return Error{ErrorCode::Parse, "The user count is not one number", "user.total"};
        return std::shared_ptr<const Recommender>(std::make_shared<Popularity>(
            static_cast<std::int32_t>(users->front()),
            VectorF(Eigen::Map<const VectorF>(counts->data(), static_cast<Eigen::Index>(counts->size())))));
    }

private:
    std::int32_t m_users;
    VectorF m_counts; // items
};

class PopularityTrainer final : public Trainer {
public:
    explicit PopularityTrainer(SplitPtr split)
        : m_split(std::move(split))
        , m_counts(VectorF::Zero(m_split->dataset()->itemCount())) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext&) override {
        const ItemUserCsr& byItem = m_split->trainByItem();
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i)
            m_counts[i] = static_cast<float>(byItem.rowSize(ItemIndex{i}));
        return EpochResult{true, static_cast<double>(byItem.size()), {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<Popularity>(m_split->dataset()->userCount(), m_counts);
    }

private:
    SplitPtr m_split;
    VectorF m_counts;
};

} // namespace

AlgorithmInfo popularityInfo() {
    return {
        .id = "popularity",
        .title = "Popularity",
        .family = "Baseline",
        .summary =
            "Recommends what most users interacted with, the same for everyone. The line every personalised "
            "model has to beat.",
        .equation = "ŝ(u, i) = |{v : (v, i) ∈ train}|",
        .reference =
            "Cremonesi, Koren & Turrin: Performance of Recommender Algorithms on Top-N Recommendation Tasks, "
            "RecSys 2010 (TopPop)",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .personalised = false},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<PopularityTrainer>(input.split));
        },
        .load = &Popularity::load,
        .cost = &classic_cost::counts,
    };
}

} // namespace recoscope
