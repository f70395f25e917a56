// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/movielens_100k.h"

#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

namespace recoscope::readers {

namespace {

/// Four whole numbers by TAB, the third 1 to 5.
bool looksLikeRatings(const std::vector<std::string>& lines) {
    std::size_t good = 0;
    for (const auto& line : lines) {
        const auto fields = splitLine(line, "\t", 0);
        good += fields && fields->size() == 4 && isWholeNumber((*fields)[0]) && isWholeNumber((*fields)[1]) &&
                (*fields)[2].size() == 1 && isWholeNumber((*fields)[3]);
    }
    return good * 2 > lines.size();
}

std::vector<std::string> genreNames(const FileTree& tree, int ratings) {
    std::vector<std::string> names = {"unknown",   "Action",   "Adventure",   "Animation", "Children's",
                                      "Comedy",    "Crime",    "Documentary", "Drama",     "Fantasy",
                                      "Film-Noir", "Horror",   "Musical",     "Mystery",   "Romance",
                                      "Sci-Fi",    "Thriller", "War",         "Western"};
    const int file = beside(tree, ratings, "u.genre");
    if (file < 0) return names;
    const auto lines = headLines(tree, file);
    if (!lines) return names;
    for (const auto& line : *lines) {
        const auto fields = splitLine(line, "|", 0);
        if (!fields || fields->size() != 2) continue;
        const auto number = parseNumber((*fields)[1]);
        if (number && *number >= 0 && *number < static_cast<double>(names.size()))
            names[static_cast<std::size_t>(*number)] = (*fields)[0];
    }
    return names;
}

bool isPart(std::string_view name) {
    return name.size() == 7 && name[0] == 'u' && (endsWith(name, ".base") || endsWith(name, ".test"));
}

} // namespace

Result<std::optional<ReadPlan>> planMovieLens100k(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    int ratings = candidate(tree, "u.data");
    if (ratings < 0 && tree.selected() >= 0 && (request.forced || isPart(plainName(tree, tree.selected()))))
        ratings = tree.selected();
    if (ratings < 0) return std::optional<ReadPlan>();
    const auto lines = headLines(tree, ratings);
    if (!lines) return lines.error();
    if (!looksLikeRatings(*lines)) return std::optional<ReadPlan>();

    ReadPlan plan;
    plan.title = plainName(tree, ratings) == "u.data" ? "MovieLens 100K"
                                                      : "MovieLens 100K, " + plainName(tree, ratings);
    plan.description =
        "Ratings of films with times; titles, genres and user attributes where their files lie beside it.";
    plan.interactions.push_back(
        {ratings, Part::Train,
         delimitedParser({.delimiter = "\t", .user = 0, .item = 1, .rating = 2, .time = 3})});
    if (const int file = beside(tree, ratings, "u.item"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = "|";
        shape.fields[1] = {.name = "title", .kind = FeatureKind::Text};
        shape.titleYear = true;
        shape.flagsFrom = 5;
        shape.flags = genreNames(tree, ratings);
        shape.flagsName = "genres";
        plan.features.push_back({file, Side::Item, delimitedFeatures(std::move(shape))});
    }
    if (const int file = beside(tree, ratings, "u.user"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = "|";
        shape.fields[1] = {.name = "age", .kind = FeatureKind::Number};
        shape.fields[2] = {.name = "gender", .kind = FeatureKind::Token};
        shape.fields[3] = {.name = "occupation", .kind = FeatureKind::Token};
        shape.fields[4] = {.name = "zip", .kind = FeatureKind::Text};
        plan.features.push_back({file, Side::User, delimitedFeatures(std::move(shape))});
    }
    if (plainName(tree, ratings) == "u.data" && beside(tree, ratings, "u1.base") >= 0)
        plan.ignored.push_back(
            "u1.base … ub.test: the same ratings cut into parts; open them as training and test file");
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
