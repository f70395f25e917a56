// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/ncf.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/lines.h"
#include "engine/data/readers/part_files.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>

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

/// "x.train.rating" to "x.test.negative".
std::string negativesOf(std::string train) {
    constexpr std::string_view ending = "train.rating";
    if (endsWith(train, ending)) train.replace(train.size() - ending.size(), ending.size(), "test.negative");
    return train;
}

/// The user of "(user,item)" or of "user"; empty when it is neither.
std::string_view userOf(std::string_view field) {
    field = trimmed(field);
    if (!startsWith(field, "(")) return field;
    const std::size_t comma = field.find(',');
    if (comma == std::string_view::npos || !endsWith(field, ")")) return {};
    return trimmed(field.substr(1, comma - 1));
}

} // namespace

Status readNegatives(const FileTree& tree, int file, const IdMap& users, const IdMap& items,
                     ImportReport& report, RunControl* control, GivenNegatives& negatives) {
    const std::string label = tree.label(file);
    return forEachLine(tree, file, control, [&](std::string_view line, std::int64_t number) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        const std::string_view id = userOf(line.substr(0, tab));
        const std::string where = label + ":" + std::to_string(number);
        if (id.empty()) {
            report.add("malformed-negatives",
                       "A line of negatives begins with neither (user,item) nor a user; it was left out",
                       where, toUtf8(line.substr(0, 200)));
            return;
        }
        const auto user = users.find(id);
        if (!user) {
            report.add("negatives-of-nobody", "Negatives of a user without interactions were left out", where,
                       toUtf8(line.substr(0, 200)), Severity::Note);
            return;
        }
        for (std::string_view rest = line.substr(tab); !rest.empty();) {
            rest.remove_prefix(1);
            const std::size_t end = std::min(rest.find('\t'), rest.size());
            const std::string_view itemId = trimmed(rest.substr(0, end));
            rest.remove_prefix(end);
            if (itemId.empty()) continue;
            if (const auto item = items.find(itemId)) {
                negatives.users.push_back(UserIndex{*user});
                negatives.items.push_back(ItemIndex{*item});
            } else {
                report.add("unknown-negatives",
                           "Negatives that nobody has an interaction with were left out: no model knows them",
                           where, toUtf8(itemId), Severity::Note);
            }
        }
    });
}

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
    std::vector<int> negatives;
    for (std::size_t n = 0; n < tree.files().size(); ++n)
        if (endsWith(plainName(tree, static_cast<int>(n)), ".test.negative"))
            negatives.push_back(static_cast<int>(n));
    // Those beside the ratings that are read; another set in the folder belongs to other ratings.
    const std::string wanted = negativesOf(plainName(tree, parts.train));
    for (const int file : negatives) {
        if (split && plainName(tree, file) == wanted)
            plan.negatives.push_back(file);
        else
            plan.ignored.push_back(tree.files()[static_cast<std::size_t>(file)].shown +
                                   ": negatives of other ratings");
    }
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
