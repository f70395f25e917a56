// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace recoscope::test {

/// What limits of time are multiplied by: under sanitizers the order of things is tested, not their speed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr double slowdown = 15.0;
#else
inline constexpr double slowdown = 1.0;
#endif

} // namespace recoscope::test
