// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// Any delimited text, by the mapping of the options or a guess from header and content.
Result<std::optional<ReadPlan>> planDelimited(const PlanRequest& request);

} // namespace recoscope::readers
