// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/run_reporter.h"

#include <utility>

namespace recoscope {

using Clock = std::chrono::steady_clock;

RunReporter::RunReporter(RunControl& control, EventSink& events)
    : m_control(control)
    , m_events(events)
    , m_start(Clock::now())
    , m_pausedBefore(control.pausedSeconds()) {}

double RunReporter::elapsed() const {
    // Paused time first: a pause that begins between the two reads must not make the clock run backwards
    // later.
    const double paused = m_control.pausedSeconds() - m_pausedBefore;
    return std::chrono::duration<double>(Clock::now() - m_start).count() - paused;
}

void RunReporter::post(const TrainingEvent& event) noexcept {
    try {
        m_events.post(event);
    } catch (...) {
        // The sink broke its contract; the run goes on.
    }
}

void RunReporter::log(LogLevel level, std::string text) { post(LogLine{level, elapsed(), std::move(text)}); }

void RunReporter::beginPhase(int epoch, std::string phase) {
    m_epoch = epoch;
    m_phase = std::move(phase);
    m_phaseStart = elapsed();
    m_lastPost.store(INT64_MIN / 2, std::memory_order_relaxed); // the first news of a phase always goes out
}

void RunReporter::progress(double fraction, double examples) {
    constexpr std::int64_t between = 10'000'000;
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - m_start).count();
    std::int64_t last = m_lastPost.load(std::memory_order_relaxed);
    if (now - last < between || !m_lastPost.compare_exchange_strong(last, now, std::memory_order_relaxed))
        return;
    const double at = elapsed();
    const double seconds = at - m_phaseStart;
    post(Progress{m_epoch, fraction, at, seconds > 0.0 ? examples / seconds : 0.0, m_phase});
}

} // namespace recoscope
