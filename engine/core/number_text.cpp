// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/number_text.h"

#include <charconv>
#include <cmath>

namespace recoscope {

std::string numberText(double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, end.ptr};
}

std::string readableNumber(double value) {
    const double size = std::abs(value);
    if (!(size == 0.0 || (size >= 1e-6 && size < 1e15))) return numberText(value);
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    std::string text(buffer, end.ptr);
    const std::size_t sign = text.front() == '-' ? 1 : 0;
    std::size_t at = text.find('.');
    if (at == std::string::npos) at = text.size();
    while (at > sign + 3) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

} // namespace recoscope
