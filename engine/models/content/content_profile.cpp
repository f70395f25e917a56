// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/content_profile.h"

#include "engine/models/content/content_params.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

namespace {

enum class Liking { All, AboveMean, Threshold };

struct Params : ContentParams {
    bool unitLength = true;
    Liking liking = Liking::All;
    double threshold = 4.0;
    double likedWeight = 1.0;
    double dislikedWeight = 0.25;
    double halfLife = 0.0; // days; 0: no decay
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<Params>::Builder builder;
        addContentWeighting<Params>(builder, "features");
        builder
            .flag("unit_length", &Params::unitLength,
                  {.label = "Items of length 1",
                   .help = "Scale each item's features to length 1, so that items with many features are not "
                           "preferred: the score becomes a cosine, but for the profile's own length."})
            .choice("liked", &Params::liking,
                    {{Liking::All, {"all", "All", "The whole history is liked"}},
                     {Liking::AboveMean,
                      {"above_mean", "At or above the user's mean",
                       "Ratings at or above the mean of the history are liked, the others disliked"}},
                     {Liking::Threshold,
                      {"threshold", "At or above a rating",
                       "Ratings at or above a fixed one are liked, the others disliked"}}},
                    {.label = "Liked is", .help = "Which part of the history pulls, and which pushes away."})
            .real("threshold", &Params::threshold,
                  {.label = "Liked from",
                   .help = "The least rating that counts as liked.",
                   .min = -1e6,
                   .max = 1e6,
                   .enabledBy = "liked",
                   .enabledWhen = {"threshold"}})
            .real("liked_weight", &Params::likedWeight,
                  {.label = "Weight of the liked (β)",
                   .help = "How much the mean of the liked items counts.",
                   .min = 0.0,
                   .max = 1000.0})
            .real("disliked_weight", &Params::dislikedWeight,
                  {.label = "Weight of the disliked (γ)",
                   .help = "How much the mean of the disliked items counts against. A quarter of β is usual.",
                   .min = 0.0,
                   .max = 1000.0,
                   .enabledBy = "liked",
                   .enabledWhen = {"above_mean", "threshold"}})
            .real("half_life", &Params::halfLife,
                  {.label = "Half-life (days)",
                   .help =
                       "After so many days an interaction counts half; ages are counted from the newest of "
                       "the history. 0: age does not matter. Data without times has no ages.",
                   .min = 0.0,
                   .max = 1e6});
        addContentSources<Params>(builder);
        return builder.build();
    }();
    return schema;
}

using ItemFeatureCsr = Csr<ItemIndex, FeatureIndex>;

/// The weighted rows, of length 1 where asked for.
ItemFeatureCsr vectorsOf(const ContentMatrix& content, const Params& params) {
    const ItemFeatureCsr weighted = content.weighted(params.weightingOptions());
    if (!params.unitLength) return weighted;
    std::vector<float> values(weighted.values().begin(), weighted.values().end());
    for (std::int32_t i = 0; i < weighted.rowCount(); ++i) {
        double squares = 0.0;
        for (const float x : weighted.values(ItemIndex{i}))
            squares += static_cast<double>(x) * static_cast<double>(x);
        if (squares <= 0.0) continue;
        for (std::int64_t n = weighted.rowBegin(ItemIndex{i}); n < weighted.rowEnd(ItemIndex{i}); ++n)
            values[static_cast<std::size_t>(n)] /= static_cast<float>(std::sqrt(squares));
    }
    return ItemFeatureCsr::fromArrays(
               weighted.colCount(), {weighted.offsets().begin(), weighted.offsets().end()},
               {weighted.columns().begin(), weighted.columns().end()}, std::move(values))
        .value();
}

/// Immutable; any thread.
class ContentProfile final : public Recommender {
public:
    ContentProfile(std::int32_t users, const Params& params, ContentPtr content)
        : m_users(users)
        , m_params(params)
        , m_content(std::move(content))
        , m_vectors(vectorsOf(*m_content, m_params)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_vectors.rowCount(); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t q = 0; q < queries.size(); ++q) {
            const std::vector<float> profile = profileOf(queries[q]);
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            for (std::int32_t i = 0; i < itemCount(); ++i) {
                const auto features = m_vectors.cols(ItemIndex{i});
                const auto values = m_vectors.values(ItemIndex{i});
                float sum = 0.0f;
                for (std::size_t n = 0; n < features.size(); ++n)
                    sum += profile[static_cast<std::size_t>(features[n])] * values[n];
                scores[i] = sum;
            }
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const std::vector<float> profile = profileOf(query);
        const auto features = m_vectors.cols(item);
        const auto values = m_vectors.values(item);
        Explanation why;
        why.additive = true;
        for (std::size_t n = 0; n < features.size(); ++n) {
            const double taste = static_cast<double>(profile[static_cast<std::size_t>(features[n])]);
            const double weight = static_cast<double>(values[n]);
            if (taste == 0.0) continue;
            std::int64_t held = 0;
            for (const ItemIndex from : query.items)
                held += m_content->items().contains(from, features[n]) ? 1 : 0;
            char detail[128];
            std::snprintf(detail, sizeof detail,
                          "taste %.3g x weight %.3g; in %lld of %zu items of the history", taste, weight,
                          static_cast<long long>(held), query.items.size());
            why.parts.push_back({m_content->title(features[n]), std::nullopt, taste * weight, detail});
            why.score += taste * weight;
        }
        std::stable_sort(why.parts.begin(), why.parts.end(), [](const auto& a, const auto& b) {
            return std::abs(a.contribution) > std::abs(b.contribution);
        });
        why.summary = query.items.empty() ? "There is no history to make a profile of."
                      : why.parts.empty() ? "None of the item's features is in the history."
                                          : "The item's features, each times the taste for it.";
        return why;
    }

    /// By cosine of the features.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        if (toInt(item) < 0 || toInt(item) >= itemCount() || count <= 0) return {};
        std::vector<float> dots(static_cast<std::size_t>(itemCount()), 0.0f);
        std::vector<float> squares(static_cast<std::size_t>(itemCount()), 0.0f);
        std::vector<float> own(static_cast<std::size_t>(m_vectors.colCount()), 0.0f);
        const auto features = m_vectors.cols(item);
        for (std::size_t n = 0; n < features.size(); ++n)
            own[static_cast<std::size_t>(features[n])] = m_vectors.values(item)[n];
        for (std::int32_t i = 0; i < itemCount(); ++i) {
            const auto theirs = m_vectors.cols(ItemIndex{i});
            for (std::size_t n = 0; n < theirs.size(); ++n) {
                const float x = m_vectors.values(ItemIndex{i})[n];
                dots[static_cast<std::size_t>(i)] += x * own[static_cast<std::size_t>(theirs[n])];
                squares[static_cast<std::size_t>(i)] += x * x;
            }
        }
        std::vector<ScoredItem> result;
        const float length = squares[static_cast<std::size_t>(item)];
        for (std::int32_t i = 0; i < itemCount(); ++i) {
            const auto n = static_cast<std::size_t>(i);
            if (ItemIndex{i} != item && dots[n] > 0.0f)
                result.push_back({ItemIndex{i}, dots[n] / std::sqrt(length * squares[n])});
        }
        const auto most = std::min(result.size(), static_cast<std::size_t>(count));
        std::partial_sort(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(most), result.end(),
                          [](const ScoredItem& a, const ScoredItem& b) {
                              return a.score > b.score || (a.score == b.score && a.item < b.item);
                          });
        result.resize(most);
        return result;
    }

    void save(TensorFile& file) const override {
        saveParams(file, typedSchema(), m_params);
        file.set("user.total", std::span<const std::int32_t>(&m_users, 1));
        m_content->save(file);
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto params = loadParams(file, typedSchema());
        if (!params) return params.error();
        const auto users = file.ints("user.total");
        if (!users) return users.error();
        if (users->size() != 1 || users->front() < 0)
            return Error{ErrorCode::Parse, "The user count is not one number", "user.total"};
        auto content = ContentMatrix::load(file);
        if (!content) return content.error();
        return std::shared_ptr<const Recommender>(
            std::make_shared<ContentProfile>(users->front(), *params, std::move(*content)));
    }

private:
    bool liked(const Query& query, std::size_t n, double mean) const {
        if (m_params.liking == Liking::All) return true;
        const double bar = m_params.liking == Liking::AboveMean ? mean : m_params.threshold;
        return static_cast<double>(query.values[n]) >= bar;
    }

    /// p_u: one number a feature.
    std::vector<float> profileOf(const Query& query) const {
        double mean = 0.0;
        for (const float value : query.values)
            mean += static_cast<double>(value) / static_cast<double>(query.values.size());
        const bool aged = m_params.halfLife > 0.0 && !query.times.empty();
        const std::int64_t newest = aged ? *std::max_element(query.times.begin(), query.times.end()) : 0;
        double sums[2] = {0.0, 0.0}; // of d over disliked and liked
        std::vector<double> decay(query.items.size(), 1.0);
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            if (aged) {
                const double days =
                    (static_cast<double>(newest) - static_cast<double>(query.times[n])) / 86400.0;
                decay[n] = std::exp2(-days / m_params.halfLife);
            }
            sums[liked(query, n, mean) ? 1 : 0] += decay[n];
        }
        std::vector<float> profile(static_cast<std::size_t>(m_vectors.colCount()), 0.0f);
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const bool pulls = liked(query, n, mean);
            const double share =
                decay[n] / sums[pulls ? 1 : 0] * (pulls ? m_params.likedWeight : -m_params.dislikedWeight);
            const auto features = m_vectors.cols(query.items[n]);
            const auto values = m_vectors.values(query.items[n]);
            for (std::size_t m = 0; m < features.size(); ++m)
                profile[static_cast<std::size_t>(features[m])] += static_cast<float>(share) * values[m];
        }
        return profile;
    }

    std::int32_t m_users;
    Params m_params;
    ContentPtr m_content;
    ItemFeatureCsr m_vectors; // f: items x features
};

class ContentProfileTrainer final : public Trainer {
public:
    ContentProfileTrainer(SplitPtr split, std::shared_ptr<const ContentProfile> model)
        : m_split(std::move(split))
        , m_model(std::move(model)) {}

    int plannedEpochs() const override { return 1; }
    /// The catalogue is all there is to know, and it is known.
    Result<EpochResult> runEpoch(EpochContext&) override {
        return EpochResult{true, static_cast<double>(m_split->train().size()), {}};
    }
    std::shared_ptr<const Recommender> snapshot() const override { return m_model; }

private:
    SplitPtr m_split;
    std::shared_ptr<const ContentProfile> m_model;
};

} // namespace

AlgorithmInfo contentProfileInfo() {
    return {
        .id = "content_profile",
        .title = "Content profile (Rocchio)",
        .family = "Content",
        .summary = "Makes a profile of features from what a person liked and disliked, and recommends what "
                   "fits it. Learns nothing from other people, so a new item is as good as any.",
        .equation = "p_u = β · mean of f_j over the liked − γ · mean of f_j over the disliked\n"
                    "ŝ(u, i) = p_u · f_i\n"
                    "f: an item's features, weighted; older interactions count less where asked for",
        .reference =
            "Rocchio: Relevance Feedback in Information Retrieval, The SMART Retrieval System, 1971; "
            "Pazzani & Billsus: Content-Based Recommendation Systems, The Adaptive Web, LNCS 4321, "
            "2007",
        .needs = {.itemFeatures = true},
        .capabilities = {.foldIn = true, .coldItems = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            auto content = ContentMatrix::fit(*input.split->dataset(), *params);
            if (!content) return content.error();
            return std::unique_ptr<Trainer>(std::make_unique<ContentProfileTrainer>(
                input.split, std::make_shared<const ContentProfile>(input.split->dataset()->userCount(),
                                                                    *params, std::move(*content))));
        },
        .load = &ContentProfile::load,
        .cost =
            [](const DataShape& shape, const ParamMap&) {
                FitCost cost;
                cost.scattered = 4.0 * shape.items;
                cost.bytes = 4.0 * shape.items * 16.0;
                cost.memory = "a few features an item";
                return cost;
            },
    };
}

} // namespace recoscope
