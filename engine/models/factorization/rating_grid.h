// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// One training rating; user and item are positions in the grid's order, not indices of the dataset.
struct GridRating {
    std::int32_t user = 0;
    std::int32_t item = 0;
    float value = 0.0f;
};

/// Training ratings cut into a square grid of blocks by user and item, for stochastic gradient descent on
/// several threads: blocks on one diagonal share no user and no item (Gemulla et al., KDD 2011; Zhuang et
/// al., "A fast parallel SGD for matrix factorization in shared memory systems", RecSys 2013). The grid is
/// the same for any thread count. Users and items are dealt to the grid's rows and columns in random order,
/// which evens out the blocks; inside a block ratings are in random order. Immutable once filled.
class RatingGrid final {
public:
    /// Only the order; ratings come with fill(). O(users + items).
    RatingGrid(std::int32_t users, std::int32_t items, std::uint64_t seed);

    /// Sorts the ratings into blocks. O(ratings). False when cancelled: the grid is then still unfilled.
    bool fill(const UserItemCsr& train, std::uint64_t seed, RunControl& control);
    bool filled() const { return !m_starts.empty(); }

    /// Rows, columns and diagonals.
    static constexpr std::int32_t side() { return 16; }
    std::span<const GridRating> block(std::int32_t row, std::int32_t col) const;

    /// Where a user's or item's factors are: grid positions, a permutation.
    std::int32_t position(UserIndex user) const { return m_userPosition[static_cast<std::size_t>(user)]; }
    std::int32_t position(ItemIndex item) const { return m_itemPosition[static_cast<std::size_t>(item)]; }

private:
    std::vector<std::int32_t> m_userPosition;
    std::vector<std::int32_t> m_itemPosition;
    std::vector<std::int64_t> m_starts; // blocks + 1, row by row
    std::vector<GridRating> m_ratings;
};

} // namespace recoscope
