// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/arguments.h"
#include "app/storage/experiment.h"

namespace recoscope::cli {

/// Options that say where data comes from, how it is filtered and split, how a model is trained, how it is
/// measured.
std::vector<Option> dataOptions();
std::vector<Option> splitOptions();
std::vector<Option> trainingOptions();
std::vector<Option> evaluationOptions();

/// The experiment with what was typed laid over it. Values go through the reader of experiment files, so that
/// the command line and files have the same ranges and messages.
Result<Experiment> applyOptions(const Experiment& base, const Arguments& arguments);

std::vector<Option> joined(std::initializer_list<std::vector<Option>> groups);

} // namespace recoscope::cli
