// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>

namespace recoscope {

/// One worker thread with a queue of jobs, in the order posted. Thread-safe. A job must not throw (see
/// guarded()) and must not destroy its lane.
class Lane final {
public:
    using Job = std::function<void()>;

    /// @param niceness  of the thread, where the system knows one: the window stays alive on busy cores.
    explicit Lane(int niceness = 10);
    /// Drops the waiting jobs, waits for the running one, joins. Cancel the running one first.
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    void post(Job job);
    /// The newest wins: a waiting job with the same key is dropped and this one goes to the end of the queue.
    void postNewest(const std::string& key, Job job);
    /// Drops the waiting jobs with this key; the running one goes on.
    void drop(const std::string& key);

    /// Runs all that waits, then joins. Nothing may be posted afterwards.
    void finish();

    /// No job runs and none waits.
    bool idle() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// Calls `work`, which returns a Result or a Status, and turns an exception into its error: the window stays
/// alive.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::Limit, "There is not enough memory for this", ""};
    } catch (const std::exception& e) {
        return Error{ErrorCode::Invalid, std::string("Internal error: ") + e.what(), ""};
    }
}

} // namespace recoscope
