// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"
#include "engine/core/run_control.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace recoscope {

/// A run's clock, which stands still while the run is paused, and its line to the event sink. post() and
/// elapsed() are thread-safe as far as the sink is; the rest is for the training thread.
class RunReporter final {
public:
    RunReporter(RunControl& control, EventSink& events);

    /// Seconds since the start, without pauses.
    double elapsed() const;
    /// Never throws: a sink that does loses the event, not the run.
    void post(const TrainingEvent& event) noexcept;
    void log(LogLevel level, std::string text);

    /// From now on progress() is about this phase of this epoch.
    void beginPhase(int epoch, std::string phase);
    /// Posts a Progress unless one of this phase went out in the last 10 ms. Any thread.
    void progress(double fraction, double examples);

private:
    RunControl& m_control;
    EventSink& m_events;
    std::chrono::steady_clock::time_point m_start;
    double m_pausedBefore;
    int m_epoch = 0;
    std::string m_phase;
    double m_phaseStart = 0.0;
    std::atomic<std::int64_t> m_lastPost{INT64_MIN / 2}; // nanoseconds since m_start
};

} // namespace recoscope
