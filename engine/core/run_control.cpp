// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/run_control.h"

#include <algorithm>

namespace recoscope {

bool RunControl::waitWhilePaused() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return m_state.load(std::memory_order_relaxed) != RunState::Paused; });
    return m_state.load(std::memory_order_relaxed) != RunState::Cancelled;
}

void RunControl::epochTrained() {
    std::lock_guard lock(m_mutex);
    m_epochTrained = true;
}

bool RunControl::atEpochBoundary() {
    {
        std::lock_guard lock(m_mutex);
        endStep();
    }
    return keepGoing();
}

bool RunControl::atEpochBoundary(const std::function<void()>& copyModel) {
    std::unique_lock lock(m_mutex);
    endStep();
    return waitAtBoundary(lock, copyModel);
}

bool RunControl::atBatchBoundary(const std::function<void()>& copyModel) {
    if (state() == RunState::Running && !m_batchStep.load(std::memory_order_relaxed)) [[likely]]
        return true;
    std::unique_lock lock(m_mutex);
    if (m_batchStep.exchange(false, std::memory_order_relaxed) && state() == RunState::Running) {
        m_boundariesLeft = 0;
        m_snapshotWanted.store(true, std::memory_order_relaxed);
        setState(RunState::Paused);
    }
    return waitAtBoundary(lock, copyModel);
}

bool RunControl::waitAtBoundary(std::unique_lock<std::mutex>& lock, const std::function<void()>& copyModel) {
    for (bool copied = false;;) {
        if (!copied && takeSnapshotRequest()) {
            copied = true;
            lock.unlock();
            copyModel();
            lock.lock();
        }
        if (state() != RunState::Paused) return state() != RunState::Cancelled;
        m_changed.wait(lock, [&] {
            return state() != RunState::Paused ||
                   (!copied && m_snapshotWanted.load(std::memory_order_relaxed));
        });
    }
}

void RunControl::requestSnapshot() {
    // With the mutex held, so that a wait at a boundary cannot miss it.
    std::lock_guard lock(m_mutex);
    m_snapshotWanted.store(true, std::memory_order_relaxed);
    m_changed.notify_all();
}

void RunControl::endStep() {
    m_epochTrained = false;
    // A trainer without batches: the step was the epoch.
    if (m_batchStep.exchange(false, std::memory_order_relaxed)) m_boundariesLeft = 1;
    if (m_boundariesLeft == 0 || state() != RunState::Running) return;
    if (--m_boundariesLeft == 0) setState(RunState::Paused);
}

void RunControl::stepBatch() {
    std::lock_guard lock(m_mutex);
    if (state() == RunState::Cancelled) return;
    m_batchStep.store(true, std::memory_order_relaxed);
    if (state() == RunState::Paused) setState(RunState::Running);
}

void RunControl::pause() {
    std::lock_guard lock(m_mutex);
    m_boundariesLeft = 0;
    m_batchStep.store(false, std::memory_order_relaxed);
    if (state() == RunState::Running) setState(RunState::Paused);
}

void RunControl::resume() {
    std::lock_guard lock(m_mutex);
    m_boundariesLeft = 0;
    m_batchStep.store(false, std::memory_order_relaxed);
    if (state() == RunState::Paused) setState(RunState::Running);
}

void RunControl::cancel() {
    std::lock_guard lock(m_mutex);
    if (state() != RunState::Cancelled) setState(RunState::Cancelled);
}

void RunControl::stepEpoch() {
    std::lock_guard lock(m_mutex);
    if (state() == RunState::Cancelled) return;
    // A step that is on already is not cut short by another.
    m_boundariesLeft = std::max(m_boundariesLeft, state() == RunState::Paused && m_epochTrained ? 2 : 1);
    if (state() == RunState::Paused) setState(RunState::Running);
}

double RunControl::pausedSeconds() const {
    std::lock_guard lock(m_mutex);
    double seconds = m_pausedSeconds;
    if (state() == RunState::Paused)
        seconds += std::chrono::duration<double>(Clock::now() - m_pausedSince).count();
    return seconds;
}

void RunControl::setState(RunState state) {
    const RunState before = m_state.exchange(state, std::memory_order_relaxed);
    if (state == RunState::Paused) m_pausedSince = Clock::now();
    if (before == RunState::Paused)
        m_pausedSeconds += std::chrono::duration<double>(Clock::now() - m_pausedSince).count();
    m_changed.notify_all();
}

} // namespace recoscope
