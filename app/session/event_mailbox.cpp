// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/event_mailbox.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace recoscope {

void EventMailbox::post(const TrainingEvent& event) {
    std::optional<TrainingEvent> replaced; // dies outside the lock: it may hold the last reference to a model
    std::lock_guard lock(m_mutex);
    if (std::holds_alternative<Progress>(event) || std::holds_alternative<SnapshotReady>(event)) {
        const auto same =
            std::find_if(m_waiting.begin(), m_waiting.end(),
                         [&event](const TrainingEvent& waiting) { return waiting.index() == event.index(); });
        if (same != m_waiting.end()) {
            replaced = std::move(*same);
            m_waiting.erase(same);
        }
    }
    m_waiting.push_back(event);
}

std::vector<TrainingEvent> EventMailbox::drain() {
    std::vector<TrainingEvent> events;
    std::lock_guard lock(m_mutex);
    events.swap(m_waiting);
    return events;
}

} // namespace recoscope
