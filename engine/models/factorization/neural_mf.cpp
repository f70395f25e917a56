// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/neural_mf.h"

#include "engine/core/rng.h"
#include "engine/data/negative_sampler.h"
#include "engine/models/factorization/biased_mf_model.h"
#include "engine/models/factorization/ranking_model.h"
#include "engine/nn/graph.h"
#include "engine/nn/losses/pairwise.h"
#include "engine/nn/losses/reconstruction.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/embedding.h"
#include "engine/nn/ops/rows.h"
#include "engine/nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

enum class Output { Sigmoid, Linear };

struct Params {
    int factors = 32;
    int epochs = 20;
    Output output = Output::Sigmoid;
    int negatives = 4;
    bool biases = true;
    double reg = 1e-4;
    int batchSize = 1024;
    double learningRate = 0.005;
    double initStd = 0.05;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Embedding size",
                      .help = "Numbers in each user's and item's embedding.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over all interactions.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .choice("output", &Params::output,
                    {{Output::Sigmoid,
                      {"sigmoid", "Sigmoid", "Probability of a choice, by binary cross-entropy: for lists"}},
                     {Output::Linear, {"linear", "Linear", "The rating, by squared error: for RMSE"}}},
                    {.label = "Output", .help = "What the dot product is turned into, and with it the loss."})
            .integer("negatives", &Params::negatives,
                     {.label = "Sampled items",
                      .help = "For each chosen item so many that were not chosen are sampled anew in each "
                              "epoch, with target 0.",
                      .min = 1,
                      .max = 100,
                      .enabledBy = "output",
                      .enabledWhen = {"sigmoid"}})
            .flag("biases", &Params::biases,
                  {.label = "Biases", .help = "A number for each user and item beside the dot product."})
            .real("reg_weight", &Params::reg,
                  {.label = "L2",
                   .help = "Pulls the embeddings of a batch towards 0. Beside a loss that is meaned over the "
                           "batch, so useful values are small: about 0.0001 for lists, 0.001 for ratings.",
                   .min = 0.0,
                   .max = 1.0,
                   .logScale = true})
            .integer("train_batch_size", &Params::batchSize,
                     {.label = "Batch size",
                      .help = "Examples a step, sampled ones included.",
                      .min = 1,
                      .max = 1 << 20,
                      .logScale = true,
                      .group = "Training"})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of Adam's steps. Too large and the loss jumps, too small and it creeps.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training"})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first embeddings. Exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

/// Steps that stop early shrink as a ridge does; without any, a short history would be followed blindly.
constexpr double kLeastRidge = 0.05;
constexpr double kFoldInRate = 0.1;
constexpr int kFoldInPasses = 30;

struct Example {
    std::int32_t user;
    std::int32_t item;
    float target;
};

/// The graph and what is bound to it.
struct Network {
    std::shared_ptr<nn::Graph<float>> graph = std::make_shared<nn::Graph<float>>();
    nn::IndexId user{};
    nn::IndexId item{};
    nn::NodeId target{};         // sigmoid
    nn::SparseId ratingTarget{}; // linear: one column
    nn::NodeId loss{};
};

class NeuralMfTrainer final : public Trainer {
public:
    NeuralMfTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed)
        , m_sampler(m_split->train(), {}) {
        const UserItemCsr& train = m_split->train();
        const auto table = [&](const char* name, std::int32_t rows, Eigen::Index cols, nn::ParamRole role) {
            MatrixF values = MatrixF::Zero(rows, cols);
            if (role == nn::ParamRole::Weight)
                for (std::int32_t row = 0; row < rows; ++row) {
                    Rng rng = Rng::stream(seed, name, 0, static_cast<std::uint64_t>(row));
                    for (Eigen::Index f = 0; f < cols; ++f)
                        values(row, f) = static_cast<float>(params.initStd * rng.normal());
                }
            return m_parameters.add(name, role, std::move(values));
        };
        m_users = table("user.embedding", train.rowCount(), params.factors, nn::ParamRole::Weight);
        m_items = table("item.embedding", train.colCount(), params.factors, nn::ParamRole::Weight);
        m_userBias = table("user.bias", train.rowCount(), 1, nn::ParamRole::Bias);
        m_itemBias = table("item.bias", train.colCount(), 1, nn::ParamRole::Bias);
        double sum = 0.0;
        for (std::int32_t u = 0; u < train.rowCount(); ++u) {
            if (train.rowSize(UserIndex{u}) == 0) m_parameters[m_users].value.row(u).setZero();
            for (std::size_t n = 0; n < train.cols(UserIndex{u}).size(); ++n) {
                const float value = train.values(UserIndex{u})[n];
                sum += static_cast<double>(value);
                m_chosen.push_back({u, toInt(train.cols(UserIndex{u})[n]), rates() ? value : 1.0f});
            }
        }
        if (rates() && !m_chosen.empty())
            m_mean = static_cast<float>(sum / static_cast<double>(m_chosen.size()));
        buildNetwork();
    }

    int plannedEpochs() const override { return m_params.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override;
    std::shared_ptr<const Recommender> snapshot() const override;
    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    bool rates() const { return m_params.output == Output::Linear; }
    std::size_t chosenPerBatch() const {
        const int each = rates() ? 1 : 1 + m_params.negatives;
        return static_cast<std::size_t>(std::max(1, m_params.batchSize / each));
    }
    std::int32_t capacity() const {
        const auto chosen = std::min(chosenPerBatch(), std::max<std::size_t>(1, m_chosen.size()));
        return static_cast<std::int32_t>(chosen) * (rates() ? 1 : 1 + m_params.negatives);
    }

    void buildNetwork() {
        nn::Graph<float>& graph = *m_network.graph;
        m_network.user = graph.indexInput();
        m_network.item = graph.indexInput();
        const nn::NodeId p = nn::gather(graph, m_parameters, m_users, m_network.user);
        const nn::NodeId q = nn::gather(graph, m_parameters, m_items, m_network.item);
        nn::NodeId s = nn::sumPerRow(graph, nn::multiply(graph, p, q));
        std::vector<nn::ParamId> trained{m_users, m_items};
        if (m_params.biases) {
            s = nn::add(graph, s, nn::gather(graph, m_parameters, m_userBias, m_network.user));
            s = nn::add(graph, s, nn::gather(graph, m_parameters, m_itemBias, m_network.item));
            trained.insert(trained.end(), {m_userBias, m_itemBias});
        }
        graph.observe(p, "user embedding");
        graph.observe(q, "item embedding");
        graph.observe(s, "output");
        if (rates()) {
            m_network.ratingTarget = graph.sparseInput(1);
            m_network.loss = nn::reconstructionLoss(graph, s, m_network.ratingTarget,
                                                    {.loss = nn::ReconstructionLoss::SquaredError});
        } else {
            m_network.target = graph.input(1);
            m_network.loss = nn::pointwiseCrossEntropy(graph, s, m_network.target);
        }
        m_plan = graph.planTraining(m_network.loss, trained, m_parameters.count());
        m_gradients.emplace(m_parameters);
        m_optimizer.emplace(
            nn::OptimizerOptions{.kind = nn::OptimizerKind::Adam, .weightDecay = m_params.reg}, m_parameters,
            trained);
        m_workspace.emplace(m_network.graph, capacity(), nn::Keep::ValuesAndGradients);
        m_examples.reserve(static_cast<std::size_t>(capacity()));
    }

    void bindExamples() {
        nn::Workspace<float>& workspace = *m_workspace;
        workspace.setBatch(static_cast<std::int32_t>(m_examples.size()));
        const auto users = workspace.indices(m_network.user);
        const auto items = workspace.indices(m_network.item);
        for (std::size_t n = 0; n < m_examples.size(); ++n) {
            users[n] = m_examples[n].user;
            items[n] = m_examples[n].item;
        }
        if (rates()) {
            auto& target = workspace.sparse(m_network.ratingTarget);
            target.clear();
            for (const Example& example : m_examples)
                target.appendRow(
                    1, [](std::size_t) { return 0; }, [&](std::size_t) { return example.target - m_mean; });
        } else {
            auto target = workspace.value(m_network.target);
            for (std::size_t n = 0; n < m_examples.size(); ++n)
                target(static_cast<Eigen::Index>(n), 0) = m_examples[n].target;
        }
    }

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    NegativeSampler m_sampler;
    float m_mean = 0.0f;
    std::vector<Example> m_chosen;
    std::vector<Example> m_examples; // of a batch
    nn::ParameterSet<float> m_parameters;
    nn::ParamId m_users{};
    nn::ParamId m_items{};
    nn::ParamId m_userBias{};
    nn::ParamId m_itemBias{};
    Network m_network;
    nn::Plan m_plan;
    std::optional<nn::Gradients<float>> m_gradients;
    std::optional<nn::Optimizer<float>> m_optimizer;
    std::optional<nn::Workspace<float>> m_workspace;
    std::uint64_t m_step = 0;
};

Result<EpochResult> NeuralMfTrainer::runEpoch(EpochContext& context) {
    const auto epoch = static_cast<std::uint64_t>(context.epoch);
    Rng order = Rng::stream(m_seed, "neural_mf.order", epoch);
    order.shuffle(std::span(m_chosen));
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t begin = 0; begin < m_chosen.size(); begin += chosenPerBatch()) {
        const std::size_t end = std::min(m_chosen.size(), begin + chosenPerBatch());
        Rng rng = Rng::stream(m_seed, "neural_mf.negatives", epoch, begin);
        m_examples.clear();
        for (std::size_t n = begin; n < end; ++n) {
            m_examples.push_back(m_chosen[n]);
            for (int k = 0; !rates() && k < m_params.negatives; ++k)
                if (const auto other = m_sampler.draw(UserIndex{m_chosen[n].user}, rng))
                    m_examples.push_back({m_chosen[n].user, toInt(*other), 0.0f});
        }
        bindExamples();
        nn::Step<float> step(m_plan, m_parameters, *m_workspace,
                             {.pool = &context.pool,
                              .control = &context.control,
                              .training = true,
                              .seed = m_seed,
                              .step = m_step++});
        if (!step.forward() || !step.backward(*m_gradients)) return EpochResult{.completed = false};
        m_optimizer->step(m_parameters, *m_gradients, m_params.learningRate, &context.pool);
        const auto rows = static_cast<double>(m_examples.size());
        sum += rows * static_cast<double>(m_workspace->value(m_network.loss)(0, 0));
        count += rows;
        const auto done = static_cast<double>(end);
        if (context.progress) context.progress(done / static_cast<double>(m_chosen.size()), done);
        if (!context.afterBatch()) return EpochResult{.completed = false};
    }
    const double loss = sum / std::max(1.0, count);
    if (!std::isfinite(loss))
        return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                     "learning_rate"};
    return EpochResult{true, static_cast<double>(m_chosen.size()), {{"loss", loss}}};
}

std::shared_ptr<const Recommender> NeuralMfTrainer::snapshot() const {
    const MatrixF& users = m_parameters[m_users].value;
    const MatrixF& items = m_parameters[m_items].value;
    const VectorF itemBias = m_parameters[m_itemBias].value.col(0);
    if (rates()) {
        const double ridge = std::max(kLeastRidge, 0.5 * m_params.reg * m_params.batchSize);
        return std::make_shared<BiasedMfModel>(
            m_mean, users, items, VectorF(m_parameters[m_userBias].value.col(0)), itemBias,
            BiasedMfModel::Ridge{static_cast<float>(ridge), static_cast<float>(kLeastRidge)});
    }
    RankingFold fold;
    fold.step.loss = RankingLoss::Logistic;
    fold.step.adaGrad = true;
    fold.step.itemBias = m_params.biases;
    fold.step.rate = static_cast<float>(kFoldInRate);
    fold.step.regUser = static_cast<float>(m_params.reg);
    fold.step.negatives = static_cast<float>(m_params.negatives);
    fold.passes = kFoldInPasses;
    return std::make_shared<RankingModel>(users, items, itemBias, fold);
}

std::optional<double> NeuralMfTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const UserItemCsr& histories = m_split->validationHistory();
    const bool learned = &histories == &m_split->train();
    const auto model = snapshot();
    constexpr std::int64_t usersPerChunk = 16;
    struct Sum {
        double loss = 0.0;
        double count = 0.0;
    };
    std::vector<Sum> sums(
        static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), usersPerChunk)));
    context.pool.forChunks(validation.rowCount(), usersPerChunk, [&](const Chunk& chunk) {
        MatrixF scores(1, validation.colCount());
        Sum& own = sums[static_cast<std::size_t>(chunk.index)];
        for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
            const UserIndex user{static_cast<std::int32_t>(row)};
            if (validation.rowSize(user) == 0) continue;
            if (!context.control.keepGoing()) return;
            Query query;
            query.items = histories.cols(user);
            query.values = histories.values(user);
            if (learned) query.user = user;
            model->score(std::span(&query, 1), scores);
            // The rating model's scores have the user's bias in them already.
            const float bias = learned && !rates() ? m_parameters[m_userBias].value(row, 0) : 0.0f;
            const auto logLoss = [&](ItemIndex item, float sign) {
                const float x = sign * (scores(0, toInt(item)) + bias);
                return static_cast<double>(std::max(-x, 0.0f) + std::log1p(std::exp(-std::abs(x))));
            };
            Rng rng = Rng::stream(m_seed, "neural_mf.validation", 0, static_cast<std::uint64_t>(row));
            for (std::size_t n = 0; n < validation.cols(user).size(); ++n) {
                const ItemIndex item = validation.cols(user)[n];
                ++own.count;
                if (rates()) {
                    const auto miss =
                        static_cast<double>(validation.values(user)[n] - scores(0, toInt(item)));
                    own.loss += miss * miss;
                    continue;
                }
                own.loss += logLoss(item, 1.0f);
                for (int k = 0; k < m_params.negatives; ++k)
                    if (const auto other = m_sampler.draw(user, rng)) {
                        own.loss += logLoss(*other, -1.0f);
                        ++own.count;
                    }
            }
        }
    });
    if (context.control.cancelled()) return std::nullopt;
    Sum total;
    for (const Sum& sum : sums) {
        total.loss += sum.loss;
        total.count += sum.count;
    }
    return total.loss / std::max(1.0, total.count);
}

} // namespace

AlgorithmInfo neuralMfInfo() {
    return {
        .id = "neural_mf",
        .title = "Neural MF (Keras style)",
        .family = "Factorisation",
        .summary = "Two embedding layers and a dot product, trained by Adam as in Keras tutorials: binary "
                   "cross-entropy with sampled items for lists, or squared error for ratings.",
        .equation = "s(u, i) = p_u · q_i + b_u + b_i\n"
                    "sigmoid: min Σ −ln σ(s_ui) − Σ_j ln σ(−s_uj)\n"
                    "linear: min Σ (r_ui − μ − s_ui)²",
        .reference =
            "Koren, Bell & Volinsky: Matrix Factorization Techniques for Recommender Systems, IEEE "
            "Computer 42(8), 2009; Kingma & Ba: Adam: A Method for Stochastic Optimization, ICLR 2015",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(
                std::make_unique<NeuralMfTrainer>(input.split, *params, input.seed));
        },
        .load = [](const TensorFile& file) -> Result<std::shared_ptr<const Recommender>> {
            return file.tensors().count("mean_and_ridge") > 0 ? BiasedMfModel::load(file)
                                                              : RankingModel::load(file);
        },
        .cost = [](const DataShape& shape, const ParamMap& given) -> FitCost {
            const auto params = typedSchema().read(given);
            if (!params) return {};
            const double d = params->factors;
            const double examples =
                shape.interactions * (params->output == Output::Linear ? 1.0 : 1.0 + params->negatives);
            FitCost cost;
            // Values, gradients, two moments, and a copy for use.
            cost.bytes = 5.0 * (shape.users + shape.items) * (d + 1.0) * 4.0 + 12.0 * shape.interactions +
                         params->batchSize * (d + 1.0) * 24.0;
            // Two rows an example, each gathered, given a gradient, and moved with two moments.
            cost.vectors = params->epochs * examples * 2.0 * d * 6.0 * stepsIn((shape.users + shape.items) * d * 16.0);
            // Batches are small: finding the rows that examples share, and rows of one number for biases.
            constexpr double aside = 1000.0; // an example, on MovieLens 1M
            cost.scattered = params->epochs * examples * aside;
            cost.memory = "(users + items) x embedding x 4 bytes, five times, and 12 bytes an interaction";
            return cost;
        },
    };
}

} // namespace recoscope
