// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/api/events.h"
#include "engine/core/param_schema.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"
#include "engine/eval/evaluator.h"

#include <cstdint>
#include <string>

namespace recoscope {

struct EarlyStopping {
    bool enabled = true;
    std::string metric = "ndcg@10"; // a metric key, or "validation_loss"
    int patience = 10;              // evaluations without improvement
    double minDelta = 0.0;
    bool operator==(const EarlyStopping&) const = default;
};

/// Everything that decides a run's numbers, besides the split.
struct TrainingPlan {
    std::string algorithm = "ials";
    ParamMap params; // what differs from the defaults, or all
    std::uint64_t seed = 42;
    int evaluateEvery = 1; // epochs between evaluations on validation; 0: never
    EarlyStopping earlyStopping;
    EvaluationOptions evaluation; // predictsRatings is set from the algorithm by train()
    bool evaluateTest = true;     // score the test part with the final model
    bool ignoreMemory = false;    // start also what the forecast says cannot fit
    bool operator==(const TrainingPlan&) const = default;
};

/// What keeps the plan from starting on this split: an unknown algorithm, wrong parameters, data that lacks
/// what the algorithm needs, a relevance threshold that nothing can reach, a model that does not fit into the
/// free memory (ErrorCode::Limit, with what fits). train() checks the same first.
Status checkPlan(const TrainingPlan& plan, const Split& split);

/// The one training loop: makes the trainer, runs its epochs, evaluates, keeps the best model, stops early,
/// answers pause, step and cancel, copies the model on request. Never throws; posts RunStarted … RunEnded,
/// and returns the latter. With early stopping on and validation data there, the model is the best epoch's;
/// else the last finished epoch's. A cancelled run without early stopping keeps the last epoch that was
/// validated completely, if there was one, so that its model has numbers whenever it was stopped; it is never
/// tested, and the reason says so.
RunEnded train(const TrainingPlan& plan, const SplitPtr& split, ThreadPool& pool, RunControl& control,
               EventSink& events);

/// The same with a given algorithm instead of plan.algorithm by its id in the registry.
RunEnded trainWith(const AlgorithmInfo& algorithm, const TrainingPlan& plan, const SplitPtr& split,
                   ThreadPool& pool, RunControl& control, EventSink& events);

} // namespace recoscope
