// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/ials.h"

#include "engine/models/classic_cost.h"
#include "engine/core/rng.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/ials_model.h"

#include <atomic>
#include <cmath>

namespace recoscope {

namespace {

enum class Solver { ConjugateGradient, Block, Cholesky };

struct Params {
    int factors = 64;
    int epochs = 15;
    double reg = 0.3;
    double regExponent = 0.5;
    double unobservedWeight = 0.4;
    IalsUnobserved unobserved = IalsUnobserved::AllPairs;
    IalsConfidence confidence = IalsConfidence::None;
    double alpha = 1.0;
    double epsilon = 1.0;
    Solver solver = Solver::ConjugateGradient;
    int cgSteps = 3;
    int blockSize = 64;
    double initStd = 0.1;

    IalsObjective objective() const {
        return {reg, regExponent, unobservedWeight, unobserved, confidence, alpha, epsilon};
    }
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors",
                      .help = "Length d of each user's and item's vector. More factors can hold finer "
                              "tastes, cost more time and need more regularisation.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Sweeps over all items and then all users. Ten to twenty are usually enough: "
                              "each solves its half of the problem almost exactly.",
                      .min = 1,
                      .max = 1000,
                      .group = "Training"})
            .real(
                "reg", &Params::reg,
                {.label = "Regularisation (lambda)",
                 .help = "Pulls all factors towards 0. Too little overfits, too much makes everybody's list "
                         "look like popularity. Its useful size depends on the exponent below: about 0.001 "
                         "to 0.01 for exponent 1, 0.1 to 1 for exponent 0.5, 1 to 500 for exponent 0.",
                 .min = 0.0,
                 .max = 1000.0,
                 .logScale = true})
            .real("unobserved_weight", &Params::unobservedWeight,
                  {.label = "Unobserved weight (alpha0)",
                   .help = "How strongly every pair of user and item is pulled towards 0, beside the 1 of an "
                           "observed pair. Hu et al. use 1; with confidence 1 for observed pairs, values "
                           "from 0.01 to 1 are worth trying. Small values trust missing data less.",
                   .min = 0.0,
                   .max = 100.0,
                   .logScale = true})
            .real("reg_exponent", &Params::regExponent,
                  {.label = "Regularisation exponent (nu)",
                   .help = "Regularisation of a row is lambda (history size + alpha0 x number of "
                           "candidates)^nu. 0: the same for all, as in Hu et al.; 1: in proportion to the "
                           "row's weight in the loss, as Rendle et al. recommend, with a lambda tuned for "
                           "each dataset; 0.5 lets one lambda serve small and large data.",
                   .min = 0.0,
                   .max = 2.0,
                   .advanced = true})
            .choice(
                "unobserved_term", &Params::unobserved,
                {{IalsUnobserved::AllPairs,
                  {"all_pairs", "All pairs", "Observed pairs are pulled towards 0 too (Rendle et al. 2021)"}},
                 {IalsUnobserved::MissingPairs,
                  {"missing_pairs", "Missing pairs only", "As in Hu et al. 2008 and the implicit library"}}},
                {.label = "Pull towards 0",
                 .help = "Which pairs the unobserved weight applies to. The difference is small when "
                         "confidences are well above it.",
                 .advanced = true})
            .choice("confidence", &Params::confidence,
                    {{IalsConfidence::None, {"none", "None", "Every observed pair counts 1"}},
                     {IalsConfidence::Linear, {"linear", "Linear", "c = 1 + alpha r"}},
                     {IalsConfidence::Log, {"log", "Logarithmic", "c = 1 + alpha ln(1 + r / epsilon)"}}},
                    {.label = "Confidence",
                     .help = "How an interaction's value r (rating, count) raises the weight of its pair. On "
                             "data without values, r is 1."})
            .real("alpha", &Params::alpha,
                  {.label = "Confidence scale (alpha)",
                   .help = "Weight of an observed value against the base of 1. Hu et al. found 40 good for "
                           "viewing counts.",
                   .min = 0.0,
                   .max = 1e4,
                   .logScale = true,
                   .enabledBy = "confidence",
                   .enabledWhen = {"linear", "log"}})
            .real("epsilon", &Params::epsilon,
                  {.label = "Confidence epsilon",
                   .help = "Value at which logarithmic confidence starts to bend: smaller treats all values "
                           "more alike.",
                   .min = 1e-6,
                   .max = 1e6,
                   .logScale = true,
                   .advanced = true,
                   .enabledBy = "confidence",
                   .enabledWhen = {"log"}})
            .choice("solver", &Params::solver,
                    {{Solver::ConjugateGradient,
                      {"cg", "Conjugate gradient",
                       "A few steps from the last solution: fastest, nearly as exact"}},
                     {Solver::Block,
                      {"block", "Blocks (iALS++)", "Exact in one block of factors after the other"}},
                     {Solver::Cholesky,
                      {"cholesky", "Cholesky", "Exact; the time grows with the square of the factors"}}},
                    {.label = "Solver",
                     .help = "How each user's and item's equations are solved in a sweep.",
                     .advanced = true,
                     .group = "Training"})
            .integer("cg_steps", &Params::cgSteps,
                     {.label = "Conjugate gradient steps",
                      .help = "Steps a row and sweep. Three are usually enough, since each sweep starts "
                              "where the last one ended.",
                      .min = 1,
                      .max = 100,
                      .advanced = true,
                      .group = "Training",
                      .enabledBy = "solver",
                      .enabledWhen = {"cg"}})
            .integer("block_size", &Params::blockSize,
                     {.label = "Block size",
                      .help = "Factors that are solved together. At or above the number of factors it is the "
                              "Cholesky solver.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true,
                      .advanced = true,
                      .group = "Training",
                      .enabledBy = "solver",
                      .enabledWhen = {"block"}})
            .real("init_std", &Params::initStd,
                  {.label = "Initial spread",
                   .help = "Root mean square of the first user factors, which are random and positive, times "
                           "the square root of their number. Rarely matters.",
                   .min = 1e-6,
                   .max = 10.0,
                   .logScale = true,
                   .advanced = true,
                   .group = "Training"})
            .build();
    return schema;
}

constexpr std::int64_t kRowsPerChunk = 32;

/// Sums of one chunk of rows, added in chunk order.
struct PartialLoss {
    double fit = 0.0;
    double regularisation = 0.0;
};

class IalsTrainer final : public Trainer {
public:
    IalsTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_objective(params.objective()) {
        const std::int64_t stride = simd::padded(params.factors);
        const UserItemCsr& train = m_split->train();
        m_users = MatrixF::Zero(train.rowCount(), stride);
        m_items = MatrixF::Zero(train.colCount(), stride);
        // Uniform on [0, sqrt(3) sigma) has the root mean square sigma.
        const double sigma = params.initStd / std::sqrt(static_cast<double>(params.factors));
        const auto scale = static_cast<float>(std::sqrt(3.0) * sigma);
        for (std::int32_t u = 0; u < train.rowCount(); ++u) {
            if (train.rowSize(UserIndex{u}) == 0) continue;
            Rng rng = Rng::stream(seed, "ials.users", 0, static_cast<std::uint64_t>(u));
            for (int f = 0; f < params.factors; ++f)
                m_users(u, f) = scale * rng.uniformFloat();
            m_longest = std::max<std::int64_t>(m_longest, train.rowSize(UserIndex{u}));
        }
        for (std::int32_t i = 0; i < train.colCount(); ++i)
            m_longest = std::max<std::int64_t>(m_longest, m_split->trainByItem().rowSize(ItemIndex{i}));
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        while (m_scratch.size() < static_cast<std::size_t>(context.pool.threadCount()))
            m_scratch.emplace_back(m_longest, m_users.cols(), m_params.solver != Solver::ConjugateGradient);
        PartialLoss items;
        PartialLoss users;
        if (!solveHalf(m_split->trainByItem(), m_users, m_items, 0.0, context, items) ||
            !solveHalf(m_split->train(), m_items, m_users, 0.5, context, users))
            return EpochResult{false, 0.0, {}};
        const auto pairs = static_cast<double>(std::max<std::int64_t>(1, m_split->train().size()));
        const double fit = users.fit / pairs;
        const double regularisation = (users.regularisation + items.regularisation) / pairs;
        if (!std::isfinite(fit + regularisation))
            return Error{ErrorCode::Numeric, "The loss is not a number any more; use a larger regularisation",
                         "reg"};
        return EpochResult{
            true,
            static_cast<double>(m_split->train().size()),
            {{"loss", fit + regularisation}, {"fit", fit}, {"regularisation", regularisation}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }

    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    std::shared_ptr<const IalsModel> makeModel() const {
        return std::make_shared<IalsModel>(m_users.leftCols(m_params.factors),
                                           m_items.leftCols(m_params.factors), m_objective);
    }

    /// Solves every row of `solved` against `fixed`. False when cancelled: rows are then old or new, never
    /// half.
    template <class Row, class Col>
    bool solveHalf(const Csr<Row, Col>& histories, const MatrixF& fixed, MatrixF& solved, double before,
                   EpochContext& context, PartialLoss& loss) {
        if (!gramMatrix(fixed, m_base, m_gramPartials, context.pool, context.control)) return false;
        m_base *= static_cast<float>(m_objective.unobservedWeight);
        const std::int64_t rows = histories.rowCount();
        const auto chunks = static_cast<std::size_t>(ThreadPool::chunkCount(rows, kRowsPerChunk));
        if (m_partials.size() < chunks) m_partials.resize(chunks);
        std::atomic<std::int64_t> done{0};
        context.pool.forChunks(rows, kRowsPerChunk, [&](const Chunk& chunk) {
            PartialLoss partial;
            std::int64_t pairs = 0;
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                if (!context.control.keepGoing()) return;
                const Row index{static_cast<std::int32_t>(row)};
                pairs += histories.rowSize(index);
                if (histories.rowSize(index) > 0 &&
                    !solveRow(histories, index, fixed, solved,
                              m_scratch[static_cast<std::size_t>(chunk.thread)], context.control, partial))
                    return;
            }
            m_partials[static_cast<std::size_t>(chunk.index)] = partial;
            pairs += done.fetch_add(pairs, std::memory_order_relaxed);
            if (chunk.thread == 0 && context.progress)
                context.progress(
                    before + 0.5 * static_cast<double>(pairs) / static_cast<double>(histories.size()),
                    before * static_cast<double>(histories.size()) + 0.5 * static_cast<double>(pairs));
        });
        if (context.control.cancelled()) return false;
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
            loss.fit += m_partials[chunk].fit;
            loss.regularisation += m_partials[chunk].regularisation;
        }
        return true;
    }

    template <class Row, class Col>
    bool solveRow(const Csr<Row, Col>& histories, Row row, const MatrixF& fixed, MatrixF& solved,
                  RowSolverScratch& scratch, RunControl& control, PartialLoss& loss) {
        const auto cols = histories.cols(row);
        const auto values = histories.values(row);
        double confidenceSum = 0.0;
        for (std::size_t n = 0; n < cols.size(); ++n) {
            const float c = m_objective.confidenceOf(values[n]);
            scratch.rows[n] = static_cast<std::int32_t>(cols[n]);
            scratch.targets[n] = c;
            scratch.weights[n] = m_objective.quadraticWeight(c);
            confidenceSum += static_cast<double>(c);
        }
        const RowProblem problem{.factors = fixed.data(),
                                 .base = m_base.data(),
                                 .stride = fixed.cols(),
                                 .d = m_params.factors,
                                 .rows = std::span(scratch.rows).first(cols.size()),
                                 .weights = std::span(scratch.weights).first(cols.size()),
                                 .targets = std::span(scratch.targets).first(cols.size()),
                                 .reg = m_objective.regularisationOf(static_cast<std::int64_t>(cols.size()),
                                                                     histories.colCount())};
        float* x = solved.row(static_cast<std::int32_t>(row)).data();
        std::optional<double> objective;
        switch (m_params.solver) {
        case Solver::ConjugateGradient:
            objective = solveByConjugateGradient(problem, m_params.cgSteps, x, scratch, control);
            break;
        case Solver::Block:
            objective = solveByBlocks(problem, m_params.blockSize, x, scratch, control);
            break;
        case Solver::Cholesky:
            objective = solveByCholesky(problem, x, scratch, control);
            break;
        }
        if (!objective) return false;
        const double penalty =
            static_cast<double>(problem.reg) * static_cast<double>(simd::dot(x, x, fixed.cols()));
        loss.fit += *objective - penalty + confidenceSum;
        loss.regularisation += penalty;
        return true;
    }

    SplitPtr m_split;
    Params m_params;
    IalsObjective m_objective;
    MatrixF m_users;            // X: users x stride; columns from d on are zero
    MatrixF m_items;            // Y: items x stride
    MatrixF m_base;             // alpha0 times the Gram matrix of the fixed side
    std::int64_t m_longest = 0; // history
    std::vector<MatrixF> m_gramPartials;
    std::vector<PartialLoss> m_partials;
    std::vector<RowSolverScratch> m_scratch; // by thread
};

/// (1/|V|) Σ_(u,i)∈V c (1 − ŝ)² + (1/|S'|) alpha0 Σ_u Σ_i ŝ², the second sum over the users of V and their
/// unobserved pairs, |S'| their histories' length: the data part of the training loss with validation pairs
/// in place of training pairs.
std::optional<double> IalsTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const UserItemCsr& histories = m_split->validationHistory();
    const bool learned = &histories == &m_split->train();
    const auto model = makeModel();
    const MatrixF& items = *model->itemEmbeddings();
    const MatrixF gram = items.transpose() * items;
    struct Sums {
        double observed = 0.0;
        double unobserved = 0.0;
        double pairs = 0.0;
    };
    std::vector<Sums> partials(
        static_cast<std::size_t>(ThreadPool::chunkCount(validation.rowCount(), kRowsPerChunk)));
    context.pool.forChunks(validation.rowCount(), kRowsPerChunk, [&](const Chunk& chunk) {
        Sums& sums = partials[static_cast<std::size_t>(chunk.index)];
        for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
            const UserIndex user{static_cast<std::int32_t>(row)};
            if (validation.rowSize(user) == 0) continue;
            if (!context.control.keepGoing()) return;
            VectorF x = model->userEmbeddings()->row(row).transpose();
            if (!learned) x = model->foldIn(histories.cols(user), histories.values(user));
            for (std::size_t n = 0; n < validation.cols(user).size(); ++n) {
                const double miss =
                    1.0 - static_cast<double>(items.row(toInt(validation.cols(user)[n])).dot(x));
                sums.observed +=
                    static_cast<double>(m_objective.confidenceOf(validation.values(user)[n])) * miss * miss;
            }
            const VectorF gramX = gram * x;
            sums.unobserved += static_cast<double>(x.dot(gramX));
            if (m_objective.unobserved == IalsUnobserved::MissingPairs)
                for (const ItemIndex item : histories.cols(user)) {
                    const double score = items.row(toInt(item)).dot(x);
                    sums.unobserved -= score * score;
                }
            sums.pairs += histories.rowSize(user);
        }
    });
    if (context.control.cancelled()) return std::nullopt;
    Sums total;
    for (const Sums& sums : partials) {
        total.observed += sums.observed;
        total.unobserved += sums.unobserved;
        total.pairs += sums.pairs;
    }
    return total.observed / static_cast<double>(validation.size()) +
           m_objective.unobservedWeight * total.unobserved / std::max(1.0, total.pairs);
}

} // namespace

AlgorithmInfo ialsInfo() {
    return {
        .id = "ials",
        .title = "iALS",
        .family = "Factorisation",
        .summary =
            "Gives users and items vectors whose product is near 1 for what was chosen and near 0 for the "
            "rest, solved exactly side by side. Fast, strong on implicit data, and takes new users at once.",
        .equation = "ŝ(u, i) = x_u · y_i\n"
                    "min Σ_(u,i)∈S c_ui (1 − ŝ_ui)² + α₀ Σ ŝ_ui² + Σ_u λ_u |x_u|² + Σ_i λ_i |y_i|²\n"
                    "λ_u = λ (|S_u| + α₀ |I|)^ν",
        .reference = "Hu, Koren & Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM "
                     "2008; Rendle, Krichene, Zhang & Koren: Revisiting the Performance of iALS on Item "
                     "Recommendation Benchmarks, RecSys 2022",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<IalsTrainer>(input.split, *params, input.seed));
        },
        .load = &IalsModel::load,
        .cost = [](const DataShape& shape, const ParamMap& params) {
            return classic_cost::ials(typedSchema().schema(), shape, params);
        },
    };
}

} // namespace recoscope
