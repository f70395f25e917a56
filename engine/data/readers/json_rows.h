// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/features.h"
#include "engine/data/readers/row_chunk.h"

#include <memory>
#include <string>
#include <vector>

namespace recoscope::readers {

/// One review a line as JSON (or a Python dict): reviewerID or user_id, parent_asin or asin, overall or
/// rating, unixReviewTime or timestamp.
std::shared_ptr<const RowParser> reviewParser();

/// Products a line as JSON or Python dict: title, price, brand or store, categories.
FeatureReader productFeatures();

/// Names of the fields of a JSON object or Python dict; empty when the line is neither.
std::vector<std::string> jsonKeys(const std::string& line);

} // namespace recoscope::readers
