// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/graph/light_gcn.h"

#include "engine/core/rng.h"
#include "engine/data/negative_sampler.h"
#include "engine/linalg/simd.h"
#include "engine/linalg/spmm.h"
#include "engine/models/graph/light_gcn_model.h"
#include "engine/nn/optimizer.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

struct Params {
    int factors = 64;
    int layers = 3;
    int epochs = 60;
    int batchSize = 2048;
    double learningRate = 0.005;
    double reg = 1e-4;
    double initStd = 0.1;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each user's and item's vector.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("n_layers", &Params::layers,
                     {.label = "Layers",
                      .help =
                          "How many steps through the graph a vector gathers from: 1 reaches a user's own "
                          "items, 2 users who share them, 3 those users' items. 0 is BPR-MF.",
                      .min = 0,
                      .max = 10})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over all interactions, each with a newly sampled item that was not "
                              "chosen. The paper trains for up to 1,000 at a rate of 0.001.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .integer("train_batch_size", &Params::batchSize,
                     {.label = "Batch size",
                      .help =
                          "Pairs a step. Every step goes through the whole graph forward and backward, so "
                          "an epoch takes time in inverse proportion to it.",
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
            .real("reg_weight", &Params::reg,
                  {.label = "Regularisation",
                   .help = "Pulls the learned vectors of a batch's users and items towards 0.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first vectors.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr std::int64_t kRowsPerChunk = 128;

struct Triple {
    std::int32_t user;
    std::int32_t chosen; // rows of the table: users first, then items
    std::int32_t other;
};

/// The graph, and M of the header: what averages any table of vectors over it.
class Propagation {
public:
    Propagation(const UserItemCsr& train, const ItemUserCsr& byItem)
        : m_users(train.rowCount())
        , m_offsets(train.offsets().begin(), train.offsets().end()) {
        for (const ItemIndex item : train.columns())
            m_columns.push_back(train.rowCount() + toInt(item));
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i)
            m_offsets.push_back(m_offsets.back() + byItem.rowSize(ItemIndex{i}));
        for (const UserIndex user : byItem.columns())
            m_columns.push_back(toInt(user));
        m_degrees.resize(train.rowCount() + byItem.rowCount());
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            m_degrees[u] = static_cast<float>(train.rowSize(UserIndex{u}));
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i)
            m_degrees[m_users + i] = static_cast<float>(byItem.rowSize(ItemIndex{i}));
        m_inverse = (m_degrees.array() > 0.0f).select(m_degrees.array().max(1.0f).inverse(), 0.0f);
    }

    /// out = M in. With `messages`: what each row sends to a new neighbour but for that one's degree.
    /// With Z⁽ᵏ⁾ = D^-½ E⁽ᵏ⁾ a step is Z⁽ᵏ⁺¹⁾ = D⁻¹ A Z⁽ᵏ⁾. False when cancelled; `out` is then unspecified.
    bool run(int layers, const MatrixF& in, float* out, MatrixF* messages, ThreadPool& pool,
             RunControl& control) {
        const std::int64_t rows = in.rows();
        const std::int64_t stride = in.cols();
        m_now.resize(rows, stride);
        m_next.resize(rows, stride);
        m_sum.resize(rows, stride);
        const float share = 1.0f / static_cast<float>(layers + 1);
        eachRow(rows, pool, [&](std::int64_t row) {
            m_now.row(row) = std::sqrt(m_inverse[row]) * in.row(row);
            m_sum.row(row).setZero();
        });
        if (messages) messages->setZero(rows, stride);
        for (int layer = 0; layer < layers; ++layer) {
            if (messages) *messages += share * m_now;
            if (!sparseOnesTimesDense({m_offsets, m_columns.data()}, m_now.data(), stride, m_inverse.data(),
                                      m_next.data(), m_sum.data(), pool, control))
                return false;
            m_now.swap(m_next);
        }
        Eigen::Map<MatrixF> result(out, rows, stride);
        eachRow(rows, pool, [&](std::int64_t row) {
            result.row(row) = share * (in.row(row) + std::sqrt(m_degrees[row]) * m_sum.row(row));
        });
        return control.keepGoing();
    }

private:
    template <class Body>
    static void eachRow(std::int64_t rows, ThreadPool& pool, Body&& body) {
        pool.forChunks(rows, kRowsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                body(row);
        });
    }

    std::int64_t m_users;
    std::vector<std::int64_t> m_offsets; // of users, then of items
    std::vector<std::int32_t> m_columns; // rows of the table
    VectorF m_degrees;                   // users, then items
    VectorF m_inverse;                   // 1 / degree, 0 without neighbours
    MatrixF m_now;                       // Z
    MatrixF m_next;
    MatrixF m_sum;
};

float logLoss(float x) { return std::max(-x, 0.0f) + std::log1p(std::exp(-std::abs(x))); }

class LightGcnTrainer final : public Trainer {
public:
    LightGcnTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed)
        , m_users(m_split->train().rowCount())
        , m_stride(simd::padded(params.factors))
        , m_sampler(m_split->train(), {})
        , m_propagation(m_split->train(), m_split->trainByItem())
        , m_table(m_parameters.add("vectors", nn::ParamRole::Weight, initial()))
        , m_gradients(m_parameters)
        , m_optimizer({.kind = nn::OptimizerKind::Adam}, m_parameters, {m_table}) {
        const UserItemCsr& train = m_split->train();
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            for (const ItemIndex item : train.cols(UserIndex{u}))
                m_triples.push_back({u, m_users + toInt(item), 0});
        const Eigen::Index rows = m_parameters[m_table].value.rows();
        m_final = MatrixF::Zero(rows, m_stride);
        m_finalGradient = MatrixF::Zero(rows, m_stride);
    }

    int plannedEpochs() const override { return m_params.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override;
    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }
    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    struct Loss {
        double bpr = 0.0;
        double penalty = 0.0;
    };

    MatrixF initial() const {
        const std::int32_t items = m_split->train().colCount();
        MatrixF table = MatrixF::Zero(m_users + items, m_stride);
        for (std::int32_t row = 0; row < table.rows(); ++row) {
            Rng rng = Rng::stream(m_seed, "light_gcn.vectors", 0, static_cast<std::uint64_t>(row));
            for (int f = 0; f < m_params.factors; ++f)
                table(row, f) = static_cast<float>(m_params.initStd * rng.normal());
        }
        return table;
    }

    std::shared_ptr<const LightGcnModel> makeModel() const {
        ThreadPool alone({.threads = 1});
        RunControl never;
        Propagation propagation = m_propagation;
        const MatrixF& table = m_parameters[m_table].value;
        MatrixF final(table.rows(), m_stride);
        MatrixF messages;
        propagation.run(m_params.layers, table, final.data(), &messages, alone, never);
        const Eigen::Index items = table.rows() - m_users;
        const Eigen::Index d = m_params.factors;
        return std::make_shared<LightGcnModel>(final.topLeftCorner(m_users, d),
                                               final.bottomLeftCorner(items, d),
                                               messages.bottomLeftCorner(items, d));
    }

    /// The batch's loss, and its gradient by the propagated vectors and (the penalty's) by the learned ones.
    Loss lossAndGradient(std::span<const Triple> batch);
    void addPenalty(std::span<const Triple> batch, Eigen::Map<MatrixF> gradient) const;

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    std::int32_t m_users;
    std::int64_t m_stride;
    NegativeSampler m_sampler;
    Propagation m_propagation;
    nn::ParameterSet<float> m_parameters;
    nn::ParamId m_table; // E⁽⁰⁾: users, then items
    nn::Gradients<float> m_gradients;
    nn::Optimizer<float> m_optimizer;
    std::vector<Triple> m_triples;
    MatrixF m_final; // E
    MatrixF m_finalGradient;
};

LightGcnTrainer::Loss LightGcnTrainer::lossAndGradient(std::span<const Triple> batch) {
    Loss loss;
    const float share = 1.0f / static_cast<float>(batch.size());
    const MatrixF& table = m_parameters[m_table].value;
    m_finalGradient.setZero();
    for (const Triple& triple : batch) {
        const float* const e = m_final.data();
        float* const g = m_finalGradient.data();
        const float* const eu = e + triple.user * m_stride;
        const float* const ei = e + triple.chosen * m_stride;
        const float* const ej = e + triple.other * m_stride;
        const float x = simd::dot(eu, ei, m_stride) - simd::dot(eu, ej, m_stride);
        loss.bpr += static_cast<double>(logLoss(x));
        const float push = -share / (1.0f + std::exp(x));
        simd::axpy(push, ei, g + triple.user * m_stride, m_stride);
        simd::axpy(-push, ej, g + triple.user * m_stride, m_stride);
        simd::axpy(push, eu, g + triple.chosen * m_stride, m_stride);
        simd::axpy(-push, eu, g + triple.other * m_stride, m_stride);
        for (const std::int32_t row : {triple.user, triple.chosen, triple.other}) {
            const float* const own = table.data() + row * m_stride;
            loss.penalty += 0.5 * m_params.reg * static_cast<double>(simd::dot(own, own, m_stride));
        }
    }
    return loss;
}

void LightGcnTrainer::addPenalty(std::span<const Triple> batch, Eigen::Map<MatrixF> gradient) const {
    const auto weight = static_cast<float>(m_params.reg / static_cast<double>(batch.size()));
    const float* const table = m_parameters[m_table].value.data();
    for (const Triple& triple : batch)
        for (const std::int32_t row : {triple.user, triple.chosen, triple.other})
            simd::axpy(weight, table + row * m_stride, gradient.data() + row * m_stride, m_stride);
}

Result<EpochResult> LightGcnTrainer::runEpoch(EpochContext& context) {
    const EpochResult cancelled{false, 0.0, {}};
    const auto epoch = static_cast<std::uint64_t>(context.epoch);
    Rng order = Rng::stream(m_seed, "light_gcn.order", epoch);
    order.shuffle(std::span(m_triples));
    Loss sums;
    const auto size = static_cast<std::size_t>(m_params.batchSize);
    for (std::size_t begin = 0; begin < m_triples.size(); begin += size) {
        const std::span<Triple> batch =
            std::span(m_triples).subspan(begin, std::min(size, m_triples.size() - begin));
        Rng rng = Rng::stream(m_seed, "light_gcn.negatives", epoch, begin);
        for (Triple& triple : batch) {
            // Of a user who has everything, the item is compared with itself: nothing to learn.
            const auto other = m_sampler.draw(UserIndex{triple.user}, rng);
            triple.other = other ? m_users + toInt(*other) : triple.chosen;
        }
        const MatrixF& table = m_parameters[m_table].value;
        if (!m_propagation.run(m_params.layers, table, m_final.data(), nullptr, context.pool,
                               context.control))
            return cancelled;
        const Loss loss = lossAndGradient(batch);
        m_gradients.clear();
        auto gradient = m_gradients.dense(m_table);
        if (!m_propagation.run(m_params.layers, m_finalGradient, gradient.matrix.data(), nullptr,
                               context.pool, context.control))
            return cancelled;
        addPenalty(batch, gradient.matrix);
        m_optimizer.step(m_parameters, m_gradients, m_params.learningRate, &context.pool);
        sums.bpr += loss.bpr;
        sums.penalty += loss.penalty;
        const auto done = static_cast<double>(begin + batch.size());
        if (context.progress) context.progress(done / static_cast<double>(m_triples.size()), done);
        if (!context.afterBatch()) return cancelled;
    }
    const double pairs = static_cast<double>(std::max<std::size_t>(1, m_triples.size()));
    const double bpr = sums.bpr / pairs;
    const double penalty = sums.penalty / pairs;
    if (!std::isfinite(bpr + penalty))
        return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                     "learning_rate"};
    return EpochResult{true, pairs, {{"loss", bpr + penalty}, {"bpr", bpr}, {"regularisation", penalty}}};
}

std::optional<double> LightGcnTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const auto model = makeModel();
    const MatrixF& items = *model->itemEmbeddings();
    const UserItemCsr& histories = m_split->validationHistory();
    const bool learned = &histories == &m_split->train();
    std::vector<double> sums(
        static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), kRowsPerChunk)));
    context.pool.forChunks(validation.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
        MatrixF scores(1, items.rows());
        double sum = 0.0;
        for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
            const UserIndex user{static_cast<std::int32_t>(row)};
            if (validation.rowSize(user) == 0) continue;
            if (!context.control.keepGoing()) return;
            Query query;
            query.items = histories.cols(user);
            query.values = histories.values(user);
            if (learned) query.user = user;
            model->score(std::span(&query, 1), scores);
            Rng rng = Rng::stream(m_seed, "light_gcn.validation", 0, static_cast<std::uint64_t>(row));
            for (const ItemIndex item : validation.cols(user)) {
                const auto other = m_sampler.draw(user, rng);
                sum += static_cast<double>(
                    logLoss(scores(0, toInt(item)) - scores(0, toInt(other.value_or(item)))));
            }
        }
        sums[static_cast<std::size_t>(chunk.index)] = sum;
    });
    if (context.control.cancelled()) return std::nullopt;
    double total = 0.0;
    for (const double sum : sums)
        total += sum;
    return total / static_cast<double>(validation.size());
}

} // namespace

AlgorithmInfo lightGcnInfo() {
    return {
        .id = "lightgcn",
        .title = "LightGCN",
        .family = "Graph",
        .summary = "Users and items are nodes of a graph; a vector is the average of what lies one, two and "
                   "three steps away, and is trained to put chosen items before others.",
        .equation = "E⁽ᵏ⁺¹⁾ = D^-½ A D^-½ E⁽ᵏ⁾,  E = mean of E⁽⁰⁾ … E⁽ᴷ⁾,  ŝ(u, i) = e_u · e_i\n"
                    "min Σ −ln σ(ŝ(u, i) − ŝ(u, j)) + λ |E⁽⁰⁾|²,  i ∈ S_u, j ∉ S_u",
        .reference = "He, Deng, Wang, Li, Zhang & Wang: LightGCN: Simplifying and Powering Graph Convolution "
                     "Network for Recommendation, SIGIR 2020",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(
                std::make_unique<LightGcnTrainer>(input.split, *params, input.seed));
        },
        .load = &LightGcnModel::load,
        .cost = [](const DataShape& shape, const ParamMap& given) -> FitCost {
            const auto params = typedSchema().read(given);
            if (!params) return {};
            const auto stride = static_cast<double>(simd::padded(params->factors));
            const double table = (shape.users + shape.items) * stride;
            const double batches = std::ceil(shape.interactions / params->batchSize);
            FitCost cost;
            // E⁽⁰⁾, gradient, two moments, E and its gradient, three for propagating, and a copy for use.
            cost.bytes = 11.0 * table * 4.0 + 20.0 * shape.interactions;
            // Whole rows are added one after the other: several times the rate of rows for dot products.
            constexpr double ease = 0.3; // on MovieLens 1M
            cost.vectors = params->epochs * batches * 2.0 *
                           (ease * 2.0 * params->layers * shape.interactions * stride + 6.0 * table);
            cost.memory = "(users + items) x factors x 4 bytes, eleven times, and 20 bytes an interaction";
            return cost;
        },
    };
}

} // namespace recoscope
