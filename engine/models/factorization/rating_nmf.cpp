// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/rating_nmf.h"

#include "engine/core/rng.h"
#include "engine/models/factorization/nonnegative_model.h"

#include <cmath>
#include <numeric>
#include <vector>

namespace recoscope {

namespace {

enum class Order { Alternating, Simultaneous };

struct Params {
    int factors = 15;
    int epochs = 60;
    double userReg = 0.1;
    double itemReg = 0.1;
    Order order = Order::Alternating;
    double initLow = 0.0;
    double initHigh = 1.0;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of a vector. Overfits soon: 10 to 20 is usual.",
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
            .real("user_reg", &Params::userReg,
                  {.label = "Regularisation of users",
                   .help = "Pulls users' factors towards 0, once for each of their ratings.",
                   .min = 0.0,
                   .max = 100.0})
            .real("item_reg", &Params::itemReg,
                  {.label = "Regularisation of items",
                   .help = "Pulls items' factors towards 0, once for each of their ratings.",
                   .min = 0.0,
                   .max = 100.0})
            .choice("order", &Params::order,
                    {{Order::Alternating,
                      {"alternating", "Alternating",
                       "Items learn from the users' new numbers: the error never goes up"}},
                     {Order::Simultaneous,
                      {"simultaneous", "Simultaneous",
                       "Both learn from the old numbers, as in Surprise: can swing around the solution"}}},
                    {.label = "Order of steps",
                     .help = "Which of the users' numbers the items' step sees.",
                     .advanced = true,
                     .group = "Training"})
            .real("init_low", &Params::initLow,
                  {.label = "First numbers from",
                   .help = "Factors begin evenly spread from here.",
                   .min = 0.0,
                   .max = 100.0,
                   .advanced = true,
                   .group = "Training"})
            .real("init_high", &Params::initHigh,
                  {.label = "First numbers to",
                   .help = "Factors begin evenly spread up to here.",
                   .min = 1e-6,
                   .max = 100.0,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr std::int64_t kRowsPerChunk = 32;

class RatingNmfTrainer final : public Trainer {
public:
    RatingNmfTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params) {
        const UserItemCsr& train = m_split->train();
        const auto values = train.values();
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        m_mean = values.empty() ? 0.0f : static_cast<float>(sum / static_cast<double>(values.size()));
        m_users = random(train.rowCount(), seed, "rating_nmf.users");
        m_items = random(train.colCount(), seed, "rating_nmf.items");
        m_nextUsers = m_users;
        m_nextItems = m_items;
        m_partials.resize(static_cast<std::size_t>(ThreadPool::chunkCount(train.rowCount(), kRowsPerChunk)));
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const auto examples = static_cast<double>(m_split->train().size());
        if (!step(m_split->train(), m_users, m_items, m_params.userReg, m_nextUsers, context, 0.0,
                  &m_partials))
            return EpochResult{false, 0.0, {}};
        const bool alternating = m_params.order == Order::Alternating;
        if (alternating) m_users.swap(m_nextUsers);
        if (!step(m_split->trainByItem(), m_items, m_users, m_params.itemReg, m_nextItems, context, 0.5,
                  nullptr))
            return EpochResult{false, 0.0, {}};
        if (!alternating) m_users.swap(m_nextUsers);
        m_items.swap(m_nextItems);
        const double squares = std::accumulate(m_partials.begin(), m_partials.end(), 0.0);
        if (!std::isfinite(squares) || !m_users.allFinite() || !m_items.allFinite())
            return Error{ErrorCode::Numeric,
                         "The error is no longer a number; begin with larger or closer first numbers",
                         "init_low"};
        return EpochResult{true, examples, {{"loss", squares / std::max(1.0, examples)}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override { return model(); }

    std::optional<double> validationLoss(EpochContext& context) const override {
        const UserItemCsr& validation = m_split->validation();
        if (validation.empty()) return std::nullopt;
        const UserItemCsr& histories = m_split->validationHistory();
        const bool learned = &histories == &m_split->train();
        const auto made = model();
        std::vector<double> partials(m_partials.size());
        context.pool.forChunks(validation.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const UserIndex user{static_cast<std::int32_t>(row)};
                if (validation.rowSize(user) == 0) continue;
                if (!context.control.keepGoing()) return;
                Query query;
                query.items = histories.cols(user);
                query.values = histories.values(user);
                if (learned) query.user = user;
                const VectorF p = made->userOf(query);
                for (std::size_t n = 0; n < validation.cols(user).size(); ++n) {
                    const ItemIndex item = validation.cols(user)[n];
                    const bool known = p.squaredNorm() > 0.0f && m_split->trainByItem().rowSize(item) > 0;
                    const float said = known ? m_items.row(toInt(item)).dot(p) : m_mean;
                    const double miss = static_cast<double>(validation.values(user)[n] - said);
                    partials[static_cast<std::size_t>(chunk.index)] += miss * miss;
                }
            }
        });
        if (context.control.cancelled()) return std::nullopt;
        return std::accumulate(partials.begin(), partials.end(), 0.0) /
               static_cast<double>(validation.size());
    }

private:
    MatrixF random(std::int32_t rows, std::uint64_t seed, const char* purpose) const {
        MatrixF matrix(rows, m_params.factors);
        Rng rng = Rng::stream(seed, purpose);
        for (std::int32_t row = 0; row < rows; ++row)
            for (int k = 0; k < m_params.factors; ++k)
                matrix(row, k) = static_cast<float>(m_params.initLow +
                                                    (m_params.initHigh - m_params.initLow) * rng.uniform());
        return matrix;
    }

    /// Of users and items without ratings nothing was learned: zeros, which the model takes for "unknown".
    std::shared_ptr<const NonnegativeModel> model() const {
        MatrixF users = m_users;
        MatrixF items = m_items;
        for (std::int32_t u = 0; u < users.rows(); ++u)
            if (m_split->train().rowSize(UserIndex{u}) == 0) users.row(u).setZero();
        for (std::int32_t i = 0; i < items.rows(); ++i)
            if (m_split->trainByItem().rowSize(ItemIndex{i}) == 0) items.row(i).setZero();
        return std::make_shared<NonnegativeModel>(
            std::move(users), std::move(items),
            NonnegativeModel::Options{NonnegativeKind::Ratings, false, static_cast<float>(m_params.userReg),
                                      m_mean});
    }

    /// The multiplicative step of every row of one side, from the old numbers of both.
    /// @param squares  Σ e² of the old numbers by chunk; may be null
    template <class Row, class Col>
    bool step(const Csr<Row, Col>& ratings, const MatrixF& own, const MatrixF& other, double reg,
              MatrixF& next, EpochContext& context, double before, std::vector<double>* squares) {
        const Eigen::Index d = own.cols();
        m_scratch.resize(static_cast<std::size_t>(context.pool.threadCount()));
        for (auto& one : m_scratch)
            one.resize(static_cast<std::size_t>(2 * d));
        const double total = static_cast<double>(std::max(1, ratings.rowCount()));
        context.pool.forChunks(ratings.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
            std::vector<float>& scratch = m_scratch[static_cast<std::size_t>(chunk.thread)];
            float* const __restrict up = scratch.data();
            float* const __restrict down = scratch.data() + d;
            double sum = 0.0;
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                if (!context.control.keepGoing()) return;
                const Row row{static_cast<std::int32_t>(n)};
                const float* const __restrict p = own.data() + n * d;
                const auto cols = ratings.cols(row);
                const auto values = ratings.values(row);
                if (cols.empty()) continue;
                const float penalty = static_cast<float>(cols.size()) * static_cast<float>(reg);
                for (Eigen::Index k = 0; k < d; ++k) {
                    up[k] = 0.0f;
                    down[k] = penalty * p[k];
                }
                for (std::size_t m = 0; m < cols.size(); ++m) {
                    const float* const __restrict q = other.data() + static_cast<Eigen::Index>(cols[m]) * d;
                    float said = 0.0f;
                    for (Eigen::Index k = 0; k < d; ++k)
                        said += p[k] * q[k];
                    const double miss = static_cast<double>(values[m] - said);
                    sum += miss * miss;
                    for (Eigen::Index k = 0; k < d; ++k) {
                        up[k] += values[m] * q[k];
                        down[k] += said * q[k];
                    }
                }
                float* const to = next.data() + n * d;
                for (Eigen::Index k = 0; k < d; ++k)
                    to[k] = down[k] > 0.0f ? std::max(0.0f, p[k] * up[k] / down[k]) : 0.0f;
            }
            if (squares) (*squares)[static_cast<std::size_t>(chunk.index)] = sum;
            if (context.progress && chunk.thread == 0)
                context.progress(before + 0.5 * static_cast<double>(chunk.end) / total,
                                 (before + 0.5 * static_cast<double>(chunk.end) / total) *
                                     static_cast<double>(ratings.size()));
        });
        return !context.control.cancelled();
    }

    SplitPtr m_split;
    Params m_params;
    float m_mean = 0.0f;
    MatrixF m_users; // P: users x d
    MatrixF m_items; // Q: items x d
    MatrixF m_nextUsers;
    MatrixF m_nextItems;
    std::vector<double> m_partials;
    std::vector<std::vector<float>> m_scratch; // by thread
};

} // namespace

AlgorithmInfo ratingNmfInfo() {
    return {
        .id = "rating_nmf",
        .title = "NMF of ratings",
        .family = "Factorisation",
        .summary = "Predicts ratings as a sum of themes with no negative numbers, from the ratings that are "
                   "there. Reads well, overfits sooner than biased factorisation.",
        .equation = "r̂(u, i) = p_u · q_i\n"
                    "min Σ (r_ui − r̂_ui)² + λ_u Σ_u |I_u| |p_u|² + λ_i Σ_i |U_i| |q_i|²,  P, Q ≥ 0",
        .reference = "Luo, Zhou, Xia & Zhu: An Efficient Non-Negative Matrix-Factorization-Based Approach to "
                     "Collaborative Filtering for Recommender Systems, IEEE Transactions on Industrial "
                     "Informatics 10(2), 2014",
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
            if (params->initHigh <= params->initLow)
                return Error{ErrorCode::Invalid, "The first numbers must end above where they begin",
                             "init_high"};
            for (const float value : input.split->train().values())
                if (value < 0.0f)
                    return Error{ErrorCode::Invalid,
                                 "This data has ratings below 0, which a product of non-negative factors "
                                 "cannot reach",
                                 "rating_nmf"};
            return std::unique_ptr<Trainer>(
                std::make_unique<RatingNmfTrainer>(input.split, *params, input.seed));
        },
        .load = [](const TensorFile& file) { return NonnegativeModel::load(file, NonnegativeKind::Ratings); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                const double d = numberIn(params, "embedding_size").value_or(Params().factors);
                FitCost cost;
                cost.vectors = numberIn(params, "epochs").value_or(Params().epochs) * 6.0 *
                               shape.interactions * d * stepsIn(4.0 * shape.users * d);
                cost.bytes = 3.0 * 4.0 * d * (shape.users + shape.items);
                cost.memory = "(users + items) x factors x 4 bytes, three times";
                return cost;
            },
    };
}

} // namespace recoscope
