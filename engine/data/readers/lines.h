// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/data/readers/file_tree.h"

#include <cstdint>
#include <functional>
#include <string_view>

namespace recoscope::readers {

/// Calls body(line, number from 1) for each line that is not blank, without line end and BOM. Errors:
/// unreadable, damaged, cancelled, a line of more than 16 MB. At least 64 bytes are readable behind each
/// line.
Status forEachLine(const FileTree& tree, int file, RunControl* control,
                   const std::function<void(std::string_view line, std::int64_t number)>& body);

/// As forEachLine; a record whose quoted field goes on over line ends comes as one text. A quote that is not
/// closed within 64 lines costs its own line only.
Status forEachRecord(const FileTree& tree, int file, char quote, RunControl* control,
                     const std::function<void(std::string_view record, std::int64_t number)>& body);

} // namespace recoscope::readers
