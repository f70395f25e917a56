// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/biased_mf.h"

#include "engine/models/classic_cost.h"
#include "engine/core/rng.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/biased_mf_model.h"
#include "engine/models/factorization/biased_sgd.h"
#include "engine/models/factorization/rating_grid.h"

#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

enum class Schedule { Constant, Decay, AdaGrad };

struct Params {
    int factors = 64;
    int epochs = 20;
    double learningRate = 0.04;
    Schedule schedule = Schedule::AdaGrad;
    double decay = 0.95;
    double biasRate = 0.005;
    double reg = 0.05;
    double biasReg = 0.02;
    double initStd = 0.01;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each user's and item's vector. With enough regularisation more "
                              "factors seldom harm; they cost time in proportion.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over all ratings. Watch the validation loss: where it turns up, the "
                              "model starts to overfit.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .real("reg", &Params::reg,
                  {.label = "Regularisation of factors",
                   .help = "Pulls user and item factors towards 0 at each of their ratings. More for small "
                           "or noisy data, and for more factors.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("bias_reg", &Params::biasReg,
                  {.label = "Regularisation of biases",
                   .help = "Pulls user and item biases towards 0 at each of their ratings. Usually less than "
                           "for factors.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of a step of the factors. Too large and the loss jumps or turns into NaN, "
                           "too small and it creeps. With AdaGrad about ten times larger than without.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training"})
            .real("bias_learning_rate", &Params::biasRate,
                  {.label = "Learning rate of biases",
                   .help = "Size of a step of the biases.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .choice(
                "learning_rate_schedule", &Params::schedule,
                {{Schedule::Constant, {"constant", "Constant", "The same rate from first to last epoch"}},
                 {Schedule::Decay, {"decay", "Decay", "Both rates shrink by a factor after each epoch"}},
                 {Schedule::AdaGrad,
                  {"adagrad", "AdaGrad",
                   "Each user and item has its own rate, which shrinks with the steps it has taken; biases "
                   "decay"}}},
                {.label = "Learning rate schedule",
                 .help = "How the rate changes while training. Shrinking rates let the last epochs settle.",
                 .group = "Training"})
            .real("learning_rate_decay", &Params::decay,
                  {.label = "Decay",
                   .help = "Factor for the rate after each epoch; 1 keeps it.",
                   .min = 0.01,
                   .max = 1.0,
                   .advanced = true,
                   .group = "Training",
                   .enabledBy = "learning_rate_schedule",
                   .enabledWhen = {"decay", "adagrad"}})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first factors. Small values let the biases learn first "
                           "and usually predict better; exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr std::size_t kRatingsBetweenLooks = 8192;
constexpr std::int64_t kRowsPerChunk = 256;

class BiasedMfTrainer final : public Trainer {
public:
    BiasedMfTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed)
        , m_grid(m_split->train().rowCount(), m_split->train().colCount(), seed) {
        const UserItemCsr& train = m_split->train();
        const auto values = train.values();
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        m_factors.mean = values.empty() ? 0.0f : static_cast<float>(sum / static_cast<double>(values.size()));
        const std::int64_t stride = simd::padded(params.factors);
        m_factors.users = MatrixF::Zero(train.rowCount(), stride);
        m_factors.items = MatrixF::Zero(train.colCount(), stride);
        m_factors.userBias = VectorF::Zero(train.rowCount());
        m_factors.itemBias = VectorF::Zero(train.colCount());
        m_factors.userSquares = VectorF::Ones(train.rowCount());
        m_factors.itemSquares = VectorF::Ones(train.colCount());
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0)
                initialise(m_factors.users.row(m_grid.position(UserIndex{u})), "biased_mf.users", u);
        for (std::int32_t i = 0; i < train.colCount(); ++i)
            if (m_split->trainByItem().rowSize(ItemIndex{i}) > 0)
                initialise(m_factors.items.row(m_grid.position(ItemIndex{i})), "biased_mf.items", i);
    }

    int plannedEpochs() const override { return m_params.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override;
    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }
    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    void initialise(Eigen::Ref<Eigen::RowVectorXf> row, std::string_view purpose, std::int32_t index) const {
        // Uniform on ±sqrt(3) sigma has standard deviation sigma.
        const auto scale = static_cast<float>(2.0 * std::sqrt(3.0) * m_params.initStd);
        Rng rng = Rng::stream(m_seed, purpose, 0, static_cast<std::uint64_t>(index));
        for (int f = 0; f < m_params.factors; ++f)
            row[f] = scale * (rng.uniformFloat() - 0.5f);
    }

    SgdStep stepOf(int epoch) const {
        const double shrink = m_params.schedule == Schedule::Constant
                                  ? 1.0
                                  : std::pow(m_params.decay, static_cast<double>(epoch - 1));
        const bool adaGrad = m_params.schedule == Schedule::AdaGrad;
        return {.rate = static_cast<float>(m_params.learningRate * (adaGrad ? 1.0 : shrink)),
                .biasRate = static_cast<float>(m_params.biasRate * shrink),
                .reg = static_cast<float>(m_params.reg),
                .biasReg = static_cast<float>(m_params.biasReg),
                .adaGrad = adaGrad};
    }

    std::shared_ptr<const BiasedMfModel> makeModel() const;
    double penalty(ThreadPool& pool);

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    RatingGrid m_grid;
    BiasedFactors m_factors;
    std::array<double, static_cast<std::size_t>(RatingGrid::side())> m_blockSquares{};
    std::vector<double> m_penalties; // by chunk
};

Result<EpochResult> BiasedMfTrainer::runEpoch(EpochContext& context) {
    constexpr std::int32_t side = RatingGrid::side();
    const EpochResult cancelled{false, 0.0, {}};
    if (!m_grid.filled() && !m_grid.fill(m_split->train(), m_seed, context.control)) return cancelled;
    std::array<std::int32_t, static_cast<std::size_t>(side)> diagonals{};
    std::iota(diagonals.begin(), diagonals.end(), 0);
    Rng rng = Rng::stream(m_seed, "biased_mf.diagonals", static_cast<std::uint64_t>(context.epoch));
    rng.shuffle(std::span<std::int32_t>(diagonals));
    const SgdStep step = stepOf(context.epoch);
    const auto ratings = static_cast<double>(std::max<std::int64_t>(1, m_split->train().size()));
    double squares = 0.0;
    double visited = 0.0;
    for (const std::int32_t diagonal : diagonals) {
        context.pool.forChunks(side, 1, [&](const Chunk& chunk) {
            const auto row = static_cast<std::int32_t>(chunk.index);
            const auto block = m_grid.block(row, (row + diagonal) % side);
            double& sum = m_blockSquares[static_cast<std::size_t>(row)];
            sum = 0.0;
            for (std::size_t begin = 0; begin < block.size(); begin += kRatingsBetweenLooks) {
                if (!context.control.keepGoing()) return;
                sum += sgdPass(block.subspan(begin, std::min(kRatingsBetweenLooks, block.size() - begin)),
                               step, m_factors);
            }
        });
        if (context.control.cancelled()) return cancelled;
        for (std::int32_t row = 0; row < side; ++row) {
            squares += m_blockSquares[static_cast<std::size_t>(row)];
            visited += static_cast<double>(m_grid.block(row, (row + diagonal) % side).size());
        }
        if (context.progress) context.progress(visited / ratings, visited);
    }
    const double fit = squares / ratings;
    const double regularisation = penalty(context.pool) / ratings;
    if (!std::isfinite(fit + regularisation))
        return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                     "learning_rate"};
    return EpochResult{
        true, ratings, {{"loss", fit + regularisation}, {"fit", fit}, {"regularisation", regularisation}}};
}

/// Σ over ratings of reg (|p|² + |q|²) + bias_reg (b_u² + b_i²)
double BiasedMfTrainer::penalty(ThreadPool& pool) {
    const UserItemCsr& train = m_split->train();
    const std::int64_t users = train.rowCount();
    const std::int64_t rows = users + train.colCount();
    m_penalties.resize(static_cast<std::size_t>(ThreadPool::chunkCount(rows, kRowsPerChunk)));
    const std::int64_t stride = m_factors.users.cols();
    pool.forChunks(rows, kRowsPerChunk, [&](const Chunk& chunk) {
        double sum = 0.0;
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
            const bool isUser = n < users;
            const auto user = UserIndex{static_cast<std::int32_t>(n)};
            const auto item = ItemIndex{static_cast<std::int32_t>(n - users)};
            const std::int32_t at = isUser ? m_grid.position(user) : m_grid.position(item);
            const MatrixF& factors = isUser ? m_factors.users : m_factors.items;
            const double bias = isUser ? m_factors.userBias[at] : m_factors.itemBias[at];
            const double count = isUser ? train.rowSize(user) : m_split->trainByItem().rowSize(item);
            const float* row = factors.data() + at * stride;
            sum += count * (m_params.reg * static_cast<double>(simd::dot(row, row, stride)) +
                            m_params.biasReg * bias * bias);
        }
        m_penalties[static_cast<std::size_t>(chunk.index)] = sum;
    });
    return std::accumulate(m_penalties.begin(), m_penalties.end(), 0.0);
}

std::shared_ptr<const BiasedMfModel> BiasedMfTrainer::makeModel() const {
    const Eigen::Index d = m_params.factors;
    MatrixF users(m_factors.users.rows(), d);
    MatrixF items(m_factors.items.rows(), d);
    VectorF userBias(users.rows());
    VectorF itemBias(items.rows());
    for (std::int32_t u = 0; u < users.rows(); ++u) {
        users.row(u) = m_factors.users.row(m_grid.position(UserIndex{u})).head(d);
        userBias[u] = m_factors.userBias[m_grid.position(UserIndex{u})];
    }
    for (std::int32_t i = 0; i < items.rows(); ++i) {
        items.row(i) = m_factors.items.row(m_grid.position(ItemIndex{i})).head(d);
        itemBias[i] = m_factors.itemBias[m_grid.position(ItemIndex{i})];
    }
    return std::make_shared<BiasedMfModel>(
        m_factors.mean, std::move(users), std::move(items), std::move(userBias), std::move(itemBias),
        BiasedMfModel::Ridge{static_cast<float>(m_params.reg), static_cast<float>(m_params.biasReg)});
}

std::optional<double> BiasedMfTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const UserItemCsr& histories = m_split->validationHistory();
    const bool learned = &histories == &m_split->train();
    const std::shared_ptr<const BiasedMfModel> model = learned ? nullptr : makeModel();
    const std::int64_t stride = m_factors.users.cols();
    std::vector<double> partials(
        static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), kRowsPerChunk)));
    context.pool.forChunks(validation.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
        double sum = 0.0;
        VectorF folded = VectorF::Zero(stride);
        for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
            const UserIndex user{static_cast<std::int32_t>(row)};
            const auto items = validation.cols(user);
            const auto values = validation.values(user);
            if (items.empty()) continue;
            if (!context.control.keepGoing()) return;
            const float* p = m_factors.users.data() + m_grid.position(user) * stride;
            float bias = m_factors.userBias[m_grid.position(user)];
            if (!learned) {
                Query query;
                query.items = histories.cols(user);
                query.values = histories.values(user);
                const BiasedMfModel::User unseen = model->userOf(query);
                folded.head(m_params.factors) = unseen.factors;
                p = folded.data();
                bias = unseen.bias;
            }
            for (std::size_t n = 0; n < items.size(); ++n) {
                const std::int32_t at = m_grid.position(items[n]);
                const float predicted = m_factors.mean + bias + m_factors.itemBias[at] +
                                        simd::dot(p, m_factors.items.data() + at * stride, stride);
                const double miss = static_cast<double>(values[n] - predicted);
                sum += miss * miss;
            }
        }
        partials[static_cast<std::size_t>(chunk.index)] = sum;
    });
    if (context.control.cancelled()) return std::nullopt;
    return std::accumulate(partials.begin(), partials.end(), 0.0) / static_cast<double>(validation.size());
}

} // namespace

AlgorithmInfo biasedMfInfo() {
    return {
        .id = "biased_mf",
        .title = "Biased MF (SVD)",
        .family = "Factorisation",
        .summary = "Predicts ratings from a mean, how strictly a user rates, how well an item is liked, and "
                   "how well their factors fit. The classic of the Netflix prize, learned by stochastic "
                   "gradient descent.",
        .equation = "r̂(u, i) = μ + b_u + b_i + p_u · q_i\n"
                    "min Σ (r_ui − r̂_ui)² + λ (|p_u|² + |q_i|²) + λ_b (b_u² + b_i²)",
        .reference = "Koren, Bell & Volinsky: Matrix Factorization Techniques for Recommender Systems, IEEE "
                     "Computer 42(8), 2009; Zhuang, Chin, Juan & Lin: A Fast Parallel SGD for Matrix "
                     "Factorization in Shared Memory Systems, RecSys 2013",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true,
                         .explains = true,
                         .predictsRatings = true,
                         .embeddings = true,
                         .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(
                std::make_unique<BiasedMfTrainer>(input.split, *params, input.seed));
        },
        .load = &BiasedMfModel::load,
        .cost = [](const DataShape& shape, const ParamMap& params) {
            return classic_cost::biasedMf(typedSchema().schema(), shape, params);
        },
    };
}

} // namespace recoscope
