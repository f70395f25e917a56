// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/delimited_rows.h"

#include "engine/data/readers/text.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace recoscope::readers {

namespace {

/// Calls line(begin, end, number) for each line without its line end; leaves out BOM and, when asked, the
/// first line.
template <class Line>
std::int64_t forLines(std::string_view text, bool first, bool header, Line&& line) {
    std::int64_t number = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    if (first && text.size() >= 3 && std::memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
    bool skip = first && header;
    while (at < end) {
        const auto* newline =
            static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        const char* const next = newline ? newline + 1 : end;
        const char* lineEnd = newline ? newline : end;
        if (lineEnd > at && lineEnd[-1] == '\r') --lineEnd;
        if (!skip && lineEnd > at) line(at, lineEnd, number);
        skip = false;
        ++number;
        at = next;
    }
    return number;
}

struct CharSeparator {
    char separator;
    static constexpr bool runs = false;
    static constexpr std::ptrdiff_t length = 1;
    bool at(const char* p, const char*) const { return *p == separator; }
};
struct PairSeparator {
    char first;
    char second;
    static constexpr bool runs = false;
    static constexpr std::ptrdiff_t length = 2;
    bool at(const char* p, const char* end) const { return *p == first && end - p > 1 && p[1] == second; }
};
struct BlankSeparator {
    static constexpr bool runs = true;
    static constexpr std::ptrdiff_t length = 1;
    bool at(const char* p, const char*) const { return *p == ' ' || *p == '\t'; }
};

std::string_view view(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

std::string_view withoutBlanks(std::string_view text) {
    if (text.empty() ||
        (static_cast<unsigned char>(text.front()) > ' ' && static_cast<unsigned char>(text.back()) > ' '))
        return text;
    return trimmed(text);
}

bool hasNul(std::string_view text) { return std::memchr(text.data(), 0, text.size()) != nullptr; }

class DelimitedParser final : public RowParser {
public:
    explicit DelimitedParser(DelimitedShape shape)
        : m_shape(std::move(shape))
        , m_lastColumn(std::max({m_shape.user, m_shape.item, m_shape.rating, m_shape.time})) {}

    bool hasRatings() const override { return m_shape.rating >= 0; }
    bool hasTimes() const override { return m_shape.time >= 0; }

    void parse(std::string_view text, bool first, RowSink& sink) const override {
        const std::string& delimiter = m_shape.delimiter;
        if (delimiter.size() == 2)
            parseWith(PairSeparator{delimiter[0], delimiter[1]}, text, first, sink);
        else if (delimiter == " ")
            parseWith(BlankSeparator{}, text, first, sink);
        else
            parseWith(CharSeparator{delimiter[0]}, text, first, sink);
    }

private:
    using Fields = std::array<std::string_view, 4>; // user, item, rating, time

    template <class Separator>
    void parseWith(Separator separator, std::string_view text, bool first, RowSink& sink) const {
        ChunkRows& rows = sink.rows();
        const std::size_t guess = text.size() / 20;
        rows.users.reserve(guess);
        rows.items.reserve(guess);
        if (m_shape.rating >= 0) rows.values.reserve(guess);
        if (m_shape.time >= 0) rows.times.reserve(guess);
        // A NUL byte is looked for once in the whole piece; lines are looked at only when there is one.
        const bool nuls = hasNul(text);
        const bool quotes = m_shape.quote != 0 && text.find(m_shape.quote) != std::string_view::npos;
        rows.lines =
            forLines(text, first, m_shape.header, [&](const char* begin, const char* end, std::int64_t line) {
                if (view(begin, end).find_first_not_of(" \t") == std::string_view::npos) return;
                ++rows.rowsRead;
                if (nuls && hasNul(view(begin, end)))
                    return rows.issue(LineIssue::NulByte, line, view(begin, end));
                Fields fields;
                int columns = 0;
                if (quotes && view(begin, end).find(m_shape.quote) != std::string_view::npos) {
                    if (!splitQuoted(separator, view(begin, end), sink.scratch(), fields, columns))
                        return rows.issue(LineIssue::UnclosedQuote, line, view(begin, end));
                } else {
                    columns = split(separator, begin, end, fields);
                }
                take(fields, columns, line, view(begin, end), sink);
            });
    }

    void keep(Fields& fields, int column, std::string_view field) const {
        if (column == m_shape.user) fields[0] = field;
        if (column == m_shape.item) fields[1] = field;
        if (column == m_shape.rating) fields[2] = field;
        if (column == m_shape.time) fields[3] = field;
    }

    template <class Separator>
    int split(Separator separator, const char* begin, const char* end, Fields& fields) const {
        int column = 0;
        for (const char* at = begin;;) {
            if constexpr (Separator::runs) {
                while (at < end && separator.at(at, end))
                    ++at;
                if (at == end) return column;
            }
            const char* stop = at;
            while (stop < end && !separator.at(stop, end))
                ++stop;
            keep(fields, column, view(at, stop));
            if (++column > m_lastColumn || stop == end) return column;
            at = stop + Separator::length;
        }
    }

    /// As split() for a line with quotes; unquoted fields go to `scratch`.
    template <class Separator>
    bool splitQuoted(Separator, std::string_view line, std::string& scratch, Fields& fields,
                     int& columns) const {
        const auto all = splitLine(line, m_shape.delimiter, m_shape.quote);
        if (!all) return false;
        scratch.clear();
        scratch.reserve(line.size() + textPadding); // views into it stay valid
        columns = static_cast<int>(all->size());
        for (int n = 0; n < columns && n <= m_lastColumn; ++n) {
            const std::size_t from = scratch.size();
            scratch += (*all)[static_cast<std::size_t>(n)];
            keep(fields, n, std::string_view(scratch).substr(from));
        }
        return true;
    }

    void take(const Fields& fields, int columns, std::int64_t line, std::string_view text,
              RowSink& sink) const {
        ChunkRows& rows = sink.rows();
        if (columns <= m_lastColumn) return rows.issue(LineIssue::TooFewColumns, line, text);
        const std::string_view user = withoutBlanks(fields[0]);
        const std::string_view item = withoutBlanks(fields[1]);
        if (user.empty() || item.empty()) return rows.issue(LineIssue::EmptyId, line, text);
        if (user.size() > RowSink::maxIdBytes || item.size() > RowSink::maxIdBytes)
            return rows.issue(LineIssue::IdTooLong, line, text);
        float rating = 1.0f;
        if (m_shape.rating >= 0) {
            const auto parsed = parseRating(fields[2].data(), fields[2].data() + fields[2].size());
            if (!parsed)
                return rows.issue(trimmed(fields[2]).empty() ? LineIssue::MissingRating
                                                             : LineIssue::MalformedRating,
                                  line, text);
            rating = *parsed;
        }
        std::int64_t time = 0;
        if (m_shape.time >= 0) {
            if (const auto parsed = parseTime(fields[3]))
                time = *parsed;
            else if (trimmed(fields[3]).empty())
                rows.issue(LineIssue::MissingTime, line, text);
            else
                return rows.issue(LineIssue::MalformedTime, line, text);
        }
        sink.add(user, item);
        if (m_shape.rating >= 0) rows.values.push_back(rating);
        if (m_shape.time >= 0) rows.times.push_back(time);
    }

    DelimitedShape m_shape;
    int m_lastColumn;
};

class ItemListParser final : public RowParser {
public:
    bool hasRatings() const override { return false; }
    bool hasTimes() const override { return false; }
    void parse(std::string_view text, bool first, RowSink& sink) const override {
        ChunkRows& rows = sink.rows();
        rows.lines = forLines(text, first, false, [&](const char* begin, const char* end, std::int64_t line) {
            const std::string_view whole = view(begin, end);
            if (hasNul(whole)) {
                ++rows.rowsRead;
                return rows.issue(LineIssue::NulByte, line, whole);
            }
            std::string_view user;
            std::int64_t items = 0;
            for (const char* at = begin;;) {
                while (at < end && (*at == ' ' || *at == '\t'))
                    ++at;
                if (at == end) break;
                const char* stop = at;
                while (stop < end && *stop != ' ' && *stop != '\t')
                    ++stop;
                const std::string_view field = view(at, stop);
                at = stop;
                if (user.empty()) {
                    user = field;
                    continue;
                }
                ++items;
                ++rows.rowsRead;
                if (field.size() > RowSink::maxIdBytes || user.size() > RowSink::maxIdBytes)
                    rows.issue(LineIssue::IdTooLong, line, whole);
                else
                    sink.add(user, field);
            }
            if (items == 0 && !user.empty()) rows.issue(LineIssue::NoItems, line, whole);
        });
    }
};

} // namespace

std::shared_ptr<const RowParser> delimitedParser(const DelimitedShape& shape) {
    return std::make_shared<DelimitedParser>(shape);
}

std::shared_ptr<const RowParser> itemListParser() { return std::make_shared<ItemListParser>(); }

} // namespace recoscope::readers
