// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// How often two items were taken by the same users, on demand. Items that many took are kept as bits over
/// the users. Immutable; any thread, with a Memo of its own.
class CoOccurrence final {
public:
    /// Cosines that were asked for before, the latest by place. It changes no result.
    class Memo final {
    public:
        Memo();

    private:
        friend class CoOccurrence;
        struct Slot {
            std::uint64_t pair = ~std::uint64_t{0};
            double cosine = 0.0;
        };
        std::vector<Slot> m_slots;
    };

    /// @param items  those that will be asked about, in any order, once or more often.
    /// Memory: at most 4 bytes an interaction of them. O(interactions of the items + items).
    CoOccurrence(const ItemUserCsr& columns, std::span<const ItemIndex> items);

    /// Users who took both. O(users of the rarer one) or O(users / 64).
    std::int64_t common(ItemIndex a, ItemIndex b) const;
    /// common / √(users of a · users of b); 0 where either has none.
    double cosine(ItemIndex a, ItemIndex b) const;
    double cosine(ItemIndex a, ItemIndex b, Memo& memo) const;

private:
    const std::uint64_t* bitsOf(ItemIndex item) const {
        const std::int64_t at = m_begin[static_cast<std::size_t>(item)];
        return at < 0 ? nullptr : m_bits.data() + at;
    }
    const ItemUserCsr& m_columns;
    std::size_t m_words = 0;           // of one item's bits
    std::vector<std::int64_t> m_begin; // by item: where its bits begin, or -1
    std::vector<std::uint64_t> m_bits;
};

} // namespace recoscope
