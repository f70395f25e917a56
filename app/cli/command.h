// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/arguments.h"

#include <span>
#include <string>
#include <vector>

namespace recoscope::cli {

enum ExitCode { ExitOk = 0, ExitFailed = 1, ExitUsage = 2, ExitCancelled = 130 };

/// One command: what help shows, what it accepts, and the function that does it and returns an exit code.
struct Command {
    std::string name;
    std::string usage;   // "train --data PATH --algorithm ID"
    std::string summary; // one sentence
    std::vector<Option> options;
    int (*run)(const Arguments& arguments);
};

// One function a group of commands, each in a file of its own.
std::vector<Command> dataCommands();      // import, generate
std::vector<Command> algorithmCommands(); // algorithms, describe, docs
std::vector<Command> trainCommands();     // train
std::vector<Command> forecastCommands();  // forecast
std::vector<Command> studyCommands();     // search, studies
std::vector<Command> queryCommands();     // evaluate, recommend
std::vector<Command> runCommands();       // runs, show
std::vector<Command> compareCommands();   // compare, leaks
std::vector<Command> exportCommands();    // export

const std::vector<Command>& commands();

} // namespace recoscope::cli
