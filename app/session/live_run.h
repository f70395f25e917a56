// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

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

} // namespace recoscope
