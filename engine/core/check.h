// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>

namespace recoscope {

/// Thrown by RECOSCOPE_CHECK: a programming mistake, never a person's. Boundaries (train(), lanes) turn it into a
/// failed result, so that the window stays alive.
class CheckFailed final : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

[[noreturn]] inline void checkFailed(const char* condition, const char* message, const char* file, int line) {
    throw CheckFailed(std::string(message) + " [" + condition + ", " + file + ":" + std::to_string(line) + "]");
}

} // namespace recoscope

/// For what cannot happen. What can happen is a Result.
#define RECOSCOPE_CHECK(condition, message)                                                                  \
    do {                                                                                                     \
        if (!(condition)) [[unlikely]]                                                                       \
            ::recoscope::checkFailed(#condition, message, __FILE__, __LINE__);                               \
    } while (false)
