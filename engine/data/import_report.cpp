// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/import_report.h"

#include <algorithm>

namespace recoscope {

namespace {
ImportIssue& issueOf(std::vector<ImportIssue>& issues, const std::string& kind, const std::string& message,
                     Severity severity) {
    const auto it = std::find_if(issues.begin(), issues.end(), [&](const auto& issue) { return issue.kind == kind; });
    if (it != issues.end()) return *it;
    return issues.emplace_back(ImportIssue{kind, message, severity, 0, {}});
}
} // namespace

void ImportReport::add(const std::string& kind, const std::string& message, std::string where, std::string text,
                       Severity severity) {
    ImportIssue& issue = issueOf(issues, kind, message, severity);
    ++issue.count;
    if (issue.examples.size() < examplesKept) issue.examples.push_back({std::move(where), std::move(text)});
}

void ImportReport::merge(const ImportReport& other) {
    rowsRead += other.rowsRead;
    rowsUsed += other.rowsUsed;
    duplicates += other.duplicates;
    for (const auto& theirs : other.issues) {
        ImportIssue& mine = issueOf(issues, theirs.kind, theirs.message, theirs.severity);
        mine.count += theirs.count;
        for (const auto& example : theirs.examples)
            if (mine.examples.size() < examplesKept) mine.examples.push_back(example);
    }
}

} // namespace recoscope
