// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"

#include <QString>

#include <functional>
#include <memory>

namespace recoscope {

/// Stores the events of one run in the workspace, from a thread and a database connection of its own: post()
/// only appends to a queue. Several times a second what has come is written in one transaction; the end of
/// the run at once. When the store refuses (full disk, locked), the events are kept and tried again.
/// Thread-safe.
class RunRecorder final : public EventSink {
public:
    /// @param run       made by RunStore::create() in the same workspace
    /// @param onError   called from the writer's thread at the first refusal, and at the last one when the
    /// run has ended
    RunRecorder(const QString& workspace, const QString& run, std::function<void(const Error&)> onError = {});
    ~RunRecorder() override; // finish()
    RunRecorder(const RunRecorder&) = delete;
    RunRecorder& operator=(const RunRecorder&) = delete;

    void post(const TrainingEvent& event) override;
    /// Waits until everything posted is stored, or cannot be; says which. No post() afterwards.
    Status finish();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
