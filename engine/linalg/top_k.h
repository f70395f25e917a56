// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace recoscope {

/// Indices of the k largest scores, best first; ties go to the lower index. -infinity marks what is no candidate
/// and is never returned. NaN counts as -infinity.
/// @param out  room for k indices; the rest is filled with -1 where fewer candidates are there.
/// @return how many were found. O(n + k log k) on typical input; no allocation beyond a reused thread-local buffer.
int topK(std::span<const float> scores, std::span<std::int32_t> out);

} // namespace recoscope
