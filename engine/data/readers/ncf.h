// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// NCF: x.train.rating, x.test.rating, by TAB user, item, rating (, time); the test file may list items as in LightGCN.
/// The sampled negatives of x.test.negative are not used.
Result<std::optional<ReadPlan>> planNcf(const PlanRequest& request);

} // namespace recoscope::readers
