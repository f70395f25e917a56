// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/api/events.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace recoscope::test {

/// plantedDataset() with attributes that tell of the group: but for a few that are missing, and one that is
/// noise. Of users, and of items where it is asked for.
DatasetPtr plantedWithFeatures(bool ofItems = true);

/// Whether it needs attributes of users or of items.
bool needsFeatures(const AlgorithmInfo& algorithm);

/// What an algorithm is tried on: data that has all it needs.
SplitPtr plantedSplit(const AlgorithmInfo& algorithm, SplitKind kind = SplitKind::RandomPerUser);
/// Large enough that no first epoch is over at once.
SplitPtr largeSplit(const AlgorithmInfo& algorithm);
/// Everything of a tiny dataset for training: no validation, no test.
SplitPtr wholeSplit(const DatasetPtr& dataset);

/// The algorithm's defaults, with at most `epochs` epochs where it has that parameter.
ParamMap shortened(const AlgorithmInfo& algorithm, std::int64_t epochs);

struct RunOptions {
    int threads = 1;
    std::uint64_t seed = 42;
    ParamMap params = {};
    bool validate = false;
};

class EventList final : public EventSink {
public:
    /// Also called for each event, on the training thread.
    std::function<void(const TrainingEvent&)> onEvent;
    void post(const TrainingEvent& event) override;
    std::vector<TrainingEvent> events;
};

/// One run through the product's training loop; early stopping is off, so the model is the last epoch's.
RunEnded run(const AlgorithmInfo& algorithm, const SplitPtr& split, const RunOptions& options = {});
RunEnded run(const AlgorithmInfo& algorithm, const SplitPtr& split, const RunOptions& options,
             RunControl& control, EventList& events);

/// The query of a user of the split: as known to training, or as a history to fold in.
Query knownUser(const Split& split, UserIndex user);
Query unknownUser(const Split& split, UserIndex user);

/// Scores of all items for one query.
std::vector<float> scoresOf(const Recommender& model, const Query& query);
bool allFinite(const std::vector<float>& values);

/// "" when equal in every bit; else the first difference.
std::string difference(const TensorFile& a, const TensorFile& b);
TensorFile saved(const Recommender& model);

} // namespace recoscope::test
