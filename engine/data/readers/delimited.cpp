// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/delimited.h"

#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>
#include <array>
#include <set>

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

/// Titles, attributes of users and the like: a row is a thing, not somebody's doing. Known by the name of the file, by a
/// header that names things and their titles but no user, or by rows of many columns that each start with a new number.
bool isCatalogue(const FileTree& tree, int file, const std::vector<std::string>& lines,
                 const std::optional<TableGuess>& guess) {
    constexpr std::array<std::string_view, 12> names = {
        "u.item",    "u.user",    "u.genre",  "u.occupation",  "u.info",        "movies.dat",
        "users.dat", "movies.csv", "links.csv", "bx-books.csv", "bx-users.csv", "genome-tags.csv"};
    if (std::find(names.begin(), names.end(), plainName(tree, file)) != names.end()) return true;
    if (!guess) return false;
    if (guess->shape.header) {
        bool user = false;
        bool doing = false;
        bool title = false;
        for (const auto& name : guess->names) {
            const Role role = roleOf(name);
            user = user || role == Role::User;
            doing = doing || role == Role::Rating || role == Role::Time;
            const std::string key = lowered(name);
            title = title || key == "title" || key == "genres" || endsWith(key, "_title") || endsWith(key, "_name");
        }
        return title && !user && !doing;
    }
    if (guess->columns < 5 || lines.size() < 10) return false;
    std::set<std::string> first;
    std::size_t titles = 0;
    for (const auto& line : lines) {
        const auto fields = splitLine(line, guess->shape.delimiter, guess->shape.quote);
        if (!fields || fields->size() < 5 || !isWholeNumber((*fields)[0]) || !first.insert((*fields)[0]).second)
            return false;
        titles += (*fields)[1].find(' ') != std::string::npos;
    }
    return titles * 2 > lines.size();
}

/// Columns that a mapping leaves out, for the report; nothing for a table of numbers without names.
std::string unusedColumns(const TableGuess& guess) {
    std::string unused;
    if (!guess.shape.header) return unused;
    const DelimitedShape& shape = guess.shape;
    for (int n = 0; n < static_cast<int>(guess.names.size()) && n < 50; ++n)
        if (n != shape.user && n != shape.item && n != shape.rating && n != shape.time)
            unused += (unused.empty() ? "" : ", ") + guess.names[static_cast<std::size_t>(n)];
    return unused;
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
    if (!request.options.mapping && !request.forced && isCatalogue(tree, file, *lines, guess))
        return Error{ErrorCode::Unsupported,
                     "This is a catalogue (titles or attributes), not interactions; open the file with the ratings or its folder",
                     label};
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
    if (const std::string unused = unusedColumns(*guess); !unused.empty())
        plan.notes.push_back("Columns that are not used: " + unused);
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
