// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/knn_baseline.h"

#include "engine/models/neighbourhood/knn_baseline_model.h"

#include <cmath>

namespace recoscope {

namespace {

enum class BasedOn { Items, Users };

struct Params {
    BasedOn basedOn = BasedOn::Items;
    CoratedKind similarity = CoratedKind::PearsonBaseline;
    double shrinkage = 100.0;
    std::int32_t k = 40;
    std::int32_t minK = 1;
    std::int32_t minSupport = 1;
    std::int32_t passes = 10;
    double regUser = 15.0;
    double regItem = 10.0;

    CoratedOptions coratedOptions() const { return {similarity, shrinkage, minSupport}; }
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .choice("based_on", &Params::basedOn,
                    {{BasedOn::Items, {"items", "Items", "Neighbours are items that the user rated"}},
                     {BasedOn::Users, {"users", "Users", "Neighbours are users who rated the item"}}},
                    {.label = "Neighbours are", .help = "Whose ratings move the prediction."})
            .choice("similarity", &Params::similarity,
                    {{CoratedKind::PearsonBaseline,
                      {"pearson_baseline", "Pearson around the biases",
                       "Correlation of what ratings deviate from their biases by, over what both rated"}},
                     {CoratedKind::Msd,
                      {"msd", "Mean squared difference",
                       "1 / (mean squared difference + 1), over what both rated"}}},
                    {.label = "Similarity", .help = "How alike two items (or users) are."})
            .real("shrinkage", &Params::shrinkage,
                  {.label = "Shrinkage",
                   .help = "Pulls similarities that rest on few common ratings towards 0.",
                   .min = 0.0,
                   .max = 100'000.0,
                   .enabledBy = "similarity",
                   .enabledWhen = {"pearson_baseline"}})
            .integer("k", &Params::k,
                     {.label = "Neighbours (k)",
                      .help = "At most this many neighbours move a prediction, those most alike.",
                      .min = 1,
                      .max = 1'000'000,
                      .logScale = true})
            .integer("min_k", &Params::minK,
                     {.label = "Least neighbours",
                      .help = "With fewer neighbours than this the prediction is the biases alone.",
                      .min = 1,
                      .max = 1000,
                      .advanced = true})
            .integer("min_support", &Params::minSupport,
                     {.label = "Least in common",
                      .help = "Pairs with fewer common ratings than this are not alike at all.",
                      .min = 1,
                      .max = 1000,
                      .advanced = true})
            .integer("bias_passes", &Params::passes,
                     {.label = "Passes for the biases",
                      .help = "Passes over items and users in turn that fit the biases; a few are enough.",
                      .min = 0,
                      .max = 1000,
                      .advanced = true,
                      .group = "Biases"})
            .real("reg_user", &Params::regUser,
                  {.label = "User regularisation",
                   .help = "As many ratings at the mean are added to each user when the biases are fitted.",
                   .min = 0.0,
                   .max = 10'000.0,
                   .advanced = true,
                   .group = "Biases"})
            .real("reg_item", &Params::regItem,
                  {.label = "Item regularisation",
                   .help = "As many ratings at the mean are added to each item when the biases are fitted.",
                   .min = 0.0,
                   .max = 10'000.0,
                   .advanced = true,
                   .group = "Biases"})
            .build();
    return schema;
}

class KnnBaselineTrainer final : public Trainer {
public:
    KnnBaselineTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_biases(m_split, params.regUser, params.regItem) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        for (std::int32_t n = 0; n < m_params.passes; ++n)
            if (!m_biases.pass(context.pool, context.control)) return EpochResult{false, 0.0, {}};
        if (!std::isfinite(m_biases.trainingError()))
            return Error{ErrorCode::Numeric, "Biases are not finite; raise the users' regularisation",
                         "reg_user"};
        if (m_params.basedOn == BasedOn::Items) {
            m_similarities =
                coratedItems(*m_split, itemBiases(m_biases, m_params.regUser), m_params.coratedOptions(),
                             context.pool, context.control, [&](double fraction) {
                                 if (context.progress) context.progress(fraction, fraction * examples);
                             });
            if (!m_similarities) return EpochResult{false, 0.0, {}};
        }
        return EpochResult{true, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        ItemBiases biases = itemBiases(m_biases, m_params.regUser);
        const NeighbourRule rule{m_params.k, m_params.minK};
        if (m_params.basedOn == BasedOn::Items)
            return std::make_shared<ItemKnnBaseline>(m_split->dataset()->userCount(), rule, std::move(biases),
                                                     m_similarities);
        return std::make_shared<UserKnnBaseline>(
            rule, m_params.coratedOptions(), std::move(biases),
            std::shared_ptr<const UserItemCsr>(m_split, &m_split->train()));
    }

private:
    SplitPtr m_split;
    Params m_params;
    AlsBiases m_biases;
    std::shared_ptr<const MatrixF> m_similarities; // of items
};

Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
    const auto basedOn = file.meta("param.based_on");
    if (!basedOn) return basedOn.error();
    return *basedOn == "users" ? UserKnnBaseline::load(file) : ItemKnnBaseline::load(file);
}

FitCost cost(const DataShape& shape, const ParamMap& params) {
    const auto given = params.find("based_on");
    const auto* const basedOn = given == params.end() ? nullptr : std::get_if<std::string>(&given->second);
    const double passes = 3.0 * Params{}.passes * shape.interactions;
    if (basedOn && *basedOn == "users")
        return {.bytes = 20.0 * shape.interactions + 12.0 * (shape.users + shape.items),
                .scattered = passes,
                .memory =
                    "ratings x 20 bytes: the training data by user and by item; similarities are found when "
                    "asked for"};
    return {.bytes = 4.0 * shape.items * shape.items + 8.0 * shape.interactions,
            // Four sums for each pair of items of a history.
            .scattered = passes + 4.0 * shape.squaredHistories,
            .memory = "items² x 4 bytes: their similarities"};
}

} // namespace

AlgorithmInfo knnBaselineInfo() {
    return {
        .id = "knn_baseline",
        .title = "kNN baseline",
        .family = "Neighbourhood",
        .summary = "Predicts a rating from the biases of user and item, moved by what the nearest neighbours "
                   "deviate "
                   "from theirs. The strongest plain neighbourhood method for ratings.",
        .equation = "r̂(u, i) = b_ui + Σ_{j ∈ N(i;u)} s_ij (r_uj − b_uj) / Σ_{j ∈ N(i;u)} s_ij\n"
                    "b_ui = μ + b_u + b_i;  or over users: Σ_{v ∈ N(u;i)} s_uv (r_vi − b_vi) / Σ s_uv",
        .reference =
            "Koren: Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, ACM TKDD 4(1), "
            "2010",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<KnnBaselineTrainer>(input.split, *params));
        },
        .load = &load,
        .cost = &cost,
    };
}

} // namespace recoscope
