// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/autorec.h"

#include "engine/models/autoencoder/autoencoder_cost.h"
#include "engine/models/autoencoder/autoencoder_design.h"
#include "engine/models/autoencoder/autoencoder_model.h"
#include "engine/models/autoencoder/item_autorec_model.h"
#include "engine/models/baseline/als_biases.h"

#include <algorithm>

namespace recoscope {

namespace {

enum class Over { Users, Items };
enum class Centre { None, Mean, Biases };

struct AutorecParams : AutoencoderParams {
    AutorecParams() {
        hidden = "";
        code = 500;
        values = HistoryValues::Ratings;
        normalise = false;
        dropout = 0.0;
        batchSize = 256;
        lazyRows = false; // so that the rows of what few rated shrink, too
        weightDecay = 1e-4;
    }
    Over over = Over::Items;
    nn::Activation hiddenActivation = nn::Activation::Sigmoid;
    double encoderDecay = 1.0;
    double missingWeight = 0.01;
    double missingShift = 1.0;
    double ridge = 1.0;
    Centre centre = Centre::Mean;
};

const TypedSchema<AutorecParams>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<AutorecParams>::Builder builder;
        builder
            .choice(
                "autorec_over", &AutorecParams::over,
                {{Over::Items, {"items", "Items (I-AutoRec)", "An item's ratings in and out: more accurate"}},
                 {Over::Users, {"users", "Users (U-AutoRec)", "A user's ratings in and out"}}},
                {.label = "Over", .help = "Whose ratings are rebuilt."})
            .choice("center", &AutorecParams::centre,
                    {{Centre::Biases,
                      {"biases", "Biases", "What user and item biases do not explain is rebuilt"}},
                     {Centre::Mean, {"mean", "Mean rating", "Ratings above and below the mean"}},
                     {Centre::None,
                      {"none", "Nothing",
                       "As in the paper: the size of a rating tells, too, that it was given at all"}}},
                    {.label = "Centre",
                     .help = "What is taken off a rating before it goes in, and added to what comes out.",
                     .advanced = true,
                     .enabledBy = "autorec_over",
                     .enabledWhen = {"items"}})
            .real("missing_weight", &AutorecParams::missingWeight,
                  {.label = "Weight of unrated cells",
                   .help =
                       "What is not rated counts this much, as a rating below the average. 0: only ratings "
                       "count, as in the paper, which predicts them best; a little ranks far better, "
                       "because people rate what they chose.",
                   .min = 0.0,
                   .max = 1.0,
                   .logScale = true})
            .real("missing_shift", &AutorecParams::missingShift,
                  {.label = "Unrated cells below",
                   .help =
                       "How much lower than what Centre takes off a cell without a rating is taken to be, in "
                       "units of the rating scale. Where such cells count, it is taken off ratings, too.",
                   .min = 0.0,
                   .max = 100.0,
                   .advanced = true,
                   .enabledBy = "center",
                   .enabledWhen = {"mean", "biases"}})
            .integer("hidden_size", static_cast<std::int32_t AutorecParams::*>(&AutoencoderParams::code),
                     {.label = "Hidden units",
                      .help = "Numbers that a row of ratings is squeezed into.",
                      .min = 1,
                      .max = 4096,
                      .logScale = true})
            .choice("activation", &AutorecParams::hiddenActivation, nn::activationChoices(),
                    {.label = "Activation", .help = "The bend in the hidden layer."})
            .real("dropout_prob", static_cast<double AutorecParams::*>(&AutoencoderParams::dropout),
                  {.label = "Input dropout",
                   .help = "Share of the ratings hidden in training.",
                   .min = 0.0,
                   .max = 0.95})
            .flag(
                "normalize", static_cast<bool AutorecParams::*>(&AutoencoderParams::normalise),
                {.label = "Normalise rows",
                 .help =
                     "Divides each row of ratings by its Euclidean length, so that rows with many ratings do "
                     "not drown out those with few.",
                 .advanced = true})
            .real("hidden_dropout_prob",
                  static_cast<double AutorecParams::*>(&AutoencoderParams::hiddenDropout),
                  {.label = "Hidden dropout",
                   .help = "Share of the hidden units silenced in training.",
                   .min = 0.0,
                   .max = 0.95})
            .real("fold_in_ridge", &AutorecParams::ridge,
                  {.label = "Fold-in ridge",
                   .help = "Keeps the weights small that are fitted to a user whom training never saw.",
                   .min = 1e-4,
                   .max = 1e4,
                   .logScale = true,
                   .advanced = true,
                   .enabledBy = "autorec_over",
                   .enabledWhen = {"items"}});
        addTrainingRows<AutorecParams>(builder);
        builder.real("encoder_decay_share", &AutorecParams::encoderDecay,
                     {.label = "L2 share of the encoder",
                      .help = "How much of the L2 regularisation reaches the weights into the hidden layer. "
                              "1 is the paper's single λ; less lets the hidden units tell rows apart while "
                              "the weights that predict stay small.",
                      .min = 0.0,
                      .max = 10.0,
                      .advanced = true,
                      .group = "Training"});
        return builder.build();
    }();
    return schema;
}

/// μ + b_u + b_i by alternating ridge solutions (regularised by 15 and 10 ratings, 10 rounds).
struct RatingBiases {
    float mean = 0.0f;
    VectorF users; // zero where only the mean, or nothing, is taken off
    VectorF items;
};

RatingBiases biasesOf(const SplitPtr& split, Centre centre, double shift) {
    const UserItemCsr& train = split->train();
    RatingBiases biases{0.0f, VectorF::Zero(train.rowCount()), VectorF::Zero(train.colCount())};
    if (centre == Centre::None) return biases;
    AlsBiases fitted(split, 15.0, 10.0);
    biases.mean = static_cast<float>(fitted.mean() - shift);
    if (centre == Centre::Mean) return biases;
    ThreadPool here({.threads = 1});
    RunControl control;
    constexpr int rounds = 10;
    for (int round = 0; round < rounds; ++round)
        fitted.pass(here, control);
    const auto single = [](double bias) { return static_cast<float>(bias); };
    std::transform(fitted.users().begin(), fitted.users().end(), biases.users.data(), single);
    std::transform(fitted.items().begin(), fitted.items().end(), biases.items.data(), single);
    return biases;
}

/// The same matrix with rows and columns swapped, under the names of a user matrix; biases are taken off.
Result<UserItemCsr> flipped(const UserItemCsr& matrix, const RatingBiases& biases) {
    const ItemUserCsr byItem = matrix.transposed();
    std::vector<ItemIndex> columns;
    columns.reserve(byItem.columns().size());
    std::vector<float> values(byItem.values().begin(), byItem.values().end());
    for (std::int32_t item = 0; item < byItem.rowCount(); ++item)
        for (auto n = byItem.rowBegin(ItemIndex{item}); n < byItem.rowEnd(ItemIndex{item}); ++n) {
            const auto at = static_cast<std::size_t>(n);
            const std::int32_t user = toInt(byItem.columns()[at]);
            columns.push_back(ItemIndex{user});
            values[at] -= biases.items(item) + biases.users(user);
        }
    return UserItemCsr::fromArrays(byItem.colCount(), {byItem.offsets().begin(), byItem.offsets().end()},
                                   std::move(columns), std::move(values));
}

class AutorecDesign final : public AutoencoderDesign {
public:
    /// @param rowLength  mean number of ratings of a row
    AutorecDesign(const AutorecParams& params, RatingBiases biases, double rowLength)
        : m_params(params)
        , m_biases(std::move(biases))
        , m_rowLength(rowLength) {}

    const AutoencoderParams& params() const override { return m_params; }
    ParamMap paramMap() const override { return typedSchema().write(m_params); }
    float offset() const override { return m_biases.mean; }
    bool predictsRatings() const override { return true; }

    CodeNetwork build(const DataSize& size, std::uint64_t seed) const override {
        CodeNetwork network;
        auto graph = std::make_shared<nn::Graph<float>>();
        auto& parameters = network.parameters;
        const LayerSizes sizes = m_params.sizes(size.items);
        const Encoder encoder = addEncoder(parameters, sizes, false, seed);
        const Decoder decoder = addDecoder(parameters, sizes, nullptr, seed);
        parameters[encoder.weights[0]].decayShare = m_params.encoderDecay;
        LayerOptions layers = m_params.layers();
        layers.codeActivation = m_params.hiddenActivation;
        network.history = graph->sparseInput(size.items);
        network.target = graph->sparseInput(size.items);
        network.noisy = graph->transform(network.history, m_params.noise());
        network.code = wireEncoder(*graph, parameters, encoder, network, layers).mean;
        network.latent = nn::dropout(*graph, network.code, m_params.hiddenDropout);
        network.output = wireDecoder(*graph, parameters, decoder, network, layers);
        network.reconstruction = nn::observedSquaredError(
            *graph, parameters, network.latent, decoder.weights[0], decoder.biases[0], network.target);
        network.scale = OutputScale::Linear;
        CodeObjective whole{.loss = network.reconstruction, .trained = parameters.trained()};
        if (m_params.missingWeight > 0.0) {
            const nn::NodeId everyCell = nn::reconstructionLoss(
                *graph, network.output, network.target, {.loss = nn::ReconstructionLoss::SquaredError});
            const double weight = m_params.missingWeight / m_rowLength;
            whole.parts = {{"reconstruction", network.reconstruction}, {"unrated", everyCell, weight}};
            whole.loss = nn::weightedSum(
                *graph, {network.reconstruction, everyCell},
                {graph->scalar("one", 1.0f), graph->scalar("unrated", static_cast<float>(weight))});
        }
        network.objectives.push_back(std::move(whole));
        network.graph = std::move(graph);
        return network;
    }

    TrainingRows rows(const SplitPtr& split) const override {
        if (m_params.over == Over::Users) return AutoencoderDesign::rows(split);
        const auto flip = [this](const UserItemCsr& part) {
            auto turned = flipped(part, m_biases);
            RECOSCOPE_CHECK(turned, "a matrix that cannot be turned");
            return std::make_shared<const UserItemCsr>(std::move(*turned));
        };
        const auto train = flip(split->train());
        const bool same = &split->validationHistory() == &split->train();
        return {train, same ? train : flip(split->validationHistory()), flip(split->validation())};
    }

    std::shared_ptr<const Recommender> makeModel(std::shared_ptr<const AutoencoderDesign> self,
                                                 std::shared_ptr<const CodeNetwork> network,
                                                 nn::ParameterSet<float> parameters,
                                                 std::shared_ptr<const UserItemCsr> histories,
                                                 SidePtr side) const override {
        if (m_params.over == Over::Users)
            return AutoencoderDesign::makeModel(std::move(self), std::move(network), std::move(parameters),
                                                std::move(histories), std::move(side));
        const MatrixF users = parameters.find("decoder.0.weight")->value;
        const VectorF biases = parameters.find("decoder.0.bias")->value.row(0).transpose() + m_biases.users;
        const AutoencoderModel turned(std::move(self), std::move(network), std::move(parameters),
                                      std::move(histories), std::move(side));
        return std::make_shared<ItemAutorecModel>(*turned.userEmbeddings(), users, biases, m_biases.items,
                                                  m_biases.mean, m_params.ridge);
    }

private:
    AutorecParams m_params;
    RatingBiases m_biases;
    double m_rowLength;
};

Result<std::unique_ptr<Trainer>> makeTrainer(const TrainerInput& input) {
    const auto params = typedSchema().read(input.params);
    if (!params) return params.error();
    const Centre centre = params->over == Over::Users ? Centre::Mean : params->centre;
    const UserItemCsr& train = input.split->train();
    const std::int32_t rows = params->over == Over::Users ? train.rowCount() : train.colCount();
    const double rowLength = static_cast<double>(train.size()) / std::max(1, rows);
    return makeAutoencoderTrainer(
        std::make_shared<AutorecDesign>(
            *params, biasesOf(input.split, centre, params->missingWeight > 0.0 ? params->missingShift : 0.0),
            std::max(1.0, rowLength)),
        input);
}

Result<std::shared_ptr<const Recommender>> loadModel(const TensorFile& file) {
    if (file.tensors().contains("item.codes")) return ItemAutorecModel::load(file);
    const auto map = savedParams(typedSchema().schema(), file);
    if (!map) return map.error();
    const auto params = typedSchema().read(*map);
    if (!params) return params.error();
    const auto offset = file.floats("offset");
    if (!offset) return offset.error();
    if (offset->size() != 1) return Error{ErrorCode::Parse, "The offset is not one number", "offset"};
    return loadAutoencoder(
        std::make_shared<AutorecDesign>(*params, RatingBiases{offset->front(), {}, {}}, 1.0), file);
}

} // namespace

AlgorithmInfo autorecInfo() {
    return {
        .id = "autorec",
        .title = "AutoRec",
        .family = "Autoencoder",
        .summary = "Rebuilds rows of ratings, an item's or a user's, from what is known of them, and so "
                   "predicts the "
                   "ratings that are missing.",
        .equation = "r̂ = c + W g(V (r − c) + m) + b,  c = μ − δ\n"
                    "min (1/n) [Σ_rated (r − r̂)² + w Σ_all (r̂ − r₀)²] + λ/2 (|W|² + s |V|²),  r₀ = r, or c "
                    "where unrated",
        .reference =
            "Sedhain, Menon, Sanner & Xie: AutoRec: Autoencoders Meet Collaborative Filtering, WWW 2015. "
            "Unrated cells: Steck: Training and Testing of Recommender Systems on Data Missing Not at "
            "Random, KDD 2010",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .predictsRatings = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = &makeTrainer,
        .load = &loadModel,
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                return autoencoderCost(typedSchema(), shape, params, [](const AutorecParams& p) {
                    return AutoencoderWork{.overItems = p.over == Over::Items};
                });
            },
    };
}

} // namespace recoscope
