// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"
#include "engine/api/recommender.h"
#include "engine/core/tensor_summary.h"
#include "engine/core/index.h"
#include "engine/core/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace recoscope {

struct RunStarted {
    std::string algorithm;
    int plannedEpochs = 0;
    std::int32_t users = 0;
    std::int32_t items = 0;
    std::int64_t interactions = 0; // training
    int threads = 0;
    bool operator==(const RunStarted&) const = default;
};

/// What marks the curve of a signal ("signal:kl_weight") beside those of losses and metrics, wherever curves
/// are kept.
inline constexpr std::string_view signalPrefix = "signal:";

/// At most some per second matter; a newer one replaces an older one.
struct Progress {
    int epoch = 0;         // from 1
    double fraction = 0.0; // of this epoch
    double elapsed = 0.0;  // seconds since the start, without pauses
    double examplesPerSecond = 0.0;
    std::string phase; // "training", "evaluating"
};

struct EpochFinished {
    int epoch = 0;
    double seconds = 0.0; // this epoch's training, without pauses and evaluation
    double elapsed = 0.0; // seconds since the start, without pauses
    double examplesPerSecond = 0.0;
    std::vector<NamedValue> losses;       // "loss" first, parts, "validation_loss" last when there is one
    std::int64_t memoryBytes = 0;         // resident size of the process
    std::vector<NamedValue> signalValues = {}; // EpochResult::signalValues, keys with signalPrefix
    /// EpochResult::tensors; null unless somebody looks.
    std::shared_ptr<const std::vector<TensorSummary>> tensors = {};
};

struct Evaluated {
    int epoch = 0;
    double elapsed = 0.0;
    double seconds = 0.0;            // this evaluation
    std::vector<NamedValue> metrics; // on validation
    bool best = false;               // the best so far by the early-stopping metric
};

struct SnapshotReady {
    int epoch = 0; // finished; in the middle of an epoch, the one under way
    std::shared_ptr<const Recommender> model;
    bool midEpoch = false; // between two batches
};

enum class LogLevel { Info, Warning, Error };

struct LogLine {
    LogLevel level = LogLevel::Info;
    double elapsed = 0.0;
    std::string text;
};

enum class RunOutcome { Completed, StoppedEarly, Cancelled, Failed };

/// Always the last event of a run.
struct RunEnded {
    RunOutcome outcome = RunOutcome::Completed;
    std::string reason;                           // one sentence a person reads
    std::optional<Error> error;                   // set when Failed
    int epochs = 0;                               // finished epochs
    int bestEpoch = 0;                            // the epoch of `model`
    double seconds = 0.0;                         // without pauses
    double trainSeconds = 0.0;                    // in runEpoch only
    std::shared_ptr<const Recommender> model;     // may be null only when making the trainer failed
    std::shared_ptr<const Evaluation> validation; // of `model`; null when there is none
    std::shared_ptr<const Evaluation> test;       // of `model`; null when there is none
};

using TrainingEvent =
    std::variant<RunStarted, Progress, EpochFinished, Evaluated, SnapshotReady, LogLine, RunEnded>;

/// Takes events from the training thread. post() must be quick and must not throw.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void post(const TrainingEvent& event) = 0;
};

} // namespace recoscope
