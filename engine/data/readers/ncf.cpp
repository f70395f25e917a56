// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/ncf.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/part_files.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

namespace recoscope::readers {

namespace {

/// user, item, rating and perhaps time by TAB; or a list of items a user.
Result<std::shared_ptr<const RowParser>> parserOf(const FileTree& tree, int file) {
    const auto lines = headLines(tree, file);
    if (!lines) return lines.error();
    std::size_t tabs = 0;
    std::size_t columns = 4;
    for (const auto& line : *lines) {
        const auto fields = splitLine(line, "\t", 0);
        if (!fields || fields->size() < 2) continue;
        ++tabs;
        columns = std::min(columns, fields->size());
    }
    if (tabs * 2 > lines->size()) {
        const auto count = static_cast<int>(columns);
        return delimitedParser({.delimiter = "\t",
                                .user = 0,
                                .item = 1,
                                .rating = count > 2 ? 2 : -1,
                                .time = count > 3 ? 3 : -1});
    }
    if (looksLikeItemLists(*lines)) return itemListParser();
    return Error{ErrorCode::Parse, "The file holds neither `user item rating` by TAB nor `user item item …`",
                 tree.label(file) + ":1"};
}

} // namespace

Result<std::optional<ReadPlan>> planNcf(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    PartFiles parts =
        findParts(request, [](std::string_view name) { return endsWith(name, "train.rating"); });
    const bool split = parts.found();
    if (!split) {
        parts = {};
        parts.train = tree.selected();
        if (parts.train < 0 || (!request.forced && !endsWith(plainName(tree, parts.train), ".rating")))
            return std::optional<ReadPlan>();
    }
    ReadPlan plan;
    plan.title = "NCF";
    plan.name = datasetName(tree, parts.train);
    plan.description = split ? "Ratings already cut into a training and a test file." : "Ratings by TAB.";
    if (auto added = addParts(parts, plan, [&](int file) { return parserOf(tree, file); }); !added) {
        if (split || request.forced) return added.error();
        return std::optional<ReadPlan>();
    }
    for (std::size_t n = 0; n < tree.files().size(); ++n)
        if (endsWith(plainName(tree, static_cast<int>(n)), ".test.negative"))
            plan.ignored.push_back(tree.files()[n].shown +
                                   ": the sampled negatives are not used; all items are ranked");
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
