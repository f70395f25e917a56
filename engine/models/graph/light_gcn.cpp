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
///
/// M x = (x + B x + B² x + … + Bᴷ x) / (K+1) with B = D^-½ A D^-½, by Horner's rule: h ← x + B h, K times.
/// With q = D^-½ h a step is q ← D^-½ x + D⁻¹ A q, and A alone is a matrix of ones.
class Propagation {
public:
    struct Scratch {
        MatrixF now; // q
        MatrixF next;
    };
    /// A mark for each row, or null for all.
    struct Marks {
        const std::uint8_t* nonZero = nullptr; // of the input: the others are zero
        const std::uint8_t* wanted = nullptr;  // of the result: the others are unspecified
    };

    Propagation(const UserItemCsr& train, const ItemUserCsr& byItem, int layers, std::int64_t stride)
        : m_layers(layers)
        , m_adjacency(adjacency(train, byItem, stride))
        , m_inverse(m_adjacency.rows()) {
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            m_inverse[u] = inverse(train.rowSize(UserIndex{u}));
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i)
            m_inverse[train.rowCount() + i] = inverse(byItem.rowSize(ItemIndex{i}));
        m_rootInverse = m_inverse.cwiseSqrt();
        m_share = VectorF::Constant(m_inverse.size(), 1.0f / static_cast<float>(layers + 1));
        m_shareOfRootInverse = m_share.cwiseProduct(m_rootInverse);
    }

    /// out = M in. False when cancelled; `out` is then unspecified. With `messages`: what each row sends to a
    /// new neighbour but for that one's degree, Σ_{k<K} (D⁻¹ A)ᵏ D^-½ in / (K+1).
    bool run(const MatrixF& in, float* out, const Marks& marks, Scratch& scratch, MatrixF* messages,
             ThreadPool& pool, RunControl& control) const {
        const std::int64_t rows = in.rows();
        const std::int64_t stride = in.cols();
        if (m_layers == 0) {
            Eigen::Map<MatrixF>(out, rows, stride) = in;
            if (messages) messages->setZero(rows, stride);
            return control.keepGoing();
        }
        scratch.now.resize(rows, stride);
        scratch.next.resize(rows, stride);
        pool.forChunks(rows, kRowsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                scratch.now.row(row) = m_rootInverse[row] * in.row(row);
        });
        SparseOnes::Product step{.x = in.data(),
                                 .stride = stride,
                                 .own = m_rootInverse.data(),
                                 .scale = m_inverse.data(),
                                 .nonZero = marks.nonZero};
        for (int layer = 1; layer < m_layers; ++layer) {
            step.z = scratch.now.data();
            step.y = scratch.next.data();
            if (!m_adjacency.multiply(step, pool, control)) return false;
            scratch.now.swap(scratch.next);
            step.nonZero = nullptr;
        }
        if (messages) *messages = m_share.asDiagonal() * scratch.now;
        step.z = scratch.now.data();
        step.y = out;
        step.own = m_share.data();
        step.scale = m_shareOfRootInverse.data();
        step.wanted = marks.wanted;
        return m_adjacency.multiply(step, pool, control);
    }

private:
    static SparseOnes adjacency(const UserItemCsr& train, const ItemUserCsr& byItem, std::int64_t stride) {
        std::vector<std::int64_t> offsets(train.offsets().begin(), train.offsets().end());
        std::vector<std::int32_t> columns;
        columns.reserve(2 * static_cast<std::size_t>(train.size()));
        for (const ItemIndex item : train.columns())
            columns.push_back(train.rowCount() + toInt(item));
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i)
            offsets.push_back(offsets.back() + byItem.rowSize(ItemIndex{i}));
        for (const UserIndex user : byItem.columns())
            columns.push_back(toInt(user));
        return {offsets, columns, SparseOnes::tileFor(stride)};
    }
    static float inverse(std::int64_t degree) {
        return degree > 0 ? 1.0f / static_cast<float>(degree) : 0.0f;
    }

    int m_layers;
    SparseOnes m_adjacency; // of users, then items
    VectorF m_inverse;      // 1 / degree, 0 without neighbours
    VectorF m_rootInverse;
    VectorF m_share; // 1 / (K+1)
    VectorF m_shareOfRootInverse;
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
        , m_propagation(m_split->train(), m_split->trainByItem(), params.layers, m_stride)
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
        m_inBatch.resize(static_cast<std::size_t>(rows));
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
        Propagation::Scratch scratch;
        const MatrixF& table = m_parameters[m_table].value;
        MatrixF final(table.rows(), m_stride);
        MatrixF messages;
        m_propagation.run(table, final.data(), {}, scratch, &messages, alone, never);
        const Eigen::Index items = table.rows() - m_users;
        const Eigen::Index d = m_params.factors;
        return std::make_shared<LightGcnModel>(final.topLeftCorner(m_users, d),
                                               final.bottomLeftCorner(items, d),
                                               messages.bottomLeftCorner(items, d));
    }

    /// The batch's loss, and its gradient by the propagated vectors and (the penalty's) by the learned ones.
    Loss lossAndGradient(std::span<const Triple> batch);
    void addPenalty(std::span<const Triple> batch, Eigen::Map<MatrixF> gradient) const;
    /// Loss, gradients and the step of the optimiser. Nothing when cancelled.
    std::optional<Loss> learn(std::span<const Triple> batch, EpochContext& context);

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
    MatrixF m_final; // E, where the batch needs it
    MatrixF m_finalGradient;
    std::vector<std::uint8_t> m_inBatch; // by row; as m_finalGradient, zero between batches
    Propagation::Scratch m_scratch;
};

LightGcnTrainer::Loss LightGcnTrainer::lossAndGradient(std::span<const Triple> batch) {
    Loss loss;
    const float share = 1.0f / static_cast<float>(batch.size());
    const MatrixF& table = m_parameters[m_table].value;
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

std::optional<LightGcnTrainer::Loss> LightGcnTrainer::learn(std::span<const Triple> batch,
                                                            EpochContext& context) {
    const auto eachRow = [&](auto&& body) {
        for (const Triple& triple : batch)
            for (const std::int32_t row : {triple.user, triple.chosen, triple.other})
                body(row);
    };
    eachRow([&](std::int32_t row) { m_inBatch[static_cast<std::size_t>(row)] = 1; });
    const std::uint8_t* const inBatch = m_inBatch.data();
    std::optional<Loss> loss;
    m_gradients.clear();
    auto gradient = m_gradients.dense(m_table);
    if (m_propagation.run(m_parameters[m_table].value, m_final.data(), {.wanted = inBatch}, m_scratch, nullptr,
                          context.pool, context.control)) {
        const Loss found = lossAndGradient(batch);
        if (m_propagation.run(m_finalGradient, gradient.matrix.data(), {.nonZero = inBatch}, m_scratch,
                              nullptr, context.pool, context.control)) {
            addPenalty(batch, gradient.matrix);
            m_optimizer.step(m_parameters, m_gradients, m_params.learningRate, &context.pool);
            loss = found;
        }
    }
    eachRow([&](std::int32_t row) {
        m_inBatch[static_cast<std::size_t>(row)] = 0;
        m_finalGradient.row(row).setZero();
    });
    return loss;
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
        const auto loss = learn(batch, context);
        if (!loss) return cancelled;
        sums.bpr += loss->bpr;
        sums.penalty += loss->penalty;
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
            // E⁽⁰⁾, gradient, two moments, E and its gradient, two for propagating, and a copy for use. The
            // triples and the graph, with about four entries of a row in a tile.
            cost.bytes = 10.0 * table * 4.0 + 28.0 * shape.interactions;
            // Whole rows are added one after the other: several times the rate of rows for dot products.
            constexpr double ease = 0.3; // on MovieLens 1M
            cost.vectors = params->epochs * batches * 2.0 *
                           (ease * 2.0 * params->layers * shape.interactions * stride + 6.0 * table);
            cost.memory = "(users + items) x factors x 4 bytes, ten times, and 28 bytes an interaction";
            return cost;
        },
    };
}

} // namespace recoscope
