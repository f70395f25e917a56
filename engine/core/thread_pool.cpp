// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/thread_pool.h"

#include "engine/core/check.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recoscope {

int availableCores() {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1u, std::thread::hardware_concurrency());
}

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

struct ThreadPool::Shared {
    std::mutex callers; // one forChunks at a time
    std::mutex mutex;
    std::condition_variable workReady;
    std::condition_variable workDone;
    std::uint64_t generation = 0;
    bool stopping = false;
    int active = 0;

    Call call = nullptr;
    void* context = nullptr;
    std::int64_t count = 0;
    std::int64_t chunkSize = 1;
    std::int64_t chunks = 0;
    std::atomic<std::int64_t> next{0};
    std::exception_ptr failure;

    std::vector<std::thread> threads;

    void work(int thread) {
        for (;;) {
            const std::int64_t index = next.fetch_add(1, std::memory_order_relaxed);
            if (index >= chunks) return;
            const std::int64_t begin = index * chunkSize;
            try {
                call(context, Chunk{begin, std::min(begin + chunkSize, count), index, thread});
            } catch (...) {
                std::lock_guard lock(mutex);
                if (!failure) failure = std::current_exception();
                next.store(chunks, std::memory_order_relaxed);
            }
        }
    }

    void workerLoop(int thread) {
        std::uint64_t seen = 0;
        for (;;) {
            {
                std::unique_lock lock(mutex);
                workReady.wait(lock, [&] { return stopping || generation != seen; });
                if (stopping) return;
                seen = generation;
            }
            work(thread);
            {
                std::lock_guard lock(mutex);
                if (--active == 0) workDone.notify_one();
            }
        }
    }
};

ThreadPool::ThreadPool(ThreadPoolOptions options) : m_shared(std::make_unique<Shared>()) {
    const int threads = options.threads > 0 ? options.threads : availableCores();
    for (int t = 1; t < threads; ++t)
        m_shared->threads.emplace_back([shared = m_shared.get(), t, options] {
            setNiceness(options.niceness);
            shared->workerLoop(t);
        });
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard lock(m_shared->mutex);
        m_shared->stopping = true;
    }
    m_shared->workReady.notify_all();
    for (auto& thread : m_shared->threads) thread.join();
}

int ThreadPool::threadCount() const { return static_cast<int>(m_shared->threads.size()) + 1; }

void ThreadPool::run(std::int64_t count, std::int64_t chunkSize, Call call, void* context) {
    RECOSCOPE_CHECK(chunkSize > 0, "chunk size must be positive");
    if (count <= 0) return;
    Shared& s = *m_shared;
    std::lock_guard oneCaller(s.callers);
    const bool alone = s.threads.empty() || count <= chunkSize;
    {
        std::lock_guard lock(s.mutex);
        s.call = call;
        s.context = context;
        s.count = count;
        s.chunkSize = chunkSize;
        s.chunks = chunkCount(count, chunkSize);
        s.next.store(0, std::memory_order_relaxed);
        s.failure = nullptr;
        if (!alone) {
            s.active = static_cast<int>(s.threads.size());
            ++s.generation;
        }
    }
    if (!alone) s.workReady.notify_all();
    s.work(0);
    std::exception_ptr failure;
    {
        std::unique_lock lock(s.mutex);
        if (!alone) s.workDone.wait(lock, [&] { return s.active == 0; });
        failure = std::exchange(s.failure, nullptr);
    }
    if (failure) std::rethrow_exception(failure);
}

} // namespace recoscope
