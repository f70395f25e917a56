// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace recoscope {

/// Shortest text that reads back as the same number, for files and commands: "0.05", "1e+06".
std::string numberText(double value);
inline std::string numberText(std::int32_t value) { return std::to_string(value); }
inline std::string numberText(std::int64_t value) { return std::to_string(value); }
inline std::string numberText(std::uint64_t value) { return std::to_string(value); }

/// The same number for a person: "1,000,000", "0.000001"; powers of ten only where digits would not help.
std::string readableNumber(double value);

} // namespace recoscope
