// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/sniff.h"

#include "engine/data/readers/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

namespace recoscope::readers {

Result<std::vector<std::string>> headLines(const FileTree& tree, int file, std::size_t most) {
    auto head = tree.head(file);
    if (!head) return head.error();
    std::string_view rest = *head;
    const bool cut = head->size() >= 65536;
    if (startsWith(rest, "\xef\xbb\xbf")) rest.remove_prefix(3);
    std::vector<std::string> lines;
    while (!rest.empty() && lines.size() < most) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos && cut && !lines.empty()) break; // a part of a line says nothing
        std::string_view line = rest.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!trimmed(line).empty()) lines.emplace_back(line);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return lines;
}

Status checkText(const FileTree& tree, int file) {
    const auto head = tree.head(file);
    if (!head) return head.error();
    const std::string label = tree.label(file);
    if (head->empty()) return Error{ErrorCode::Parse, "The file is empty", label};
    if (startsWith(*head, "\xff\xfe") || startsWith(*head, "\xfe\xff"))
        return Error{ErrorCode::Unsupported, "The file is UTF-16; save it as UTF-8 first", label};
    // One stray NUL costs its line; a file full of control characters is no text.
    const auto control = std::count_if(head->begin(), head->end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 32 && c != '\n' && c != '\r' && c != '\t';
    });
    const bool nulFirst = head->substr(0, 8).find('\0') != std::string::npos;
    if (nulFirst || static_cast<std::size_t>(control) * 50 > head->size())
        return Error{ErrorCode::Parse, "The file is binary, not text", label};
    return {};
}

std::string plainName(const FileTree& tree, int file) {
    return lowered(FileTree::baseName(tree.files()[static_cast<std::size_t>(file)].name));
}

int candidate(const FileTree& tree, std::string_view name) {
    if (tree.selected() < 0) return tree.find(name);
    return plainName(tree, tree.selected()) == lowered(name) ? tree.selected() : -1;
}

int beside(const FileTree& tree, int file, std::string_view name) {
    const std::string& here = tree.files()[static_cast<std::size_t>(file)].name;
    const std::string wanted =
        lowered(here.substr(0, here.size() - FileTree::baseName(here).size()) + std::string(name));
    int found = -1;
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const TreeFile& other = tree.files()[n];
        if (lowered(other.name) != wanted) continue;
        if (found < 0 || (tree.files()[static_cast<std::size_t>(found)].gzip && !other.gzip))
            found = static_cast<int>(n);
    }
    return found;
}

std::string datasetName(const FileTree& tree, int file) {
    std::string name(FileTree::baseName(tree.files()[static_cast<std::size_t>(file)].name));
    name = name.substr(0, name.find('.'));
    // "train" and "ratings" say nothing: the folder or archive does.
    const bool plain = startsWith(lowered(name), "train") || lowered(name) == "ratings";
    if (!plain && !name.empty()) return name;
    std::error_code failed;
    const auto full = std::filesystem::absolute(tree.path(), failed).lexically_normal();
    auto folder = tree.selected() >= 0 ? full.parent_path() : full;
    if (!folder.has_filename()) folder = folder.parent_path();
    return tree.archive() ? folder.stem().string() : folder.filename().string();
}

bool isWholeNumber(std::string_view text) {
    text = trimmed(text);
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool looksLikeItemLists(const std::vector<std::string>& lines) {
    std::size_t good = 0;
    std::size_t shortest = SIZE_MAX;
    std::size_t longest = 0;
    for (const auto& line : lines) {
        const auto fields = splitLine(line, " ", 0);
        // Head lines may be cut inside a number; what is there still is one.
        if (!fields || !std::all_of(fields->begin(), fields->end(),
                                    [](const auto& field) { return isWholeNumber(field); }))
            continue;
        ++good;
        shortest = std::min(shortest, fields->size());
        longest = std::max(longest, fields->size());
    }
    return good * 10 >= lines.size() * 9 && longest > shortest;
}

Role roleOf(std::string_view header) {
    std::string key;
    for (const char c : lowered(header.substr(0, header.find(':')))) // RecBole writes name:type
        if (c != '_' && c != '-' && c != ' ' && c != '"' && c != '.') key += c;
    const auto in = [&key](std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), key) != names.end();
    };
    if (in({"userid", "user", "uid", "reviewerid", "users", "userindex", "customerid", "customer",
            "visitorid", "sessionid", "member", "memberid", "profileid", "author", "authorid"}))
        return Role::User;
    if (in({"itemid",   "item",      "iid",      "movieid",    "movie",     "asin",    "parentasin",
            "items",    "productid", "product",  "isbn",       "bookid",    "book",    "trackid",
            "songid",   "song",      "artistid", "businessid", "itemindex", "animeid", "gameid",
            "recipeid", "newsid",    "filmid",   "film",       "artist"}))
        return Role::Item;
    if (in({"rating", "score", "overall", "stars", "star", "ratings", "bookrating", "userrating", "weight",
            "playcount", "plays", "count", "value", "listeningcount", "starrating"}))
        return Role::Rating;
    if (in({"timestamp", "time", "unixreviewtime", "date", "datetime", "unixtime", "ts", "reviewtime",
            "createdat", "timestamps"}))
        return Role::Time;
    return Role::None;
}

namespace {

/// Columns in most lines, and in how many lines.
struct Regularity {
    std::size_t columns = 0;
    std::size_t lines = 0;
};

Regularity regularity(const std::vector<std::string>& lines, std::string_view delimiter, char quote) {
    std::vector<std::size_t> counts;
    for (const auto& line : lines)
        if (const auto fields = splitLine(line, delimiter, quote)) counts.push_back(fields->size());
    std::sort(counts.begin(), counts.end());
    Regularity best;
    for (std::size_t n = 0; n < counts.size();) {
        std::size_t end = n;
        while (end < counts.size() && counts[end] == counts[n])
            ++end;
        if (end - n >= best.lines) best = {counts[n], end - n};
        n = end;
    }
    return best;
}

using Rows = std::vector<std::vector<std::string>>;

/// A day as people write it: two or three numbers between the same marks, maybe with the time of day behind.
bool looksLikeDate(std::string_view text) {
    text = trimmed(text);
    std::size_t digits = 0;
    std::size_t numbers = 0;
    char mark = 0;
    for (std::size_t n = 0; n <= text.size(); ++n) {
        const char c = n < text.size() ? text[n] : ' ';
        if (c >= '0' && c <= '9') {
            ++digits;
            continue;
        }
        if (digits == 0 || (digits > 2 && digits != 4)) return false;
        ++numbers;
        digits = 0;
        if (numbers == 3) return c == ' ' || c == 'T';
        if ((c != '-' && c != '/' && c != '.') || (mark != 0 && c != mark)) return false;
        mark = c;
    }
    return false;
}

/// Seconds or milliseconds since 1970 of the years 2001 to 2039, as programs write them.
bool looksLikeUnixTime(std::string_view text) {
    text = trimmed(text);
    return (text.size() == 10 || text.size() == 13) && isWholeNumber(text) &&
           (text[0] == '1' || (text[0] == '2' && text[1] < '2'));
}

/// Every row's value is a day or a time: never a user, never an item.
bool isTimeColumn(const Rows& rows, int column) {
    std::size_t seen = 0;
    for (const auto& row : rows) {
        if (static_cast<int>(row.size()) <= column) continue;
        const auto& text = row[static_cast<std::size_t>(column)];
        if (trimmed(text).empty()) continue;
        if (!looksLikeDate(text) && !looksLikeUnixTime(text)) return false;
        ++seen;
    }
    return seen > 0;
}

/// Sentences, or lines of anything: words between blanks, in no columns.
bool looksLikeProse(const Rows& rows, const TableGuess& guess) {
    const bool blanks = guess.shape.delimiter == " ";
    std::size_t odd = 0;
    std::size_t phrases = 0;
    std::size_t cells = 0;
    for (const auto& row : rows) {
        odd += static_cast<int>(row.size()) != guess.columns;
        for (const auto& field : row) {
            const std::string_view text = trimmed(field);
            if (parseNumber(text) || looksLikeDate(text)) return false;
            ++cells;
            phrases += std::count(text.begin(), text.end(), ' ') >= 2;
        }
    }
    if (blanks) return odd > 0 || guess.columns > 4;
    return odd * 2 > rows.size() || phrases * 3 > cells * 2;
}

/// Roles by content, for tables without a header: user and item first, then small numbers, then large ones.
void rolesByContent(const Rows& rows, TableGuess& guess) {
    guess.shape.user = 0;
    guess.shape.item = 1;
    std::vector<int> ids; // the first two columns that are no times
    for (int column = 0; column < guess.columns && column < 1000 && ids.size() < 2; ++column)
        if (!isTimeColumn(rows, column)) ids.push_back(column);
    if (ids.size() == 2) {
        guess.shape.user = ids[0];
        guess.shape.item = ids[1];
    }
    for (int column = 0; column < guess.columns; ++column) {
        if (column == guess.shape.user || column == guess.shape.item) continue;
        bool numbers = true;
        bool small = true;
        bool large = true;
        std::size_t seen = 0;
        for (const auto& row : rows) {
            if (static_cast<int>(row.size()) <= column) continue;
            const auto& text = row[static_cast<std::size_t>(column)];
            if (trimmed(text).empty()) continue;
            ++seen;
            const auto number = parseNumber(text);
            const auto time = parseTime(text);
            numbers = numbers && (number || time);
            small = small && number && std::abs(*number) <= 1000.0;
            large = large && time && (std::abs(static_cast<double>(*time)) >= 1e8 || looksLikeDate(text));
        }
        if (seen == 0 || !numbers) continue;
        if (large && guess.shape.time < 0)
            guess.shape.time = column;
        else if (small && guess.shape.rating < 0)
            guess.shape.rating = column;
    }
}

/// Keeps the roles that the header names and gives user and item, where missing, the first columns left that
/// are no times.
void fillRoles(const Rows& rows, TableGuess& guess,
               std::array<int, 4> named) {
    const auto timeLike = [&rows](int column) {
        return isTimeColumn(rows, column) || (!rows.empty() && std::all_of(rows.begin(), rows.end(), [column](const auto& row) {
            if (static_cast<int>(row.size()) <= column) return true;
            const auto time = parseTime(row[static_cast<std::size_t>(column)]);
            return time && std::abs(static_cast<double>(*time)) >= 1e8;
        }));
    };
    const auto taken = [&named](int column) {
        return std::find(named.begin(), named.end(), column) != named.end();
    };
    for (std::size_t role = 0; role < 2; ++role)
        for (int column = 0; named[role] < 0 && column < guess.columns; ++column)
            if (!taken(column) && !timeLike(column)) named[role] = column;
    for (int column = 0; named[3] < 0 && column < guess.columns; ++column)
        if (!taken(column) && timeLike(column)) named[3] = column;
    if (named[0] < 0 || named[1] < 0) return;
    guess.shape.user = named[0];
    guess.shape.item = named[1];
    guess.shape.rating = named[2];
    guess.shape.time = named[3];
}

} // namespace

std::optional<TableGuess> guessTable(const std::vector<std::string>& lines) {
    if (lines.empty()) return std::nullopt;
    constexpr std::array<std::string_view, 6> delimiters = {"::", "\t", ";", ",", "|", " "};
    TableGuess guess;
    std::size_t bestLines = 0;
    std::size_t bestColumns = 0;
    const auto quoted = [&](std::string_view d) {
        const std::string pattern = std::string(d) + '"';
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.front() == '"' || line.find(pattern) != std::string::npos;
        });
    };
    for (const auto delimiter : delimiters) {
        const char quote = quoted(delimiter) ? '"' : '\0';
        const Regularity found = regularity(lines, delimiter, quote);
        if (found.columns < 2 || found.lines <= bestLines) continue;
        // The first delimiter of the list wins unless another one fits clearly more lines.
        if (bestColumns >= 2 && found.lines < bestLines + lines.size() / 4 + 1) continue;
        bestLines = found.lines;
        bestColumns = found.columns;
        guess.shape.delimiter = delimiter;
        guess.shape.quote = quote;
    }
    if (bestColumns < 2) return std::nullopt;
    guess.columns = static_cast<int>(bestColumns);

    std::vector<std::vector<std::string>> rows;
    for (const auto& line : lines)
        if (auto fields = splitLine(line, guess.shape.delimiter, guess.shape.quote))
            rows.push_back(std::move(*fields));
    if (rows.empty()) return std::nullopt;
    const auto first = rows.front(); // a copy: the header's row goes below
    int user = -1;
    int item = -1;
    int rating = -1;
    int time = -1;
    for (std::size_t n = 0; n < first.size() && n < 1000; ++n) {
        const auto column = static_cast<int>(n);
        switch (roleOf(first[n])) {
        case Role::User:
            user = user < 0 ? column : user;
            break;
        // Reviews of variants are joined by the parent.
        case Role::Item:
            item = item < 0 || lowered(first[n]) == "parent_asin" ? column : item;
            break;
        case Role::Rating:
            rating = rating < 0 ? column : rating;
            break;
        case Role::Time:
            time = time < 0 ? column : time;
            break;
        case Role::None:
            break;
        }
    }
    const bool named = user >= 0 || item >= 0 || rating >= 0 || time >= 0;
    if (!named && looksLikeProse(rows, guess)) return std::nullopt;
    const bool wordsOverNumbers =
        rows.size() > 1 &&
        std::none_of(first.begin(), first.end(),
                     [](const auto& field) { return parseNumber(field).has_value(); }) &&
        std::any_of(rows[1].begin(), rows[1].end(),
                    [](const auto& field) { return parseNumber(field).has_value(); });
    guess.shape.header = named || (wordsOverNumbers && !isWholeNumber(first[0]));
    if (named && user >= 0 && item >= 0) {
        guess.shape.user = user;
        guess.shape.item = item;
        guess.shape.rating = rating;
        guess.shape.time = time;
        guess.certain = true;
    } else {
        if (guess.shape.header) rows.erase(rows.begin());
        rolesByContent(rows, guess);
        if (named) fillRoles(rows, guess, {user, item, rating, time});
        // Two to four columns without names are nearly always user, item, rating, time; more are anyone's
        // guess.
        guess.certain = !guess.shape.header && guess.columns <= 4;
    }
    for (int n = 0; n < guess.columns; ++n)
        guess.names.push_back(guess.shape.header && n < static_cast<int>(first.size())
                                  ? cleanText(first[static_cast<std::size_t>(n)])
                                  : "column " + std::to_string(n + 1));
    return guess;
}

} // namespace recoscope::readers
