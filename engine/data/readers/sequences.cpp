// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/sequences.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <set>

namespace recoscope::readers {

Result<std::optional<ReadPlan>> planSequences(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    int file = tree.selected();
    if (file < 0 && tree.files().size() == 1) file = 0;
    if (file < 0 || (!request.forced && !endsWith(plainName(tree, file), ".txt")))
        return std::optional<ReadPlan>();
    const auto lines = headLines(tree, file, 2000);
    if (!lines) return lines.error();
    if (lines->size() < 2) return std::optional<ReadPlan>();
    std::set<std::string> finished;
    std::string user;
    for (const auto& line : *lines) {
        const auto fields = splitLine(line, " ", 0);
        if (!fields || fields->size() != 2 || !isWholeNumber((*fields)[0]) || !isWholeNumber((*fields)[1]))
            return std::optional<ReadPlan>();
        if ((*fields)[0] == user) continue;
        finished.insert(user);
        user = (*fields)[0];
        // Rows that come back to a user are in an order of another kind.
        if (finished.count(user) > 0 && !request.forced) return std::optional<ReadPlan>();
    }
    ReadPlan plan;
    plan.title = "Sequences";
    plan.name = datasetName(tree, file);
    plan.description =
        "One `user item` a line, each user's in time order; the order of the lines is used as time.";
    plan.orderTimes = true;
    plan.interactions.push_back(
        {file, Part::Train, delimitedParser({.delimiter = " ", .user = 0, .item = 1})});
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
