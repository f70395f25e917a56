// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace recoscope::bench {

/// One line of the table. Seconds unless `unit` says otherwise.
struct Line {
    std::string what;
    double ours = 0.0;
    std::string unit = "s";
    std::optional<double> peer; // what another program took, with its name
    std::string peerName;
    std::optional<double> limit; // what ours must not exceed
    std::string note;
    double best = 0.0; // the fastest of the repeats; 0: not measured
    bool passed() const { return !limit || ours <= *limit; }
};

/// Lines are printed as they come; the JSON has the same and the machine.
class Report final {
public:
    Report(int threads, int repeats);
    void section(const std::string& title);
    void add(Line line);
    void missing(const std::string& what, const std::string& why);
    /// 0 when every limit holds, 1 otherwise.
    int finish() const;
    /// False when the file cannot be written.
    bool writeJson(const std::string& path) const;

private:
    int m_threads;
    int m_repeats;
    std::vector<Line> m_lines;
    std::vector<std::string> m_missing;
};

/// "Intel Xeon …", or "unknown".
std::string processorName();

/// A line for repeated measures: the median counts, the fastest is shown beside it.
Line repeated(std::string what, const std::vector<double>& seconds);

/// The middle of the values (the mean of the two middle ones); 0 without any.
double median(std::vector<double> values);

} // namespace recoscope::bench
