// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// Amazon's ratings tables and reviews of 2014, 2018 and 2023, one category a file; meta_<category> beside it
/// is joined.
Result<std::optional<ReadPlan>> planAmazon2014Ratings(const PlanRequest& request);
Result<std::optional<ReadPlan>> planAmazon2018Ratings(const PlanRequest& request);
Result<std::optional<ReadPlan>> planAmazon2023Ratings(const PlanRequest& request);
Result<std::optional<ReadPlan>> planAmazon2014Reviews(const PlanRequest& request);
Result<std::optional<ReadPlan>> planAmazon2018Reviews(const PlanRequest& request);
Result<std::optional<ReadPlan>> planAmazon2023Reviews(const PlanRequest& request);

/// The catalogue of the file's category beside it, when there is one.
std::optional<FeatureFile> amazonCatalogue(const FileTree& tree, int file);

} // namespace recoscope::readers
