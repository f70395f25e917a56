// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/user_knn.h"

#include "engine/models/classic_cost.h"
#include "engine/linalg/top_k.h"
#include "engine/models/neighbourhood/knn_params.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace recoscope {

namespace {

using UserUserCsr = Csr<UserIndex, UserIndex>;
using UserSimilarity = Similarity<UserIndex, ItemIndex>;

/// Training data as the model needs it, shared by its snapshots. Immutable.
struct Profiles {
    std::shared_ptr<const UserItemCsr> byUser; // raw ratings
    std::shared_ptr<const ItemUserCsr> byItem;
    std::shared_ptr<const UserSimilarity> similarity;
    std::vector<float> values; // what is summed, in the order of byUser
    std::vector<float> means;  // users; the global mean where a user has no ratings
    float globalMean = 0.0f;
};

std::shared_ptr<const Profiles> makeProfiles(std::shared_ptr<const UserItemCsr> byUser,
                                             std::shared_ptr<const ItemUserCsr> byItem,
                                             const KnnParams& params) {
    auto profiles = std::make_shared<Profiles>();
    profiles->similarity = std::make_shared<UserSimilarity>(byUser, byItem, params.similarityOptions());
    profiles->globalMean = meanOfAll(byUser->values());
    profiles->means = rowMeans(*byUser, profiles->globalMean);
    const TermWeights weights(rowLengths(*byUser, params.profileValues()), params.weightingOptions());
    profiles->values.reserve(static_cast<std::size_t>(byUser->size()));
    for (std::int32_t u = 0; u < byUser->rowCount(); ++u) {
        const auto items = byUser->cols(UserIndex{u});
        const auto ratings = byUser->values(UserIndex{u});
        for (std::size_t n = 0; n < items.size(); ++n) {
            float value = params.profileValue(ratings[n]);
            if (params.explicitScoring()) value -= profiles->means[static_cast<std::size_t>(u)];
            if (params.weightsProfile())
                value = weights.of(value, weights.rowLengths()[static_cast<std::size_t>(u)],
                                   weights.idf(byItem->rowSize(items[n])));
            profiles->values.push_back(value);
        }
    }
    profiles->byUser = std::move(byUser);
    profiles->byItem = std::move(byItem);
    return profiles;
}

/// Immutable; any thread.
class UserKnn final : public Recommender {
public:
    /// @param nearest  row u: user u's own k nearest.
    UserKnn(const KnnParams& params, std::shared_ptr<const Profiles> profiles, UserUserCsr nearest)
        : m_params(params)
        , m_profiles(std::move(profiles))
        , m_nearest(std::move(nearest)) {
        if (m_params.neighbourhood == UserNeighbourhood::Own) return;
        m_holders = m_nearest.transposed();
        for (std::int32_t u = 0; u < userCount(); ++u)
            m_bars.push_back(barOf(UserIndex{u}));
    }

    std::int32_t userCount() const override { return m_profiles->byUser->rowCount(); }
    std::int32_t itemCount() const override { return m_profiles->byUser->colCount(); }
    bool predictsRatings() const override { return m_params.explicitScoring(); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        Scratch scratch;
        if (m_params.explicitScoring()) scratch.weightSums.resize(static_cast<std::size_t>(itemCount()));
        for (std::size_t q = 0; q < queries.size(); ++q) {
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            std::fill(scores, scores + itemCount(), 0.0f);
            sumNeighbours(neighbourhoodOf(queries[q], scratch), scores, scratch.weightSums);
            if (!m_params.explicitScoring()) continue;
            const float mean = meanOf(queries[q]);
            for (std::size_t i = 0; i < scratch.weightSums.size(); ++i)
                scores[i] = mean + (scratch.weightSums[i] > 0.0f ? scores[i] / scratch.weightSums[i] : 0.0f);
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const bool ratings = m_params.explicitScoring();
        Explanation result;
        result.additive = true;
        result.baseline = ratings ? meanOf(query) : 0.0;
        Scratch scratch;
        const Neighbourhood neighbours = neighbourhoodOf(query, scratch);
        double weightSum = 0.0;
        for (std::size_t n = 0; n < neighbours.users.size(); ++n) {
            const UserIndex user = neighbours.users[n];
            const auto items = m_profiles->byUser->cols(user);
            const auto found = std::lower_bound(items.begin(), items.end(), item);
            if (found == items.end() || *found != item) continue;
            const float similarity = neighbours.similarities[n];
            const float value = m_profiles->values[static_cast<std::size_t>(
                m_profiles->byUser->rowBegin(user) + (found - items.begin()))];
            weightSum += std::abs(static_cast<double>(similarity));
            ExplanationPart part;
            part.label = "a similar user";
            part.user = user;
            part.contribution = static_cast<double>(similarity) * value;
            char text[96];
            std::snprintf(text, sizeof text, "similarity %.3g x %s %.3g", static_cast<double>(similarity),
                          ratings ? "rating above the user's mean" : "interaction",
                          static_cast<double>(value));
            part.detail = text;
            result.parts.push_back(std::move(part));
        }
        result.score = result.baseline;
        for (ExplanationPart& part : result.parts) {
            if (ratings) part.contribution /= weightSum;
            result.score += part.contribution;
        }
        std::stable_sort(result.parts.begin(), result.parts.end(), [](const auto& a, const auto& b) {
            return std::abs(a.contribution) > std::abs(b.contribution);
        });
        result.summary = std::to_string(result.parts.size()) + " of " +
                         std::to_string(neighbours.users.size()) + " similar users have this item.";
        return result;
    }

    /// Items held by the same users: cosine between items' columns of 0 and 1.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        if (toInt(item) < 0 || toInt(item) >= itemCount() || count <= 0) return {};
        const ItemUserCsr& byItem = *m_profiles->byItem;
        std::vector<float> cosines(static_cast<std::size_t>(itemCount()), 0.0f);
        for (const UserIndex user : byItem.cols(item))
            for (const ItemIndex other : m_profiles->byUser->cols(user))
                cosines[static_cast<std::size_t>(other)] += 1.0f;
        for (std::int32_t i = 0; i < itemCount(); ++i) {
            float& cosine = cosines[static_cast<std::size_t>(i)];
            if (cosine > 0.0f)
                cosine /= std::sqrt(static_cast<float>(byItem.rowSize(item)) *
                                    static_cast<float>(byItem.rowSize(ItemIndex{i})));
            else
                cosine = -std::numeric_limits<float>::infinity();
        }
        cosines[static_cast<std::size_t>(item)] = -std::numeric_limits<float>::infinity();
        std::vector<std::int32_t> best(static_cast<std::size_t>(std::min(count, itemCount())));
        best.resize(static_cast<std::size_t>(topK(cosines, best)));
        std::vector<ScoredItem> result;
        for (const std::int32_t i : best)
            result.push_back({ItemIndex{i}, cosines[static_cast<std::size_t>(i)]});
        return result;
    }

    void save(TensorFile& file) const override {
        saveKnnParams(file, userKnnSchema(), m_params);
        file.set("train", *m_profiles->byUser);
        file.set("neighbours", m_nearest);
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto params = loadKnnParams(file, userKnnSchema());
        if (!params) return params.error();
        auto train = file.csr<UserIndex, ItemIndex>("train");
        if (!train) return train.error();
        auto nearest = file.csr<UserIndex, UserIndex>("neighbours");
        if (!nearest) return nearest.error();
        if (nearest->rowCount() != train->rowCount() || nearest->colCount() != train->rowCount())
            return Error{ErrorCode::Parse, "Neighbours must be users x users", "neighbours"};
        auto byUser = std::make_shared<const UserItemCsr>(std::move(*train));
        auto byItem = std::make_shared<const ItemUserCsr>(byUser->transposed());
        return std::shared_ptr<const Recommender>(std::make_shared<UserKnn>(
            *params, makeProfiles(std::move(byUser), std::move(byItem), *params), std::move(*nearest)));
    }

private:
    struct Neighbourhood {
        std::span<const UserIndex> users; // ascending
        std::span<const float> similarities;
    };
    /// Reused from query to query.
    struct Scratch {
        std::vector<float> similarities; // to all users
        std::vector<std::int32_t> best;
        std::vector<UserIndex> users;
        std::vector<float> kept;
        std::vector<float> weightSums;
    };

    /// What a newcomer must be more similar to `user` than, to come among the user's k nearest.
    float barOf(UserIndex user) const {
        const auto similarities = m_nearest.values(user);
        if (static_cast<std::int64_t>(similarities.size()) >= m_params.k)
            return *std::min_element(similarities.begin(), similarities.end());
        // Places that are not taken by a similarity are taken by zeros, as long as there are users enough.
        return userCount() < m_params.k ? -std::numeric_limits<float>::infinity() : 0.0f;
    }

    bool isKnown(const Query& query) const { return query.user && toInt(*query.user) < userCount(); }

    float meanOf(const Query& query) const {
        if (isKnown(query)) return m_profiles->means[static_cast<std::size_t>(*query.user)];
        return query.values.empty() ? m_profiles->globalMean : meanOfAll(query.values);
    }

    Neighbourhood neighbourhoodOf(const Query& query, Scratch& scratch) const {
        const bool own = m_params.neighbourhood == UserNeighbourhood::Own;
        if (isKnown(query)) {
            const UserUserCsr& rows = own ? m_nearest : m_holders;
            return {rows.cols(*query.user), rows.values(*query.user)};
        }
        scratch.users.clear();
        scratch.kept.clear();
        scratch.similarities.resize(static_cast<std::size_t>(userCount()));
        m_profiles->similarity->toAll(query.items, query.values, scratch.similarities);
        const auto keep = [&](std::int32_t user) {
            const float similarity = scratch.similarities[static_cast<std::size_t>(user)];
            if (similarity == 0.0f) return;
            scratch.users.push_back(UserIndex{user});
            scratch.kept.push_back(similarity);
        };
        if (own) {
            scratch.best.resize(static_cast<std::size_t>(std::min(m_params.k, userCount())));
            scratch.best.resize(static_cast<std::size_t>(topK(scratch.similarities, scratch.best)));
            std::sort(scratch.best.begin(), scratch.best.end());
            for (const std::int32_t user : scratch.best)
                keep(user);
        } else {
            for (std::int32_t user = 0; user < userCount(); ++user)
                if (scratch.similarities[static_cast<std::size_t>(user)] >
                    m_bars[static_cast<std::size_t>(user)])
                    keep(user);
        }
        return {scratch.users, scratch.kept};
    }

    void sumNeighbours(const Neighbourhood& neighbours, float* scores, std::vector<float>& weightSums) const {
        std::fill(weightSums.begin(), weightSums.end(), 0.0f);
        for (std::size_t n = 0; n < neighbours.users.size(); ++n) {
            const UserIndex user = neighbours.users[n];
            const float similarity = neighbours.similarities[n];
            const auto items = m_profiles->byUser->cols(user);
            const float* const values = m_profiles->values.data() + m_profiles->byUser->rowBegin(user);
            for (std::size_t m = 0; m < items.size(); ++m)
                scores[static_cast<std::size_t>(items[m])] += similarity * values[m];
            if (!m_params.explicitScoring()) continue;
            for (const ItemIndex item : items)
                weightSums[static_cast<std::size_t>(item)] += std::abs(similarity);
        }
    }

    KnnParams m_params;
    std::shared_ptr<const Profiles> m_profiles;
    UserUserCsr m_nearest;
    UserUserCsr m_holders;     // reverse only: row u: those who have u among their k nearest
    std::vector<float> m_bars; // reverse only: see barOf()
};

class UserKnnTrainer final : public Trainer {
public:
    UserKnnTrainer(SplitPtr split, const KnnParams& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_profiles(makeProfiles({m_split, &m_split->train()}, {m_split, &m_split->trainByItem()}, params)) {
        const auto users = static_cast<std::size_t>(m_split->dataset()->userCount());
        m_nearest = UserUserCsr::fromArrays(static_cast<std::int32_t>(users),
                                            std::vector<std::int64_t>(users + 1, 0), {}, {})
                        .value();
    }

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        auto found =
            m_profiles->similarity->nearest(m_params.k, context.pool, context.control, [&](double fraction) {
                if (context.progress) context.progress(fraction, fraction * examples);
            });
        m_nearest = std::move(found.neighbours);
        return EpochResult{found.completed, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<UserKnn>(m_params, m_profiles, m_nearest);
    }

private:
    SplitPtr m_split;
    KnnParams m_params;
    std::shared_ptr<const Profiles> m_profiles;
    UserUserCsr m_nearest;
};

} // namespace

AlgorithmInfo userKnnInfo() {
    return {
        .id = "user_knn",
        .title = "UserKNN",
        .family = "Neighbourhood",
        .summary = "Recommends what the most similar users hold. The oldest collaborative filter; small "
                   "choices in it move "
                   "the numbers, so each is a parameter.",
        .equation =
            "implicit: ŝ(u, i) = Σ_{v ∈ N(u)} W_uv x_vi\n"
            "explicit: r̂(u, i) = m_u + Σ_{v ∈ N(u) ∩ U_i} W_uv (r_vi − m_v) / Σ_{v ∈ N(u) ∩ U_i} |W_uv|\n"
            "N(u): the k users most like u, or those who have u among their k",
        .reference =
            "Resnick, Iacovou, Suchak, Bergstrom & Riedl: GroupLens: An Open Architecture for Collaborative "
            "Filtering of Netnews, CSCW 1994; Herlocker, Konstan, Borchers & Riedl: An Algorithmic Framework "
            "for "
            "Performing Collaborative Filtering, SIGIR 1999",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return userKnnSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = userKnnSchema().read(input.params);
            if (!params) return params.error();
            if (const Status fits = checkKnn(*params, *input.split); !fits) return fits.error();
            return std::unique_ptr<Trainer>(std::make_unique<UserKnnTrainer>(input.split, *params));
        },
        .load = &UserKnn::load,
        .cost = [](const DataShape& shape, const ParamMap& params) {
            return classic_cost::neighbours(
                shape.users, shape.squaredAudiences,
                classic_cost::number(userKnnSchema().schema(), params, "k"));
        },
    };
}

} // namespace recoscope
