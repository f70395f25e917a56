// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/content_knn.h"

#include "engine/models/content/content_params.h"
#include "engine/models/content/similar_items_model.h"

namespace recoscope {

namespace {

/// hybridWeight is hybrid_knn's alone.
struct Params : ContentParams {
    std::int32_t k = 100;
    SimilarityKind similarity = SimilarityKind::Cosine;
    double shrink = 0.0;
    EntryValues values = EntryValues::Ones;
    double contentWeight = 0.3;

    SimilarityOptions similarityOptions() const {
        return {similarity, EntryValues::Given, shrink, weightingOptions()};
    }
};

TypedSchema<Params> makeSchema(bool hybrid) {
    TypedSchema<Params>::Builder builder;
    builder
        .integer("k", &Params::k,
                 {.label = "Neighbours (k)",
                  .help = "How many of the most similar items each item keeps. Ties go to the lower index.",
                  .min = 1,
                  .max = 1'000'000,
                  .logScale = true})
        .choice("similarity", &Params::similarity,
                {{SimilarityKind::Cosine, {"cosine", "Cosine", "a·b / (|a||b| + shrink + 1e-6)"}},
                 {SimilarityKind::Jaccard,
                  {"jaccard", "Jaccard",
                   "Shared / all: |a∩b| / (|a∪b| + shrink + 1e-6); weights do not "
                   "matter"}}},
                {.label = "Similarity", .help = "How alike two items are."})
        .real("shrink", &Params::shrink,
              {.label = "Shrink",
               .help =
                   "Added to the similarity's denominator, so that pairs with little in common count less. "
                   "0: off.",
               .min = 0.0,
               .max = 1e6});
    if (hybrid)
        builder.real("content_weight", &Params::contentWeight,
                     {.label = "Weight of content",
                      .help = "What a feature of an item counts, where an interaction counts 1. 0: plain "
                              "ItemKNN.",
                      .min = 0.0,
                      .max = 1000.0});
    addContentWeighting<Params>(builder, hybrid ? "interactions and features" : "features");
    builder.choice("values", &Params::values,
                   {{EntryValues::Ones, {"ones", "1", "Every interaction counts 1, whatever its rating"}},
                    {EntryValues::Given, {"ratings", "Rating", "An interaction counts its rating"}}},
                   {.label = "An interaction counts",
                    .help = "What an interaction of the history counts in the score.",
                    .advanced = true});
    addContentSources<Params>(builder);
    return builder.build();
}

const TypedSchema<Params>& contentSchema() {
    static const auto schema = makeSchema(false);
    return schema;
}

const TypedSchema<Params>& hybridSchema() {
    static const auto schema = makeSchema(true);
    return schema;
}

/// Items x features, with the columns counted as those of users.
ItemUserCsr contentRows(const ContentMatrix& content) {
    std::vector<UserIndex> columns;
    for (const FeatureIndex feature : content.items().columns())
        columns.push_back(UserIndex{toInt(feature)});
    return ItemUserCsr::fromArrays(
               content.featureCount(), {content.items().offsets().begin(), content.items().offsets().end()},
               std::move(columns), {content.items().values().begin(), content.items().values().end()})
        .value();
}

/// Users' columns first, then those of features times their weight.
ItemUserCsr combinedRows(const ItemUserCsr& train, const ContentMatrix& content, const Params& params) {
    std::vector<std::int64_t> offsets{0};
    std::vector<UserIndex> columns;
    std::vector<float> values;
    const auto weight = static_cast<float>(params.contentWeight);
    for (std::int32_t i = 0; i < train.rowCount(); ++i) {
        const ItemIndex item{i};
        const auto users = train.cols(item);
        columns.insert(columns.end(), users.begin(), users.end());
        for (const float value : train.values(item))
            values.push_back(params.values == EntryValues::Ones ? 1.0f : value);
        const auto features = content.items().cols(item);
        for (std::size_t n = 0; n < features.size() && weight > 0.0f; ++n) {
            columns.push_back(UserIndex{train.colCount() + toInt(features[n])});
            values.push_back(weight * content.items().values(item)[n]);
        }
        offsets.push_back(static_cast<std::int64_t>(columns.size()));
    }
    return ItemUserCsr::fromArrays(train.colCount() + content.featureCount(), std::move(offsets),
                                   std::move(columns), std::move(values))
        .value();
}

class ContentKnnTrainer final : public Trainer {
public:
    ContentKnnTrainer(SplitPtr split, const Params& params, bool hybrid, ContentPtr content)
        : m_split(std::move(split))
        , m_params(params)
        , m_hybrid(hybrid)
        , m_content(std::move(content)) {
        const auto items = static_cast<std::size_t>(m_content->itemCount());
        m_neighbours = SimilarItemsModel::ItemItemCsr::fromArrays(
                           m_content->itemCount(), std::vector<std::int64_t>(items + 1, 0), {}, {})
                           .value();
    }

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const auto rows = std::make_shared<const ItemUserCsr>(
            m_hybrid ? combinedRows(m_split->trainByItem(), *m_content, m_params) : contentRows(*m_content));
        if (!context.control.keepGoing()) return EpochResult{false, 0.0, {}};
        const auto columns = std::make_shared<const UserItemCsr>(rows->transposed());
        const Similarity<ItemIndex, UserIndex> similarity(rows, columns, m_params.similarityOptions());
        const double examples = static_cast<double>(m_split->train().size());
        auto found = similarity.nearest(m_params.k, context.pool, context.control, [&](double fraction) {
            if (context.progress) context.progress(fraction, fraction * examples);
        });
        m_neighbours = std::move(found.neighbours);
        return EpochResult{found.completed, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<SimilarItemsModel>(m_split->dataset()->userCount(), m_params.values,
                                                   m_neighbours, m_content);
    }

private:
    SplitPtr m_split;
    Params m_params;
    bool m_hybrid;
    ContentPtr m_content;
    SimilarItemsModel::ItemItemCsr m_neighbours;
};

Result<std::unique_ptr<Trainer>> makeTrainer(const TrainerInput& input, const TypedSchema<Params>& schema,
                                             bool hybrid) {
    const auto params = schema.read(input.params);
    if (!params) return params.error();
    if (hybrid && params->values == EntryValues::Given && input.split->dataset()->scale().implicit)
        return Error{ErrorCode::Invalid, "This data has no ratings; choose ones", "values"};
    auto content = ContentMatrix::fit(*input.split->dataset(), *params);
    if (!content) return content.error();
    return std::unique_ptr<Trainer>(
        std::make_unique<ContentKnnTrainer>(input.split, *params, hybrid, std::move(*content)));
}

/// Two items of a catalogue share about one feature, so a pair of items is met about once.
FitCost costOf(const DataShape& shape, const ParamMap& params, bool hybrid) {
    const double kept = std::min(numberIn(params, "k").value_or(Params().k), shape.items);
    FitCost cost;
    cost.scattered = shape.items * shape.items + (hybrid ? shape.squaredHistories : 0.0);
    cost.bytes = shape.items * kept * 2.0 * 8.0 + (hybrid ? 2.0 * 8.0 * shape.interactions : 0.0);
    cost.memory = "items x k x 8 bytes, twice";
    return cost;
}

} // namespace

AlgorithmInfo contentKnnInfo() {
    return {
        .id = "content_knn",
        .title = "Content ItemKNN",
        .family = "Content",
        .summary = "Recommends items that are made like those in the history: genres, brands, words of the "
                   "title, bands of price or year. Needs no interaction of an item to recommend it.",
        .equation = "ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj\n"
                    "W_ij = f_i·f_j / (|f_i||f_j| + shrink), the k largest of each column kept\n"
                    "f: an item's features, weighted",
        .reference = "Lops, de Gemmis & Semeraro: Content-based Recommender Systems: State of the Art and "
                     "Trends, Recommender Systems Handbook, 2011",
        .needs = {.itemFeatures = true},
        .capabilities = {.foldIn = true, .coldItems = true, .explains = true},
        .schema = []() -> const ParamSchema& { return contentSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return makeTrainer(input, contentSchema(), false); },
        .load = &SimilarItemsModel::load,
        .cost = [](const DataShape& shape, const ParamMap& params) { return costOf(shape, params, false); },
    };
}

AlgorithmInfo hybridKnnInfo() {
    return {
        .id = "hybrid_knn",
        .title = "ItemKNN on ratings + content",
        .family = "Content",
        .summary =
            "ItemKNN in which two items are alike when the same users hold them and when they are made "
            "alike. Items without interactions still have neighbours.",
        .equation = "ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj\n"
                    "W: similarity of the rows [x_·i, w f_i], the k largest of each column kept\n"
                    "w: the weight of content",
        .reference = "Mobasher, Jin & Zhou: Semantically Enhanced Collaborative Filtering on the Web, EWMF "
                     "2003; Ferrari Dacrema, Boglio, Cremonesi & Jannach: A Troubling Analysis of "
                     "Reproducibility and Progress in Recommender Systems Research, TOIS 39(2), 2021",
        .needs = {.itemFeatures = true},
        .capabilities = {.foldIn = true, .coldItems = true, .explains = true},
        .schema = []() -> const ParamSchema& { return hybridSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) { return makeTrainer(input, hybridSchema(), true); },
        .load = &SimilarItemsModel::load,
        .cost = [](const DataShape& shape, const ParamMap& params) { return costOf(shape, params, true); },
    };
}

} // namespace recoscope
