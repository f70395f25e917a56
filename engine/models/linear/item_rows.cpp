// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/linear/item_rows.h"

#include "engine/linalg/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

void sortByItem(std::vector<ScoredItem>& row) {
    std::sort(row.begin(), row.end(),
              [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
}

} // namespace

void keepLargest(std::span<const float> values, int k, bool bySize, std::vector<std::int32_t>& best,
                 std::vector<ScoredItem>& out) {
    out.clear();
    const auto count = std::min(static_cast<std::size_t>(std::max(k, 0)), values.size());
    if (count == 0) return;
    if (bySize) {
        for (std::size_t n = 0; n < values.size(); ++n)
            if (values[n] != 0.0f) out.push_back({ItemIndex{static_cast<std::int32_t>(n)}, values[n]});
        if (out.size() > count) {
            std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count), out.end(),
                             [](const ScoredItem& a, const ScoredItem& b) {
                                 const float left = std::abs(a.score);
                                 const float right = std::abs(b.score);
                                 return left > right || (left == right && a.item < b.item);
                             });
            out.resize(count);
        }
    } else {
        best.resize(count);
        const int found = topK(values, best);
        for (int n = 0; n < found; ++n) {
            const std::int32_t item = best[static_cast<std::size_t>(n)];
            const float value = values[static_cast<std::size_t>(item)];
            if (value > 0.0f) out.push_back({ItemIndex{item}, value});
        }
    }
    sortByItem(out);
}

ItemItemCsr toCsr(ItemRows rows) {
    std::vector<std::int64_t> offsets{0};
    for (const auto& row : rows)
        offsets.push_back(offsets.back() + static_cast<std::int64_t>(row.size()));
    std::vector<ItemIndex> items;
    std::vector<float> weights;
    items.reserve(static_cast<std::size_t>(offsets.back()));
    weights.reserve(static_cast<std::size_t>(offsets.back()));
    for (auto& row : rows) {
        for (const ScoredItem& entry : row) {
            items.push_back(entry.item);
            weights.push_back(entry.score);
        }
        std::vector<ScoredItem>().swap(row);
    }
    return ItemItemCsr::fromArrays(static_cast<std::int32_t>(rows.size()), std::move(offsets),
                                   std::move(items), std::move(weights))
        .value();
}

ItemItemCsr keepLargestOfRows(const ItemItemCsr& matrix, int k) {
    ItemRows rows(static_cast<std::size_t>(matrix.rowCount()));
    for (std::int32_t r = 0; r < matrix.rowCount(); ++r) {
        auto& row = rows[static_cast<std::size_t>(r)];
        const auto items = matrix.cols(ItemIndex{r});
        const auto weights = matrix.values(ItemIndex{r});
        for (std::size_t n = 0; n < items.size(); ++n)
            row.push_back({items[n], weights[n]});
        if (row.size() <= static_cast<std::size_t>(k)) continue;
        std::nth_element(row.begin(), row.begin() + k, row.end(),
                         [](const ScoredItem& a, const ScoredItem& b) {
                             return a.score > b.score || (a.score == b.score && a.item < b.item);
                         });
        row.resize(static_cast<std::size_t>(k));
        sortByItem(row);
    }
    return toCsr(std::move(rows));
}

} // namespace recoscope
