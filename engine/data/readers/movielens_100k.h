// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// `u.data` (or `u1.base`, `ua.test` …): user, item, rating, time by TAB; `u.item` with genre flags and
/// `u.user` beside it.
Result<std::optional<ReadPlan>> planMovieLens100k(const PlanRequest& request);

} // namespace recoscope::readers
