// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/delimited.h"

#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>

namespace recoscope::readers {

namespace {

constexpr std::size_t maxColumns = 1000;

/// What splitLine and DelimitedShape call the delimiter of a mapping. A ':' is MovieLens' "::" when doubled
/// in the file.
std::string delimiterOf(const ColumnMapping& mapping, const std::vector<std::string>& lines) {
    if (mapping.delimiter == ':' && !lines.empty() && lines.front().find("::") != std::string::npos)
        return "::";
    return std::string(1, mapping.delimiter);
}

int onlyTable(const FileTree& tree) {
    if (tree.selected() >= 0) return tree.selected();
    int found = -1;
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const std::string name = plainName(tree, static_cast<int>(n));
        const bool table = endsWith(name, ".csv") || endsWith(name, ".tsv") || endsWith(name, ".txt") ||
                           endsWith(name, ".dat") || endsWith(name, ".data");
        if (!table || startsWith(name, "readme") || startsWith(name, "license")) continue;
        if (found >= 0) return -1; // several: which one is the person's to say
        found = static_cast<int>(n);
    }
    return found;
}

} // namespace

Result<std::optional<ReadPlan>> planDelimited(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    const int file = onlyTable(tree);
    if (file < 0) return std::optional<ReadPlan>();
    if (auto text = checkText(tree, file); !text) return text.error();
    const auto lines = headLines(tree, file);
    if (!lines) return lines.error();
    const std::string label = tree.label(file);
    auto guess = guessTable(*lines);
    if (guess && static_cast<std::size_t>(guess->columns) > maxColumns)
        return Error{ErrorCode::Limit,
                     "The first line has " + std::to_string(guess->columns) +
                         " columns, which no table of interactions has",
                     label + ":1"};
    if (!guess && !request.options.mapping) {
        if (!request.forced && tree.selected() < 0) return std::optional<ReadPlan>();
        return Error{ErrorCode::Parse, "No delimiter cuts this text into columns of users and items",
                     label + ":1"};
    }
    if (!guess) guess.emplace();
    if (const auto& mapping = request.options.mapping) {
        guess->shape = {delimiterOf(*mapping, *lines),
                        mapping->quote,
                        mapping->header,
                        mapping->user,
                        mapping->item,
                        mapping->rating,
                        mapping->time};
        guess->certain = true;
        for (const int column : {mapping->user, mapping->item, mapping->rating, mapping->time})
            if (column >= static_cast<int>(maxColumns) || column < -1)
                return Error{ErrorCode::Invalid, "The mapping names a column outside 0 to 999", "mapping"};
        if (mapping->user < 0 || mapping->item < 0)
            return Error{ErrorCode::Invalid, "The mapping needs a user and an item column", "mapping"};
        if (mapping->delimiter == 0 || mapping->delimiter == '\n' || mapping->delimiter == mapping->quote)
            return Error{ErrorCode::Invalid, "The mapping's delimiter cannot separate columns", "mapping"};
    }

    ReadPlan plan;
    plan.title = "Delimited text";
    plan.name = datasetName(tree, file);
    plan.description = "One interaction a line; the columns are as mapped below.";
    plan.interactions.push_back({file, Part::Train, delimitedParser(guess->shape)});
    plan.needsMapping = !guess->certain;
    ColumnMapping mapping;
    mapping.delimiter = guess->shape.delimiter.empty() ? ',' : guess->shape.delimiter[0];
    mapping.quote = guess->shape.quote;
    mapping.header = guess->shape.header;
    mapping.user = guess->shape.user;
    mapping.item = guess->shape.item;
    mapping.rating = guess->shape.rating;
    mapping.time = guess->shape.time;
    plan.suggestedMapping = mapping;
    for (std::size_t n = 0; n < lines->size() && plan.rows.size() < 20; ++n) {
        auto fields = splitLine((*lines)[n], guess->shape.delimiter, guess->shape.quote);
        if (!fields) continue;
        for (auto& field : *fields)
            field = cleanText(std::string_view(field).substr(0, 500));
        if (n == 0) {
            for (std::size_t column = 0; column < fields->size() && column < maxColumns; ++column)
                plan.columns.push_back(guess->shape.header ? (*fields)[column]
                                                           : "column " + std::to_string(column + 1));
            if (guess->shape.header) continue;
        }
        plan.rows.push_back(std::move(*fields));
    }
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
