// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/random.h"

#include "engine/models/classic_cost.h"
#include "engine/core/rng.h"

namespace recoscope {

namespace {

const TypedSchema<NoParams>& typedSchema() {
    static const auto schema = TypedSchema<NoParams>::Builder().build();
    return schema;
}

/// Immutable; any thread.
class Random final : public Recommender {
public:
    Random(std::int32_t users, std::int32_t items, std::uint64_t seed)
        : m_users(users)
        , m_items(items)
        , m_seed(seed) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_items; }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t q = 0; q < queries.size(); ++q) {
            const std::uint64_t key = keyOf(queries[q]);
            for (std::int32_t i = 0; i < m_items; ++i)
                out(static_cast<Eigen::Index>(q), i) = draw(key, i);
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const double score = draw(keyOf(query), toInt(item));
        return Explanation{score,
                           0.0,
                           true,
                           "There is no reason: the score is a random number.",
                           {{"random number", std::nullopt, score, "seed " + std::to_string(m_seed)}}};
    }

    void save(TensorFile& file) const override {
        const std::int64_t numbers[] = {m_users, m_items, static_cast<std::int64_t>(m_seed)};
        file.set("users_items_seed", std::span<const std::int64_t>(numbers));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto numbers = file.longs("users_items_seed");
        if (!numbers) return numbers.error();
        const auto isCount = [](std::int64_t n) { return n >= 0 && n <= INT32_MAX; };
        if (numbers->size() != 3 || !isCount((*numbers)[0]) || !isCount((*numbers)[1]))
            return Error{ErrorCode::Parse, "Expected the number of users and of items, and the seed",
                         "users_items_seed"};
        return std::shared_ptr<const Recommender>(std::make_shared<Random>(
            static_cast<std::int32_t>((*numbers)[0]), static_cast<std::int32_t>((*numbers)[1]),
            static_cast<std::uint64_t>((*numbers)[2])));
    }

private:
    std::uint64_t keyOf(const Query& query) const {
        std::uint64_t key = mix64(m_seed);
        if (query.user) return mix64(key + 1 + static_cast<std::uint64_t>(toInt(*query.user)));
        // Counted from the other end, so that a short history does not share its key with a user.
        for (const ItemIndex item : query.items)
            key = mix64(key ^ ~static_cast<std::uint64_t>(toInt(item)));
        return mix64(~key);
    }

    static float draw(std::uint64_t key, std::int32_t item) {
        return static_cast<float>(mix64(key ^ mix64(static_cast<std::uint64_t>(item) + 1)) >> 40) * 0x1p-24f;
    }

    std::int32_t m_users;
    std::int32_t m_items;
    std::uint64_t m_seed;
};

class RandomTrainer final : public Trainer {
public:
    RandomTrainer(SplitPtr split, std::uint64_t seed)
        : m_split(std::move(split))
        , m_seed(seed) {}

    int plannedEpochs() const override { return 1; }
    Result<EpochResult> runEpoch(EpochContext&) override {
        return EpochResult{true, static_cast<double>(m_split->train().size()), {}};
    }
    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<Random>(m_split->dataset()->userCount(), m_split->dataset()->itemCount(),
                                        m_seed);
    }

private:
    SplitPtr m_split;
    std::uint64_t m_seed;
};

} // namespace

AlgorithmInfo randomInfo() {
    return {
        .id = "random",
        .title = "Random",
        .family = "Baseline",
        .summary = "Recommends by chance. What a metric is worth shows in its distance from this floor.",
        .equation = "ŝ(u, i) ~ U[0, 1)",
        .reference = "None: chance itself",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<RandomTrainer>(input.split, input.seed));
        },
        .load = &Random::load,
        .cost = &classic_cost::counts,
    };
}

} // namespace recoscope
