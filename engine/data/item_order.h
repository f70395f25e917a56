// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/dataset.h"

#include <span>

namespace recoscope {

/// The same data with its items in another order; user indices stay. O(interactions).
/// @param order  a permutation: the old index of each new item
Result<DatasetPtr> withItemsInOrder(const Dataset& data, std::span<const std::int32_t> order);

} // namespace recoscope
