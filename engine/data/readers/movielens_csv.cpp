// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/movielens_csv.h"

#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

namespace recoscope::readers {

Result<std::optional<ReadPlan>> planMovieLensCsv(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    int ratings = candidate(tree, "ratings.csv");
    if (ratings < 0 && request.forced) ratings = tree.selected();
    if (ratings < 0) return std::optional<ReadPlan>();
    const auto lines = headLines(tree, ratings);
    if (!lines) return lines.error();
    if (lines->empty() || lowered(lines->front()) != "userid,movieid,rating,timestamp")
        return std::optional<ReadPlan>();

    ReadPlan plan;
    plan.title = "MovieLens (csv)";
    plan.name = datasetName(tree, ratings);
    plan.description =
        "Ratings of films with times; titles and genres from movies.csv where it lies beside it.";
    plan.interactions.push_back({ratings, Part::Train,
                                 delimitedParser({.delimiter = ",",
                                                  .quote = '"',
                                                  .header = true,
                                                  .user = 0,
                                                  .item = 1,
                                                  .rating = 2,
                                                  .time = 3})});
    if (const int file = beside(tree, ratings, "movies.csv"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = ",";
        shape.quote = '"';
        shape.header = true;
        shape.fields[1] = {.name = "title", .kind = FeatureKind::Text};
        shape.fields[2] = {.name = "genres", .kind = FeatureKind::Tokens};
        shape.titleYear = true;
        shape.emptyList = "(no genres listed)";
        plan.features.push_back({file, Side::Item, delimitedFeatures(std::move(shape))});
    }
    if (const int file = beside(tree, ratings, "links.csv"); file >= 0) {
        DelimitedFeatures shape;
        shape.delimiter = ",";
        shape.quote = '"';
        shape.header = true;
        shape.fields[1] = {.name = "imdb", .kind = FeatureKind::Text}; // leading zeros count
        plan.features.push_back({file, Side::Item, delimitedFeatures(std::move(shape))});
    }
    for (const auto* name : {"tags.csv", "genome-scores.csv", "genome-tags.csv"})
        if (beside(tree, ratings, name) >= 0)
            plan.ignored.push_back(std::string(name) + ": tags are not used");
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
