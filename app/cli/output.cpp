// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/output.h"

#include "app/cli/command.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace recoscope::cli {

namespace {

/// Characters, not bytes; good enough for the scripts that titles come in.
std::size_t width(const std::string& utf8) {
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool numeric(const std::string& cell) {
    if (cell.empty() || cell == "-") return true;
    return cell.find_first_not_of("0123456789.,+-e%") == std::string::npos;
}

} // namespace

void print(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

void printJson(const Json& json) { print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"); }

int fail(const Arguments& arguments, const Error& error) {
    if (error.code == ErrorCode::Cancelled) {
        std::fprintf(stderr, "recoscope-cli: stopped\n");
        if (arguments.has("--json"))
            printJson({{"status", "stopped"}, {"error", {{"message", "Stopped"}, {"where", ""}}}});
        return ExitCancelled;
    }
    std::fprintf(stderr, "recoscope-cli: %s\n", error.text().c_str());
    if (arguments.has("--json")) printJson({{"error", {{"message", error.message}, {"where", error.where}}}});
    return ExitFailed;
}

int usage(const Arguments& arguments, const std::string& message) {
    std::fprintf(stderr, "recoscope-cli: %s\nTry 'recoscope-cli help'.\n", message.c_str());
    if (arguments.has("--json")) printJson({{"error", {{"message", message}, {"where", "command line"}}}});
    return ExitUsage;
}

Table::Table(std::vector<std::string> headings)
    : m_rows{std::move(headings)} {}

void Table::add(std::vector<std::string> row) {
    row.resize(m_rows.front().size());
    for (std::string& cell : row)
        for (char& c : cell)
            if (c == '\n' || c == '\r' || c == '\t' || c == '\x1b') c = ' ';
    m_rows.push_back(std::move(row));
}

std::string Table::text() const {
    const std::size_t columns = m_rows.front().size();
    std::vector<std::size_t> widths(columns, 0);
    std::vector<bool> right(columns, m_rows.size() > 1);
    for (std::size_t r = 0; r < m_rows.size(); ++r)
        for (std::size_t c = 0; c < columns; ++c) {
            widths[c] = std::max(widths[c], width(m_rows[r][c]));
            if (r > 0 && !numeric(m_rows[r][c])) right[c] = false;
        }
    std::string out;
    for (std::size_t r = 0; r < m_rows.size(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < columns; ++c) {
            const std::string padding(widths[c] - width(m_rows[r][c]), ' ');
            if (c > 0) line += "  ";
            line += right[c] ? padding + m_rows[r][c] : m_rows[r][c] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string fixed(double value, int digits) {
    if (!std::isfinite(value)) return "-";
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    return buffer;
}

std::string grouped(std::int64_t value) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return value < 0 ? "-" + digits : digits;
}

std::string duration(double seconds) {
    if (seconds < 10) return fixed(seconds, 2) + " s";
    if (seconds < 120) return fixed(seconds, 1) + " s";
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 7200) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
    static const char* const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    for (const double value : values) {
        if (!std::isfinite(value)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    const std::size_t cells = std::min(width, values.size());
    std::string line;
    for (std::size_t n = 0; n < cells; ++n) {
        // The last value of each stretch, so that the end of the line is the end of the run.
        const double value = values[(n + 1) * values.size() / cells - 1];
        if (!std::isfinite(value)) {
            line += ' ';
            continue;
        }
        const double height = high > low ? (value - low) / (high - low) : 0.5;
        line += blocks[std::min(7, static_cast<int>(height * 8.0))];
    }
    return line;
}

std::string text(std::string_view view) { return std::string(view); }

Json issuesJson(const ImportReport& report) {
    Json list = Json::array();
    for (const ImportIssue& issue : report.issues) {
        Json examples = Json::array();
        for (const auto& example : issue.examples)
            examples.push_back({{"where", example.where}, {"text", example.text}});
        list.push_back({{"kind", issue.kind},
                        {"message", issue.message},
                        {"severity", issue.severity == Severity::Note ? "note" : "warning"},
                        {"count", issue.count},
                        {"examples", std::move(examples)}});
    }
    return list;
}

Json metricsJson(const std::vector<NamedValue>& metrics) {
    Json json = Json::object();
    for (const NamedValue& metric : metrics)
        json[metric.key] = metric.value;
    return json;
}

ProgressLine::ProgressLine(bool quiet)
    : m_quiet(quiet)
    , m_terminal(::isatty(2) == 1) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::wipe() {
    if (m_shown == 0) return;
    std::fprintf(stderr, "\r%*s\r", static_cast<int>(m_shown), "");
    m_shown = 0;
}

void ProgressLine::show(const std::string& line) {
    if (m_quiet || !m_terminal) return;
    const std::scoped_lock lock(m_mutex);
    wipe();
    std::fprintf(stderr, "%s", line.c_str());
    std::fflush(stderr);
    m_shown = width(line);
}

void ProgressLine::say(const std::string& line) {
    if (m_quiet) return;
    const std::scoped_lock lock(m_mutex);
    wipe();
    std::fprintf(stderr, "%s\n", line.c_str());
}

} // namespace recoscope::cli
