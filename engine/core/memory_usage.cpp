// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"

#ifdef __linux__
#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace recoscope {

#ifdef __linux__
namespace {

/// A file with one number; -1 where there is none ("max" means no limit).
long long numberIn(const char* path) {
    std::FILE* file = std::fopen(path, "r");
    if (!file) return -1;
    long long value = -1;
    const int read = std::fscanf(file, "%lld", &value);
    std::fclose(file);
    return read == 1 ? value : -1;
}

long long availableInMemInfo() {
    std::FILE* file = std::fopen("/proc/meminfo", "r");
    if (!file) return 0;
    char line[256];
    long long kilobytes = 0;
    while (std::fgets(line, sizeof line, file))
        if (std::sscanf(line, "MemAvailable: %lld kB", &kilobytes) == 1) break;
    std::fclose(file);
    return kilobytes * 1024;
}

} // namespace
#endif

std::int64_t residentBytes() {
#ifdef __linux__
    // statm: total and resident size, in pages.
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (!file) return 0;
    long long total = 0;
    long long resident = 0;
    const int read = std::fscanf(file, "%lld %lld", &total, &resident);
    std::fclose(file);
    return read == 2 ? static_cast<std::int64_t>(resident) * sysconf(_SC_PAGESIZE) : 0;
#else
    return 0;
#endif
}

std::int64_t peakResidentBytes() {
#ifdef __linux__
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return static_cast<std::int64_t>(usage.ru_maxrss) * 1024; // kilobytes on Linux
#else
    return 0;
#endif
}

std::int64_t availableBytes() {
#ifdef __linux__
    long long available = availableInMemInfo();
    // Control groups, version 2 and 1, as a container sees its own. Their usage counts cached files, which
    // are given back when asked for, so what this process holds is taken off instead.
    for (const char* group :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        const long long limit = numberIn(group);
        if (limit > 0) available = std::min(available, std::max(0LL, limit - residentBytes()));
    }
    return available;
#else
    return 0;
#endif
}

} // namespace recoscope
