// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"

#include "app/storage/run_recorder.h"

#include <memory>
#include <mutex>
#include <vector>

namespace recoscope {

/// Takes a run's events before its place in the workspace is ready, and hands them on once it is: a slow disk
/// delays neither the start nor the answer to a cancel. Thread-safe.
class RunRecording final : public EventSink {
public:
    void post(const TrainingEvent& event) override;
    /// The place is ready: what has come goes there, and what comes.
    void attach(std::unique_ptr<RunRecorder> recorder);
    /// There will be no place: what has come and what comes is dropped.
    void giveUp();
    /// Waits until all is stored, or cannot be. The recording is over.
    Status finish();

private:
    std::mutex m_mutex;
    std::vector<TrainingEvent> m_early;
    std::unique_ptr<RunRecorder> m_recorder;
    bool m_over = false;
};

} // namespace recoscope
