// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// Any tables called train, valid and test, cut from one dataset.
Result<std::optional<ReadPlan>> planPremade(const PlanRequest& request);

} // namespace recoscope::readers
