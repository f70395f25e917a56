// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/thread_pool.h"

#include "app/cli/output.h"
#include "app/storage/run_store.h"

namespace recoscope::cli {

Result<ImportResult> importData(const std::string& path, const ImportOptions& options, ThreadPool& pool,
                                RunControl& control, ProgressLine& progress);

/// Imports, filters and splits what an experiment says.
Result<SplitPtr> loadSplit(const Experiment& experiment, ThreadPool& pool, RunControl& control,
                           ProgressLine& progress);

/// A stored run with its model and its data made again; an error when the data is no longer what the model
/// was trained on.
struct LoadedRun {
    RunRecord record;
    std::shared_ptr<const Recommender> model;
    SplitPtr split;
};
Result<LoadedRun> loadRun(const RunStore& store, const QString& run, ThreadPool& pool, RunControl& control,
                          ProgressLine& progress);

/// --workspace, else the default one.
QString workspaceOf(const Arguments& arguments);
Option workspaceOption();
std::vector<Option> commonOptions(); // --workspace --threads --json --quiet

} // namespace recoscope::cli
