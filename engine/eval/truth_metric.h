// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/core/matrix.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// How close a list is to the truth, where the truth is known (synthetic data): the mean true preference of
/// the list, between that of a random list (0) and that of the best possible list (1). Below 0: worse than
/// chance.
///
///   truth@k = (mean of t over L − mean of t over C) / (mean of t over the best k of C − mean of t over C)
///
/// with t the user's true preferences and C the candidates.
/// @param truth       the user's true preference of every item.
/// @param candidates  whether an item may be recommended, by item.
/// @param list        the recommended items, best first; entries of -1 end it. Only the first k count.
/// @return 1 where all candidates are equally good. O(items).
double closenessToTruth(std::span<const float> truth, const std::vector<bool>& candidates,
                        std::span<const ItemIndex> list, int k);

} // namespace recoscope
