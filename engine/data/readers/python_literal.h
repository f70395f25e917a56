// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace recoscope::readers {

/// A Python dict or list as printed by repr() ({'a': "it's", 'b': None}) as JSON text. Nothing when it is not
/// one, or nested deeper than 64. O(length).
std::optional<std::string> pythonToJson(std::string_view literal);

} // namespace recoscope::readers
