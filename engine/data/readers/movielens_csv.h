// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// 20M, 25M, 32M and latest: `ratings.csv` with header userId,movieId,rating,timestamp; `movies.csv` beside
/// it.
Result<std::optional<ReadPlan>> planMovieLensCsv(const PlanRequest& request);

} // namespace recoscope::readers
