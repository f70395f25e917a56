// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// `ratings.dat`: user::item::rating::time; `movies.dat` and (1M only) `users.dat` beside it, Latin-1.
Result<std::optional<ReadPlan>> planMovieLens1m(const PlanRequest& request);
Result<std::optional<ReadPlan>> planMovieLens10m(const PlanRequest& request);

} // namespace recoscope::readers
