// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// BX-Book-Ratings.csv with BX-Books.csv and BX-Users.csv: ';', quotes, Latin-1. A rating of 0 stands for implicit interest.
Result<std::optional<ReadPlan>> planBookCrossing(const PlanRequest& request);

} // namespace recoscope::readers
