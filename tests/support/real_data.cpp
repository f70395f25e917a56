// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/real_data.h"

#include <cstdlib>
#include <filesystem>

namespace recoscope::test {

std::string realData(const std::string& relative) {
    const char* set = std::getenv("RECOSCOPE_DATA");
    const std::filesystem::path root =
        set && *set ? std::filesystem::path(set)
                    : std::filesystem::path(RECOSCOPE_SOURCE_DIR).parent_path() / "shared" / "datasets";
    std::error_code ignored;
    const auto path = root / relative;
    return std::filesystem::exists(path, ignored) ? path.string() : std::string();
}

} // namespace recoscope::test
