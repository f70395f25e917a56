// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/models/linear/item_weights.h"

#include <span>
#include <vector>

namespace recoscope {

/// Rows of weights between items on their way to a matrix; a row's items ascend.
using ItemRows = std::vector<std::vector<ScoredItem>>;

/// The k largest of the values above 0 (or, with `bySize`, of all by their size), zeros never; ties go to the
/// lower index. Ascending by item. `best` is memory to reuse.
void keepLargest(std::span<const float> values, int k, bool bySize, std::vector<std::int32_t>& best,
                 std::vector<ScoredItem>& out);

/// rows.size() x rows.size(); the rows are freed on the way.
ItemItemCsr toCsr(ItemRows rows);

/// The k largest of each row, ties to the lower index. O(entries log entries of a row).
ItemItemCsr keepLargestOfRows(const ItemItemCsr& matrix, int k);

} // namespace recoscope
