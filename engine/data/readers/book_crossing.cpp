// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/book_crossing.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>

namespace recoscope::readers {

namespace {

std::string headerKey(std::string_view line) {
    std::string key;
    for (const char c : lowered(line))
        if (c != '"' && c != '-' && c != '_' && c != ' ') key += c == ';' ? ',' : c;
    return key;
}

bool isRatings(const FileTree& tree, int file) {
    const auto lines = headLines(tree, file, 1);
    return lines && !lines->empty() && headerKey(lines->front()) == "userid,isbn,bookrating";
}

/// A file beside the ratings whose header begins so.
int findTable(const FileTree& tree, std::string_view header, char& delimiter) {
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const auto file = static_cast<int>(n);
        if (!endsWith(plainName(tree, file), ".csv")) continue;
        const auto lines = headLines(tree, file, 1);
        if (!lines || lines->empty() || !startsWith(headerKey(lines->front()), header)) continue;
        delimiter = lines->front().find(';') != std::string::npos ? ';' : ',';
        return file;
    }
    return -1;
}

} // namespace

Result<std::optional<ReadPlan>> planBookCrossing(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    int ratings = tree.selected();
    if (ratings >= 0 && !isRatings(tree, ratings)) return std::optional<ReadPlan>();
    for (std::size_t n = 0; ratings < 0 && n < tree.files().size() && n < 50; ++n)
        if (endsWith(plainName(tree, static_cast<int>(n)), ".csv") && isRatings(tree, static_cast<int>(n)))
            ratings = static_cast<int>(n);
    if (ratings < 0) return std::optional<ReadPlan>();
    const auto lines = headLines(tree, ratings, 1);
    if (!lines) return lines.error();
    const std::string delimiter = lines->front().find(';') != std::string::npos ? ";" : ",";

    ReadPlan plan;
    plan.title = "Book-Crossing";
    plan.description = "Ratings of books, 1 to 10, and 0 for implicit interest; titles and authors where "
                       "BX-Books lies beside it.";
    plan.notes.push_back(
        "A rating of 0 stands for implicit interest; a minimum rating of 1 leaves the explicit ratings");
    plan.interactions.push_back(
        {ratings, Part::Train,
         delimitedParser(
             {.delimiter = delimiter, .quote = '"', .header = true, .user = 0, .item = 1, .rating = 2})});
    char found = ';';
    if (const int file = findTable(tree, "isbn,booktitle", found); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = std::string(1, found);
        shape.quote = '"';
        shape.header = true;
        shape.fields[1] = {.name = "title", .kind = FeatureKind::Text};
        shape.fields[2] = {.name = "author", .kind = FeatureKind::Token};
        shape.fields[3] = {.name = "year", .kind = FeatureKind::Number};
        shape.fields[4] = {.name = "publisher", .kind = FeatureKind::Token};
        shape.zeroIsMissing = true;
        plan.features.push_back({file, Side::Item, delimitedFeatures(std::move(shape))});
    }
    if (const int file = findTable(tree, "userid,location", found); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = std::string(1, found);
        shape.quote = '"';
        shape.header = true;
        shape.fields[1] = {.name = "location", .kind = FeatureKind::Text};
        shape.fields[2] = {.name = "age", .kind = FeatureKind::Number};
        plan.features.push_back({file, Side::User, delimitedFeatures(std::move(shape))});
    }
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
