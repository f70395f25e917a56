// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/slope_one.h"

#include "engine/models/linear/item_rows.h"
#include "engine/models/neighbourhood/knn_params.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>

namespace recoscope {

namespace {

enum class Scheme { Weighted, Plain };

struct Params {
    Scheme scheme = Scheme::Weighted;
    std::int32_t minSupport = 1;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .choice("scheme", &Params::scheme,
                    {{Scheme::Weighted,
                      {"weighted", "Weighted",
                       "Items count by how many users rated them together with the predicted one"}},
                     {Scheme::Plain, {"plain", "Plain", "All items of the history count alike"}}},
                    {.label = "Scheme", .help = "How the items of a history are averaged."})
            .integer("min_support", &Params::minSupport,
                     {.label = "Least in common",
                      .help = "Pairs of items that fewer users than this rated both of are left out.",
                      .min = 1,
                      .max = 10'000,
                      .advanced = true})
            .build();
    return schema;
}

/// Mean differences of ratings and how many they rest on, by pair of items.
struct Deviations {
    ItemItemCsr means;         // row j, column i: mean of r_i - r_j
    std::vector<float> counts; // in the order of `means`
};

/// Immutable; any thread.
class SlopeOne final : public Recommender {
public:
    SlopeOne(std::int32_t users, Scheme scheme, float globalMean,
             std::shared_ptr<const Deviations> deviations)
        : m_users(users)
        , m_scheme(scheme)
        , m_globalMean(globalMean)
        , m_deviations(std::move(deviations)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_deviations->means.rowCount(); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        const auto items = static_cast<std::size_t>(itemCount());
        const ItemItemCsr& means = m_deviations->means;
        std::vector<float> weights;
        for (std::size_t q = 0; q < queries.size(); ++q) {
            const Query& query = queries[q];
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            std::fill(scores, scores + items, 0.0f);
            weights.assign(items, 0.0f);
            for (std::size_t n = 0; n < query.items.size(); ++n) {
                const auto others = means.cols(query.items[n]);
                const float* const deviations = means.values(query.items[n]).data();
                const float* const counts = m_deviations->counts.data() + means.rowBegin(query.items[n]);
                const float rating = m_scheme == Scheme::Weighted ? query.values[n] : 0.0f;
                for (std::size_t m = 0; m < others.size(); ++m) {
                    const auto item = static_cast<std::size_t>(others[m]);
                    const float weight = m_scheme == Scheme::Weighted ? counts[m] : 1.0f;
                    scores[item] += weight * (rating + deviations[m]);
                    weights[item] += weight;
                }
            }
            const float mean = query.values.empty() ? m_globalMean : meanOfAll(query.values);
            const float start = m_scheme == Scheme::Weighted ? 0.0f : mean;
            for (std::size_t i = 0; i < items; ++i)
                scores[i] = weights[i] > 0.0f ? start + scores[i] / weights[i] : mean;
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const double mean = query.values.empty() ? m_globalMean : meanOfAll(query.values);
        const bool weighted = m_scheme == Scheme::Weighted;
        Explanation result;
        result.additive = true;
        result.baseline = mean;
        double weights = 0.0;
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const auto others = m_deviations->means.cols(query.items[n]);
            const auto found = std::lower_bound(others.begin(), others.end(), item);
            if (found == others.end() || *found != item) continue;
            const auto at = static_cast<std::size_t>(found - others.begin());
            const float deviation = m_deviations->means.values(query.items[n])[at];
            const float count =
                m_deviations
                    ->counts[static_cast<std::size_t>(m_deviations->means.rowBegin(query.items[n])) + at];
            // Against the mean, so that parts add to it.
            const double says =
                weighted ? static_cast<double>(query.values[n]) + deviation - mean : deviation;
            const double weight = weighted ? count : 1.0;
            char text[96];
            std::snprintf(text, sizeof text, "%.3g users rate it %+.2f beside this one",
                          static_cast<double>(count), static_cast<double>(deviation));
            result.parts.push_back({"", query.items[n], weight * says, text});
            weights += weight;
        }
        result.score = mean;
        for (ExplanationPart& part : result.parts) {
            part.contribution /= weights;
            result.score += part.contribution;
        }
        sortByMagnitude(result.parts);
        result.summary = "The mean of this user's ratings, moved by how the item compares with " +
                         std::to_string(result.parts.size()) + " items of the history.";
        return result;
    }

    void save(TensorFile& file) const override {
        file.setMeta("param.scheme", m_scheme == Scheme::Weighted ? "weighted" : "plain");
        saveCount(file, "user.total", m_users);
        file.set("global_mean", std::span<const float>(&m_globalMean, 1));
        file.set("deviations", m_deviations->means);
        file.set("counts", std::span<const float>(m_deviations->counts));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto scheme = file.meta("param.scheme");
        if (!scheme) return scheme.error();
        if (*scheme != "weighted" && *scheme != "plain")
            return Error{ErrorCode::Parse, "Expected weighted or plain", "param.scheme"};
        const auto users = loadCount(file, "user.total");
        if (!users) return users.error();
        const auto globalMean = file.floats("global_mean");
        if (!globalMean) return globalMean.error();
        if (globalMean->size() != 1)
            return Error{ErrorCode::Parse, "The mean is not one number", "global_mean"};
        auto means = file.csr<ItemIndex, ItemIndex>("deviations");
        if (!means) return means.error();
        auto counts = file.floats("counts");
        if (!counts) return counts.error();
        if (means->rowCount() != means->colCount())
            return Error{ErrorCode::Parse, "Deviations must be items x items", "deviations"};
        if (static_cast<std::int64_t>(counts->size()) != means->size() ||
            !std::all_of(counts->begin(), counts->end(), [](float count) { return count > 0.0f; }))
            return Error{ErrorCode::Parse, "Expected a count above 0 for each deviation", "counts"};
        return std::shared_ptr<const Recommender>(std::make_shared<SlopeOne>(
            *users, *scheme == "weighted" ? Scheme::Weighted : Scheme::Plain, globalMean->front(),
            std::make_shared<const Deviations>(Deviations{std::move(*means), std::move(*counts)})));
    }

private:
    std::int32_t m_users;
    Scheme m_scheme;
    float m_globalMean;
    std::shared_ptr<const Deviations> m_deviations;
};

class SlopeOneTrainer final : public Trainer {
public:
    SlopeOneTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params) {
        const auto items = static_cast<std::size_t>(m_split->dataset()->itemCount());
        m_deviations = std::make_shared<const Deviations>(Deviations{toCsr(ItemRows(items)), {}});
    }

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const std::int32_t items = m_split->dataset()->itemCount();
        const double examples = static_cast<double>(m_split->train().size());
        ItemRows rows(static_cast<std::size_t>(items));
        std::vector<std::vector<float>> counts(rows.size());
        std::vector<std::vector<Sums>> scratch(static_cast<std::size_t>(context.pool.threadCount()));
        std::atomic<std::int64_t> done{0};
        std::atomic<bool> completed{true};
        constexpr std::int64_t rowsPerChunk = 4;
        context.pool.forChunks(items, rowsPerChunk, [&](const Chunk& chunk) {
            auto& sums = scratch[static_cast<std::size_t>(chunk.thread)];
            for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                const ItemIndex item{static_cast<std::int32_t>(j)};
                const auto at = static_cast<std::size_t>(j);
                if (!compare(item, sums, rows[at], counts[at], context.control)) {
                    completed.store(false, std::memory_order_relaxed);
                    return;
                }
                done.fetch_add(m_split->trainByItem().rowSize(item), std::memory_order_relaxed);
            }
            if (context.progress && chunk.thread == 0 && examples > 0.0) {
                const auto sofar = static_cast<double>(done.load(std::memory_order_relaxed));
                context.progress(sofar / examples, sofar);
            }
        });
        if (!completed.load()) return EpochResult{false, 0.0, {}};
        Deviations found;
        found.means = toCsr(std::move(rows));
        found.counts.reserve(static_cast<std::size_t>(found.means.size()));
        for (auto& row : counts) {
            found.counts.insert(found.counts.end(), row.begin(), row.end());
            std::vector<float>().swap(row);
        }
        m_deviations = std::make_shared<const Deviations>(std::move(found));
        return EpochResult{true, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<SlopeOne>(m_split->dataset()->userCount(), m_params.scheme,
                                          meanOfAll(m_split->train().values()), m_deviations);
    }

private:
    struct Sums {
        float difference = 0.0f;
        float count = 0.0f;
    };

    /// One item beside all others. False when cancelled.
    bool compare(ItemIndex item, std::vector<Sums>& sums, std::vector<ScoredItem>& means,
                 std::vector<float>& counts, RunControl& control) const {
        const UserItemCsr& byUser = m_split->train();
        sums.assign(static_cast<std::size_t>(byUser.colCount()), Sums{});
        const auto users = m_split->trainByItem().cols(item);
        const auto ratings = m_split->trainByItem().values(item);
        for (std::size_t n = 0; n < users.size(); ++n) {
            if (!control.keepGoing()) return false;
            const auto others = byUser.cols(users[n]);
            const auto theirs = byUser.values(users[n]);
            for (std::size_t m = 0; m < others.size(); ++m) {
                Sums& pair = sums[static_cast<std::size_t>(others[m])];
                pair.difference += theirs[m] - ratings[n];
                pair.count += 1.0f;
            }
        }
        sums[static_cast<std::size_t>(item)] = {};
        const auto least = static_cast<float>(m_params.minSupport);
        for (std::size_t i = 0; i < sums.size(); ++i) {
            if (sums[i].count < least || sums[i].count == 0.0f) continue;
            const float mean = sums[i].difference / sums[i].count;
            if (!std::isfinite(mean)) continue; // absurdly large ratings
            means.push_back({ItemIndex{static_cast<std::int32_t>(i)}, mean});
            counts.push_back(sums[i].count);
        }
        return true;
    }

    SplitPtr m_split;
    Params m_params;
    std::shared_ptr<const Deviations> m_deviations;
};

FitCost cost(const DataShape& shape, const ParamMap&) {
    // Pairs cannot be more than there are, nor more than the histories hold.
    const double pairs = std::min(shape.items * shape.items, shape.squaredHistories);
    return {.bytes = pairs * 24.0,
            .scattered = 4.0 * shape.squaredHistories, // the pairs fill no cache
            .memory = "pairs of items rated together x 12 bytes, twice"};
}

} // namespace

AlgorithmInfo slopeOneInfo() {
    return {
        .id = "slope_one",
        .title = "Slope One",
        .family = "Neighbourhood",
        .summary =
            "Predicts a rating from the mean difference between two items' ratings by those who rated both. "
            "Nothing to tune, and no model simpler to explain.",
        .equation = "weighted: r̂(u, i) = Σ_{j ∈ R(u,i)} c_ij (r_uj + dev_ij) / Σ_{j ∈ R(u,i)} c_ij\n"
                    "plain: r̂(u, i) = m_u + Σ_{j ∈ R(u,i)} dev_ij / |R(u,i)|\n"
                    "dev_ij: mean of r_vi − r_vj over the c_ij users v who rated both",
        .reference =
            "Lemire & Maclachlan: Slope One Predictors for Online Rating-Based Collaborative Filtering, SDM "
            "2005",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<SlopeOneTrainer>(input.split, *params));
        },
        .load = &SlopeOne::load,
        .cost = &cost,
    };
}

} // namespace recoscope
