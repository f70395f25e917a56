// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <optional>

namespace recoscope {

/// Brings a run's picture up to date with one event. Curves keep every point.
void apply(LiveRun& run, const TrainingEvent& event);

/// The test of a run that ended without one.
void applyTest(LiveRun& run, std::shared_ptr<const Evaluation> test);

/// Training of one epoch in seconds, and examples a second: the median of the newest epochs, so that one slow
/// epoch does not move the figure. 0 before the first.
double usualEpochSeconds(const LiveRun& run);
double usualSpeed(const LiveRun& run);

/// Seconds of work that are left with the evaluations between them, from the newest epochs and the progress in the current one; an upper bound where a run may
/// stop early. -1 while nothing is known, 0 when the run has ended.
double remainingSeconds(const LiveRun& run);

struct BatchPlace {
    int batch = 0; // from 1, of the epoch under way
    int batches = 0;
    bool operator==(const BatchPlace&) const = default;
};
/// The batch that the newest progress is of; nothing where the algorithm trains without batches, or where
/// training is at the end of an epoch. O(users).
std::optional<BatchPlace> batchPlace(const LiveRun& run);

} // namespace recoscope
