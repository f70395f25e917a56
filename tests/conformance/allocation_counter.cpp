// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/conformance/allocation_counter.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RECOSCOPE_COUNTS_ALLOCATIONS 1
#endif

namespace {
std::atomic<std::int64_t> g_allocations{0};
}

namespace recoscope::test {

std::int64_t allocationCount() { return g_allocations.load(std::memory_order_relaxed); }

bool canCountAllocations() {
#ifdef RECOSCOPE_COUNTS_ALLOCATIONS
    return true;
#else
    return false;
#endif
}

} // namespace recoscope::test

#ifdef RECOSCOPE_COUNTS_ALLOCATIONS
// The program's own malloc wins over the library's, which stays reachable under these names. Memory is still
// the library's, so free() needs no counterpart here.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12; // ENOMEM
}
}
#endif
