// SPDX-License-Identifier: GPL-3.0-or-later
// A package's bin/recoscope and bin/recoscope-cli are this program under two names. It asks the processor
// what it can do and becomes lib/recoscope/<level>/<its own name>, the same program built for that level. The
// environment variable RECOSCOPE_ISA forces a lower one. Compiled for plain x86-64.
#include "app/isa_level.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace {

using namespace recoscope;

/// What processor and operating system support together (the latter must save the wide registers).
IsaLevel bestIsaLevel() {
    __builtin_cpu_init();
#ifdef __clang__ // which does not know the levels' names
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
#else
    const bool v3 = __builtin_cpu_supports("x86-64-v3");
    const bool v4 = __builtin_cpu_supports("x86-64-v4");
#endif
    return v4 ? IsaLevel::X86_64_v4 : v3 ? IsaLevel::X86_64_v3 : IsaLevel::X86_64;
}

/// The path of this program, links followed; empty when the system does not tell.
std::string ownPath() {
    std::string path(4096, '\0');
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return path;
}

} // namespace

int main(int, char** argv) {
    const std::string self = ownPath();
    const std::size_t slash = self.rfind('/');
    if (slash == std::string::npos) {
        std::fputs("recoscope: cannot find out where this program is (/proc/self/exe)\n", stderr);
        return 127;
    }
    const std::string name = self.substr(slash + 1);
    const char* const forced = std::getenv("RECOSCOPE_ISA");
    const IsaChoice choice = chooseIsaLevel(bestIsaLevel(), forced ? forced : "");
    if (!choice.level) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), choice.problem.c_str());
        return 2;
    }
    const std::string program =
        self.substr(0, slash) + "/../lib/recoscope/" + std::string(isaLevelName(*choice.level)) + "/" + name;
    execv(program.c_str(), argv);
    std::perror((name + ": cannot start " + program).c_str());
    return 127;
}
