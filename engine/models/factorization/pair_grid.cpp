// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/pair_grid.h"

#include <algorithm>
#include <numeric>

namespace recoscope {

namespace {

constexpr std::int32_t kMostSides = 16;
constexpr std::int32_t kFewestItems = 32; // of a column

/// Where line n of `side` begins among `count` things: lines are as equal as they can be.
std::int32_t lineBegin(std::int32_t n, std::int32_t side, std::int32_t count) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(n) * count + side - 1) / side);
}

} // namespace

PairGrid::PairGrid(const UserItemCsr& train, std::uint64_t seed)
    : m_train(train)
    , m_seed(seed)
    , m_side(std::clamp(std::min(train.colCount() / kFewestItems, train.rowCount()), 1, kMostSides)) {
    for (std::int32_t u = 0; u < train.rowCount(); ++u)
        m_users.push_back(UserIndex{u});
    Rng rng = Rng::stream(seed, "pair_grid.users");
    rng.shuffle(std::span(m_users));
    m_userStarts.push_back(0);
    for (std::int32_t row = 0; row < m_side; ++row) {
        std::int64_t pairs = 0;
        for (std::int32_t n = lineBegin(row, m_side, train.rowCount());
             n < lineBegin(row + 1, m_side, train.rowCount()); ++n)
            pairs += train.rowSize(m_users[static_cast<std::size_t>(n)]);
        m_userStarts.push_back(m_userStarts.back() + pairs);
    }
}

bool PairGrid::deal(int epoch, const NegativeSampler& sampler, ThreadPool& pool, RunControl& control) {
    const std::int32_t users = m_train.rowCount();
    const std::int32_t items = m_train.colCount();
    m_items.resize(static_cast<std::size_t>(items));
    m_columnOf.resize(static_cast<std::size_t>(items));
    m_lotteries.resize(static_cast<std::size_t>(m_side));
    m_starts.resize(static_cast<std::size_t>(m_side) * static_cast<std::size_t>(m_side + 1));
    m_pairs.resize(static_cast<std::size_t>(m_train.size()));

    const auto key = static_cast<std::uint64_t>(epoch);
    for (std::int32_t i = 0; i < items; ++i)
        m_items[static_cast<std::size_t>(i)] = ItemIndex{i};
    Rng rng = Rng::stream(m_seed, "pair_grid.items", key);
    rng.shuffle(std::span(m_items));
    pool.forChunks(m_side, 1, [&](const Chunk& chunk) {
        const auto col = static_cast<std::int32_t>(chunk.index);
        const std::int32_t begin = lineBegin(col, m_side, items);
        const std::int32_t end = lineBegin(col + 1, m_side, items);
        const std::span<const ItemIndex> own = std::span<const ItemIndex>(m_items).subspan(
            static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
        for (const ItemIndex item : own)
            m_columnOf[static_cast<std::size_t>(item)] = col;
        if (!own.empty()) m_lotteries[static_cast<std::size_t>(col)].reset(own, sampler.weights());
    });

    pool.forChunks(m_side, 1, [&](const Chunk& chunk) {
        const auto row = static_cast<std::int32_t>(chunk.index);
        std::int64_t* const starts = m_starts.data() + static_cast<std::int64_t>(row) * (m_side + 1);
        const std::int32_t begin = lineBegin(row, m_side, users);
        const std::int32_t end = lineBegin(row + 1, m_side, users);
        std::fill(starts, starts + m_side + 1, 0);
        // A counting sort by column.
        for (std::int32_t n = begin; n < end; ++n) {
            if (!control.keepGoing()) return;
            for (const ItemIndex item : m_train.cols(m_users[static_cast<std::size_t>(n)]))
                ++starts[m_columnOf[static_cast<std::size_t>(item)] + 1];
        }
        starts[0] = m_userStarts[static_cast<std::size_t>(row)];
        std::partial_sum(starts, starts + m_side + 1, starts);
        std::int64_t cursor[kMostSides];
        std::copy(starts, starts + m_side, cursor);
        for (std::int32_t n = begin; n < end; ++n) {
            if (!control.keepGoing()) return;
            const UserIndex user = m_users[static_cast<std::size_t>(n)];
            for (const ItemIndex item : m_train.cols(user))
                m_pairs[static_cast<std::size_t>(cursor[m_columnOf[static_cast<std::size_t>(item)]]++)] = {
                    user, item};
        }
        for (std::int32_t col = 0; col < m_side; ++col) {
            if (!control.keepGoing()) return;
            const auto at = static_cast<std::uint64_t>(row * m_side + col);
            Rng order = Rng::stream(m_seed, "pair_grid.pairs", key, at);
            order.shuffle(
                std::span(m_pairs).subspan(static_cast<std::size_t>(starts[col]),
                                           static_cast<std::size_t>(starts[col + 1] - starts[col])));
        }
    });
    return !control.cancelled();
}

std::span<const ChosenPair> PairGrid::block(std::int32_t row, std::int32_t col) const {
    const std::int64_t* const starts = m_starts.data() + static_cast<std::int64_t>(row) * (m_side + 1) + col;
    return std::span(m_pairs).subspan(static_cast<std::size_t>(starts[0]),
                                      static_cast<std::size_t>(starts[1] - starts[0]));
}

} // namespace recoscope
