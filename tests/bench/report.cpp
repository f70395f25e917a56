// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/report.h"

#include "engine/core/memory_usage.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace recoscope::bench {

namespace {

std::string number(double value, const std::string& unit) {
    char text[40];
    std::snprintf(text, sizeof text, unit == "s" && value < 10.0 ? "%.3f %s" : "%.4g %s", value,
                  unit.c_str());
    return text;
}

double gigabytes(std::int64_t bytes) { return static_cast<double>(bytes) / 1e9; }

} // namespace

std::string processorName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("model name", 0) == 0)
            if (const std::size_t colon = line.find(": "); colon != std::string::npos)
                return line.substr(colon + 2);
    return "unknown";
}

double median(std::vector<double> values) {
    if (values.empty()) return 0.0;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

Line repeated(std::string what, const std::vector<double>& seconds) {
    Line line{.what = std::move(what), .ours = median(seconds)};
    if (seconds.size() > 1) line.best = *std::min_element(seconds.begin(), seconds.end());
    return line;
}

Report::Report(int threads, int repeats)
    : m_threads(threads)
    , m_repeats(repeats) {
    std::printf("Recoscope bench | %s | %d threads | %s | median of %d\n", processorName().c_str(), threads,
                RECOSCOPE_BENCH_FLAGS, repeats);
}

void Report::section(const std::string& title) {
    std::printf("\n%s\n%-44s %12s %12s %8s %10s  %s\n", title.c_str(), "", "ours", "peer", "ratio", "limit",
                "");
}

void Report::add(Line line) {
    std::string ratio;
    if (line.peer && *line.peer > 0.0) {
        char text[24];
        std::snprintf(text, sizeof text, "%.2f", line.ours / *line.peer);
        ratio = text;
    }
    const std::string verdict = !line.limit ? "" : line.passed() ? "pass" : "MISS";
    std::printf("%-46s %10s %10s %10s %6s %10s  %-4s", line.what.c_str(),
                number(line.ours, line.unit).c_str(),
                line.best > 0.0 ? number(line.best, line.unit).c_str() : "",
                line.peer ? number(*line.peer, line.unit).c_str() : "", ratio.c_str(),
                line.limit ? number(*line.limit, line.unit).c_str() : "", verdict.c_str());
    if (!line.peerName.empty()) std::printf("  [%s]", line.peerName.c_str());
    if (!line.note.empty()) std::printf("  %s", line.note.c_str());
    std::printf("\n");
    std::fflush(stdout);
    m_lines.push_back(std::move(line));
}

void Report::missing(const std::string& what, const std::string& why) {
    std::printf("%-46s %s\n", what.c_str(), why.c_str());
    std::fflush(stdout);
    m_missing.push_back(what + ": " + why);
}

int Report::finish() const {
    const auto missed =
        std::count_if(m_lines.begin(), m_lines.end(), [](const Line& line) { return !line.passed(); });
    std::printf("\npeak memory of this process: %.2f GB; %d of %d limits missed\n",
                gigabytes(peakResidentBytes()), static_cast<int>(missed),
                static_cast<int>(std::count_if(m_lines.begin(), m_lines.end(),
                                               [](const Line& line) { return line.limit.has_value(); })));
    return missed > 0 ? 1 : 0;
}

bool Report::writeJson(const std::string& path) const {
    nlohmann::ordered_json root;
    root["processor"] = processorName();
    root["threads"] = m_threads;
    root["flags"] = RECOSCOPE_BENCH_FLAGS;
    root["repeats"] = m_repeats;
    root["peak_memory_bytes"] = peakResidentBytes();
    root["lines"] = nlohmann::ordered_json::array();
    for (const Line& line : m_lines) {
        nlohmann::ordered_json entry{{"what", line.what}, {"ours", line.ours}, {"unit", line.unit}};
        if (line.best > 0.0) entry["fastest"] = line.best;
        if (line.peer) entry["peer"] = *line.peer;
        if (!line.peerName.empty()) entry["peer_name"] = line.peerName;
        if (line.limit) {
            entry["limit"] = *line.limit;
            entry["pass"] = line.passed();
        }
        if (!line.note.empty()) entry["note"] = line.note;
        root["lines"].push_back(std::move(entry));
    }
    root["missing"] = m_missing;
    std::ofstream file(path);
    file << root.dump(2) << '\n';
    return file.good();
}

} // namespace recoscope::bench
