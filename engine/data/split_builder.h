// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/split.h"

#include <span>

namespace recoscope {

/// Turns "which part is each interaction in" into a Split. One label an interaction, so the parts are
/// disjoint and together are the data, by construction.
class SplitBuilder final {
public:
    /// @param parts  one a interaction, in dataset->byUser() order.
    /// A user with history labels, or with rows in a held-out part, is known in that part by its history rows
    /// plus its training rows; for held-out users of UserFold these are the history alone. No training
    /// interactions is an error that names "train". O(interactions).
    static Result<SplitPtr> build(DatasetPtr dataset, SplitSpec spec, std::span<const Part> parts);
};

/// round-half-up of share * n, as everywhere in splits. A product that misses a half by the representation of
/// the share alone (0.29 * 50) counts as the half.
std::int64_t shareOf(double share, std::int64_t n);

} // namespace recoscope
