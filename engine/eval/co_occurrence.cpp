// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/co_occurrence.h"

#include "engine/core/rng.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace recoscope {

namespace {
constexpr std::size_t memoSlots = std::size_t{1} << 17;
// Bits are worth their memory where an item has more users than this share of all.
constexpr std::int64_t rarity = 32;
} // namespace

CoOccurrence::Memo::Memo()
    : m_slots(memoSlots) {}

CoOccurrence::CoOccurrence(const ItemUserCsr& columns, std::span<const ItemIndex> items)
    : m_columns(columns)
    , m_words((static_cast<std::size_t>(columns.colCount()) + 63) / 64)
    , m_begin(static_cast<std::size_t>(columns.rowCount()), -1) {
    for (const ItemIndex item : items) {
        std::int64_t& begin = m_begin[static_cast<std::size_t>(item)];
        if (begin >= 0 || columns.rowSize(item) * rarity <= columns.colCount()) continue;
        begin = static_cast<std::int64_t>(m_bits.size());
        m_bits.resize(m_bits.size() + m_words, 0);
        for (const UserIndex user : columns.cols(item)) {
            const auto u = static_cast<std::size_t>(user);
            m_bits[static_cast<std::size_t>(begin) + u / 64] |= std::uint64_t{1} << (u % 64);
        }
    }
}

std::int64_t CoOccurrence::common(ItemIndex a, ItemIndex b) const {
    if (m_columns.rowSize(a) > m_columns.rowSize(b)) std::swap(a, b); // a is the rarer one
    const std::uint64_t* bits = bitsOf(b);
    std::int64_t count = 0;
    if (const std::uint64_t* rarer = bitsOf(a); rarer && bits) {
        for (std::size_t n = 0; n < m_words; ++n)
            count += std::popcount(rarer[n] & bits[n]);
        return count;
    }
    if (bits) {
        for (const UserIndex user : m_columns.cols(a)) {
            const auto u = static_cast<std::size_t>(user);
            count += static_cast<std::int64_t>(bits[u / 64] >> (u % 64) & 1U);
        }
        return count;
    }
    const auto users = m_columns.cols(b);
    auto from = users.begin();
    for (const UserIndex user : m_columns.cols(a)) {
        from = std::lower_bound(from, users.end(), user);
        if (from == users.end()) break;
        count += *from == user;
    }
    return count;
}

double CoOccurrence::cosine(ItemIndex a, ItemIndex b) const {
    const double product =
        static_cast<double>(m_columns.rowSize(a)) * static_cast<double>(m_columns.rowSize(b));
    return product > 0.0 ? static_cast<double>(common(a, b)) / std::sqrt(product) : 0.0;
}

double CoOccurrence::cosine(ItemIndex a, ItemIndex b, Memo& memo) const {
    const auto low = static_cast<std::uint64_t>(std::min(toInt(a), toInt(b)));
    const auto high = static_cast<std::uint64_t>(std::max(toInt(a), toInt(b)));
    const std::uint64_t pair = high << 32 | low;
    Memo::Slot& slot = memo.m_slots[mix64(pair) % memoSlots];
    if (slot.pair != pair) slot = {pair, cosine(a, b)};
    return slot.cosine;
}

} // namespace recoscope
