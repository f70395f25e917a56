// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace recoscope {

/// Resident size of this process in bytes, now; 0 where the system does not tell. Any thread; a few
/// microseconds.
std::int64_t residentBytes();

/// The largest resident size so far, in bytes; 0 where the system does not tell.
std::int64_t peakResidentBytes();

/// What processes may still take without swapping, in bytes: the machine's free and reclaimable memory, or less
/// where this process is kept within a limit (a container). 0 where the system does not tell.
std::int64_t availableBytes();

} // namespace recoscope
