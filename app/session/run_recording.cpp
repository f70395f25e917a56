// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/run_recording.h"

#include <utility>

namespace recoscope {

void RunRecording::post(const TrainingEvent& event) {
    // Not stored, so not worth keeping either.
    if (std::holds_alternative<Progress>(event) || std::holds_alternative<SnapshotReady>(event)) return;
    std::lock_guard lock(m_mutex);
    if (m_recorder)
        m_recorder->post(event);
    else if (!m_over)
        m_early.push_back(event);
}

void RunRecording::attach(std::unique_ptr<RunRecorder> recorder) {
    std::lock_guard lock(m_mutex);
    m_recorder = std::move(recorder);
    for (const TrainingEvent& event : m_early)
        m_recorder->post(event);
    m_early.clear();
}

void RunRecording::giveUp() {
    std::lock_guard lock(m_mutex);
    m_over = true;
    m_early.clear();
}

Status RunRecording::finish() {
    std::unique_ptr<RunRecorder> recorder;
    {
        std::lock_guard lock(m_mutex);
        m_over = true;
        recorder = std::move(m_recorder);
    }
    return recorder ? recorder->finish() : Status();
}

} // namespace recoscope
