// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"

#include <atomic>
#include <signal.h>
#include <thread>

namespace recoscope::cli {

/// While it lives, Ctrl-C (SIGINT) and SIGTERM cancel `control` gently; a second one ends the program. Make
/// it before other threads start, so that they inherit the blocked signals.
class InterruptGuard final {
public:
    /// @param keeps  what the person is told of the work so far
    explicit InterruptGuard(RunControl& control, const char* keeps = "nothing is kept");
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

private:
    RunControl& m_control;
    const char* m_keeps;
    std::atomic<bool> m_over{false};
    sigset_t m_before{};
    std::thread m_thread;
};

} // namespace recoscope::cli
