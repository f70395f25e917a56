// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/eval/evaluator.h"

#include "app/storage/run_store.h"

#include <functional>

namespace recoscope {

/// The run's own split: `split` where it is that one, else made again from the run's data; data that has
/// changed since is an error. Any thread, for as long as it takes.
Result<SplitPtr> splitOf(const RunRecord& record, SplitPtr split, ThreadPool& pool, RunControl& control);

/// What the run's model is tested with.
EvaluationOptions testOptions(const RunRecord& record, const Recommender& model, const Split& split);

/// Measures a run's model on the test part with the run's own options. A split that is not the run's, or
/// null, is made again from the run's data first; data that has changed since is an error. Any thread, for as
/// long as it takes.
/// @param progress  a share from 0 to 1, of the evaluation alone; from any thread.
Result<Evaluation> testRun(const RunRecord& record, const Recommender& model, SplitPtr split,
                           ThreadPool& pool, RunControl& control,
                           const std::function<void(double)>& progress = {});

/// The reason of a run that ended untested, after it has been tested.
QString reasonAfterTest(const QString& reason);

} // namespace recoscope
