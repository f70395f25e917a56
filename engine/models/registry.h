// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

#include <span>
#include <string_view>

namespace recoscope {

/// Every algorithm, in the order of the list a person sees (families together).
std::span<const AlgorithmInfo> algorithms();
/// Null when unknown.
const AlgorithmInfo* findAlgorithm(std::string_view id);
/// ErrorCode::NotFound that names the nearest known id.
Result<const AlgorithmInfo*> requireAlgorithm(std::string_view id);

} // namespace recoscope
