// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace recoscope::test {

/// Path of a real data file or folder below $RECOSCOPE_DATA, else ../shared/datasets beside the checkout; "" where
/// it is absent. Tests skip then: `const auto path = realData("ml-1m"); if (path.empty()) QSKIP("…")`.
std::string realData(const std::string& relative);

} // namespace recoscope::test

/// Skips the current test function with a clear reason where the real data is absent; otherwise declares `name`.
#define RECOSCOPE_REAL_DATA(name, relative)                                                                  \
    const std::string name = ::recoscope::test::realData(relative);                                         \
    if (name.empty()) QSKIP("real data '" relative "' is not there (set RECOSCOPE_DATA)")
