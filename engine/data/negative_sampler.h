// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/rng.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// How often an item is drawn as something that a user did not choose.
enum class NegativeWeights {
    Uniform,    // every item alike
    Popularity, // in proportion to (number of users + 1)^exponent, so that items nobody has can be drawn too
};

struct NegativeOptions {
    NegativeWeights weights = NegativeWeights::Uniform;
    double exponent = 0.75;
    bool operator==(const NegativeOptions&) const = default;
};

/// Draws items of a list, each as often as its weight says. One thread while it is reset, any while it draws.
class ItemLottery final {
public:
    /// @param items    not empty; the caller's, alive as long as draws are made
    /// @param weights  by item, positive; empty: all alike
    /// No allocation when `items` is not longer than before. O(items).
    void reset(std::span<const ItemIndex> items, std::span<const float> weights);
    ItemIndex draw(Rng& rng) const;

private:
    std::span<const ItemIndex> m_items;
    std::vector<double> m_ends; // sums of weights up to and with each item; empty: all alike
};

/// Draws items that a user has not chosen. Immutable; any thread; the histories must stay alive.
class NegativeSampler final {
public:
    /// @param train  histories; at least one item. O(users + items + entries).
    NegativeSampler(const UserItemCsr& train, const NegativeOptions& options);
    NegativeSampler(const NegativeSampler&) = delete;
    NegativeSampler& operator=(const NegativeSampler&) = delete;

    /// Whether the item is in the user's history. O(1), or O(log history) where a bit for each pair is too
    /// much.
    bool chosen(UserIndex user, ItemIndex item) const {
        if (m_bits.empty()) return m_train.contains(user, item);
        const auto at = static_cast<std::size_t>(item);
        return (m_bits[static_cast<std::size_t>(user) * m_words + at / 64] >> (at % 64) & 1) != 0;
    }
    /// An item outside of the history; nothing when `tries` draws in a row were inside.
    std::optional<ItemIndex> draw(UserIndex user, Rng& rng) const { return draw(user, rng, m_all); }
    /// The same from other items than all.
    std::optional<ItemIndex> draw(UserIndex user, Rng& rng, const ItemLottery& lottery) const {
        for (int attempt = 0; attempt < kTries; ++attempt) {
            const ItemIndex item = lottery.draw(rng);
            if (!chosen(user, item)) return item;
        }
        return std::nullopt;
    }
    /// By item, for lotteries over some of them; empty when all are alike.
    std::span<const float> weights() const { return m_weights; }
    const ItemLottery& allItems() const { return m_all; }

    /// Enough that a user who has four of five items is skipped once in a thousand draws.
    static constexpr int kTries = 32;
    /// 32 MB of bits for pairs: beyond, memory would be slower than a search of the history.
    static constexpr std::size_t kMostBitBytes = std::size_t{1} << 25;

private:
    const UserItemCsr& m_train;
    std::vector<std::uint64_t> m_bits; // users x m_words; empty for large data
    std::size_t m_words = 0;
    std::vector<float> m_weights;
    std::vector<ItemIndex> m_items; // all
    ItemLottery m_all;
};

} // namespace recoscope
