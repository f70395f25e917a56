// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/data/dataset.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// The column of item features that says what kind of thing an item is: "genres", "genre", "categories",
/// "category", else the first column of several categories a row, else the first of one. Null where no column
/// tells items apart.
const FeatureColumn* categoryColumn(const Dataset& data);

/// The different categories of each item. Immutable; any thread.
class ItemCategories final {
public:
    /// Nothing where the data has no categoryColumn(). O(categories of all items).
    explicit ItemCategories(const Dataset& data);
    std::int32_t categoryCount() const { return m_count; }
    /// Ascending, all different; empty where the item has none.
    std::span<const std::int32_t> of(ItemIndex item) const {
        const auto at = static_cast<std::size_t>(item);
        return std::span(m_categories)
            .subspan(static_cast<std::size_t>(m_offsets[at]),
                     static_cast<std::size_t>(m_offsets[at + 1] - m_offsets[at]));
    }

private:
    std::int32_t m_count = 0;
    std::vector<std::int64_t> m_offsets; // items + 1
    std::vector<std::int32_t> m_categories;
};

} // namespace recoscope
