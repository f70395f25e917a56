// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/rating_grid.h"

#include "engine/core/rng.h"

#include <numeric>

namespace recoscope {

namespace {

constexpr std::int32_t kSide = RatingGrid::side();
constexpr std::int64_t kRatingsBetweenLooks = 1 << 16;

std::vector<std::int32_t> randomOrder(std::int32_t count, std::uint64_t seed, std::string_view purpose) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    Rng rng = Rng::stream(seed, purpose);
    rng.shuffle(std::span(order));
    return order;
}

/// The grid line of a position: lines are as equal as they can be.
std::int32_t line(std::int32_t position, std::int32_t count) {
    return static_cast<std::int32_t>(static_cast<std::int64_t>(position) * kSide / count);
}

} // namespace

RatingGrid::RatingGrid(std::int32_t users, std::int32_t items, std::uint64_t seed)
    : m_userPosition(randomOrder(users, seed, "grid.users"))
    , m_itemPosition(randomOrder(items, seed, "grid.items")) {}

bool RatingGrid::fill(const UserItemCsr& train, std::uint64_t seed, RunControl& control) {
    const std::int32_t users = train.rowCount();
    const std::int32_t items = train.colCount();
    const auto blockOf = [&](std::int32_t user, ItemIndex item) {
        const auto row = line(m_userPosition[static_cast<std::size_t>(user)], users);
        return static_cast<std::size_t>(row * kSide + line(position(item), items));
    };
    // A counting sort by block.
    std::vector<std::int64_t> starts(static_cast<std::size_t>(kSide) * kSide + 1, 0);
    std::int64_t untilLook = kRatingsBetweenLooks;
    const auto keepGoing = [&](std::int64_t done) {
        untilLook -= done;
        if (untilLook > 0) return true;
        untilLook = kRatingsBetweenLooks;
        return control.keepGoing();
    };
    for (std::int32_t u = 0; u < users; ++u) {
        for (const ItemIndex item : train.cols(UserIndex{u}))
            ++starts[blockOf(u, item) + 1];
        if (!keepGoing(train.rowSize(UserIndex{u}))) return false;
    }
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<GridRating> ratings(static_cast<std::size_t>(train.size()));
    std::vector<std::int64_t> cursor(starts.begin(), starts.end() - 1);
    for (std::int32_t u = 0; u < users; ++u) {
        const auto cols = train.cols(UserIndex{u});
        const auto values = train.values(UserIndex{u});
        for (std::size_t n = 0; n < cols.size(); ++n)
            ratings[static_cast<std::size_t>(cursor[blockOf(u, cols[n])]++)] = {
                m_userPosition[static_cast<std::size_t>(u)], position(cols[n]), values[n]};
        if (!keepGoing(train.rowSize(UserIndex{u}))) return false;
    }
    for (std::size_t block = 0; block + 1 < starts.size(); ++block) {
        const std::span all(ratings);
        const auto begin = static_cast<std::size_t>(starts[block]);
        const auto count = static_cast<std::size_t>(starts[block + 1] - starts[block]);
        Rng rng = Rng::stream(seed, "grid.ratings", 0, block);
        rng.shuffle(all.subspan(begin, count));
        if (!keepGoing(static_cast<std::int64_t>(count))) return false;
    }
    m_ratings = std::move(ratings);
    m_starts = std::move(starts);
    return true;
}

std::span<const GridRating> RatingGrid::block(std::int32_t row, std::int32_t col) const {
    const auto index = static_cast<std::size_t>(row * kSide + col);
    return std::span(m_ratings).subspan(static_cast<std::size_t>(m_starts[index]),
                                        static_cast<std::size_t>(m_starts[index + 1] - m_starts[index]));
}

} // namespace recoscope
