// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace recoscope {

enum class RunState : std::uint32_t { Running, Paused, Cancelled };

/// Pause, step and cancel for one piece of work: an atomic word, and a condition variable for the paused.
/// Thread-safe. Every long computation takes one and calls keepGoing() at least every 5 ms of work.
class RunControl final {
public:
    /// Blocks while paused. False once cancelled: leave, keeping what is consistent. One relaxed load when
    /// running.
    bool keepGoing() {
        if (m_state.load(std::memory_order_relaxed) == RunState::Running) [[likely]]
            return true;
        return waitWhilePaused();
    }
    /// By the training loop only: the epoch's training is over, what is left of it is evaluation.
    void epochTrained();
    /// Between epochs, by the training loop only: ends a step, then as keepGoing().
    bool atEpochBoundary();
    /// The same, and calls `copyModel` when a snapshot is asked for, also while paused here; at most once a
    /// boundary, as the model does not change meanwhile.
    bool atEpochBoundary(const std::function<void()>& copyModel);

    /// Between batches of an epoch, by trainers that have them: ends a batch step, and serves a pause and a
    /// request for a copy of the model here, where the model is consistent. False once cancelled. Two relaxed
    /// loads when running.
    bool atBatchBoundary(const std::function<void()>& copyModel);

    void pause();
    void resume();
    /// Cancelling wins over everything and is final.
    void cancel();
    /// Trains one epoch more, then pauses again: runs to the end of the current or next epoch; when paused
    /// with the current epoch trained but not evaluated, to the end of the next.
    void stepEpoch();
    /// Trains one batch more, copies the model, then pauses again; an epoch more where a trainer has no
    /// batches.
    void stepBatch();

    RunState state() const { return m_state.load(std::memory_order_relaxed); }
    bool cancelled() const { return state() == RunState::Cancelled; }
    /// Seconds spent paused so far; training time excludes them.
    double pausedSeconds() const;

    /// Ask for a copy of the model at the next epoch boundary, or at once when paused at one (inspect while
    /// training).
    void requestSnapshot();
    /// Somebody looks at weights and gradients: trainers summarise them at the end of an epoch.
    void setObserved(bool observed) { m_observed.store(observed, std::memory_order_relaxed); }
    bool observed() const { return m_observed.load(std::memory_order_relaxed); }
    bool takeSnapshotRequest() { return m_snapshotWanted.exchange(false, std::memory_order_relaxed); }

private:
    using Clock = std::chrono::steady_clock;
    bool waitWhilePaused();
    void setState(RunState state); // with m_mutex held
    void endStep();                // with m_mutex held
    /// Waits while paused, copying the model once when asked to. With `lock` on m_mutex.
    bool waitAtBoundary(std::unique_lock<std::mutex>& lock, const std::function<void()>& copyModel);

    std::atomic<RunState> m_state{RunState::Running};
    std::atomic<bool> m_snapshotWanted{false};
    std::atomic<bool> m_batchStep{false};
    std::atomic<bool> m_observed{false};
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    int m_boundariesLeft = 0;    // of a step; 0: no step is on
    bool m_epochTrained = false; // since the last boundary
    Clock::time_point m_pausedSince{};
    double m_pausedSeconds = 0.0;
};

} // namespace recoscope
