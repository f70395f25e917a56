// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/amazon.h"
#include "engine/data/readers/book_crossing.h"
#include "engine/data/readers/delimited.h"
#include "engine/data/readers/lightgcn.h"
#include "engine/data/readers/movielens_100k.h"
#include "engine/data/readers/movielens_csv.h"
#include "engine/data/readers/movielens_dat.h"
#include "engine/data/readers/ncf.h"
#include "engine/data/readers/premade.h"
#include "engine/data/readers/recbole.h"
#include "engine/data/readers/sequences.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/strong_generalisation.h"
#include "engine/data/readers/text.h"

#include <algorithm>
#include <array>

namespace recoscope::readers {

namespace {

constexpr std::array table = {
    Reader{{"ml-100k", "MovieLens 100K", "u.data with u.item and u.user; also u1.base, u1.test and the like"},
           planMovieLens100k},
    Reader{{"ml-1m", "MovieLens 1M", "ratings.dat with movies.dat and users.dat, separated by ::"},
           planMovieLens1m},
    Reader{{"ml-10m", "MovieLens 10M", "ratings.dat with movies.dat and tags.dat, separated by ::"},
           planMovieLens10m},
    Reader{{"ml-csv", "MovieLens 20M, 25M, 32M, latest", "ratings.csv with movies.csv"}, planMovieLensCsv},
    Reader{{"recbole", "RecBole atomic files",
            ".inter with .item and .user; also .train.inter, .valid.inter, .test.inter"},
           planRecBole},
    Reader{{"ncf", "NCF", "x.train.rating and x.test.rating, or any one of them"}, planNcf},
    Reader{{"strong-generalisation", "Held-out users",
            "train, val_foldin, val_heldout, test_foldin, test_heldout (or *_tr, *_te)"},
           planStrongGeneralisation},
    Reader{{"lightgcn", "Lists of items (LightGCN)",
            "train.txt and test.txt with a line a user: user item item …"},
           planLightGcn},
    Reader{{"premade", "Pre-made split", "Tables whose names differ in train, valid and test"}, planPremade},
    Reader{{"amazon-2014-ratings", "Amazon 2014 ratings", "Table without header: user, item, rating, time"},
           planAmazon2014Ratings},
    Reader{{"amazon-2018-ratings", "Amazon 2018 ratings", "Table without header: item, user, rating, time"},
           planAmazon2018Ratings},
    Reader{{"amazon-2023-ratings", "Amazon 2023 ratings",
            "Table with header user_id,parent_asin,rating,timestamp"},
           planAmazon2023Ratings},
    Reader{{"amazon-2014-reviews", "Amazon 2014 reviews",
            "JSON lines with reviewerID, asin, overall and helpful"},
           planAmazon2014Reviews},
    Reader{{"amazon-2018-reviews", "Amazon 2018 reviews", "JSON lines with reviewerID, asin, overall"},
           planAmazon2018Reviews},
    Reader{{"amazon-2023-reviews", "Amazon 2023 reviews",
            "JSON lines with user_id, parent_asin, rating, timestamp"},
           planAmazon2023Reviews},
    Reader{{"book-crossing", "Book-Crossing", "BX-Book-Ratings.csv with BX-Books.csv and BX-Users.csv"},
           planBookCrossing},
    Reader{{"sequences", "Sequences", "user item a line, each user's in time order"}, planSequences},
    Reader{{"delimited", "Delimited text",
            "Any text with one interaction a line in columns, by a mapping of the columns"},
           planDelimited},
};

/// Files that are interactions by their name alone.
bool namedAsInteractions(std::string_view name) {
    constexpr std::array<std::string_view, 4> names = {"u.data", "ratings.dat", "ratings.csv", "bx-book-ratings.csv"};
    if (std::find(names.begin(), names.end(), name) != names.end()) return true;
    const bool part = name.find("train") != std::string_view::npos;
    const bool text = endsWith(name, ".csv") || endsWith(name, ".tsv") || endsWith(name, ".txt");
    return endsWith(name, ".inter") || endsWith(name, ".train.rating") || (part && text) ||
           (startsWith(name, "reviews_") && endsWith(name, ".json")) || (startsWith(name, "ratings_") && text);
}

std::string folderOf(const TreeFile& file) {
    return file.name.substr(0, file.name.size() - FileTree::baseName(file.name).size());
}

/// What else in the folder or archive could have been meant: the reader's choice of one would be silent.
Status onlyOneDataset(const FileTree& tree, const ReadPlan& plan) {
    if (tree.selected() >= 0 || plan.interactions.empty()) return {};
    const auto& chosen = tree.files()[static_cast<std::size_t>(plan.interactions.front().file)];
    std::vector<std::string> others;
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const TreeFile& file = tree.files()[n];
        const std::string_view base = FileTree::baseName(file.name);
        if (folderOf(file) == folderOf(chosen) || startsWith(file.name, "__MACOSX/") || startsWith(base, ".")) continue;
        if (namedAsInteractions(lowered(base))) others.push_back(file.shown);
    }
    if (others.empty()) return {};
    std::string names = chosen.shown;
    for (std::size_t n = 0; n < others.size() && n < 8; ++n)
        names += ", " + others[n];
    if (others.size() > 8) names += ", …";
    return Error{ErrorCode::Unsupported, "There are several datasets here; open one of them: " + names, tree.path()};
}

/// Data in other folders than the one that is read is named as left alone.
void nameOtherFolders(const FileTree& tree, ReadPlan& plan) {
    if (tree.selected() >= 0 || plan.interactions.empty()) return;
    const std::string read = folderOf(tree.files()[static_cast<std::size_t>(plan.interactions.front().file)]);
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const TreeFile& file = tree.files()[n];
        std::string name = lowered(FileTree::baseName(file.name));
        if (endsWith(name, ".gz")) name.resize(name.size() - 3);
        if (folderOf(file) == read || startsWith(file.name, "__MACOSX/") || startsWith(name, ".")) continue;
        constexpr std::array<std::string_view, 6> data = {".csv", ".tsv", ".dat", ".json", ".jsonl", ".inter"};
        const bool isData =
            std::any_of(data.begin(), data.end(), [&](std::string_view end) { return endsWith(name, end); });
        const bool used =
            std::any_of(plan.features.begin(), plan.features.end(),
                        [&](const FeatureFile& feature) { return feature.file == static_cast<int>(n); });
        if (isData && !used) plan.ignored.push_back(file.shown + ": in another folder than the interactions");
    }
}

} // namespace

std::span<const Reader> readers() { return table; }

Result<ReadPlan> planFor(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    const std::string& wanted = request.options.format;
    // A mapping is for delimited text, whatever the file is called.
    const std::string_view chosen =
        wanted.empty() && request.options.mapping ? "delimited" : std::string_view(wanted);
    if (tree.selected() >= 0)
        if (auto text = checkText(tree, tree.selected()); !text) return text.error();
    PlanRequest asked = request;
    asked.forced = !chosen.empty();
    bool known = chosen.empty();
    for (const Reader& reader : table) {
        if (!chosen.empty() && reader.info.id != chosen) continue;
        known = true;
        auto plan = reader.plan(asked);
        if (!plan) return plan.error();
        if (!*plan) continue;
        if (auto one = onlyOneDataset(tree, **plan); !one) return one.error();
        nameOtherFolders(tree, **plan);
        (*plan)->format = reader.info.id;
        return std::move(**plan);
    }
    if (!known) return Error{ErrorCode::Invalid, "There is no format called \"" + wanted + "\"", "format"};
    if (!chosen.empty())
        return Error{ErrorCode::Parse,
                     "The files do not look like the format \"" + std::string(chosen) + "\"", tree.path()};
    return Error{ErrorCode::Unsupported,
                 tree.selected() >= 0
                     ? "The format of this file is not known"
                     : "No dataset was found here; open the file with the interactions itself",
                 tree.path()};
}

} // namespace recoscope::readers

namespace recoscope {

std::span<const FormatInfo> formats() {
    static const auto infos = [] {
        std::array<FormatInfo, readers::table.size()> all;
        for (std::size_t n = 0; n < all.size(); ++n)
            all[n] = readers::table[n].info;
        return all;
    }();
    return infos;
}

} // namespace recoscope
