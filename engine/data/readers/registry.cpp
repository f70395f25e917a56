// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/delimited.h"
#include "engine/data/readers/movielens_100k.h"
#include "engine/data/readers/movielens_csv.h"
#include "engine/data/readers/movielens_dat.h"
#include "engine/data/readers/sniff.h"

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
    Reader{{"delimited", "Delimited text",
            "Any text with one interaction a line in columns, by a mapping of the columns"},
           planDelimited},
};

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
