// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// LightGCN, NGCF, KGAT: train.txt, test.txt (and valid.txt), a line a user: `user item item …`.
Result<std::optional<ReadPlan>> planLightGcn(const PlanRequest& request);

} // namespace recoscope::readers
