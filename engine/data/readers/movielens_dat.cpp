// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/movielens_dat.h"

#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

namespace recoscope::readers {

namespace {

bool looksLikeRatings(const std::vector<std::string>& lines) {
    std::size_t good = 0;
    for (const auto& line : lines) {
        const auto fields = splitLine(line, "::", 0);
        good += fields && fields->size() == 4 && parseNumber((*fields)[2]) && isWholeNumber((*fields)[3]);
    }
    return good * 2 > lines.size();
}

/// What the codes of users.dat mean, as the README of MovieLens 1M says.
const std::vector<std::string>& occupations() {
    static const std::vector<std::string> names = {"other",
                                                   "academic/educator",
                                                   "artist",
                                                   "clerical/admin",
                                                   "college/grad student",
                                                   "customer service",
                                                   "doctor/health care",
                                                   "executive/managerial",
                                                   "farmer",
                                                   "homemaker",
                                                   "K-12 student",
                                                   "lawyer",
                                                   "programmer",
                                                   "retired",
                                                   "sales/marketing",
                                                   "scientist",
                                                   "self-employed",
                                                   "technician/engineer",
                                                   "tradesman/craftsman",
                                                   "unemployed",
                                                   "writer"};
    return names;
}

Result<std::optional<ReadPlan>> plan(const PlanRequest& request, bool tenMillion) {
    const FileTree& tree = request.tree;
    int ratings = candidate(tree, "ratings.dat");
    if (ratings < 0 && tree.selected() >= 0) ratings = tree.selected(); // the double colon says enough
    if (ratings < 0) return std::optional<ReadPlan>();
    const auto lines = headLines(tree, ratings);
    if (!lines) return lines.error();
    if (!looksLikeRatings(*lines)) return std::optional<ReadPlan>();
    const bool hasTags = beside(tree, ratings, "tags.dat") >= 0;
    if (!request.forced && hasTags != tenMillion) return std::optional<ReadPlan>();

    ReadPlan result;
    result.title = tenMillion ? "MovieLens 10M" : "MovieLens 1M";
    result.description =
        "Ratings of films with times; titles, genres and user attributes where their files lie beside it.";
    result.interactions.push_back(
        {ratings, Part::Train,
         delimitedParser({.delimiter = "::", .user = 0, .item = 1, .rating = 2, .time = 3})});
    if (const int file = beside(tree, ratings, "movies.dat"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = "::";
        shape.fields[1] = {.name = "title", .kind = FeatureKind::Text};
        shape.fields[2] = {.name = "genres", .kind = FeatureKind::Tokens};
        shape.titleYear = true;
        shape.emptyList = "(no genres listed)";
        result.features.push_back({file, Side::Item, delimitedFeatures(std::move(shape))});
    }
    if (const int file = beside(tree, ratings, "users.dat"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = "::";
        shape.fields[1] = {.name = "gender", .kind = FeatureKind::Token};
        shape.fields[2] = {.name = "age", .kind = FeatureKind::Number};
        shape.fields[3] = {.name = "occupation", .kind = FeatureKind::Token};
        shape.fields[4] = {.name = "zip", .kind = FeatureKind::Text};
        shape.codes[3] = occupations();
        result.features.push_back({file, Side::User, delimitedFeatures(std::move(shape))});
    }
    if (hasTags) result.ignored.push_back("tags.dat: free tags are not used");
    return std::optional(std::move(result));
}

} // namespace

Result<std::optional<ReadPlan>> planMovieLens1m(const PlanRequest& request) { return plan(request, false); }
Result<std::optional<ReadPlan>> planMovieLens10m(const PlanRequest& request) { return plan(request, true); }

} // namespace recoscope::readers
