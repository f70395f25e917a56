// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace recoscope {

/// Resident size of this process in bytes, now; 0 where the system does not tell. Any thread; a few
/// microseconds.
std::int64_t residentBytes();

/// The largest resident size so far, in bytes; 0 where the system does not tell.
std::int64_t peakResidentBytes();

} // namespace recoscope
