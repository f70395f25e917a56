// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::readers {

bool isValidUtf8(std::string_view text);
/// The text itself when it is valid UTF-8, else read as Windows-1252 (Latin-1 with printable 0x80..0x9f).
std::string toUtf8(std::string_view text, bool* recoded = nullptr);
/// HTML entities (named Latin-1 ones, decimal, hexadecimal) become their characters; unknown ones stay as
/// they are.
std::string decodeEntities(std::string_view text);
/// What is shown to a person: UTF-8, entities decoded, control characters and runs of blanks become one
/// blank, trimmed.
std::string cleanText(std::string_view text, bool* recoded = nullptr);

std::string_view trimmed(std::string_view text);
std::string lowered(std::string_view ascii);
bool endsWith(std::string_view text, std::string_view end);
bool startsWith(std::string_view text, std::string_view begin);

/// A finite number that takes up the whole text ("4", "4.5", " 3e0 "); nothing else.
std::optional<double> parseNumber(std::string_view text);
/// Rating as float: finite, within float's range.
inline std::optional<float> parseRating(const char* begin, const char* end);
/// Whole seconds, milliseconds or whatever the file counts in; a fraction is dropped. Also "2015-03-01
/// 12:30:00".
std::optional<std::int64_t> parseTime(std::string_view text);
/// First amount of a price text ("$1,234.50", "14.95", "$5.00 - $9.00"); nothing for HTML or words.
std::optional<float> parsePrice(std::string_view text);
/// Year in brackets at the end of a film title, 1800..2199.
std::optional<int> yearOfTitle(std::string_view title);

/// Fields of one line; `delimiter` has one or two characters, ' ' means runs of blanks. Quotes are removed,
/// doubled quotes undone. Nothing when a quote is not closed.
std::optional<std::vector<std::string>> splitLine(std::string_view line, std::string_view delimiter,
                                                  char quote);

std::optional<float> parseRatingSlow(std::string_view text);

inline std::optional<float> parseRating(const char* begin, const char* end) {
    const auto digit = [](char c) { return static_cast<unsigned>(c - '0') < 10u; };
    if (end - begin == 1 && digit(*begin)) return static_cast<float>(*begin - '0');
    if (end - begin == 3 && digit(begin[0]) && begin[1] == '.' && digit(begin[2]))
        return static_cast<float>((begin[0] - '0') * 10 + (begin[2] - '0')) / 10.0f;
    return parseRatingSlow({begin, static_cast<std::size_t>(end - begin)});
}

} // namespace recoscope::readers
