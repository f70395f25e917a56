// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace recoscope::test {

/// Imports bytes as a file called `name` in `folder` (overwritten; what else lies there is joined as usual) and checks what
/// must hold whatever the bytes are: no crash, an Error with a message, or a dataset whose matrix is well formed and whose
/// report adds up. What is wrong, in one sentence, or "".
std::string importBytes(const std::string& folder, const std::string& name, const std::uint8_t* bytes, std::size_t size,
                        const std::string& format = {});

} // namespace recoscope::test
