// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/core/tensor_summary.h"
#include "engine/core/index.h"
#include "engine/core/param_schema.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

/// What a trainer is made from. It keeps the split alive.
struct TrainerInput {
    SplitPtr split;
    ParamMap params; // may be incomplete; the trainer reads it through its schema
    std::uint64_t seed = 42;
};

/// What one epoch may use. Owned by the training loop; valid during the call.
struct EpochContext {
    ThreadPool& pool;
    RunControl& control; // keepGoing() at least every 5 ms of work, from any pool thread
    int epoch = 1;       // from 1
    /// Optional, from any one thread, as often as wanted (cheap): share of this epoch done, examples so far.
    std::function<void(double fraction, double examples)> progress;
    /// Copies the model for whoever looks on; for RunControl::atBatchBoundary. May be empty.
    std::function<void()> copyModel;

    /// After each batch, where training has batches: serves pause, step and copies. False: cancelled, leave.
    bool afterBatch() const { return copyModel ? control.atBatchBoundary(copyModel) : control.keepGoing(); }
};

struct EpochResult {
    bool completed = true; // false: cancelled; the trainer's state is consistent and usable all the same
    double examples = 0.0; // interactions processed, for examples per second
    /// Loss parts; the first is the total, key "loss". Empty for models that have none (kNN).
    std::vector<NamedValue> losses;
    /// What else is worth a curve: the weight of a loss part, the learning rate, the gradient's norm, the
    /// share of dead units. Keys such as "kl_weight".
    std::vector<NamedValue> signalValues;
    /// Weights, activations and gradients at the end of the epoch; only when RunControl::observed(), else
    /// empty.
    std::vector<TensorSummary> tensors;
};

/// One run of one algorithm: mutable, driven by one thread (the training loop), no outer loop, no evaluation,
/// no early stopping, no cancellation logic beyond keepGoing().
class Trainer {
public:
    virtual ~Trainer() = default;

    /// Epochs the parameters ask for; 1 for models fitted in one go.
    virtual int plannedEpochs() const = 0;
    /// One pass. An Error (ErrorCode::Numeric for NaN, naming the parameter to change) ends the run as
    /// failed.
    virtual Result<EpochResult> runEpoch(EpochContext& context) = 0;
    /// A deep copy of the current state; unchanged while training goes on. Usable also before the first epoch
    /// and after a cancelled one (scores are finite).
    virtual std::shared_ptr<const Recommender> snapshot() const = 0;
    /// The data part of the loss on split->validation(), comparable with the training loss; nothing where a
    /// model has no loss.
    virtual std::optional<double> validationLoss(EpochContext&) const { return std::nullopt; }
};

} // namespace recoscope
