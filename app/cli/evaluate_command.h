// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/command.h"

namespace recoscope::cli {

/// evaluate, sampling: what a stored model is worth, read in several ways.
std::vector<Command> evaluateCommands();

} // namespace recoscope::cli
