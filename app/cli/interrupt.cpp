// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"

#include <cstdio>
#include <unistd.h>

namespace recoscope::cli {

InterruptGuard::InterruptGuard(RunControl& control, const char* keeps)
    : m_control(control)
    , m_keeps(keeps) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &m_before);
    m_thread = std::thread([this, signals] {
        bool asked = false;
        while (!m_over.load()) {
            const timespec wait{0, 50'000'000};
            const int signal = sigtimedwait(&signals, nullptr, &wait);
            if (signal <= 0) continue;
            if (asked) ::_exit(128 + signal);
            asked = true;
            std::fprintf(stderr, "\nrecoscope-cli: stopping; %s (again to quit at once)\n", m_keeps);
            m_control.cancel();
        }
    });
}

InterruptGuard::~InterruptGuard() {
    m_over = true;
    m_thread.join();
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

} // namespace recoscope::cli
