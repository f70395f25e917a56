// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/dataset.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// How the columns of a delimited text map to roles; column numbers from 0, -1: not there.
struct ColumnMapping {
    char delimiter = ',';
    char quote = '"';     // 0: none
    bool header = true;   // the first line names the columns
    int user = 0;
    int item = 1;
    int rating = -1;
    int time = -1;
    bool operator==(const ColumnMapping&) const = default;
};

struct ImportOptions {
    std::string format;                   // reader id; "": detect
    DuplicatePolicy duplicates = DuplicatePolicy::KeepLast;
    std::optional<ColumnMapping> mapping; // delimited text only
    // Pre-made splits given file by file (train/test/validation); `path` is then the training file.
    std::string validationPath;
    std::string testPath;
    // Any data whose attributes of items and users are joined to the interactions by id; its own interactions
    // are not read. Where both sources have a column of one name, the interactions' own comes first.
    std::string featuresPath;
    bool operator==(const ImportOptions&) const = default;
};

/// JSON of what differs from the defaults, for provenance and remembered mappings; and back.
std::string toJson(const ImportOptions& options);
Result<ImportOptions> importOptionsFromJson(std::string_view json);

/// What a look at the first kilobytes found; shown before importing.
struct FormatPreview {
    std::string format;             // reader id, "" when nothing fits
    std::string title;              // "MovieLens 1M"
    std::string description;        // one sentence: what will be read
    std::vector<std::string> files; // the files that take part, relative to the path
    std::uint64_t bytes = 0;
    std::vector<std::string> columns;              // header, as found or numbered
    std::vector<std::vector<std::string>> rows;    // the first interaction rows, up to 20
    std::optional<ColumnMapping> suggestedMapping; // delimited text: a guess to start from
    bool needsMapping = false;                     // the guess is not certain: ask the person
    std::vector<std::string> ignored;              // files that are there but not read, with the reason
};

struct ImportContext {
    ThreadPool* pool = nullptr; // optional: parse on one thread without it
    RunControl* control = nullptr;
    std::function<void(double fraction, std::string_view phase)> progress; // any thread, at most every 20 ms
};

struct ImportResult {
    DatasetPtr dataset;
    ImportReport report;
};

/// Static description of one supported format, one row per reader in readers/registry.cpp.
struct FormatInfo {
    std::string_view id;
    std::string_view title;
    std::string_view description;
};
std::span<const FormatInfo> formats();

/// Looks at a file, folder, .zip or .gz without importing it. Reads at most a few hundred kB.
Result<FormatPreview> previewPath(const std::string& path, const ImportOptions& options = {});

/// Reads a path into a dataset. Small faults cost their line and are in the report; what leaves no usable data is an
/// Error with file and line. Cancelled through context.control gives ErrorCode::Cancelled.
Result<ImportResult> importPath(const std::string& path, const ImportOptions& options, const ImportContext& context);

} // namespace recoscope
