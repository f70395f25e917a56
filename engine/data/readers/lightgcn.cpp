// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/lightgcn.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/part_files.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>
#include <set>

namespace recoscope::readers {

Result<std::optional<ReadPlan>> planLightGcn(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    PartFiles parts = findParts(request, [](std::string_view name) { return endsWith(name, ".txt"); });
    const bool split = parts.found();
    if (!split) {
        parts = {};
        parts.train = tree.selected();
        if (parts.train < 0 || (!request.forced && !endsWith(plainName(tree, parts.train), ".txt")))
            return std::optional<ReadPlan>();
    }
    const auto lines = headLines(tree, parts.train);
    if (!lines) return lines.error();
    if (lines->empty() || !looksLikeItemLists(*lines)) return std::optional<ReadPlan>();

    ReadPlan plan;
    plan.title = "Lists of items";
    plan.name = datasetName(tree, parts.train);
    plan.description =
        split ? "A line a user: the user, then the items; training and test files as they were cut."
              : "A line a user: the user, then the items.";
    const auto parser = itemListParser();
    if (auto added =
            addParts(parts, plan, [&](int) { return Result<std::shared_ptr<const RowParser>>(parser); });
        !added)
        return added.error();
    for (const auto* name :
         {"user_list.txt", "item_list.txt", "entity_list.txt", "kg_final.txt", "s_pre_adj_mat.npz"})
        if (beside(tree, parts.train, name) >= 0)
            plan.ignored.push_back(std::string(name) + ": the numbers in train.txt are used as ids");
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
