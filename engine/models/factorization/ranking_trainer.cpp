// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/ranking_trainer.h"

#include "engine/core/rng.h"
#include "engine/data/negative_sampler.h"
#include "engine/linalg/simd.h"
#include "engine/models/factorization/ranking_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

namespace recoscope {

namespace {

constexpr int kMostFoldInPasses = 40;

class RankingTrainer final : public Trainer {
public:
    RankingTrainer(SplitPtr split, const RankingOptions& options, std::uint64_t seed)
        : m_split(std::move(split))
        , m_options(options)
        , m_seed(seed)
        , m_sampler(m_split->train(), options.negatives)
        , m_grid(m_split->train(), seed) {
        const UserItemCsr& train = m_split->train();
        const std::int64_t stride = simd::padded(options.factors);
        m_factors.users = MatrixF::Zero(train.rowCount(), stride);
        m_factors.items = MatrixF::Zero(train.colCount(), stride);
        m_factors.itemBias = VectorF::Zero(train.colCount());
        if (options.step.adaGrad) {
            m_factors.userSquares = VectorF::Ones(train.rowCount());
            m_factors.itemSquares = VectorF::Ones(train.colCount());
            m_factors.biasSquares = VectorF::Ones(train.colCount());
        }
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0) initialise(m_factors.users.row(u), "ranking.users", u);
        for (std::int32_t i = 0; i < train.colCount(); ++i)
            initialise(m_factors.items.row(i), "ranking.items", i);
        if (options.step.loss == RankingLoss::Warp) m_rankWeights = warpWeights(train.colCount());
        m_blocks.resize(static_cast<std::size_t>(m_grid.side()));
        m_diagonals.resize(static_cast<std::size_t>(m_grid.side()));
        m_pairsBetweenLooks =
            static_cast<std::size_t>(std::clamp<std::int64_t>((1 << 18) / stride, 32, 4096));
    }

    int plannedEpochs() const override { return m_options.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override;
    std::shared_ptr<const Recommender> snapshot() const override { return makeModel(); }
    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    void initialise(Eigen::Ref<Eigen::RowVectorXf> row, std::string_view purpose, std::int32_t index) const {
        // Uniform on ±sqrt(3) sigma has standard deviation sigma.
        const auto scale = static_cast<float>(2.0 * std::sqrt(3.0) * m_options.initStd);
        Rng rng = Rng::stream(m_seed, purpose, 0, static_cast<std::uint64_t>(index));
        for (int f = 0; f < m_options.factors; ++f)
            row[f] = scale * (rng.uniformFloat() - 0.5f);
    }
    std::shared_ptr<const RankingModel> makeModel() const {
        const Eigen::Index d = m_options.factors;
        return std::make_shared<RankingModel>(
            m_factors.users.leftCols(d), m_factors.items.leftCols(d), m_factors.itemBias,
            RankingFold{m_options.step, std::min(m_options.epochs, kMostFoldInPasses)});
    }

    SplitPtr m_split;
    RankingOptions m_options;
    std::uint64_t m_seed;
    NegativeSampler m_sampler;
    PairGrid m_grid;
    RankingFactors m_factors;
    std::vector<float> m_rankWeights;
    std::vector<RankingSums> m_blocks; // of a diagonal
    std::vector<std::int32_t> m_diagonals;
    std::size_t m_pairsBetweenLooks = 1024;
};

Result<EpochResult> RankingTrainer::runEpoch(EpochContext& context) {
    const EpochResult cancelled{false, 0.0, {}};
    const auto epoch = static_cast<std::uint64_t>(context.epoch);
    if (!m_grid.deal(context.epoch, m_sampler, context.pool, context.control)) return cancelled;
    const std::int32_t side = m_grid.side();
    std::iota(m_diagonals.begin(), m_diagonals.end(), 0);
    Rng order = Rng::stream(m_seed, "ranking.diagonals", epoch);
    order.shuffle(std::span(m_diagonals));
    const auto pairs = static_cast<double>(std::max<std::int64_t>(1, m_split->train().size()));
    RankingSums sums;
    double visited = 0.0;
    for (const std::int32_t diagonal : m_diagonals) {
        context.pool.forChunks(side, 1, [&](const Chunk& chunk) {
            const auto row = static_cast<std::int32_t>(chunk.index);
            const std::int32_t col = (row + diagonal) % side;
            const auto block = m_grid.block(row, col);
            const RankingSource source{m_sampler, m_grid.lottery(col), m_rankWeights, m_split->train()};
            Rng rng =
                Rng::stream(m_seed, "ranking.samples", epoch, static_cast<std::uint64_t>(row * side + col));
            RankingSums& own = m_blocks[static_cast<std::size_t>(row)];
            own = {};
            for (std::size_t begin = 0; begin < block.size(); begin += m_pairsBetweenLooks) {
                if (!context.control.keepGoing()) return;
                const std::size_t count = std::min(m_pairsBetweenLooks, block.size() - begin);
                const RankingSums part =
                    rankingPass(block.subspan(begin, count), m_options.step, source, rng, m_factors);
                own.loss += part.loss;
                own.terms += part.terms;
                own.right += part.right;
                own.skipped += part.skipped;
            }
        });
        if (context.control.cancelled()) return cancelled;
        for (std::int32_t row = 0; row < side; ++row) {
            const RankingSums& own = m_blocks[static_cast<std::size_t>(row)];
            sums.loss += own.loss;
            sums.terms += own.terms;
            sums.right += own.right;
            visited += static_cast<double>(m_grid.block(row, (row + diagonal) % side).size());
        }
        if (context.progress) context.progress(visited / pairs, visited);
    }
    const double terms = static_cast<double>(std::max<std::int64_t>(1, sums.terms));
    const double loss = sums.loss / terms;
    if (!std::isfinite(loss))
        return Error{ErrorCode::Numeric, "The loss is not a number any more; use a smaller learning rate",
                     "learning_rate"};
    EpochResult result{true, pairs, {{"loss", loss}}};
    if (!m_options.signal.empty())
        result.signalValues.push_back(
            {std::string(m_options.signal), static_cast<double>(sums.right) / terms});
    return result;
}

std::optional<double> RankingTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = m_split->validation();
    if (validation.empty()) return std::nullopt;
    const UserItemCsr& histories = m_split->validationHistory();
    RankingFactors factors;
    factors.users = m_factors.users;
    factors.items = m_factors.items;
    factors.itemBias = m_factors.itemBias;
    if (&histories != &m_split->train()) {
        const auto model = makeModel();
        context.pool.forChunks(validation.rowCount(), 16, [&](const Chunk& chunk) {
            for (std::int64_t u = chunk.begin; u < chunk.end && context.control.keepGoing(); ++u) {
                const UserIndex user{static_cast<std::int32_t>(u)};
                if (validation.rowSize(user) == 0) continue;
                Query query;
                query.items = histories.cols(user);
                query.values = histories.values(user);
                factors.users.row(u).head(m_options.factors) = model->userOf(query).transpose();
            }
        });
    }
    RankingStep still = m_options.step;
    still.rate = 0.0f;
    still.adaGrad = false;
    const RankingSource source{m_sampler, m_sampler.allItems(), m_rankWeights, m_split->train()};
    std::vector<ChosenPair> pairs;
    double loss = 0.0;
    std::int64_t terms = 0;
    for (std::int32_t u = 0; u < validation.rowCount(); ++u) {
        if (!context.control.keepGoing()) return std::nullopt;
        pairs.clear();
        for (const ItemIndex item : validation.cols(UserIndex{u}))
            pairs.push_back({UserIndex{u}, item});
        Rng rng = Rng::stream(m_seed, "ranking.validation", 0, static_cast<std::uint64_t>(u));
        const RankingSums sums = rankingPass(pairs, still, source, rng, factors);
        loss += sums.loss;
        terms += sums.terms;
    }
    return loss / static_cast<double>(std::max<std::int64_t>(1, terms));
}

} // namespace

std::unique_ptr<Trainer> makeRankingTrainer(SplitPtr split, const RankingOptions& options,
                                            std::uint64_t seed) {
    return std::make_unique<RankingTrainer>(std::move(split), options, seed);
}

FitCost rankingCost(const DataShape& shape, const RankingOptions& options, double itemsPerPair) {
    const auto d = static_cast<double>(simd::padded(options.factors));
    FitCost cost;
    const double table = (shape.users + shape.items) * d * 4.0;
    cost.bytes = 2.0 * table + 8.0 * shape.interactions +
                 std::min<double>(shape.users * shape.items / 8.0, NegativeSampler::kMostBitBytes);
    // A row that is scored and changed is read twice and written once.
    cost.vectors =
        options.epochs * shape.interactions * (1.0 + itemsPerPair) * d * 3.0 * stepsIn(table);
    cost.memory = "(users + items) x factors x 4 bytes, twice, and 8 bytes an interaction";
    return cost;
}

} // namespace recoscope
