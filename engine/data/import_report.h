// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace recoscope {

enum class Severity { Note, Warning };

/// One kind of problem in the files, with how often it happened and where it was first seen.
struct ImportIssue {
    struct Example {
        std::string where; // "ratings.csv:17"
        std::string text;  // the line, cut at 200 bytes, valid UTF-8
        bool operator==(const Example&) const = default;
    };
    std::string kind;    // stable key: "malformed-rating"
    std::string message; // one sentence: "The rating is not a number; the line was left out"
    Severity severity = Severity::Warning;
    std::int64_t count = 0;
    std::vector<Example> examples; // the first few
    bool operator==(const ImportIssue&) const = default;
};

/// What became of the rows of the interaction files. rowsRead = rowsUsed + duplicates + the rows the issues cost.
struct ImportReport {
    static constexpr std::size_t examplesKept = 3;

    std::int64_t rowsRead = 0;
    std::int64_t rowsUsed = 0;
    std::int64_t duplicates = 0; // rows merged into another row of the same (user, item)
    std::vector<ImportIssue> issues;
    double seconds = 0.0;

    /// Counts one more of a kind; keeps the first examples.
    void add(const std::string& kind, const std::string& message, std::string where, std::string text,
             Severity severity = Severity::Warning);
    /// Adds another report's counts; for partial reports of chunks, in order.
    void merge(const ImportReport& other);
};

} // namespace recoscope
