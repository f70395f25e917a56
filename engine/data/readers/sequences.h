// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// SASRec and the like: `user item` a line, user by user, in time order.
Result<std::optional<ReadPlan>> planSequences(const PlanRequest& request);

} // namespace recoscope::readers
