// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/leaks.h"

#include "app/storage/run_store.h"

#include <span>
#include <vector>

namespace recoscope {

/// What a stored run says of how its parameters were chosen.
RunChoice choiceOf(const RunRecord& record);

/// Everything that can be found of a run: in its split, in its stored numbers on test, and in how it was
/// chosen among the workspace's runs. Empty where nothing is wrong.
/// @param split  the run's own, made again.
Result<std::vector<Leak>> leaksOfRun(const RunStore& store, const RunRecord& record, const Split& split);

} // namespace recoscope
