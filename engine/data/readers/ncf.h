// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/dataset.h"
#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// NCF: x.train.rating, x.test.rating, by TAB user, item, rating (, time); the test file may list items as in LightGCN.
/// The negatives of x.test.negative come with them.
Result<std::optional<ReadPlan>> planNcf(const PlanRequest& request);

/// Adds the negatives of a file to those known: a line for a held-out pair, "(user,item)" or "user", then the user's
/// negatives by TAB. Users and items that have no interactions are left out and counted in the report.
Status readNegatives(const FileTree& tree, int file, const IdMap& users, const IdMap& items, ImportReport& report,
                     RunControl* control, GivenNegatives& negatives);

} // namespace recoscope::readers
