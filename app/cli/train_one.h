// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/load_data.h"
#include "app/storage/experiment.h"

namespace recoscope::cli {

/// What commands that train share: opened once, used for each run.
struct TrainingPlace {
    RunStore& store;
    ThreadPool& pool;
    RunControl& control;
    ProgressLine& progress;
};

struct TrainedRun {
    QString run;
    RunEnded ended;
    Status stored;
};

/// Checks, stores and trains one run, as part of a study or (empty) by itself. An error: it could not begin,
/// and nothing is stored of it.
Result<TrainedRun> trainOne(const Experiment& experiment, const SplitPtr& split, const TrainingPlace& place,
                            const QString& study = {}, const QString& role = {});

/// The experiment of a command that trains: the file's, with what was typed laid over it.
Result<Experiment> experimentOf(const Arguments& arguments);
/// Files that come as training and test parts are used as they are, unless something else was asked for.
void usePremadeParts(Experiment& experiment, const Arguments& arguments, const Dataset& data);
/// What the files had wrong changes the numbers, so whoever trains on them is told.
void sayWarnings(const ImportReport& report, ProgressLine& progress);

/// What is ranked, where the split makes that a question.
void sayCandidates(const Experiment& experiment, ProgressLine& progress);

/// Several runs of an experiment that asks for seeds or folds, with mean and interval; an exit code.
int runStudy(const Arguments& arguments, const Experiment& experiment, const ImportResult& imported,
             const TrainingPlace& place);
/// --seeds, --seeds-vary, and "all" for --folds or --fold.
std::vector<Option> studyOptions();
Result<Experiment> applyStudyOptions(Experiment experiment, const Arguments& arguments);

} // namespace recoscope::cli
