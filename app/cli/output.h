// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/core/result.h"
#include "engine/data/import_report.h"

#include "app/cli/arguments.h"

#include <QString>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::cli {

using Json = nlohmann::ordered_json;

/// The one object on stdout. Numbers that are none become null, bytes that are no UTF-8 are replaced.
void printJson(const Json& json);
void print(const std::string& text);

/// Says what went wrong on stderr (and as a JSON object on stdout where JSON was asked for); ExitFailed, or
/// ExitCancelled where a person stopped the work.
int fail(const Arguments& arguments, const Error& error);
/// A mistake in what was typed; ExitUsage.
int usage(const Arguments& arguments, const std::string& message);

/// Columns aligned by what the eye sees; numbers to the right.
class Table final {
public:
    explicit Table(std::vector<std::string> headings);
    void add(std::vector<std::string> row);
    std::string text() const;

private:
    std::vector<std::vector<std::string>> m_rows; // the first is the heading
};

std::string fixed(double value, int digits = 4);
/// "1,000,209"
std::string grouped(std::int64_t value);
/// "1.24 s", "3 min 20 s"
std::string duration(double seconds);
/// A line of eight heights of blocks, at most `width` of them; NaN is a blank.
std::string sparkline(const std::vector<double>& values, std::size_t width = 60);
std::string text(std::string_view view);
/// What an import found, for "issues".
Json issuesJson(const ImportReport& report);
Json metricsJson(const std::vector<NamedValue>& metrics);

/// One line on stderr that is written over, where stderr is a terminal; otherwise nothing but what say()
/// says. Thread-safe.
class ProgressLine final {
public:
    explicit ProgressLine(bool quiet);
    ~ProgressLine(); // wipes the line
    void show(const std::string& line);
    /// A line that stays.
    void say(const std::string& line);

private:
    void wipe();
    std::mutex m_mutex;
    bool m_quiet;
    bool m_terminal;
    std::size_t m_shown = 0;
};

} // namespace recoscope::cli
