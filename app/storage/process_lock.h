// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QString>

#include <memory>

namespace recoscope {

/// Says that this process is alive: a locked file in the workspace. The kernel lets go of the lock when the
/// process ends in whatever way, so a process id that is used again or a machine that was switched off cannot
/// deceive. Thread-safe.
class ProcessLock final {
public:
    /// The one lock of this process for a workspace; shared by all its stores, held until the last is gone.
    static Result<std::shared_ptr<const ProcessLock>> acquire(const QString& workspace);
    ~ProcessLock();
    ProcessLock(const ProcessLock&) = delete;
    ProcessLock& operator=(const ProcessLock&) = delete;

    /// Unique for the process; stored with its runs.
    const QString& owner() const { return m_owner; }
    /// Is the process that wrote `owner` alive?
    static bool alive(const QString& workspace, const QString& owner);
    /// Removes the file of a process that is gone.
    static void forget(const QString& workspace, const QString& owner);

private:
    ProcessLock() = default;
    QString m_owner;
    QString m_path;
    int m_descriptor = -1;
};

} // namespace recoscope
