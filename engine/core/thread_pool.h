// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace recoscope {

/// One piece of a range: [begin, end). `index` counts chunks from 0 and depends on the data only; `thread` is below
/// threadCount() and may be used for scratch memory, never for results.
struct Chunk {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t index = 0;
    int thread = 0;
};

struct ThreadPoolOptions {
    int threads = 0;  // 0: all cores this process may use
    int niceness = 0; // workers' nice value where the system knows one; the app uses 10
};

/// Fixed worker threads that share out chunks. forChunks may be called from any thread (calls are served one after
/// another), not from inside a chunk.
class ThreadPool final {
public:
    explicit ThreadPool(ThreadPoolOptions options = {});
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threadCount() const;

    /// Calls body(Chunk) for [0, count) cut every chunkSize; the caller works too. Borders depend on count and
    /// chunkSize only, so partial sums stored by Chunk::index and added in order are the same for any thread count.
    /// Returns when all chunks are done; the first exception of a body is thrown again here. No allocation.
    template <class Body>
    void forChunks(std::int64_t count, std::int64_t chunkSize, Body&& body) {
        using Plain = std::remove_reference_t<Body>;
        run(count, chunkSize,
            [](void* context, const Chunk& chunk) { (*static_cast<Plain*>(context))(chunk); },
            const_cast<void*>(static_cast<const void*>(&body)));
    }

    static constexpr std::int64_t chunkCount(std::int64_t count, std::int64_t chunkSize) {
        return (count + chunkSize - 1) / chunkSize;
    }

private:
    using Call = void (*)(void* context, const Chunk&);
    void run(std::int64_t count, std::int64_t chunkSize, Call call, void* context);
    struct Shared;
    std::unique_ptr<Shared> m_shared;
};

/// Cores this process may run on (respects CPU affinity), at least 1.
int availableCores();

} // namespace recoscope
