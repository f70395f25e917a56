// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/graph/random_walk.h"

#include "engine/api/cost.h"
#include "engine/models/linear/item_rows.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace recoscope {

namespace {

/// |row| of each row to the power -alpha; 0 where a row is empty.
template <class Row, class Col>
std::vector<double> inversePowers(const Csr<Row, Col>& matrix, EntryValues values, double alpha) {
    std::vector<double> result;
    for (const float length : rowLengths(matrix, values))
        result.push_back(length > 0.0f ? std::pow(static_cast<double>(length), -alpha) : 0.0);
    return result;
}

std::vector<float> powers(std::span<const float> values, double alpha) {
    std::vector<float> result;
    result.reserve(values.size());
    for (const float value : values)
        result.push_back(static_cast<float>(std::pow(std::abs(static_cast<double>(value)), alpha)));
    return result;
}

class WalkTrainer final : public Trainer {
public:
    WalkTrainer(SplitPtr split, const WalkParams& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_weights(toCsr(ItemRows(static_cast<std::size_t>(m_split->dataset()->itemCount())))) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        prepare();
        const std::int32_t items = m_split->dataset()->itemCount();
        const double examples = static_cast<double>(m_split->train().size());
        ItemRows rows(static_cast<std::size_t>(items));
        std::vector<Scratch> scratch(static_cast<std::size_t>(context.pool.threadCount()));
        std::atomic<std::int64_t> done{0};
        std::atomic<bool> completed{true};
        constexpr std::int64_t rowsPerChunk = 4;
        context.pool.forChunks(items, rowsPerChunk, [&](const Chunk& chunk) {
            Scratch& own = scratch[static_cast<std::size_t>(chunk.thread)];
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
                const ItemIndex item{static_cast<std::int32_t>(i)};
                if (!walkFrom(item, own, rows[static_cast<std::size_t>(i)], context.control)) {
                    completed.store(false, std::memory_order_relaxed);
                    return;
                }
                done.fetch_add(m_split->trainByItem().rowSize(item), std::memory_order_relaxed);
            }
            if (context.progress && chunk.thread == 0 && examples > 0.0) {
                const auto sofar = static_cast<double>(done.load(std::memory_order_relaxed));
                context.progress(sofar / examples, sofar);
            }
        });
        if (!completed.load()) return EpochResult{false, 0.0, {}};
        m_weights = keepLargestOfRows(toCsr(std::move(rows)).transposed(), m_params.k);
        return EpochResult{true, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<SparseItemModel>(m_split->dataset()->userCount(), m_params.values,
                                                 ItemWeights(m_weights));
    }

private:
    /// One thread's.
    struct Scratch {
        std::vector<double> sums;
        std::vector<float> weights;
        std::vector<std::int32_t> best;
    };

    void prepare() {
        const UserItemCsr& byUser = m_split->train();
        const ItemUserCsr& byItem = m_split->trainByItem();
        m_userFactors = inversePowers(byUser, m_params.values, m_params.alpha);
        m_itemFactors = inversePowers(byItem, m_params.values, m_params.alpha);
        m_popularity.clear();
        for (std::int32_t i = 0; i < byItem.rowCount(); ++i) {
            const double degree = byItem.rowSize(ItemIndex{i});
            m_popularity.push_back(degree > 0.0 ? std::pow(degree, -m_params.beta) : 0.0);
        }
        if (m_params.values == EntryValues::Ones) return;
        m_byUser = powers(byUser.values(), m_params.alpha);
        m_byItem = powers(byItem.values(), m_params.alpha);
    }

    /// What an item says for all others, the k largest of it. False when cancelled.
    bool walkFrom(ItemIndex item, Scratch& own, std::vector<ScoredItem>& out, RunControl& control) const {
        const UserItemCsr& byUser = m_split->train();
        const ItemUserCsr& byItem = m_split->trainByItem();
        const bool ones = m_params.values == EntryValues::Ones;
        own.sums.assign(static_cast<std::size_t>(byItem.rowCount()), 0.0);
        const auto users = byItem.cols(item);
        for (std::size_t n = 0; n < users.size(); ++n) {
            if (!control.keepGoing()) return false;
            const UserIndex user = users[n];
            double step = m_userFactors[static_cast<std::size_t>(user)];
            const auto items = byUser.cols(user);
            if (ones) {
                for (const ItemIndex other : items)
                    own.sums[static_cast<std::size_t>(other)] += step;
                continue;
            }
            step *= static_cast<double>(m_byItem[static_cast<std::size_t>(byItem.rowBegin(item)) + n]);
            const float* const theirs = m_byUser.data() + byUser.rowBegin(user);
            for (std::size_t m = 0; m < items.size(); ++m)
                own.sums[static_cast<std::size_t>(items[m])] += step * static_cast<double>(theirs[m]);
        }
        own.weights.resize(own.sums.size());
        const double factor = m_itemFactors[static_cast<std::size_t>(item)];
        for (std::size_t j = 0; j < own.sums.size(); ++j) {
            const double weight = factor * own.sums[j] * m_popularity[j];
            own.weights[j] = std::isfinite(weight) ? static_cast<float>(weight) : 0.0f;
        }
        own.weights[static_cast<std::size_t>(item)] = 0.0f;
        keepLargest(own.weights, m_params.k, false, own.best, out);
        if (!m_params.normalise) return true;
        double sum = 0.0;
        for (const ScoredItem& entry : out)
            sum += static_cast<double>(entry.score);
        for (ScoredItem& entry : out)
            entry.score = static_cast<float>(static_cast<double>(entry.score) / sum);
        return true;
    }

    SplitPtr m_split;
    WalkParams m_params;
    ItemItemCsr m_weights; // by target
    std::vector<double> m_userFactors;
    std::vector<double> m_itemFactors;
    std::vector<double> m_popularity; // degree^-beta
    std::vector<float> m_byUser;      // rating^alpha in the order of train(); empty for ones
    std::vector<float> m_byItem;
};

} // namespace

std::unique_ptr<Trainer> makeWalkTrainer(SplitPtr split, const WalkParams& params) {
    return std::make_unique<WalkTrainer>(std::move(split), params);
}

FitCost walkCost(const DataShape& shape, const ParamMap& params) {
    return sparseItemCost(shape, params, WalkParams{}.k, shape.squaredHistories);
}

} // namespace recoscope
