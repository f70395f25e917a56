// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/hybrid/weighted_hybrid.h"

#include "engine/models/hybrid/nested_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

namespace recoscope {

namespace {

enum class Scale { MinMax, ZScore, Rank, None };

struct Params {
    std::string first = "item_knn";
    std::string firstParams;
    std::string second = "pure_svd";
    std::string secondParams;
    double weight = 0.5;
    Scale scale = Scale::MinMax;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .text("first", &Params::first,
                  {.label = "First model",
                   .help = "Id of an algorithm, as in the list: item_knn, ials, content_knn …"})
            .text("first_params", &Params::firstParams,
                  {.label = "Its parameters",
                   .help = "key=value, apart by spaces, such as k=200 shrink=10; what is left out has its "
                           "default."})
            .text("second", &Params::second,
                  {.label = "Second model", .help = "Id of another algorithm, or of the same."})
            .text("second_params", &Params::secondParams,
                  {.label = "Its parameters",
                   .help = "key=value, apart by spaces; what is left out has its default."})
            .real("weight", &Params::weight,
                  {.label = "Weight of the first",
                   .help = "Its share in the blend: 1 is the first model alone, 0 the second alone.",
                   .min = 0.0,
                   .max = 1.0})
            .choice(
                "normalisation", &Params::scale,
                {{Scale::MinMax, {"min_max", "0 to 1", "The user's lowest score becomes 0, the highest 1"}},
                 {Scale::ZScore,
                  {"z_score", "z-score", "The user's scores get mean 0 and standard deviation 1"}},
                 {Scale::Rank, {"rank", "Rank", "An item counts the share of the items that score lower"}},
                 {Scale::None, {"none", "None", "Scores as they are: for two models of one scale"}}},
                {.label = "Scale",
                 .help = "How scores of one user are made comparable before they are blended. Ranks forget "
                         "how far apart items are, which helps where one model's scores are wild."})
            .build();
    return schema;
}

/// One user's scores, brought to the common scale in place.
void rescale(Scale scale, Eigen::Ref<Eigen::RowVectorXf> scores, std::vector<std::int32_t>& order) {
    const Eigen::Index n = scores.size();
    if (n == 0 || scale == Scale::None) return;
    if (scale == Scale::MinMax) {
        const float low = scores.minCoeff();
        const float range = scores.maxCoeff() - low;
        for (Eigen::Index i = 0; i < n; ++i)
            scores[i] = range > 0.0f && std::isfinite(range) ? (scores[i] - low) / range : 0.0f;
    } else if (scale == Scale::ZScore) {
        double sum = 0.0;
        double squares = 0.0;
        for (Eigen::Index i = 0; i < n; ++i)
            sum += static_cast<double>(scores[i]);
        const double mean = sum / static_cast<double>(n);
        for (Eigen::Index i = 0; i < n; ++i)
            squares += (static_cast<double>(scores[i]) - mean) * (static_cast<double>(scores[i]) - mean);
        const double deviation = std::sqrt(squares / static_cast<double>(n));
        for (Eigen::Index i = 0; i < n; ++i)
            scores[i] = deviation > 1e-12 * std::abs(mean) && deviation > 0.0
                            ? static_cast<float>((static_cast<double>(scores[i]) - mean) / deviation)
                            : 0.0f;
    } else {
        order.resize(static_cast<std::size_t>(n));
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
            return scores[a] < scores[b] || (scores[a] == scores[b] && a < b);
        });
        for (std::size_t begin = 0; begin < order.size();) {
            std::size_t end = begin;
            const float value = scores[order[begin]];
            while (end < order.size() && scores[order[end]] == value)
                ++end;
            const double below = static_cast<double>(begin) + 0.5 * static_cast<double>(end - begin);
            for (; begin < end; ++begin)
                scores[order[begin]] = static_cast<float>(below / static_cast<double>(n));
        }
    }
}

/// Immutable; any thread.
class WeightedHybrid final : public Recommender {
public:
    WeightedHybrid(double weight, Scale scale, NestedModel first, NestedModel second)
        : m_weight(weight)
        , m_scale(scale)
        , m_first(std::move(first))
        , m_second(std::move(second)) {}

    std::int32_t userCount() const override { return m_first.model->userCount(); }
    std::int32_t itemCount() const override { return m_first.model->itemCount(); }
    bool predictsRatings() const override {
        const auto rates = [](const NestedModel& nested) {
            return nested.algorithm->capabilities.predictsRatings || nested.model->predictsRatings();
        };
        return m_scale == Scale::None && rates(m_first) && rates(m_second);
    }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        MatrixF other(out.rows(), out.cols());
        m_first.model->score(queries, out);
        m_second.model->score(queries, other);
        std::vector<std::int32_t> order;
        const auto w = static_cast<float>(m_weight);
        for (Eigen::Index q = 0; q < out.rows(); ++q) {
            rescale(m_scale, out.row(q), order);
            rescale(m_scale, other.row(q), order);
            out.row(q) = w * out.row(q) + (1.0f - w) * other.row(q);
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        Explanation why;
        why.additive = true;
        why.summary = m_first.title() + " and " + m_second.title() + ", each on the scale of this user.";
        why.parts.push_back(partOf(m_first, m_weight, query, item));
        why.parts.push_back(partOf(m_second, 1.0 - m_weight, query, item));
        why.score = why.parts[0].contribution + why.parts[1].contribution;
        if (std::abs(why.parts[1].contribution) > std::abs(why.parts[0].contribution))
            std::swap(why.parts[0], why.parts[1]);
        return why;
    }

    /// The first model's, or the second's where it has none.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        auto near = m_first.model->neighbours(item, count);
        return near.empty() ? m_second.model->neighbours(item, count) : near;
    }

    void save(TensorFile& file) const override {
        const float numbers[] = {static_cast<float>(m_weight)};
        file.set("blend.weight", std::span<const float>(numbers));
        const auto scale = static_cast<std::int32_t>(m_scale);
        file.set("blend.scale", std::span<const std::int32_t>(&scale, 1));
        saveNested(file, "first", m_first);
        saveNested(file, "second", m_second);
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto weight = file.floats("blend.weight");
        if (!weight) return weight.error();
        if (weight->size() != 1 || !(weight->front() >= 0.0f && weight->front() <= 1.0f))
            return Error{ErrorCode::Parse, "The weight is not one number from 0 to 1", "blend.weight"};
        const auto scale = file.ints("blend.scale");
        if (!scale) return scale.error();
        if (scale->size() != 1 || scale->front() < 0 || scale->front() > 3)
            return Error{ErrorCode::Parse, "The scale is unknown", "blend.scale"};
        auto first = loadNested(file, "first");
        if (!first) return first.error();
        auto second = loadNested(file, "second");
        if (!second) return second.error();
        if (first->model->userCount() != second->model->userCount() ||
            first->model->itemCount() != second->model->itemCount())
            return Error{ErrorCode::Parse, "The two models are of different data", "second"};
        return std::shared_ptr<const Recommender>(std::make_shared<WeightedHybrid>(
            static_cast<double>(weight->front()), static_cast<Scale>(scale->front()), *first, *second));
    }

private:
    ExplanationPart partOf(const NestedModel& nested, double weight, const Query& query,
                           ItemIndex item) const {
        MatrixF scores(1, itemCount());
        nested.model->score(std::span(&query, 1), scores);
        const float raw = scores(0, toInt(item));
        std::vector<std::int32_t> order;
        rescale(m_scale, scores.row(0), order);
        const double scaled = static_cast<double>(scores(0, toInt(item)));
        char detail[96];
        std::snprintf(detail, sizeof detail, "%.3g x %.4g (score %.4g)", weight, scaled,
                      static_cast<double>(raw));
        std::string text = detail;
        const auto own = nested.model->explain(query, item);
        if (own && !own->summary.empty()) text += "; " + own->summary;
        // The weight as it is used: a float.
        return {nested.title(), std::nullopt, static_cast<double>(static_cast<float>(weight)) * scaled, text};
    }

    double m_weight;
    Scale m_scale;
    NestedModel m_first;
    NestedModel m_second;
};

class WeightedHybridTrainer final : public Trainer {
public:
    WeightedHybridTrainer(SplitPtr split, const Params& params, NestedRun first, NestedRun second)
        : m_split(std::move(split))
        , m_params(params)
        , m_first(std::move(first))
        , m_second(std::move(second)) {}

    int plannedEpochs() const override { return 1; }
    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        for (const int part : {0, 1}) {
            const auto done = (part == 0 ? m_first : m_second).fit(context, 0.5 * part, 0.5 * part + 0.5);
            if (!done) return done.error();
            if (!*done) return EpochResult{false, 0.0, {}};
        }
        return EpochResult{true, examples, {}};
    }
    std::shared_ptr<const Recommender> snapshot() const override {
        // The weight as a model file holds it.
        return std::make_shared<WeightedHybrid>(static_cast<double>(static_cast<float>(m_params.weight)),
                                                m_params.scale,
                                                NestedModel{&m_first.algorithm(), m_first.snapshot()},
                                                NestedModel{&m_second.algorithm(), m_second.snapshot()});
    }

private:
    SplitPtr m_split;
    Params m_params;
    NestedRun m_first;
    NestedRun m_second;
};

} // namespace

AlgorithmInfo weightedHybridInfo() {
    return {
        .id = "weighted_hybrid",
        .title = "Weighted hybrid",
        .family = hybridFamily,
        .summary = "Blends the scores of any two algorithms, each brought to one scale for every user. Two "
                   "different models of middling strength often beat one strong one.",
        .equation = "ŝ(u, i) = w n(s₁(u, ·))ᵢ + (1 − w) n(s₂(u, ·))ᵢ\n"
                    "n: min-max, z-score or rank over the items of one user",
        .reference = "Burke: Hybrid Recommender Systems: Survey and Experiments, User Modeling and "
                     "User-Adapted Interaction 12(4), 2002",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            auto first =
                NestedRun::make({params->first, params->firstParams}, input, "first", "first_params");
            if (!first) return first.error();
            auto second =
                NestedRun::make({params->second, params->secondParams}, input, "second", "second_params");
            if (!second) return second.error();
            return std::unique_ptr<Trainer>(std::make_unique<WeightedHybridTrainer>(
                input.split, *params, std::move(*first), std::move(*second)));
        },
        .load = &WeightedHybrid::load,
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                static constexpr NestedKeys parts[] = {{"first", "first_params", "item_knn"},
                                                       {"second", "second_params", "pure_svd"}};
                return nestedCost(shape, params, parts);
            },
    };
}

} // namespace recoscope
