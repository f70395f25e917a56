// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/lane.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recoscope {

namespace {
void setNiceness(int niceness) {
#ifdef __linux__
    // On Linux a "process" id that is a thread id changes that thread only.
    if (niceness != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), niceness);
#else
    (void)niceness;
#endif
}
} // namespace

struct Lane::Private {
    struct Entry {
        std::string key; // "": never replaced
        Job job;
    };
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<Entry> waiting;
    bool running = false;
    bool stopping = false;
    std::thread thread;

    void loop() {
        for (;;) {
            Job job;
            {
                std::unique_lock lock(mutex);
                running = false;
                changed.wait(lock, [this] { return stopping || !waiting.empty(); });
                if (stopping && waiting.empty()) return;
                job = std::move(waiting.front().job);
                waiting.pop_front();
                running = true;
            }
            job();
        }
    }

    void add(Entry entry) {
        // Dropped jobs die outside the lock: what they hold may be large.
        std::deque<Entry> dropped;
        {
            std::lock_guard lock(mutex);
            if (!entry.key.empty()) dropped = take(entry.key);
            waiting.push_back(std::move(entry));
        }
        changed.notify_one();
    }

    std::deque<Entry> take(const std::string& key) {
        std::deque<Entry> taken, kept;
        for (Entry& entry : waiting)
            (entry.key == key ? taken : kept).push_back(std::move(entry));
        waiting = std::move(kept);
        return taken;
    }
};

Lane::Lane(int niceness)
    : d(std::make_unique<Private>()) {
    d->thread = std::thread([p = d.get(), niceness] {
        setNiceness(niceness);
        p->loop();
    });
}

Lane::~Lane() {
    {
        std::deque<Private::Entry> dropped; // dies before the wait
        {
            std::lock_guard lock(d->mutex);
            dropped.swap(d->waiting);
        }
    }
    finish();
}

void Lane::finish() {
    if (!d->thread.joinable()) return;
    {
        std::lock_guard lock(d->mutex);
        d->stopping = true;
    }
    d->changed.notify_all();
    d->thread.join();
}

void Lane::post(Job job) { d->add({{}, std::move(job)}); }
void Lane::postNewest(const std::string& key, Job job) { d->add({key, std::move(job)}); }

void Lane::drop(const std::string& key) {
    std::deque<Private::Entry> dropped;
    std::lock_guard lock(d->mutex);
    dropped = d->take(key);
}

bool Lane::idle() const {
    std::lock_guard lock(d->mutex);
    return !d->running && d->waiting.empty();
}

} // namespace recoscope
