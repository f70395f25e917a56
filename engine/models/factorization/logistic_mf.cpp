// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/logistic_mf.h"

#include "engine/core/rng.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/logistic_mf_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

struct Params {
    int factors = 32;
    int epochs = 30;
    double alpha = 2.0;
    bool ratings = false;
    double reg = 0.5;
    double learningRate = 0.5;
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
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Steps for all users and then all items. Each goes over all pairs of user and "
                              "item.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .real("alpha", &Params::alpha,
                  {.label = "Weight of chosen pairs (alpha)",
                   .help =
                       "A chosen pair counts so much for the item, beside the 1 against it that every pair "
                       "counts. Larger values fit the chosen pairs more closely.",
                   .min = 0.001,
                   .max = 1000.0,
                   .logScale = true})
            .flag("use_ratings", &Params::ratings,
                  {.label = "Weigh by rating",
                   .help =
                       "A chosen pair weighs alpha times its rating or count, as in the paper; else alpha."})
            .real("reg", &Params::reg,
                  {.label = "Regularisation (lambda)",
                   .help = "Pulls the factors of users and items towards 0, once a step.",
                   .min = 0.0,
                   .max = 1000.0,
                   .logScale = true})
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of AdaGrad's first step. Too large and the loss jumps, too small and it "
                           "creeps.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .group = "Training"})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first factors. Exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr int kMostFoldInPasses = 60;

class LogisticMfTrainer final : public Trainer {
public:
    LogisticMfTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_objective{static_cast<float>(params.alpha), static_cast<float>(params.reg),
                      static_cast<float>(params.learningRate), params.ratings}
        , m_stride(simd::padded(params.factors + 2)) {
        const UserItemCsr& train = m_split->train();
        m_users = MatrixF::Zero(train.rowCount(), m_stride);
        m_items = MatrixF::Zero(train.colCount(), m_stride);
        m_userSquares = MatrixF::Zero(train.rowCount(), m_stride);
        m_itemSquares = MatrixF::Zero(train.colCount(), m_stride);
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0) initialise(m_users, u, "logistic_mf.users", seed);
        for (std::int32_t i = 0; i < train.colCount(); ++i)
            initialise(m_items, i, "logistic_mf.items", seed);
        m_users.col(params.factors + 1).setOnes();
        m_items.col(params.factors).setOnes();
        for (const ItemIndex item : train.columns())
            m_userColumns.push_back(toInt(item));
        for (const UserIndex user : m_split->trainByItem().columns())
            m_itemColumns.push_back(toInt(user));
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        double fit = 0.0;
        double ignored = 0.0;
        if (!half(m_split->train(), m_userColumns, m_items, m_users, m_userSquares, true, 0.0, context,
                  fit) ||
            !half(m_split->trainByItem(), m_itemColumns, m_users, m_items, m_itemSquares, false, 0.5, context,
                  ignored))
            return EpochResult{false, 0.0, {}};
        const auto pairs = static_cast<double>(std::max<std::int64_t>(1, m_split->train().size()));
        const Eigen::Index d = m_params.factors;
        const double penalty = 0.5 * m_params.reg *
                               (static_cast<double>(m_users.leftCols(d).squaredNorm()) +
                                static_cast<double>(m_items.leftCols(d).squaredNorm()));
        if (!std::isfinite(fit + penalty))
            return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                         "learning_rate"};
        return EpochResult{
            true,
            pairs,
            {{"loss", (fit + penalty) / pairs}, {"fit", fit / pairs}, {"regularisation", penalty / pairs}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }

    /// The data part with validation pairs in place of training pairs, over the users who have some.
    std::optional<double> validationLoss(EpochContext& context) const override {
        const UserItemCsr& validation = m_split->validation();
        if (validation.empty()) return std::nullopt;
        const UserItemCsr& histories = m_split->validationHistory();
        const bool learned = &histories == &m_split->train();
        const auto model = makeModel();
        const Eigen::Index width = m_params.factors + 2;
        std::vector<double> sums(static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), 16)));
        context.pool.forChunks(validation.rowCount(), 16, [&](const Chunk& chunk) {
            VectorF row(width);
            double sum = 0.0;
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                const UserIndex user{static_cast<std::int32_t>(n)};
                if (validation.rowSize(user) == 0) continue;
                if (!context.control.keepGoing()) return;
                Query query;
                query.items = histories.cols(user);
                query.values = histories.values(user);
                if (learned) query.user = user;
                model->userOf(query, row.data());
                const Eigen::ArrayXf s = (m_items.leftCols(width) * row).array();
                sum += static_cast<double>((s.max(0.0f) + ((-s.abs()).exp() + 1.0f).log()).sum());
                for (std::size_t k = 0; k < validation.cols(user).size(); ++k) {
                    const auto x = static_cast<double>(s[toInt(validation.cols(user)[k])]);
                    const double weight =
                        m_params.alpha *
                        (m_params.ratings ? static_cast<double>(validation.values(user)[k]) : 1.0);
                    sum += weight * (std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x))));
                }
            }
            sums[static_cast<std::size_t>(chunk.index)] = sum;
        });
        if (context.control.cancelled()) return std::nullopt;
        return std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(validation.size());
    }

private:
    void initialise(MatrixF& table, std::int32_t row, std::string_view purpose, std::uint64_t seed) const {
        // Uniform on ±sqrt(3) sigma has standard deviation sigma.
        const auto scale = static_cast<float>(2.0 * std::sqrt(3.0) * m_params.initStd);
        Rng rng = Rng::stream(seed, purpose, 0, static_cast<std::uint64_t>(row));
        for (int f = 0; f < m_params.factors; ++f)
            table(row, f) = scale * (rng.uniformFloat() - 0.5f);
    }

    std::shared_ptr<const LogisticMfModel> makeModel() const {
        const Eigen::Index width = m_params.factors + 2;
        return std::make_shared<LogisticMfModel>(m_users.leftCols(width), m_items.leftCols(width),
                                                 m_objective, std::min(m_params.epochs, kMostFoldInPasses));
    }

    /// A step for every row of `own`. False when cancelled: rows are then
    /// old or new, never half.
    template <class Row, class Col>
    bool half(const Csr<Row, Col>& histories, const std::vector<std::int32_t>& columns, const MatrixF& fixed,
              MatrixF& own, MatrixF& squares, bool users, double before, EpochContext& context,
              double& loss) {
        const std::int64_t rows = own.rows();
        const LogisticSide side{fixed.data(), fixed.rows(), m_stride, m_params.factors, users};
        // Scores of a block of rows stay within a cache, and a block takes a few milliseconds at most.
        const std::int64_t block =
            std::clamp<std::int64_t>((1 << 18) / std::max<std::int64_t>(1, side.cols), 4, 128);
        const auto chunks = static_cast<std::size_t>(ThreadPool::chunkCount(rows, block));
        if (m_losses.size() < chunks) m_losses.resize(chunks);
        if (m_scratch.size() < static_cast<std::size_t>(context.pool.threadCount()))
            m_scratch.resize(static_cast<std::size_t>(context.pool.threadCount()));
        context.pool.forChunks(rows, block, [&](const Chunk& chunk) {
            if (!context.control.keepGoing()) return;
            LogisticScratch& scratch = m_scratch[static_cast<std::size_t>(chunk.thread)];
            scratch.histories.clear();
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const Row index{static_cast<std::int32_t>(row)};
                scratch.histories.push_back(
                    {columns.data() + histories.rowBegin(index), histories.values(index)});
            }
            double sum = 0.0;
            logisticStep(m_objective, side, scratch.histories, own.row(chunk.begin).data(),
                         squares.row(chunk.begin).data(), users ? &sum : nullptr, scratch);
            m_losses[static_cast<std::size_t>(chunk.index)] = sum;
            if (chunk.thread == 0 && context.progress) {
                const double share =
                    before + 0.5 * static_cast<double>(chunk.end) / static_cast<double>(rows);
                context.progress(share, share * static_cast<double>(m_split->train().size()));
            }
        });
        if (context.control.cancelled()) return false;
        for (std::size_t chunk = 0; chunk < chunks; ++chunk)
            loss += m_losses[chunk];
        return true;
    }

    SplitPtr m_split;
    Params m_params;
    LogisticObjective m_objective;
    std::int64_t m_stride;
    MatrixF m_users; // factors, bias, 1
    MatrixF m_items; // factors, 1, bias
    MatrixF m_userSquares;
    MatrixF m_itemSquares;
    std::vector<std::int32_t> m_userColumns; // of train(), as plain numbers
    std::vector<std::int32_t> m_itemColumns;
    std::vector<double> m_losses;
    std::vector<LogisticScratch> m_scratch; // by thread
};

} // namespace

AlgorithmInfo logisticMfInfo() {
    return {
        .id = "logistic_mf",
        .title = "Logistic MF",
        .family = "Factorisation",
        .summary = "Learns the probability that a user chooses an item from all pairs, chosen or not. Each "
                   "score is log-odds that can be read.",
        .equation = "p(u, i) = σ(x_u · y_i + β_u + β_i)\n"
                    "max Σ_(u,i) α r_ui ln p(u, i) + ln(1 − p(u, i)) − λ/2 (Σ |x_u|² + Σ |y_i|²)",
        .reference = "Johnson: Logistic Matrix Factorization for Implicit Feedback Data, NIPS Workshop on "
                     "Distributed Machine Learning and Matrix Computations 2014",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(
                std::make_unique<LogisticMfTrainer>(input.split, *params, input.seed));
        },
        .load = &LogisticMfModel::load,
        .cost = [](const DataShape& shape, const ParamMap& given) -> FitCost {
            const auto params = typedSchema().read(given);
            if (!params) return {};
            const auto stride = static_cast<double>(simd::padded(params->factors + 2));
            FitCost cost;
            cost.bytes = 3.0 * (shape.users + shape.items) * stride * 4.0 + 8.0 * shape.interactions;
            // Scores and gradients of both halves; an exponential and a logarithm are worth a few more. Every
            // user goes through all items, which may not fit into a cache.
            cost.dense = params->epochs * 4.0 * shape.users * shape.items * (stride + 8.0) *
                         stepsIn(2.0 * shape.items * stride * 4.0);
            cost.memory = "(users + items) x factors x 4 bytes, three times";
            return cost;
        },
    };
}

} // namespace recoscope
