// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/svdpp.h"

#include "engine/core/rng.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/svdpp_model.h"

#include <cmath>
#include <numeric>
#include <vector>

namespace recoscope {

namespace {

struct Params {
    int factors = 20;
    int epochs = 20;
    double learningRate = 0.007;
    double reg = 0.02;
    double biasReg = 0.02;
    double initStd = 0.1;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each vector. 20 to 100 is usual; items have two vectors each.",
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
            .real("learning_rate", &Params::learningRate,
                  {.label = "Learning rate",
                   .help = "Size of a step. Too large and the loss jumps or turns into NaN, too small and it "
                           "creeps.",
                   .min = 1e-6,
                   .max = 1.0,
                   .logScale = true,
                   .group = "Training"})
            .real("reg", &Params::reg,
                  {.label = "Regularisation of factors",
                   .help = "Pulls all vectors towards 0 at each rating.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("bias_reg", &Params::biasReg,
                  {.label = "Regularisation of biases",
                   .help = "Pulls user and item biases towards 0 at each of their ratings.",
                   .min = 0.0,
                   .max = 10.0,
                   .logScale = true})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Standard deviation of the first factors; exactly 0 would never move.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr std::int64_t kUsersPerChunk = 64;
constexpr std::int64_t kNumbersBetweenLooks = 1 << 19; // ratings times the length of a vector

class SvdppTrainer final : public Trainer {
public:
    SvdppTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_seed(seed) {
        const UserItemCsr& train = m_split->train();
        const auto values = train.values();
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        m_mean = values.empty() ? 0.0f : static_cast<float>(sum / static_cast<double>(values.size()));
        const std::int64_t stride = simd::padded(params.factors);
        m_p = random(train.rowCount(), stride, "svdpp.users");
        m_q = random(train.colCount(), stride, "svdpp.items");
        m_y = random(train.colCount(), stride, "svdpp.implicit");
        m_userBias = VectorF::Zero(train.rowCount());
        m_itemBias = VectorF::Zero(train.colCount());
        m_vector.resize(static_cast<std::size_t>(stride));
        m_before.resize(static_cast<std::size_t>(stride));
        m_order.resize(static_cast<std::size_t>(train.rowCount()));
        std::iota(m_order.begin(), m_order.end(), 0);
        m_partials.resize(static_cast<std::size_t>(ThreadPool::chunkCount(train.rowCount(), kUsersPerChunk)));
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const UserItemCsr& train = m_split->train();
        std::iota(m_order.begin(), m_order.end(), 0);
        Rng::stream(m_seed, "svdpp.order", static_cast<std::uint64_t>(context.epoch))
            .shuffle(std::span(m_order));
        const double total = static_cast<double>(std::max<std::int64_t>(1, train.size()));
        double squares = 0.0;
        double done = 0.0;
        std::int64_t untilLook = kNumbersBetweenLooks;
        for (const std::int32_t u : m_order) {
            const UserIndex user{u};
            if (train.rowSize(user) == 0) continue;
            squares += learnUser(user);
            done += train.rowSize(user);
            untilLook -= train.rowSize(user) * m_q.cols();
            if (untilLook > 0) continue;
            untilLook = kNumbersBetweenLooks;
            if (!context.control.keepGoing()) return EpochResult{false, done, {}};
            if (context.progress) context.progress(done / total, done);
        }
        if (!std::isfinite(squares))
            return Error{ErrorCode::Numeric,
                         "The error is no longer a number; choose a smaller learning rate", "learning_rate"};
        return EpochResult{true, done, {{"loss", squares / total}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }

    std::optional<double> validationLoss(EpochContext& context) const override {
        const UserItemCsr& validation = m_split->validation();
        if (validation.empty()) return std::nullopt;
        const UserItemCsr& histories = m_split->validationHistory();
        const bool learned = &histories == &m_split->train();
        const auto model = makeModel();
        const MatrixF& items = *model->itemEmbeddings();
        context.pool.forChunks(validation.rowCount(), kUsersPerChunk, [&](const Chunk& chunk) {
            double sum = 0.0;
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const UserIndex user{static_cast<std::int32_t>(row)};
                if (validation.rowSize(user) == 0) continue;
                if (!context.control.keepGoing()) return;
                Query query;
                query.items = histories.cols(user);
                query.values = histories.values(user);
                if (learned && m_split->trainedUser(user)) query.user = user;
                const SvdppModel::User known = model->userOf(query);
                for (std::size_t n = 0; n < validation.cols(user).size(); ++n) {
                    const auto item = toInt(validation.cols(user)[n]);
                    const double miss =
                        static_cast<double>(validation.values(user)[n] - m_mean - known.bias -
                                            m_itemBias[item] - items.row(item).dot(known.vector));
                    sum += miss * miss;
                }
            }
            m_partials[static_cast<std::size_t>(chunk.index)] = sum;
        });
        if (context.control.cancelled()) return std::nullopt;
        return std::accumulate(m_partials.begin(), m_partials.end(), 0.0) /
               static_cast<double>(validation.size());
    }

private:
    MatrixF random(std::int32_t rows, std::int64_t stride, const char* purpose) const {
        MatrixF matrix = MatrixF::Zero(rows, stride);
        Rng rng = Rng::stream(m_seed, purpose);
        for (std::int32_t row = 0; row < rows; ++row)
            for (int k = 0; k < m_params.factors; ++k)
                matrix(row, k) = static_cast<float>(m_params.initStd * rng.normal());
        return matrix;
    }

    /// One step for each rating of a user; returns Σ e², each error taken just before its step.
    double learnUser(UserIndex user) {
        using simd::at;
        using simd::kLanes;
        const auto items = m_split->train().cols(user);
        const auto ratings = m_split->train().values(user);
        const std::int64_t stride = m_q.cols();
        float* const __restrict w = m_vector.data();
        float* const __restrict before = m_before.data();
        float* const __restrict p = m_p.data() + toInt(user) * stride;
        const float share = 1.0f / std::sqrt(static_cast<float>(items.size()));
        for (std::int64_t v = 0; v < stride; ++v)
            w[v] = 0.0f;
        for (const ItemIndex item : items)
            simd::axpy(1.0f, m_y.data() + toInt(item) * stride, w, stride);
        for (std::int64_t v = 0; v < stride; ++v)
            before[v] = w[v] = p[v] + share * w[v];

        const auto rate = static_cast<float>(m_params.learningRate);
        const auto biasReg = static_cast<float>(m_params.biasReg);
        const float keep = 1.0f - rate * static_cast<float>(m_params.reg);
        float& bu = m_userBias[toInt(user)];
        double squares = 0.0;
        for (std::size_t n = 0; n < items.size(); ++n) {
            float* const __restrict q = m_q.data() + toInt(items[n]) * stride;
            float& bi = m_itemBias[toInt(items[n])];
            const float e = ratings[n] - (m_mean + bu + bi + simd::dot(w, q, stride));
            squares += static_cast<double>(e) * static_cast<double>(e);
            bu += rate * (e - biasReg * bu);
            bi += rate * (e - biasReg * bi);
            const float push = rate * e;
            for (std::int64_t v = 0; v < stride; v += kLanes) {
                const simd::Float16 wv = at(w + v);
                const simd::Float16 qv = at(q + v);
                at(q + v) = keep * qv + push * wv;
                at(w + v) = keep * wv + 2.0f * push * qv;
            }
        }
        const auto kept = static_cast<float>(std::pow(static_cast<double>(keep), items.size()));
        for (std::int64_t v = 0; v < stride; ++v)
            before[v] = 0.5f * (w[v] - kept * before[v]); // B
        for (std::int64_t v = 0; v < stride; ++v)
            p[v] = kept * p[v] + before[v];
        for (const ItemIndex item : items) {
            float* const __restrict y = m_y.data() + toInt(item) * stride;
            for (std::int64_t v = 0; v < stride; v += kLanes)
                at(y + v) = kept * at(y + v) + share * at(before + v);
        }
        return squares;
    }

    std::shared_ptr<const SvdppModel> makeModel() const {
        const Eigen::Index d = m_params.factors;
        SvdppModel::Parts parts;
        parts.mean = m_mean;
        parts.items = m_q.leftCols(d);
        parts.implicit = m_y.leftCols(d);
        parts.users = m_p.leftCols(d);
        const UserItemCsr& train = m_split->train();
        for (std::int32_t i = 0; i < train.colCount(); ++i) {
            if (m_split->trainByItem().rowSize(ItemIndex{i}) > 0) continue;
            parts.items.row(i).setZero(); // nothing was learned of these
            parts.implicit.row(i).setZero();
        }
        VectorF sum(d);
        for (std::int32_t u = 0; u < train.rowCount(); ++u) {
            const auto items = train.cols(UserIndex{u});
            if (items.empty()) {
                parts.users.row(u).setZero(); // nothing was learned of them
                continue;
            }
            sum.setZero();
            for (const ItemIndex item : items)
                sum += parts.implicit.row(toInt(item)).transpose();
            parts.users.row(u) += sum.transpose() / std::sqrt(static_cast<float>(items.size()));
        }
        parts.userBias = m_userBias;
        parts.itemBias = m_itemBias;
        parts.reg = static_cast<float>(m_params.reg);
        parts.biasReg = static_cast<float>(m_params.biasReg);
        return std::make_shared<SvdppModel>(std::move(parts));
    }

    SplitPtr m_split;
    Params m_params;
    std::uint64_t m_seed;
    float m_mean = 0.0f;
    MatrixF m_p; // users x stride; columns from d on are zero
    MatrixF m_q; // items x stride
    MatrixF m_y; // items x stride
    VectorF m_userBias;
    VectorF m_itemBias;
    std::vector<float> m_vector; // w of the user at hand
    std::vector<float> m_before;
    std::vector<std::int32_t> m_order;
    mutable std::vector<double> m_partials;
};

FitCost costOf(const DataShape& shape, const ParamMap& params) {
    const double stride = static_cast<double>(
        simd::padded(static_cast<std::int64_t>(numberIn(params, "embedding_size").value_or(Params().factors))));
    FitCost cost;
    // A rating: the product, two vectors moved, y read once and moved once.
    cost.vectors = numberIn(params, "epochs").value_or(Params().epochs) * shape.interactions * stride * 6.0 *
                   stepsIn(2.0 * shape.items * stride * 4.0);
    cost.bytes = 4.0 * stride * 2.0 * (shape.users + 2.0 * shape.items);
    cost.memory = "(users + 2 x items) x factors x 4 bytes, twice";
    return cost;
}

} // namespace

AlgorithmInfo svdppInfo() {
    return {
        .id = "svdpp",
        .title = "SVD++",
        .family = "Factorisation",
        .summary = "Biased matrix factorisation that also learns from which items a person chose to rate, "
                   "whatever the rating. A little more exact than plain factorisation on ratings.",
        .equation = "r̂(u, i) = μ + b_u + b_i + q_i · (p_u + |N(u)|^-½ Σ_{j∈N(u)} y_j)\n"
                    "min Σ (r_ui − r̂_ui)² + λ (|p_u|² + |q_i|² + Σ_j |y_j|²) + λ_b (b_u² + b_i²)",
        .reference = "Koren: Factorization Meets the Neighborhood: a Multifaceted Collaborative Filtering "
                     "Model, KDD 2008",
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
            return std::unique_ptr<Trainer>(std::make_unique<SvdppTrainer>(input.split, *params, input.seed));
        },
        .load = &SvdppModel::load,
        .cost = &costOf,
    };
}

} // namespace recoscope
