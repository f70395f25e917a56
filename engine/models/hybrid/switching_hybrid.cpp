// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/hybrid/switching_hybrid.h"

#include "engine/models/hybrid/nested_model.h"

#include <utility>

namespace recoscope {

namespace {

struct Params {
    std::string first = "item_knn";
    std::string firstParams;
    std::string second = "popularity";
    std::string secondParams;
    std::int32_t threshold = 5;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .text("first", &Params::first,
                  {.label = "Model for long histories",
                   .help = "Id of an algorithm, as in the list: item_knn, ials …"})
            .text("first_params", &Params::firstParams,
                  {.label = "Its parameters",
                   .help = "key=value, apart by spaces, such as k=200 shrink=10; what is left out has its "
                           "default."})
            .text("second", &Params::second,
                  {.label = "Model for short histories",
                   .help = "Id of an algorithm that can do with little: popularity, content_profile, "
                           "attribute_map …"})
            .text("second_params", &Params::secondParams,
                  {.label = "Its parameters",
                   .help = "key=value, apart by spaces; what is left out has its default."})
            .integer("threshold", &Params::threshold,
                     {.label = "Long from",
                      .help =
                          "Histories of so many interactions or more get the first model, shorter ones the "
                          "second.",
                      .min = 0,
                      .max = 1'000'000})
            .build();
    return schema;
}

/// Immutable; any thread.
class SwitchingHybrid final : public Recommender {
public:
    SwitchingHybrid(std::int32_t threshold, NestedModel first, NestedModel second)
        : m_threshold(threshold)
        , m_first(std::move(first))
        , m_second(std::move(second)) {}

    std::int32_t userCount() const override { return m_first.model->userCount(); }
    std::int32_t itemCount() const override { return m_first.model->itemCount(); }
    bool predictsRatings() const override {
        const auto rates = [](const NestedModel& nested) {
            return nested.algorithm->capabilities.predictsRatings || nested.model->predictsRatings();
        };
        return rates(m_first) && rates(m_second);
    }

    /// Runs of questions for one model are asked together.
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t begin = 0; begin < queries.size();) {
            const NestedModel& chosen = modelFor(queries[begin]);
            std::size_t end = begin + 1;
            while (end < queries.size() && &modelFor(queries[end]) == &chosen)
                ++end;
            chosen.model->score(
                queries.subspan(begin, end - begin),
                out.middleRows(static_cast<Eigen::Index>(begin), static_cast<Eigen::Index>(end - begin)));
            begin = end;
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const NestedModel& chosen = modelFor(query);
        auto why = chosen.model->explain(query, item);
        if (!why) return why;
        const std::string reason = &chosen == &m_first ? " or more" : ", the history is shorter";
        why->summary = "By " + chosen.title() + " (long is " + std::to_string(m_threshold) + reason + "). " +
                       why->summary;
        return why;
    }

    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        auto near = m_first.model->neighbours(item, count);
        return near.empty() ? m_second.model->neighbours(item, count) : near;
    }

    void save(TensorFile& file) const override {
        file.set("switch.threshold", std::span<const std::int32_t>(&m_threshold, 1));
        saveNested(file, "first", m_first);
        saveNested(file, "second", m_second);
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto threshold = file.ints("switch.threshold");
        if (!threshold) return threshold.error();
        if (threshold->size() != 1 || threshold->front() < 0)
            return Error{ErrorCode::Parse, "The threshold is not one length", "switch.threshold"};
        auto first = loadNested(file, "first");
        if (!first) return first.error();
        auto second = loadNested(file, "second");
        if (!second) return second.error();
        if (first->model->userCount() != second->model->userCount() ||
            first->model->itemCount() != second->model->itemCount())
            return Error{ErrorCode::Parse, "The two models are of different data", "second"};
        return std::shared_ptr<const Recommender>(
            std::make_shared<SwitchingHybrid>(threshold->front(), *first, *second));
    }

private:
    const NestedModel& modelFor(const Query& query) const {
        return static_cast<std::int64_t>(query.items.size()) >= m_threshold ? m_first : m_second;
    }

    std::int32_t m_threshold;
    NestedModel m_first;
    NestedModel m_second;
};

class SwitchingHybridTrainer final : public Trainer {
public:
    SwitchingHybridTrainer(SplitPtr split, const Params& params, NestedRun first, NestedRun second)
        : m_split(std::move(split))
        , m_params(params)
        , m_first(std::move(first))
        , m_second(std::move(second)) {}

    int plannedEpochs() const override { return 1; }
    Result<EpochResult> runEpoch(EpochContext& context) override {
        for (const int part : {0, 1}) {
            const auto done = (part == 0 ? m_first : m_second).fit(context, 0.5 * part, 0.5 * part + 0.5);
            if (!done) return done.error();
            if (!*done) return EpochResult{false, 0.0, {}};
        }
        return EpochResult{true, static_cast<double>(m_split->train().size()), {}};
    }
    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<SwitchingHybrid>(m_params.threshold,
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

AlgorithmInfo switchingHybridInfo() {
    return {
        .id = "switching_hybrid",
        .title = "Switching hybrid",
        .family = hybridFamily,
        .summary =
            "Asks one algorithm for people with a long history and another for those with a short one, "
            "where the first has too little to go on.",
        .equation = "ŝ(u, i) = s₁(u, i) where |I_u| ≥ n, else s₂(u, i)",
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
            return std::unique_ptr<Trainer>(std::make_unique<SwitchingHybridTrainer>(
                input.split, *params, std::move(*first), std::move(*second)));
        },
        .load = &SwitchingHybrid::load,
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                static constexpr NestedKeys parts[] = {{"first", "first_params", "item_knn"},
                                                       {"second", "second_params", "popularity"}};
                return nestedCost(shape, params, parts);
            },
    };
}

} // namespace recoscope
