// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/recbole.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/part_files.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <map>

namespace recoscope::readers {

namespace {

struct Column {
    std::string name;
    std::string type; // token, token_seq, float, float_seq
};

Result<std::vector<Column>> columnsOf(const FileTree& tree, int file) {
    const auto lines = headLines(tree, file, 1);
    if (!lines) return lines.error();
    std::vector<Column> columns;
    if (lines->empty()) return columns;
    const auto fields = splitLine(lines->front(), "\t", 0);
    for (const auto& field : *fields) {
        const std::size_t colon = field.rfind(':');
        if (colon == std::string::npos)
            return Error{ErrorCode::Parse, "The header must name columns as name:type",
                         tree.label(file) + ":1"};
        columns.push_back(
            {field.substr(0, colon), std::string(trimmed(std::string_view(field).substr(colon + 1)))});
    }
    return columns;
}

Result<std::shared_ptr<const RowParser>> interactionParser(const FileTree& tree, int file) {
    const auto columns = columnsOf(tree, file);
    if (!columns) return columns.error();
    DelimitedShape shape{.delimiter = "\t", .header = true, .user = -1, .item = -1};
    for (std::size_t n = 0; n < columns->size(); ++n) {
        const auto column = static_cast<int>(n);
        switch (roleOf((*columns)[n].name)) {
        case Role::User:
            shape.user = shape.user < 0 ? column : shape.user;
            break;
        case Role::Item:
            shape.item = shape.item < 0 ? column : shape.item;
            break;
        case Role::Rating:
            shape.rating = shape.rating < 0 ? column : shape.rating;
            break;
        case Role::Time:
            shape.time = shape.time < 0 ? column : shape.time;
            break;
        case Role::None:
            break;
        }
    }
    // Names of a dataset's own: the first two tokens are the user and the item.
    for (std::size_t n = 0; n < columns->size(); ++n) {
        const auto column = static_cast<int>(n);
        if ((*columns)[n].type != "token" || column == shape.user || column == shape.item) continue;
        if (shape.user < 0)
            shape.user = column;
        else if (shape.item < 0)
            shape.item = column;
    }
    if (shape.user < 0 || shape.item < 0)
        return Error{ErrorCode::Parse, "The header names no user and item column", tree.label(file) + ":1"};
    return delimitedParser(shape);
}

/// Names that the whole program uses for what datasets call by their own.
std::string canonicalName(const std::string& name) {
    static const std::map<std::string, std::string> names = {
        {"movie_title", "title"},   {"item_name", "title"},   {"name", "title"},
        {"book_title", "title"},    {"release_year", "year"}, {"publication_year", "year"},
        {"class", "genres"},        {"genre", "genres"},      {"zip_code", "zip"},
        {"category", "categories"}, {"store", "brand"},       {"sales_price", "price"}};
    const auto found = names.find(name);
    return found == names.end() ? name : found->second;
}

Result<FeatureReader> featureReader(const FileTree& tree, int file, Role idRole,
                                    std::vector<std::string>& ignored) {
    const auto columns = columnsOf(tree, file);
    if (!columns) return columns.error();
    DelimitedFeatures shape;
    shape.delimiter = "\t";
    shape.header = true;
    shape.titleYear = true;
    for (std::size_t n = 0; n < columns->size(); ++n)
        if (roleOf((*columns)[n].name) == idRole) {
            shape.id = static_cast<int>(n);
            break;
        }
    for (std::size_t n = 0; n < columns->size(); ++n) {
        if (static_cast<int>(n) == shape.id) continue;
        const Column& column = (*columns)[n];
        FeatureField field{
            .name = canonicalName(column.name), .kind = FeatureKind::Token, .listSeparator = ' '};
        if (field.name == "title" || field.name == "zip")
            field.kind = FeatureKind::Text;
        else if (field.name == "year" || field.name == "age" || field.name == "price" ||
                 column.type == "float")
            field.kind = FeatureKind::Number;
        else if (column.type == "token_seq" || field.name == "genres" || field.name == "categories")
            field.kind = FeatureKind::Tokens;
        else if (column.type != "token") {
            ignored.push_back(tree.files()[static_cast<std::size_t>(file)].shown + ", column " + column.name +
                              ": lists of numbers are not used");
            continue;
        }
        shape.fields[static_cast<int>(n)] = field;
    }
    return delimitedFeatures(std::move(shape));
}

} // namespace

Result<std::optional<ReadPlan>> planRecBole(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    PartFiles parts =
        findParts(request, [](std::string_view name) { return endsWith(name, ".train.inter"); });
    const bool split = parts.found();
    if (!split) {
        parts = {};
        int others = 0;
        for (std::size_t n = 0; n < tree.files().size(); ++n) {
            const auto file = static_cast<int>(n);
            if (tree.selected() >= 0 && tree.selected() != file) continue;
            if (!endsWith(plainName(tree, file), ".inter")) continue;
            if (parts.train < 0) parts.train = file;
            ++others;
        }
        if (others > 1)
            return Error{ErrorCode::Unsupported, "There are several .inter files here; open one of them",
                         tree.path()};
        if (parts.train < 0 && tree.selected() >= 0) {
            const std::string name = plainName(tree, tree.selected());
            if ((endsWith(name, ".item") && name != "u.item") ||
                (endsWith(name, ".user") && name != "u.user") || endsWith(name, ".kg"))
                return Error{ErrorCode::Unsupported,
                             "This file has no interactions; open the .inter file beside it",
                             tree.label(tree.selected())};
        }
        if (parts.train < 0) return std::optional<ReadPlan>();
    }
    ReadPlan plan;
    std::string name(FileTree::baseName(tree.files()[static_cast<std::size_t>(parts.train)].name));
    name = name.substr(0, name.rfind(".inter"));
    if (split) name = name.substr(0, name.rfind(".train"));
    plan.title = "RecBole";
    plan.name = name;
    plan.description = split ? "RecBole atomic files, already cut into parts." : "RecBole atomic files.";
    if (auto added = addParts(parts, plan, [&](int file) { return interactionParser(tree, file); }); !added)
        return added.error();
    for (const auto& [extension, side, role] :
         {std::tuple(".item", Side::Item, Role::Item), std::tuple(".user", Side::User, Role::User)}) {
        const int file = beside(tree, parts.train, name + extension);
        if (file < 0) continue;
        auto reader = featureReader(tree, file, role, plan.ignored);
        if (!reader) return reader.error();
        plan.features.push_back({file, side, std::move(*reader)});
    }
    for (const auto* extension : {".kg", ".link", ".net"})
        if (beside(tree, parts.train, name + extension) >= 0)
            plan.ignored.push_back(name + extension + ": knowledge graphs and networks are not used");
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
