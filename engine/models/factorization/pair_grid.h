// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/csr.h"
#include "engine/data/negative_sampler.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// A training pair.
struct ChosenPair {
    UserIndex user{};
    ItemIndex item{};
};

/// Training pairs cut into blocks by user and item for stochastic gradient descent with sampled items on
/// several threads: blocks on one diagonal share no user and no item (Gemulla et al., KDD 2011), and what is
/// sampled for a block comes from its own items. Items are dealt to the columns anew for each epoch, so that
/// over the epochs every two items meet alike. Depends on data, seed and epoch only.
class PairGrid final {
public:
    PairGrid(const UserItemCsr& train, std::uint64_t seed);

    /// Makes the blocks of an epoch, pairs in random order. The sampler's weights decide its lotteries. False
    /// when cancelled: call again before use. O(pairs + items). No allocation after the first time.
    bool deal(int epoch, const NegativeSampler& sampler, ThreadPool& pool, RunControl& control);

    /// Rows, columns and diagonals: 16, less where that would leave a column fewer than 32 items.
    std::int32_t side() const { return m_side; }
    std::span<const ChosenPair> block(std::int32_t row, std::int32_t col) const;
    /// The items of a column, each drawn as often as its weight says.
    const ItemLottery& lottery(std::int32_t col) const { return m_lotteries[static_cast<std::size_t>(col)]; }

private:
    const UserItemCsr& m_train;
    std::uint64_t m_seed;
    std::int32_t m_side = 1;
    std::vector<UserIndex> m_users;         // by row
    std::vector<std::int64_t> m_userStarts; // side + 1
    std::vector<ItemIndex> m_items;         // by column, of this epoch
    std::vector<std::int32_t> m_columnOf;   // by item
    std::vector<ItemLottery> m_lotteries;   // by column
    std::vector<std::int64_t> m_starts;     // side rows of side + 1
    std::vector<ChosenPair> m_pairs;        // row by row, column by column
};

} // namespace recoscope
