// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/item_knn.h"

#include "engine/models/classic_cost.h"
#include "engine/models/linear/item_weights.h"
#include "engine/models/neighbourhood/knn_params.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

/// Immutable; any thread.
class ItemKnn final : public Recommender {
public:
    /// @param neighbours  row i: item i's own neighbours.
    ItemKnn(std::int32_t users, const KnnParams& params, ItemWeights neighbours, std::vector<float> means,
            std::vector<float> lengths)
        : m_users(users)
        , m_params(params)
        , m_neighbours(std::move(neighbours))
        , m_means(std::move(means))
        , m_weights(std::move(lengths), params.weightingOptions()) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_neighbours.itemCount(); }
    bool predictsRatings() const override { return m_params.explicitScoring(); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        std::vector<float> weightSums(m_params.explicitScoring() ? static_cast<std::size_t>(itemCount()) : 0);
        for (std::size_t q = 0; q < queries.size(); ++q) {
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            std::fill(scores, scores + itemCount(), 0.0f);
            if (m_params.explicitScoring())
                predictRatings(queries[q], scores, weightSums);
            else
                sumSimilarities(queries[q], {scores, static_cast<std::size_t>(itemCount())});
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const bool ratings = m_params.explicitScoring();
        Explanation result;
        result.additive = true;
        result.baseline = ratings ? meanOf(item) : 0.0;
        double weightSum = 0.0;
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const ItemIndex from = query.items[n];
            const float similarity = m_neighbours.weight(item, from);
            if (similarity == 0.0f) continue;
            const float value = ratings ? query.values[n] - meanOf(from) : profile(query, n);
            weightSum += std::abs(static_cast<double>(similarity));
            result.parts.push_back(weightPart(from, similarity, "similarity", value,
                                              ratings ? "rating above the item's mean" : "interaction"));
        }
        result.score = result.baseline;
        for (ExplanationPart& part : result.parts) {
            if (ratings) part.contribution /= weightSum;
            result.score += part.contribution;
        }
        sortByMagnitude(result.parts);
        const std::string many = std::to_string(result.parts.size());
        result.summary =
            result.parts.empty() ? std::string("Nothing in the history is among this item's neighbours.")
            : ratings ? "The item's mean rating, moved by " + many + " similar items in the history."
                      : "Similar to " + many + " items in the history.";
        return result;
    }

    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        return m_neighbours.neighbours(item, count);
    }

    void save(TensorFile& file) const override {
        saveKnnParams(file, itemKnnSchema(), m_params);
        saveCount(file, "user.total", m_users);
        m_neighbours.save(file, "neighbours");
        file.set("item.mean", std::span<const float>(m_means));
        file.set("item.length", std::span<const float>(m_weights.rowLengths()));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto params = loadKnnParams(file, itemKnnSchema());
        if (!params) return params.error();
        const auto users = loadCount(file, "user.total");
        if (!users) return users.error();
        auto neighbours = ItemWeights::load(file, "neighbours");
        if (!neighbours) return neighbours.error();
        auto means = file.floats("item.mean");
        if (!means) return means.error();
        auto lengths = file.floats("item.length");
        if (!lengths) return lengths.error();
        const auto items = static_cast<std::size_t>(neighbours->itemCount());
        const auto finite = [](float value) { return std::isfinite(value); };
        if (means->size() != items || !std::all_of(means->begin(), means->end(), finite))
            return Error{ErrorCode::Parse, "Expected one finite number for each item", "item.mean"};
        if (lengths->size() != items || !std::all_of(lengths->begin(), lengths->end(), finite))
            return Error{ErrorCode::Parse, "Expected one finite number for each item", "item.length"};
        return std::shared_ptr<const Recommender>(std::make_shared<ItemKnn>(
            *users, *params, std::move(*neighbours), std::move(*means), std::move(*lengths)));
    }

private:
    float meanOf(ItemIndex item) const { return m_means[static_cast<std::size_t>(item)]; }

    /// What the n-th interaction of a history counts under implicit scoring.
    float profile(const Query& query, std::size_t n) const {
        const float value = m_params.profileValue(query.values[n]);
        if (!m_params.weightsProfile()) return value;
        return m_weights.of(value, m_weights.rowLengths()[static_cast<std::size_t>(query.items[n])],
                            m_weights.idf(static_cast<std::int64_t>(query.items.size())));
    }

    void sumSimilarities(const Query& query, std::span<float> scores) const {
        for (std::size_t n = 0; n < query.items.size(); ++n)
            m_neighbours.addTo(scores, query.items[n], profile(query, n));
    }

    void predictRatings(const Query& query, float* scores, std::vector<float>& weightSums) const {
        std::fill(weightSums.begin(), weightSums.end(), 0.0f);
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const auto items = m_neighbours.bySource().cols(query.items[n]);
            const auto similarities = m_neighbours.bySource().values(query.items[n]);
            const float deviation = query.values[n] - meanOf(query.items[n]);
            for (std::size_t m = 0; m < items.size(); ++m) {
                const auto item = static_cast<std::size_t>(items[m]);
                scores[item] += deviation * similarities[m];
                weightSums[item] += std::abs(similarities[m]);
            }
        }
        for (std::size_t i = 0; i < weightSums.size(); ++i)
            scores[i] = m_means[i] + (weightSums[i] > 0.0f ? scores[i] / weightSums[i] : 0.0f);
    }

    std::int32_t m_users;
    KnnParams m_params;
    ItemWeights m_neighbours;
    std::vector<float> m_means; // items; the global mean where an item has no ratings
    TermWeights m_weights;
};

class ItemKnnTrainer final : public Trainer {
public:
    ItemKnnTrainer(SplitPtr split, const KnnParams& params)
        : m_split(std::move(split))
        , m_params(params) {
        const auto items = static_cast<std::size_t>(m_split->dataset()->itemCount());
        m_neighbours = ItemItemCsr::fromArrays(static_cast<std::int32_t>(items),
                                               std::vector<std::int64_t>(items + 1, 0), {}, {})
                           .value();
        m_means = rowMeans(m_split->trainByItem(), meanOfAll(m_split->train().values()));
        m_lengths = rowLengths(m_split->trainByItem(), m_params.profileValues());
    }

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const Similarity<ItemIndex, UserIndex> similarity(
            {m_split, &m_split->trainByItem()}, {m_split, &m_split->train()}, m_params.similarityOptions());
        const double examples = static_cast<double>(m_split->train().size());
        auto found = similarity.nearest(m_params.k, context.pool, context.control, [&](double fraction) {
            if (context.progress) context.progress(fraction, fraction * examples);
        });
        m_neighbours = std::move(found.neighbours);
        return EpochResult{found.completed, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<ItemKnn>(m_split->dataset()->userCount(), m_params, ItemWeights(m_neighbours),
                                         m_means, m_lengths);
    }

private:
    SplitPtr m_split;
    KnnParams m_params;
    ItemItemCsr m_neighbours;
    std::vector<float> m_means;
    std::vector<float> m_lengths;
};

} // namespace

AlgorithmInfo itemKnnInfo() {
    return {
        .id = "item_knn",
        .title = "ItemKNN",
        .family = "Neighbourhood",
        .summary = "Recommends items that are held by the same users as the items in the history. Quick, "
                   "explains itself "
                   "exactly, and hard to beat when tuned.",
        .equation = "implicit: ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj\n"
                    "explicit: r̂(u, i) = m_i + Σ_{j ∈ I_u} W_ji (r_uj − m_j) / Σ_{j ∈ I_u} |W_ji|\n"
                    "W: similarity of items, the k largest of each column kept, diagonal 0",
        .reference =
            "Sarwar, Karypis, Konstan & Riedl: Item-Based Collaborative Filtering Recommendation Algorithms, "
            "WWW "
            "2001; Deshpande & Karypis: Item-Based Top-N Recommendation Algorithms, TOIS 22(1), 2004",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return itemKnnSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = itemKnnSchema().read(input.params);
            if (!params) return params.error();
            if (const Status fits = checkKnn(*params, *input.split); !fits) return fits.error();
            return std::unique_ptr<Trainer>(std::make_unique<ItemKnnTrainer>(input.split, *params));
        },
        .load = &ItemKnn::load,
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return classic_cost::neighbours(shape.items, shape.squaredHistories,
                                                classic_cost::number(itemKnnSchema().schema(), params, "k"));
            },
    };
}

} // namespace recoscope
