// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/file_tree.h"

#include <string>
#include <vector>

namespace recoscope::readers {

/// A file that holds far more than its size is refused once it has given this much …
inline constexpr std::uint64_t bombBytes = std::uint64_t{256} << 20;
/// … and more than this many times its own size. Text of ratings shrinks 3 to 20 times.
inline constexpr std::uint64_t bombRatio = 150;

/// Members of a .zip or .tar(.gz) that are files.
Result<std::vector<TreeFile>> archiveMembers(const std::string& path, std::size_t maxFiles);
/// One member's bytes. Damaged or cut off archives give an Error when the place is reached.
Result<std::unique_ptr<ByteStream>> openMember(const std::string& path, const std::string& member);
/// The content of a .gz file.
Result<std::unique_ptr<ByteStream>> openGzip(const std::string& path);

} // namespace recoscope::readers
