// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace recoscope {

/// The known word most like `word` (fewest single-letter edits, ignoring case), or "" when none is near
/// enough to be meant.
std::string nearestText(std::string_view word, std::span<const std::string> known);
/// "; did you mean 'x'?" or "".
std::string didYouMean(std::string_view word, std::span<const std::string> known);

} // namespace recoscope
