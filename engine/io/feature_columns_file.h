// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/data/feature_columns.h"
#include "engine/io/tensor_file.h"

#include <string>

namespace recoscope {

/// Puts fitted columns into a model file, as JSON text under the metadata key `name`. Names are UTF-8.
void saveFeatureColumns(TensorFile& file, const std::string& name, const FeatureColumns& columns);

/// The columns that were saved under `name`. The text is read as hostile input: errors are ErrorCode::Parse
/// and name the key.
Result<FeatureColumns> loadFeatureColumns(const TensorFile& file, const std::string& name);

} // namespace recoscope
