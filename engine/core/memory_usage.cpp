// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"

#ifdef __linux__
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace recoscope {

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

} // namespace recoscope
