// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

namespace recoscope {

/// Brings a run's picture up to date with one event. Curves keep every point.
void apply(LiveRun& run, const TrainingEvent& event);

/// Seconds of work that are left, from the newest epochs and the progress in the current one; an upper bound where a run may
/// stop early. -1 while nothing is known, 0 when the run has ended.
double remainingSeconds(const LiveRun& run);

} // namespace recoscope
