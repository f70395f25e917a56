// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace recoscope::test {

/// False under a sanitizer, which brings its own allocator.
bool canCountAllocations();
/// Allocations by any thread since the program began, through malloc and its kin (so also new and Eigen).
std::int64_t allocationCount();

} // namespace recoscope::test
