// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/amazon.h"

#include "engine/data/readers/json_rows.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <algorithm>

namespace recoscope::readers {

namespace {

enum class Kind {
    None,
    Catalogue,
    Ratings2014,
    Ratings2018,
    Ratings2023,
    Reviews2014,
    Reviews2018,
    Reviews2023
};

bool looksLikeAsin(std::string_view id) {
    if (id.size() != 10) return false;
    const auto upper = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    if (!std::all_of(id.begin(), id.end(), upper)) return false;
    return id[0] == 'B' || isWholeNumber(id.substr(0, 9));
}

bool looksLikeUser(std::string_view id) {
    return id.size() >= 10 && id.size() <= 36 && id[0] == 'A' && !looksLikeAsin(id);
}

/// Ratings tables have no header in 2014 and 2018; which column is the product shows in the ids.
Kind ratingsKind(const std::vector<std::string>& lines) {
    if (lines.empty()) return Kind::None;
    const std::string header = lowered(lines.front());
    if (startsWith(header, "user_id,parent_asin,rating,timestamp")) return Kind::Ratings2023;
    std::size_t itemFirst = 0;
    std::size_t userFirst = 0;
    for (const auto& line : lines) {
        const auto fields = splitLine(line, ",", 0);
        if (!fields || fields->size() != 4) continue;
        const auto& f = *fields;
        if (!parseNumber(f[2]) || !isWholeNumber(f[3])) continue;
        itemFirst += looksLikeAsin(f[0]) && looksLikeUser(f[1]);
        userFirst += looksLikeUser(f[0]) && looksLikeAsin(f[1]);
    }
    if (std::max(itemFirst, userFirst) * 2 <= lines.size()) return Kind::None;
    return itemFirst > userFirst ? Kind::Ratings2018 : Kind::Ratings2014;
}

Kind jsonKind(const std::vector<std::string>& lines) {
    for (std::size_t n = 0; n < lines.size() && n < 10; ++n) {
        const auto keys = jsonKeys(lines[n]);
        const auto has = [&keys](std::string_view key) {
            return std::find(keys.begin(), keys.end(), key) != keys.end();
        };
        if (has("reviewerID") && has("asin")) return has("helpful") ? Kind::Reviews2014 : Kind::Reviews2018;
        if (has("user_id") && (has("parent_asin") || has("asin"))) return Kind::Reviews2023;
        if ((has("asin") || has("parent_asin")) && !has("reviewerID") && !has("user_id"))
            return Kind::Catalogue;
    }
    return Kind::None;
}

Result<Kind> kindOf(const FileTree& tree, int file) {
    const auto lines = headLines(tree, file);
    if (!lines) return lines.error();
    if (lines->empty()) return Kind::None;
    const char first = trimmed(lines->front())[0];
    return first == '{' ? jsonKind(*lines) : ratingsKind(*lines);
}

bool hasExtension(std::string_view name) {
    return endsWith(name, ".json") || endsWith(name, ".jsonl") || endsWith(name, ".csv");
}

/// "reviews_Gift_Cards_5.json" and "Gift_Cards.csv" are both of "gift_cards".
std::string categoryOf(std::string name) {
    name = name.substr(0, name.find('.'));
    for (const std::string_view prefix : {"reviews_", "ratings_", "meta_", "review_"})
        if (startsWith(name, prefix)) name = name.substr(prefix.size());
    for (const std::string_view suffix : {"_5", "_10"})
        if (endsWith(name, suffix)) name.resize(name.size() - suffix.size());
    return name;
}

struct Found {
    int file = -1;
    Kind kind = Kind::None;
};

/// The one file with interactions. Several are an Error that names them.
Result<Found> findInteractions(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    if (tree.selected() >= 0) {
        auto kind = kindOf(tree, tree.selected());
        if (!kind) return kind.error();
        if (*kind == Kind::Catalogue)
            return Error{ErrorCode::Unsupported,
                         "This is a catalogue (titles, prices), not interactions; open the reviews or "
                         "ratings file beside it",
                         tree.label(tree.selected())};
        return Found{tree.selected(), *kind};
    }
    std::vector<Found> all;
    std::string names;
    constexpr std::size_t mostLooked = 200;
    std::size_t looked = 0;
    for (std::size_t n = 0; n < tree.files().size() && looked < mostLooked; ++n) {
        const auto file = static_cast<int>(n);
        const TreeFile& entry = tree.files()[n];
        const std::string name = plainName(tree, file);
        if (!hasExtension(name) || startsWith(name, "meta_")) continue;
        if (entry.gzip && beside(tree, file, FileTree::baseName(entry.name)) != file)
            continue; // the same, unpacked
        ++looked;
        const auto kind = kindOf(tree, file);
        if (!kind || *kind == Kind::None || *kind == Kind::Catalogue) continue;
        all.push_back({file, *kind});
        if (all.size() <= 8) names += (names.empty() ? "" : ", ") + entry.shown;
    }
    if (all.empty()) return Found{};
    if (all.size() > 1)
        return Error{ErrorCode::Unsupported,
                     "There are several datasets here; open one of them: " + names +
                         (all.size() > 8 ? ", …" : ""),
                     tree.path()};
    return all.front();
}

Result<std::optional<ReadPlan>> plan(const PlanRequest& request, Kind wanted, const char* title) {
    const auto found = findInteractions(request);
    if (!found) return found.error();
    // A chosen edition decides which column is the product; without a choice the content does.
    const bool table = found->kind == Kind::Ratings2014 || found->kind == Kind::Ratings2018;
    const bool wantedTable = wanted == Kind::Ratings2014 || wanted == Kind::Ratings2018;
    if (found->kind != wanted && !(request.forced && table && wantedTable)) return std::optional<ReadPlan>();

    ReadPlan result;
    result.title = std::string(title) + " " +
                   categoryOf(std::string(
                       FileTree::baseName(request.tree.files()[static_cast<std::size_t>(found->file)].name)));
    std::shared_ptr<const RowParser> parser;
    switch (wanted) {
    case Kind::Ratings2014:
        parser = delimitedParser({.user = 0, .item = 1, .rating = 2, .time = 3});
        break;
    case Kind::Ratings2018:
        parser = delimitedParser({.user = 1, .item = 0, .rating = 2, .time = 3});
        break;
    case Kind::Ratings2023:
        parser = delimitedParser({.header = true, .user = 0, .item = 1, .rating = 2, .time = 3});
        break;
    default:
        parser = reviewParser();
    }
    const bool ratings = wantedTable || wanted == Kind::Ratings2023;
    result.description =
        std::string(ratings ? "Ratings of products with times"
                            : "Reviews of products: user, product, stars and time") +
        "; titles, categories, prices and brands where the category's meta file lies beside it.";
    result.interactions.push_back({found->file, Part::Train, std::move(parser)});
    if (auto catalogue = amazonCatalogue(request.tree, found->file))
        result.features.push_back(std::move(*catalogue));
    return std::optional(std::move(result));
}

} // namespace

std::optional<FeatureFile> amazonCatalogue(const FileTree& tree, int file) {
    const std::string category = categoryOf(plainName(tree, file));
    int best = -1;
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const std::string name = plainName(tree, static_cast<int>(n));
        if (!startsWith(name, "meta_") || !hasExtension(name) || endsWith(name, ".csv") ||
            categoryOf(name) != category)
            continue;
        if (best < 0 || (tree.files()[static_cast<std::size_t>(best)].gzip && !tree.files()[n].gzip))
            best = static_cast<int>(n);
    }
    if (best < 0) return std::nullopt;
    return FeatureFile{best, Side::Item, productFeatures()};
}

Result<std::optional<ReadPlan>> planAmazon2014Ratings(const PlanRequest& request) {
    return plan(request, Kind::Ratings2014, "Amazon 2014");
}
Result<std::optional<ReadPlan>> planAmazon2018Ratings(const PlanRequest& request) {
    return plan(request, Kind::Ratings2018, "Amazon 2018");
}
Result<std::optional<ReadPlan>> planAmazon2023Ratings(const PlanRequest& request) {
    return plan(request, Kind::Ratings2023, "Amazon 2023");
}
Result<std::optional<ReadPlan>> planAmazon2014Reviews(const PlanRequest& request) {
    return plan(request, Kind::Reviews2014, "Amazon 2014");
}
Result<std::optional<ReadPlan>> planAmazon2018Reviews(const PlanRequest& request) {
    return plan(request, Kind::Reviews2018, "Amazon 2018");
}
Result<std::optional<ReadPlan>> planAmazon2023Reviews(const PlanRequest& request) {
    return plan(request, Kind::Reviews2023, "Amazon 2023");
}

} // namespace recoscope::readers
