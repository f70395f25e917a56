// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// RecBole atomic files: `x.inter` (or `x.train.inter`, `x.valid.inter`, `x.test.inter`) with `x.item` and
/// `x.user`, TAB, header name:type. Knowledge graph and link files are not used.
Result<std::optional<ReadPlan>> planRecBole(const PlanRequest& request);

} // namespace recoscope::readers
