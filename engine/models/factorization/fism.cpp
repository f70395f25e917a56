// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/fism.h"

#include "engine/core/rng.h"
#include "engine/data/negative_sampler.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/fism_model.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace recoscope {

namespace {

struct Params {
    int factors = 64;
    int epochs = 40;
    double alpha = 0.5;
    double negatives = 3.0;
    double reg = 0.01;
    double regBias = 0.01;
    int batchSize = 64;
    double learningRate = 0.05;
    double initStd = 0.05;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each item's two vectors.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over all interactions, each with newly sampled items.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .real("alpha", &Params::alpha,
                  {.label = "Agreement (alpha)",
                   .help =
                       "0: the similarities of a history add up, 1: they are averaged. The paper finds 0.4 "
                       "to 0.5 best.",
                   .min = 0.0,
                   .max = 1.0})
            .real("negatives", &Params::negatives,
                  {.label = "Sampled items (rho)",
                   .help = "So many items outside of the history stand as 0 beside each chosen item's 1, on "
                           "average. The paper finds 3 to 15 enough.",
                   .min = 0.0,
                   .max = 100.0})
            .real("reg", &Params::reg,
                  {.label = "Regularisation",
                   .help = "Pulls both vectors of an item towards 0 with each of its samples.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("reg_bias", &Params::regBias,
                  {.label = "Regularisation of biases",
                   .help = "Pulls an item's bias towards 0 with each of its samples.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true})
            .integer("train_batch_size", &Params::batchSize,
                     {.label = "Users a batch",
                      .help = "Users whose samples make one step. More of them keep more threads busy, fewer "
                              "learn more from each epoch.",
                      .min = 1,
                      .max = 1 << 16,
                      .logScale = true,
                      .advanced = true,
                      .group = "Training"})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of AdaGrad's first steps. Too large and the loss jumps, too small and it "
                           "creeps.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training"})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first vectors. Exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

struct Sample {
    std::int32_t item;
    std::int32_t slot; // of the user in the batch
    float error;       // e
    bool chosen;
};

class FismTrainer final : public Trainer {
public:
    FismTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed)
        , m_stride(simd::padded(params.factors))
        , m_sampler(m_split->train(), {}) {
        const UserItemCsr& train = m_split->train();
        const std::int32_t items = train.colCount();
        m_given = initial("fism.given");
        m_wanted = initial("fism.wanted");
        m_bias = VectorF::Zero(items);
        m_givenSquares = VectorF::Ones(items);
        m_wantedSquares = VectorF::Ones(items);
        m_biasSquares = VectorF::Ones(items);
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0) m_users.push_back(u);
        const auto slots = static_cast<std::size_t>(params.batchSize);
        m_samples.resize(slots);
        // Room for the longest histories, so that no later batch asks for memory.
        std::vector<std::int32_t> lengths;
        for (const std::int32_t user : m_users)
            lengths.push_back(train.rowSize(UserIndex{user}));
        std::sort(lengths.begin(), lengths.end(), std::greater<>());
        lengths.resize(std::min(lengths.size(), slots));
        const auto each = static_cast<std::size_t>(1.0 + std::ceil(params.negatives));
        if (!lengths.empty())
            for (auto& samples : m_samples)
                samples.reserve(static_cast<std::size_t>(lengths.front()) * each);
        m_byItem.reserve(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}) * each);
        m_batch.reserve(slots);
        m_sums = MatrixF::Zero(params.batchSize, m_stride);
        m_pulls = MatrixF::Zero(params.batchSize, m_stride);
        m_starts.resize(static_cast<std::size_t>(items) + 1);
        m_cursor.resize(static_cast<std::size_t>(items));
    }

    int plannedEpochs() const override { return m_params.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override;
    std::shared_ptr<const Recommender> snapshot() const override {
        const Eigen::Index d = m_params.factors;
        return std::make_shared<FismModel>(m_split->train().rowCount(), m_given.leftCols(d),
                                           m_wanted.leftCols(d), m_bias, static_cast<float>(m_params.alpha));
    }
    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    MatrixF initial(std::string_view purpose) const {
        MatrixF table = MatrixF::Zero(m_split->train().colCount(), m_stride);
        for (std::int32_t row = 0; row < table.rows(); ++row) {
            Rng rng = Rng::stream(m_seed, purpose, 0, static_cast<std::uint64_t>(row));
            for (int f = 0; f < m_params.factors; ++f)
                table(row, f) = static_cast<float>(m_params.initStd * rng.normal());
        }
        return table;
    }
    float shareOf(std::int64_t items) const {
        return std::pow(static_cast<float>(std::max<std::int64_t>(1, items)),
                        -static_cast<float>(m_params.alpha));
    }
    int drawsOf(Rng& rng) const {
        const int whole = static_cast<int>(m_params.negatives);
        return whole + (rng.uniform() < m_params.negatives - whole ? 1 : 0);
    }

    void visitUser(std::int32_t user, std::int32_t slot, std::uint64_t epoch);
    void sortByItem(std::size_t users);
    void moveItem(std::int32_t item, float* gradientP, float* gradientQ);

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    std::int64_t m_stride;
    NegativeSampler m_sampler;
    MatrixF m_given;  // P: items x stride
    MatrixF m_wanted; // Q: items x stride
    VectorF m_bias;
    VectorF m_givenSquares; // sums of mean squared gradients, from 1
    VectorF m_wantedSquares;
    VectorF m_biasSquares;
    std::vector<std::int32_t> m_users; // with a history
    // Of a batch:
    std::vector<std::int32_t> m_batch;          // users by slot
    std::vector<std::vector<Sample>> m_samples; // by slot
    MatrixF m_sums;                             // h: slots x stride
    MatrixF m_pulls;                            // Σ e n^−α q: slots x stride
    std::vector<std::int64_t> m_starts;         // by item, items + 1
    std::vector<std::int64_t> m_cursor;
    std::vector<Sample> m_byItem;
    MatrixF m_scratch; // two rows a thread
};

/// Errors of a user's samples, and what they pull the history's vectors along.
void FismTrainer::visitUser(std::int32_t user, std::int32_t slot, std::uint64_t epoch) {
    const auto history = m_split->train().cols(UserIndex{user});
    std::vector<Sample>& samples = m_samples[static_cast<std::size_t>(slot)];
    samples.clear();
    float* const h = m_sums.data() + slot * m_stride;
    float* const pull = m_pulls.data() + slot * m_stride;
    std::fill(h, h + m_stride, 0.0f);
    std::fill(pull, pull + m_stride, 0.0f);
    for (const ItemIndex item : history)
        simd::axpy(1.0f, m_given.data() + toInt(item) * m_stride, h, m_stride);
    const auto size = static_cast<std::int64_t>(history.size());
    const float own = shareOf(size - 1);
    const float all = shareOf(size);
    Rng rng = Rng::stream(m_seed, "fism.samples", epoch, static_cast<std::uint64_t>(user));
    for (const ItemIndex item : history) {
        const float* const q = m_wanted.data() + toInt(item) * m_stride;
        const float* const p = m_given.data() + toInt(item) * m_stride;
        const float s = m_bias[toInt(item)] + own * (simd::dot(h, q, m_stride) - simd::dot(p, q, m_stride));
        samples.push_back({toInt(item), slot, 1.0f - s, true});
        simd::axpy(own * (1.0f - s), q, pull, m_stride);
        for (int n = drawsOf(rng); n > 0; --n) {
            const auto other = m_sampler.draw(UserIndex{user}, rng);
            if (!other) break;
            const float* const r = m_wanted.data() + toInt(*other) * m_stride;
            const float score = m_bias[toInt(*other)] + all * simd::dot(h, r, m_stride);
            samples.push_back({toInt(*other), slot, -score, false});
            simd::axpy(-score * all, r, pull, m_stride);
        }
    }
}

/// A counting sort of the batch's samples; those of an item stay in the order of the slots.
void FismTrainer::sortByItem(std::size_t users) {
    std::fill(m_starts.begin(), m_starts.end(), 0);
    for (std::size_t slot = 0; slot < users; ++slot)
        for (const Sample& sample : m_samples[slot])
            ++m_starts[static_cast<std::size_t>(sample.item) + 1];
    std::partial_sum(m_starts.begin(), m_starts.end(), m_starts.begin());
    std::copy(m_starts.begin(), m_starts.end() - 1, m_cursor.begin());
    m_byItem.resize(static_cast<std::size_t>(m_starts.back()));
    for (std::size_t slot = 0; slot < users; ++slot)
        for (const Sample& sample : m_samples[slot])
            m_byItem[static_cast<std::size_t>(m_cursor[static_cast<std::size_t>(sample.item)]++)] = sample;
}

/// One step of both vectors and the bias of an item along the batch's gradient.
/// @param gradientP, gradientQ  stride floats each, of the thread
void FismTrainer::moveItem(std::int32_t item, float* gradientP, float* gradientQ) {
    const auto begin = m_starts[static_cast<std::size_t>(item)];
    const auto end = m_starts[static_cast<std::size_t>(item) + 1];
    if (begin == end) return;
    float* const p = m_given.data() + item * m_stride;
    float* const q = m_wanted.data() + item * m_stride;
    const auto reg = static_cast<float>(m_params.reg);
    std::fill(gradientP, gradientP + m_stride, 0.0f);
    std::fill(gradientQ, gradientQ + m_stride, 0.0f);
    float gradientB = 0.0f;
    float chosen = 0.0f;
    for (auto n = begin; n < end; ++n) {
        const Sample& sample = m_byItem[static_cast<std::size_t>(n)];
        const std::int64_t size =
            m_split->train().rowSize(UserIndex{m_batch[static_cast<std::size_t>(sample.slot)]});
        const float share = sample.error * shareOf(sample.chosen ? size - 1 : size);
        simd::axpy(share, m_sums.data() + sample.slot * m_stride, gradientQ, m_stride);
        gradientB += sample.error;
        if (!sample.chosen) continue;
        chosen += 1.0f;
        simd::axpy(-share, p, gradientQ, m_stride);
        simd::axpy(1.0f, m_pulls.data() + sample.slot * m_stride, gradientP, m_stride);
        simd::axpy(-share, q, gradientP, m_stride);
    }
    const auto count = static_cast<float>(end - begin);
    simd::axpy(-reg * count, q, gradientQ, m_stride);
    simd::axpy(-reg * chosen, p, gradientP, m_stride);
    gradientB -= static_cast<float>(m_params.regBias) * count * m_bias[item];
    const auto rate = static_cast<float>(m_params.learningRate);
    const auto follow = [&](const float* gradient, float& squares, float* row) {
        squares += simd::dot(gradient, gradient, m_stride) / static_cast<float>(m_params.factors);
        simd::axpy(rate / std::sqrt(squares), gradient, row, m_stride);
    };
    follow(gradientQ, m_wantedSquares[item], q);
    follow(gradientP, m_givenSquares[item], p);
    m_biasSquares[item] += gradientB * gradientB;
    m_bias[item] += rate / std::sqrt(m_biasSquares[item]) * gradientB;
}

Result<EpochResult> FismTrainer::runEpoch(EpochContext& context) {
    const EpochResult cancelled{false, 0.0, {}};
    const auto epoch = static_cast<std::uint64_t>(context.epoch);
    Rng order = Rng::stream(m_seed, "fism.order", epoch);
    order.shuffle(std::span(m_users));
    if (m_scratch.rows() < 2 * context.pool.threadCount())
        m_scratch.resize(2 * context.pool.threadCount(), m_stride);
    double loss = 0.0;
    double terms = 0.0;
    double pairs = 0.0;
    const auto size = static_cast<std::size_t>(m_params.batchSize);
    constexpr std::int64_t itemsPerChunk = 64;
    for (std::size_t begin = 0; begin < m_users.size(); begin += size) {
        const std::size_t count = std::min(size, m_users.size() - begin);
        m_batch.assign(m_users.begin() + static_cast<std::ptrdiff_t>(begin),
                       m_users.begin() + static_cast<std::ptrdiff_t>(begin + count));
        context.pool.forChunks(static_cast<std::int64_t>(count), 1, [&](const Chunk& chunk) {
            if (!context.control.keepGoing()) return;
            const auto slot = static_cast<std::int32_t>(chunk.index);
            visitUser(m_batch[static_cast<std::size_t>(slot)], slot, epoch);
        });
        if (context.control.cancelled()) return cancelled;
        sortByItem(count);
        // From here the batch is finished, so that no step is half taken: a few milliseconds at most.
        context.pool.forChunks(m_given.rows(), itemsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t item = chunk.begin; item < chunk.end; ++item)
                moveItem(static_cast<std::int32_t>(item), m_scratch.row(2 * chunk.thread).data(),
                         m_scratch.row(2 * chunk.thread + 1).data());
        });
        for (std::size_t slot = 0; slot < count; ++slot) {
            double sum = 0.0;
            for (const Sample& sample : m_samples[slot])
                sum += 0.5 * static_cast<double>(sample.error) * static_cast<double>(sample.error);
            loss += sum;
            terms += static_cast<double>(m_samples[slot].size());
            pairs += m_split->train().rowSize(UserIndex{m_batch[slot]});
        }
        if (context.progress)
            context.progress(static_cast<double>(begin + count) / static_cast<double>(m_users.size()), pairs);
        if (!context.afterBatch()) return cancelled;
    }
    const double mean = loss / std::max(1.0, terms);
    if (!std::isfinite(mean))
        return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                     "learning_rate"};
    return EpochResult{true, std::max(1.0, pairs), {{"loss", mean}}};
}

/// Ones for validation pairs, zeros sampled as in training.
std::optional<double> FismTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const auto model = snapshot();
    const UserItemCsr& histories = m_split->validationHistory();
    constexpr std::int64_t usersPerChunk = 16;
    struct Sum {
        double loss = 0.0;
        double terms = 0.0;
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
            model->score(std::span(&query, 1), scores);
            const auto add = [&](ItemIndex item, double target) {
                const double miss = target - static_cast<double>(scores(0, toInt(item)));
                own.loss += 0.5 * miss * miss;
                ++own.terms;
            };
            Rng rng = Rng::stream(m_seed, "fism.validation", 0, static_cast<std::uint64_t>(row));
            for (const ItemIndex item : validation.cols(user)) {
                add(item, 1.0);
                for (int n = drawsOf(rng); n > 0; --n)
                    if (const auto other = m_sampler.draw(user, rng)) add(*other, 0.0);
            }
        }
    });
    if (context.control.cancelled()) return std::nullopt;
    Sum total;
    for (const Sum& sum : sums) {
        total.loss += sum.loss;
        total.terms += sum.terms;
    }
    return total.loss / std::max(1.0, total.terms);
}

} // namespace

AlgorithmInfo fismInfo() {
    return {
        .id = "fism",
        .title = "FISM",
        .family = "Factorisation",
        .summary = "Learns how similar two items are as a product of two short vectors, so that items which "
                   "nobody had together can be similar too. Serves any history at once.",
        .equation = "ŝ(u, i) = b_i + |S_u|^−α Σ_{j ∈ S_u} p_j · q_i\n"
                    "min Σ_(u,i)∈S (1 − ŝ_ui)² + Σ_j sampled ŝ_uj² + λ (|P|² + |Q|²)",
        .reference = "Kabbur, Ning & Karypis: FISM: Factored Item Similarity Models for Top-N Recommender "
                     "Systems, KDD 2013",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<FismTrainer>(input.split, *params, input.seed));
        },
        .load = &FismModel::load,
        .cost = [](const DataShape& shape, const ParamMap& given) -> FitCost {
            const auto params = typedSchema().read(given);
            if (!params) return {};
            const auto stride = static_cast<double>(simd::padded(params->factors));
            const double samples = shape.interactions * (1.0 + params->negatives);
            FitCost cost;
            cost.bytes = 4.0 * shape.items * stride * 4.0 + 2.0 * params->batchSize * stride * 4.0 +
                         std::min<double>(shape.users * shape.items / 8.0, NegativeSampler::kMostBitBytes);
            // A sample is scored, pulls the history and moves its item; a history is added up and moved.
            cost.vectors = params->epochs * stride * (3.0 * samples + 5.0 * shape.interactions) *
                           stepsIn(2.0 * shape.items * stride * 4.0);
            cost.memory = "items x factors x 4 bytes, four times";
            return cost;
        },
    };
}

} // namespace recoscope
