// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/attribute_map.h"

#include "engine/api/split_query.h"
#include "engine/models/content/attribute_map_model.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

enum class Sides { Both, Users, Items };

struct Params {
    std::string base = "ials";
    std::string baseParams;
    Sides sides = Sides::Both;
    bool byHistory = false;
    std::int32_t minRows = 2;
    RegressionKind kind = RegressionKind::Ridge;
    double reg = 10.0;
    std::int32_t hidden = 64;
    nn::Activation activation = nn::Activation::Tanh;
    double dropout = 0.2;
    double learningRate = 0.003;
    double weightDecay = 1e-4;
    std::int32_t epochs = 60;

    RegressionOptions options(std::uint64_t seed) const {
        RegressionOptions o;
        o.kind = kind;
        o.reg = reg;
        o.hidden = hidden;
        o.activation = activation;
        o.dropout = dropout;
        o.learningRate = learningRate;
        o.weightDecay = weightDecay;
        o.epochs = epochs;
        o.seed = seed;
        return o;
    }
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .text("base", &Params::base,
                  {.label = "Base model",
                   .help = "Id of an algorithm with vectors: ials, pure_svd, bpr_mf, biased_mf …"})
            .text("base_params", &Params::baseParams,
                  {.label = "Its parameters",
                   .help =
                       "key=value, apart by spaces, such as embedding_size=32 epochs=10; what is left out "
                       "has its default."})
            .choice("side", &Params::sides,
                    {{Sides::Both, {"both", "Users and items", "Whichever the data has attributes of"}},
                     {Sides::Users, {"users", "Users", "New users only"}},
                     {Sides::Items, {"items", "Items", "New items only"}}},
                    {.label = "Map", .help = "Who gets a vector from attributes."})
            .choice("map", &Params::kind,
                    {{RegressionKind::Ridge,
                      {"ridge", "Ridge regression", "A linear map: quick, hard to beat, explains itself"}},
                     {RegressionKind::Mlp,
                      {"mlp", "Small network", "One hidden layer: sees what attributes mean together"}}},
                    {.label = "Kind of map", .help = "How vectors are made of attributes."})
            .real("map_reg", &Params::reg,
                  {.label = "Ridge (λ)",
                   .help =
                       "How strongly the linear map is held near the mean vector. Larger for few rows and "
                       "many attributes.",
                   .min = 0.0,
                   .max = 1e9,
                   .logScale = true,
                   .enabledBy = "map",
                   .enabledWhen = {"ridge"}})
            .integer("hidden_size", &Params::hidden,
                     {.label = "Hidden units",
                      .help = "Width of the network's hidden layer.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true,
                      .enabledBy = "map",
                      .enabledWhen = {"mlp"}})
            .choice("activation", &Params::activation, nn::activationChoices(),
                    {.label = "Activation",
                     .help = "The bend of the hidden layer.",
                     .advanced = true,
                     .enabledBy = "map",
                     .enabledWhen = {"mlp"}})
            .integer("map_epochs", &Params::epochs,
                     {.label = "Passes of the network",
                      .help = "How often the network sees all vectors.",
                      .min = 1,
                      .max = 100000,
                      .logScale = true,
                      .group = "Training",
                      .enabledBy = "map",
                      .enabledWhen = {"mlp"}})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Of the network's optimiser, Adam.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training",
                   .enabledBy = "map",
                   .enabledWhen = {"mlp"}})
            .real("dropout", &Params::dropout,
                  {.label = "Dropout",
                   .help = "Share of hidden units left out in each step.",
                   .min = 0.0,
                   .max = 0.95,
                   .group = "Training",
                   .enabledBy = "map",
                   .enabledWhen = {"mlp"}})
            .real("weight_decay", &Params::weightDecay,
                  {.label = "Weight decay",
                   .help = "Penalty on the network's weights.",
                   .min = 0.0,
                   .max = 10.0,
                   .advanced = true,
                   .group = "Training",
                   .enabledBy = "map",
                   .enabledWhen = {"mlp"}})
            .flag("weigh_by_history", &Params::byHistory,
                  {.label = "Longer histories count more",
                   .help =
                       "A row counts ln(1 + interactions) when the map is fitted: vectors of long histories "
                       "are known better.",
                   .advanced = true})
            .integer("min_rows", &Params::minRows,
                     {.label = "Rows a category",
                      .help = "Categories that fewer users or items have are left out.",
                      .min = 1,
                      .max = 1'000'000,
                      .logScale = true,
                      .advanced = true})
            .build();
    return schema;
}

constexpr std::int32_t kBlock = 64;          // users scored at once
constexpr std::int32_t kOffsetUsers = 512;   // users whose scores make the offsets
constexpr std::int32_t kMostTargets = 20000; // users whose vectors the map is fitted to

/// Attributes before there is a map.
struct Encoded {
    FeatureColumns columns;
    AttributeCsr rows;
};

std::optional<Encoded> encode(const FeatureTable& table, std::int32_t rows, std::int32_t minRows) {
    Encoded encoded{FeatureColumns::fit(table, {.minRows = minRows}), {}};
    if (encoded.columns.empty()) return std::nullopt;
    encoded.rows = encoded.columns.rows<AttributeRow>(table, rows);
    return encoded;
}

class AttributeMapTrainer final : public Trainer {
public:
    AttributeMapTrainer(SplitPtr split, const Params& params, std::uint64_t seed, NestedRun base,
                        std::optional<Encoded> users, std::optional<Encoded> items)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed)
        , m_base(std::move(base))
        , m_users(std::move(users))
        , m_items(std::move(items)) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const auto fitted = m_base.fit(context, 0.0, 0.8);
        if (!fitted) return fitted.error();
        if (!*fitted) return EpochResult{false, 0.0, {}};
        const NestedModel base{&m_base.algorithm(), m_base.snapshot()};
        if (!base.model->itemEmbeddings())
            return Error{ErrorCode::Invalid, "This model has no vectors to map to with these parameters",
                         "base_params"};
        if (!fitMaps(base, context)) return EpochResult{false, 0.0, {}};
        return EpochResult{true, static_cast<double>(m_split->train().size()), {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<AttributeMapModel>(NestedModel{&m_base.algorithm(), m_base.snapshot()},
                                                   m_view, m_userSide, m_itemSide);
    }

private:
    bool fitMaps(const NestedModel& base, EpochContext& context) {
        const UserItemCsr& train = m_split->train();
        const std::int32_t itemCount = train.colCount();
        std::vector<std::int32_t> trained;
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0) trained.push_back(u);
        std::vector<std::uint8_t> known;
        for (std::int32_t i = 0; i < itemCount; ++i)
            known.push_back(m_split->trainByItem().rowSize(ItemIndex{i}) > 0 ? 1 : 0);

        // o: the mean scores of an even choice of users.
        std::vector<double> sums(static_cast<std::size_t>(itemCount), 0.0);
        const auto some = evenly(trained, kOffsetUsers);
        if (!forScores(*base.model, some, context, [&](std::size_t, const float* scores) {
                for (std::size_t i = 0; i < sums.size(); ++i)
                    sums[i] += static_cast<double>(scores[i]);
            }))
            return false;
        std::vector<float> offsets;
        for (const double sum : sums)
            offsets.push_back(static_cast<float>(sum / static_cast<double>(some.size())));
        MatrixF vectors = *base.model->itemEmbeddings();
        const LatentView warm(vectors, offsets, known);

        AttributeSidePtr userSide;
        if (m_users) {
            const auto chosen = evenly(trained, kMostTargets);
            MatrixF targets = MatrixF::Zero(train.rowCount(), warm.size());
            if (!forScores(*base.model, chosen, context, [&](std::size_t n, const float* scores) {
                    targets.row(chosen[n]) = warm.userOf(scores).transpose();
                }))
                return false;
            std::vector<float> weights;
            for (const std::int32_t u : chosen)
                weights.push_back(weightOf(train.rowSize(UserIndex{u})));
            auto map = AttributeRegression::fit(m_users->rows, targets, chosen, weights,
                                                m_params.options(m_seed), context.pool, context.control);
            if (!map) return false;
            userSide = std::make_shared<const AttributeSide>(
                AttributeSide{m_users->columns, m_users->rows, std::move(*map)});
        }
        AttributeSidePtr itemSide;
        if (m_items) {
            std::vector<std::int32_t> chosen;
            std::vector<float> weights;
            MatrixF targets = MatrixF::Zero(itemCount, warm.size());
            for (std::int32_t i = 0; i < itemCount; ++i) {
                if (!known[static_cast<std::size_t>(i)]) continue;
                chosen.push_back(i);
                weights.push_back(weightOf(m_split->trainByItem().rowSize(ItemIndex{i})));
                targets.row(i).head(warm.size() - 1) = vectors.row(i);
                targets(i, warm.size() - 1) = offsets[static_cast<std::size_t>(i)];
            }
            auto map = AttributeRegression::fit(m_items->rows, targets, chosen, weights,
                                                m_params.options(m_seed + 1), context.pool, context.control);
            if (!map) return false;
            std::vector<float> mapped(static_cast<std::size_t>(warm.size()));
            for (std::int32_t i = 0; i < itemCount; ++i) {
                if (known[static_cast<std::size_t>(i)]) continue;
                map->predict(m_items->rows.cols(AttributeRow{i}), m_items->rows.values(AttributeRow{i}),
                             mapped.data());
                for (Eigen::Index k = 0; k < vectors.cols(); ++k)
                    vectors(i, k) = mapped[static_cast<std::size_t>(k)];
                offsets[static_cast<std::size_t>(i)] = mapped.back();
            }
            itemSide = std::make_shared<const AttributeSide>(
                AttributeSide{m_items->columns, m_items->rows, std::move(*map)});
        }
        m_view = std::make_shared<const LatentView>(std::move(vectors), std::move(offsets), std::move(known));
        m_userSide = std::move(userSide);
        m_itemSide = std::move(itemSide);
        if (context.progress) context.progress(1.0, static_cast<double>(train.size()));
        return true;
    }

    float weightOf(std::int32_t interactions) const {
        return m_params.byHistory ? std::log1p(static_cast<float>(interactions)) : 1.0f;
    }

    /// At most `most` of them, evenly spread.
    static std::vector<std::int32_t> evenly(const std::vector<std::int32_t>& all, std::int32_t most) {
        const auto total = static_cast<std::int64_t>(all.size());
        if (total <= most) return all;
        std::vector<std::int32_t> some;
        for (std::int64_t n = 0; n < most; ++n)
            some.push_back(all[static_cast<std::size_t>(n * total / most)]);
        return some;
    }

    /// take(n, scores) for the n-th user, in order. False when cancelled.
    template <class Take>
    bool forScores(const Recommender& model, const std::vector<std::int32_t>& users, EpochContext& context,
                   const Take& take) const {
        MatrixF out;
        std::vector<Query> queries;
        for (std::size_t begin = 0; begin < users.size(); begin += kBlock) {
            const std::size_t count = std::min<std::size_t>(kBlock, users.size() - begin);
            queries.clear();
            for (std::size_t n = 0; n < count; ++n)
                queries.push_back(queryFor(model, *m_split, m_split->train(), UserIndex{users[begin + n]}));
            out.resize(static_cast<Eigen::Index>(count), model.itemCount());
            if (!context.control.keepGoing()) return false;
            model.score(queries, out);
            for (std::size_t n = 0; n < count; ++n) {
                if (!context.control.keepGoing()) return false;
                take(begin + n, out.row(static_cast<Eigen::Index>(n)).data());
            }
        }
        return true;
    }

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    NestedRun m_base;
    std::optional<Encoded> m_users;
    std::optional<Encoded> m_items;
    std::shared_ptr<const LatentView> m_view;
    AttributeSidePtr m_userSide;
    AttributeSidePtr m_itemSide;
};

Result<std::unique_ptr<Trainer>> makeTrainer(const TrainerInput& input) {
    const auto params = typedSchema().read(input.params);
    if (!params) return params.error();
    auto base = NestedRun::make({params->base, params->baseParams}, input, "base", "base_params");
    if (!base) return base.error();
    if (!base->algorithm().capabilities.embeddings)
        return Error{
            ErrorCode::Invalid,
            std::string(base->algorithm().title) +
                " has no vectors to map attributes to; choose one that has, such as ials or pure_svd",
            "base"};
    const Dataset& data = *input.split->dataset();
    std::optional<Encoded> users;
    std::optional<Encoded> items;
    if (params->sides != Sides::Items) users = encode(data.userFeatures(), data.userCount(), params->minRows);
    if (params->sides != Sides::Users) items = encode(data.itemFeatures(), data.itemCount(), params->minRows);
    const char* const lacks = params->sides == Sides::Users   ? "users"
                              : params->sides == Sides::Items ? "items"
                                                              : "users or items";
    if (!users && !items)
        return Error{ErrorCode::Unsupported,
                     std::string("This data has no attributes of ") + lacks +
                         " that could be mapped; free text and what is the same for all do not count",
                     "side"};
    return std::unique_ptr<Trainer>(std::make_unique<AttributeMapTrainer>(
        input.split, *params, input.seed, std::move(*base), std::move(users), std::move(items)));
}

} // namespace

AlgorithmInfo attributeMapInfo() {
    return {
        .id = "attribute_map",
        .title = "Attribute-to-latent map",
        .family = "Content",
        .summary =
            "Gives users and items that nobody knows yet a place among the vectors of another model, by "
            "their attributes: age, gender, occupation; genres, year. For everyone else the other "
            "model's scores stay as they are.",
        .equation = "s(u, i) ≈ p_u · q_i + o_i + c_u: the base model's scores\n"
                    "new item:  ŝ(u, i) = p_u · q̂_i + ô_i + c_u,  (q̂, ô) = M_I(a_i)\n"
                    "new user:  ŝ(u, i) = p̂_u · q_i + o_i + ĉ_u,  (p̂, ĉ) = M_U(a_u)",
        .reference =
            "Gantner, Drumond, Freudenthaler, Rendle & Schmidt-Thieme: Learning Attribute-to-Feature "
            "Mappings for Cold-Start Recommendations, ICDM 2010",
        .needs = {.someFeatures = true},
        .capabilities = {.foldIn = true, .coldItems = true, .explains = true, .embeddings = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = &makeTrainer,
        .load = &AttributeMapModel::load,
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                static constexpr NestedKeys parts[] = {{"base", "base_params", "ials"}};
                FitCost cost = nestedCost(shape, params, parts);
                // Users' vectors from their scores: items x 64 or so each.
                cost.dense += std::min<double>(shape.users, kMostTargets) * shape.items * 2.0 * 64.0;
                cost.bytes += (shape.users + shape.items) * 64.0 * 4.0;
                cost.memory += "; a vector for each user and item";
                return cost;
            },
    };
}

} // namespace recoscope
