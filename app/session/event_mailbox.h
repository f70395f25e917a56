// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"

#include <mutex>
#include <vector>

namespace recoscope {

/// Events of one run on their way from the training thread to the GUI thread, in order. A Progress replaces
/// the waiting Progress, and a SnapshotReady the waiting one, so that neither piles up when nobody looks.
/// Thread-safe.
class EventMailbox final : public EventSink {
public:
    void post(const TrainingEvent& event) override;
    /// Everything that waits; the mailbox is empty afterwards.
    std::vector<TrainingEvent> drain();

private:
    std::mutex m_mutex;
    std::vector<TrainingEvent> m_waiting;
};

} // namespace recoscope
