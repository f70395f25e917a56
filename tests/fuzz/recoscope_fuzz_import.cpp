// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer: recoscope_fuzz_import CORPUS datasets/tiny/*  The first byte chooses the file's name, the rest
// is its content.
#include "tests/fuzz/import_bytes.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace {

constexpr std::array names = {
    "t.csv", "u.data", "ratings.dat", "ratings.csv",         "L_5.json", "L.jsonl", "t.inter", "t.rating",
    "t.txt", "t.zip",  "t.csv.gz",    "BX-Book-Ratings.csv", "t.tsv"};

const std::string& folder() {
    static const std::string path = [] {
        auto made = std::filesystem::temp_directory_path() / ("recoscope-fuzz-" + std::to_string(::getpid()));
        std::filesystem::create_directories(made);
        return made.string();
    }();
    return path;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string name = names[data[0] % names.size()];
    const std::string fault = recoscope::test::importBytes(folder(), name, data + 1, size - 1);
    std::filesystem::remove(folder() + "/" + name);
    if (fault.empty()) return 0;
    std::fprintf(stderr, "%s: %s\n", name.c_str(), fault.c_str());
    std::abort();
}
