// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/nmf.h"

#include "engine/core/rng.h"
#include "engine/models/factorization/nonnegative_model.h"

#include <cmath>
#include <numeric>
#include <vector>

namespace recoscope {

namespace {

enum class Cells { Ones, Ratings };

struct Params {
    int factors = 30;
    int epochs = 50;
    Cells values = Cells::Ones;
    double reg = 0.0;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of a vector: how many themes the data is taken apart into.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Passes over users and items. The error falls ever more slowly; a ranking is "
                              "often best before it stands still.",
                      .min = 1,
                      .max = 10000,
                      .group = "Training"})
            .choice("values", &Params::values,
                    {{Cells::Ones, {"ones", "Ones", "Every interaction counts 1"}},
                     {Cells::Ratings, {"ratings", "Ratings", "The rating itself; missing cells are 0"}}},
                    {.label = "Values", .help = "What stands in an observed cell of the matrix."})
            .real("reg", &Params::reg,
                  {.label = "Regularisation",
                   .help = "Pulls all numbers towards 0. 0: none.",
                   .min = 0.0,
                   .max = 1e6})
            .build();
    return schema;
}

constexpr std::int64_t kRowsPerChunk = 32;

/// max(0, normal) around √(mean of X / d), as if every cell were the mean.
MatrixF firstGuess(std::int32_t rows, int d, double scale, std::uint64_t seed, const char* purpose) {
    MatrixF matrix(rows, d);
    Rng rng = Rng::stream(seed, purpose);
    for (std::int32_t row = 0; row < rows; ++row)
        for (int k = 0; k < d; ++k)
            matrix(row, k) = static_cast<float>(scale * std::abs(rng.normal()));
    return matrix;
}

class NmfTrainer final : public Trainer {
public:
    NmfTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params) {
        const UserItemCsr& train = m_split->train();
        double sum = 0.0;
        for (const float value : train.values())
            sum += cell(value);
        for (const float value : train.values())
            m_squares += cell(value) * cell(value);
        m_cells = static_cast<double>(train.rowCount()) * static_cast<double>(train.colCount());
        const double scale = std::sqrt(std::max(0.0, sum) / std::max(1.0, m_cells) / params.factors);
        m_users = firstGuess(train.rowCount(), params.factors, scale, seed, "nmf.users");
        m_items = firstGuess(train.colCount(), params.factors, scale, seed, "nmf.items");
        const auto chunks = [](std::int32_t rows) {
            return static_cast<std::size_t>(ThreadPool::chunkCount(rows, kRowsPerChunk));
        };
        m_partials.resize(std::max(chunks(train.rowCount()), chunks(train.colCount())));
        m_gram = MatrixF::Zero(params.factors, params.factors);
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        if (!solve(m_split->train(), m_items, m_users, context, 0.0)) return EpochResult{false, 0.0, {}};
        if (!solve(m_split->trainByItem(), m_users, m_items, context, 0.5))
            return EpochResult{false, 0.0, {}};
        // |X − PQᵀ|² = |X|² − 2 Σ_i q_i·(XᵀP)_i + Σ_i q_i PᵀP q_iᵀ; the items' pass has just met both.
        const double error = m_squares - 2.0 * m_fit + m_size;
        if (!std::isfinite(error))
            return Error{ErrorCode::Numeric, "The error is no longer a number; choose fewer factors",
                         "embedding_size"};
        return EpochResult{true, examples, {{"loss", std::max(0.0, error) / std::max(1.0, m_cells)}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override { return model(); }

    /// The same error a cell, over the users with validation pairs and with these as the only ones.
    std::optional<double> validationLoss(EpochContext& context) const override {
        const UserItemCsr& validation = m_split->validation();
        if (validation.empty()) return std::nullopt;
        const UserItemCsr& histories = m_split->validationHistory();
        const bool learned = &histories == &m_split->train();
        const auto made = model();
        const MatrixF gram = m_items.transpose() * m_items;
        std::vector<Partial> partials(
            static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), kRowsPerChunk)));
        context.pool.forChunks(validation.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
            Partial& sums = partials[static_cast<std::size_t>(chunk.index)];
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
                    const double x = cell(validation.values(user)[n]);
                    sums.fit +=
                        x * x -
                        2.0 * x * static_cast<double>(m_items.row(toInt(validation.cols(user)[n])).dot(p));
                }
                sums.size += static_cast<double>(p.dot(gram * p));
                sums.cells += static_cast<double>(validation.colCount());
            }
        });
        if (context.control.cancelled()) return std::nullopt;
        Partial total;
        for (const Partial& sums : partials) {
            total.fit += sums.fit;
            total.size += sums.size;
            total.cells += sums.cells;
        }
        return (total.fit + total.size) / std::max(1.0, total.cells);
    }

private:
    struct Partial {
        double fit = 0.0;
        double size = 0.0;
        double cells = 0.0;
    };

    double cell(float value) const {
        return m_params.values == Cells::Ones ? 1.0 : static_cast<double>(value);
    }

    std::shared_ptr<const NonnegativeModel> model() const {
        NonnegativeModel::Options options;
        options.kind = NonnegativeKind::Matrix;
        options.ones = m_params.values == Cells::Ones;
        options.reg = static_cast<float>(m_params.reg);
        return std::make_shared<NonnegativeModel>(m_users, m_items, options);
    }

    /// A pass over the rows of one side with the other side fixed.
    template <class Row, class Col>
    bool solve(const Csr<Row, Col>& matrix, const MatrixF& fixed, MatrixF& solved, EpochContext& context,
               double before) {
        const Eigen::Index d = m_params.factors;
        // One thread, so that the sums have one order.
        m_gram.setZero();
        for (Eigen::Index row = 0; row < fixed.rows(); ++row) {
            if (row % 1024 == 0 && !context.control.keepGoing()) return false;
            const float* const __restrict from = fixed.data() + row * d;
            for (Eigen::Index k = 0; k < d; ++k) {
                if (from[k] == 0.0f) continue;
                float* const __restrict to = m_gram.data() + k * d;
                for (Eigen::Index m = 0; m < d; ++m)
                    to[m] += from[k] * from[m];
            }
        }
        m_scratch.resize(static_cast<std::size_t>(context.pool.threadCount()));
        for (auto& one : m_scratch)
            one.resize(static_cast<std::size_t>(2 * d));
        const auto reg = static_cast<float>(m_params.reg);
        const double total = static_cast<double>(std::max(1, matrix.rowCount()));
        context.pool.forChunks(matrix.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
            float* const __restrict b = m_scratch[static_cast<std::size_t>(chunk.thread)].data();
            float* const image = b + d;
            Partial sums;
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                if (!context.control.keepGoing()) return;
                const Row row{static_cast<std::int32_t>(n)};
                std::fill(b, b + d, 0.0f);
                const auto cols = matrix.cols(row);
                const auto values = matrix.values(row);
                for (std::size_t m = 0; m < cols.size(); ++m) {
                    const float* const __restrict other =
                        fixed.data() + static_cast<Eigen::Index>(cols[m]) * d;
                    const auto x = static_cast<float>(cell(values[m]));
                    for (Eigen::Index k = 0; k < d; ++k)
                        b[k] += x * other[k];
                }
                float* const x = solved.data() + n * d;
                nonnegativePass(m_gram, b, reg, x, image);
                for (Eigen::Index k = 0; k < d; ++k) {
                    sums.fit += static_cast<double>(x[k]) * static_cast<double>(b[k]);
                    sums.size += static_cast<double>(x[k]) * static_cast<double>(image[k]);
                }
            }
            m_partials[static_cast<std::size_t>(chunk.index)] = sums;
            if (context.progress && chunk.thread == 0)
                context.progress(before + 0.5 * static_cast<double>(chunk.end) / total,
                                 (before + 0.5 * static_cast<double>(chunk.end) / total) *
                                     static_cast<double>(matrix.size()));
        });
        if (context.control.cancelled()) return false;
        m_fit = 0.0;
        m_size = 0.0;
        const auto chunks =
            static_cast<std::size_t>(ThreadPool::chunkCount(matrix.rowCount(), kRowsPerChunk));
        for (std::size_t n = 0; n < chunks; ++n) {
            m_fit += m_partials[n].fit;
            m_size += m_partials[n].size;
        }
        return true;
    }

    SplitPtr m_split;
    Params m_params;
    MatrixF m_users; // P: users x d
    MatrixF m_items; // Q: items x d
    MatrixF m_gram;
    double m_squares = 0.0; // |X|²
    double m_cells = 0.0;
    double m_fit = 0.0;  // Σ x ŝ
    double m_size = 0.0; // Σ ŝ²
    std::vector<Partial> m_partials;
    std::vector<std::vector<float>> m_scratch; // by thread
};

} // namespace

AlgorithmInfo nmfInfo() {
    return {
        .id = "nmf",
        .title = "NMF",
        .family = "Factorisation",
        .summary =
            "Takes the matrix apart into themes with no negative numbers: what people like is a sum of "
            "themes, and so is what an item is. Easy to read, since nothing takes away.",
        .equation = "ŝ(u, i) = p_u · q_i\n"
                    "min |X − P Qᵀ|² + λ (|P|² + |Q|²),  P, Q ≥ 0\n"
                    "X: the whole matrix, missing cells 0",
        .reference = "Lee & Seung: Algorithms for Non-negative Matrix Factorization, NIPS 2000; Cichocki & "
                     "Phan: Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor "
                     "Factorizations, IEICE Transactions E92-A(3), 2009",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<NmfTrainer>(input.split, *params, input.seed));
        },
        .load = [](const TensorFile& file) { return NonnegativeModel::load(file, NonnegativeKind::Matrix); },
        .cost =
            [](const DataShape& shape, const ParamMap& params) {
                const double d = numberIn(params, "embedding_size").value_or(Params().factors);
                const double epochs = numberIn(params, "epochs").value_or(Params().epochs);
                FitCost cost;
                cost.vectors = epochs * 2.0 * shape.interactions * d * stepsIn(4.0 * shape.users * d);
                cost.dense = epochs * 3.0 * (shape.users + shape.items) * d * d;
                cost.bytes = 2.0 * 4.0 * d * (shape.users + shape.items);
                cost.memory = "(users + items) x factors x 4 bytes, twice";
                return cost;
            },
    };
}

} // namespace recoscope
