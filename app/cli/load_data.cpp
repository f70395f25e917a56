// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load_data.h"

#include <cstdio>

namespace recoscope::cli {

Result<ImportResult> importData(const std::string& path, const ImportOptions& options, ThreadPool& pool,
                                RunControl& control, ProgressLine& progress) {
    ImportContext context;
    context.pool = &pool;
    context.control = &control;
    context.progress = [&progress](double fraction, std::string_view phase) {
        char percent[16];
        std::snprintf(percent, sizeof percent, "%3.0f %%", fraction * 100.0);
        progress.show("reading: " + std::string(phase) + " " + percent);
    };
    auto result = importPath(path, options, context);
    progress.show("");
    return result;
}

Result<SplitPtr> loadSplit(const Experiment& experiment, ThreadPool& pool, RunControl& control,
                           ProgressLine& progress) {
    auto imported = importData(experiment.dataPath, experiment.import, pool, control, progress);
    if (!imported) return imported.error();
    auto split = makeSplit(imported->dataset, experiment.split);
    if (control.cancelled()) return Error{ErrorCode::Cancelled, "Stopped", ""};
    return split;
}

Result<LoadedRun> loadRun(const RunStore& store, const QString& run, ThreadPool& pool, RunControl& control,
                          ProgressLine& progress) {
    auto record = store.find(run);
    if (!record) return record.error();
    auto model = store.model(record->id);
    if (!model) return model.error();
    auto split = loadSplit(record->experiment, pool, control, progress);
    if (!split) return split.error();
    if (!record->splitFingerprint.isEmpty() &&
        record->splitFingerprint.toStdString() != (*split)->fingerprint())
        return Error{ErrorCode::Invalid,
                     "The data is no longer what the run " + record->id.toStdString() +
                         " was trained on (another fingerprint); its model would be asked about the wrong "
                         "items. Train again",
                     record->experiment.dataPath};
    if ((*model)->itemCount() != (*split)->dataset()->itemCount())
        return Error{ErrorCode::Parse, "The model knows another number of items than the data has",
                     store.modelPath(record->id).toStdString()};
    return LoadedRun{std::move(*record), std::move(*model), std::move(*split)};
}

QString workspaceOf(const Arguments& arguments) {
    return arguments.value("--workspace").value_or(defaultWorkspaceFolder());
}

Option workspaceOption() {
    return {"--workspace", "DIR",
            "folder of the runs ($RECOSCOPE_WORKSPACE, else in the user's data folder)"};
}

std::vector<Option> commonOptions() {
    return {workspaceOption(),
            {"--threads", "N", "of the engine (all cores)"},
            {"--json", "", "one JSON object on stdout"},
            {"--quiet", "", "no progress on stderr"}};
}

} // namespace recoscope::cli
