// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace recoscope::readers {

namespace {

void appendUtf8(std::string& to, std::uint32_t code) {
    if (code < 0x80) {
        to += static_cast<char>(code);
    } else if (code < 0x800) {
        to += static_cast<char>(0xc0 | code >> 6);
        to += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        to += static_cast<char>(0xe0 | code >> 12);
        to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        to += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        to += static_cast<char>(0xf0 | code >> 18);
        to += static_cast<char>(0x80 | (code >> 12 & 0x3f));
        to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        to += static_cast<char>(0x80 | (code & 0x3f));
    }
}

// Windows-1252 at 0x80..0x9f; the five unassigned codes stay what Latin-1 says.
constexpr std::array<std::uint16_t, 32> windows1252 = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

// HTML's names of U+00A0..U+00FF, in order.
constexpr std::array<std::string_view, 96> latin1Names = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",
    "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",
    "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12",
    "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde",
    "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",
    "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",
    "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};

struct NamedCode {
    std::string_view name;
    std::uint32_t code;
};
constexpr std::array<NamedCode, 15> otherNames = {{{"amp", '&'},
                                                   {"lt", '<'},
                                                   {"gt", '>'},
                                                   {"quot", '"'},
                                                   {"apos", '\''},
                                                   {"ndash", 0x2013},
                                                   {"mdash", 0x2014},
                                                   {"lsquo", 0x2018},
                                                   {"rsquo", 0x2019},
                                                   {"ldquo", 0x201c},
                                                   {"rdquo", 0x201d},
                                                   {"bull", 0x2022},
                                                   {"hellip", 0x2026},
                                                   {"euro", 0x20ac},
                                                   {"trade", 0x2122}}};

/// The character of an entity's name (between & and ;), 0 when there is none.
std::uint32_t entityCode(std::string_view name) {
    if (name.size() > 1 && name[0] == '#') {
        const bool hex = name[1] == 'x' || name[1] == 'X';
        const char* begin = name.data() + (hex ? 2 : 1);
        const char* end = name.data() + name.size();
        std::uint32_t code = 0;
        const auto parsed = std::from_chars(begin, end, code, hex ? 16 : 10);
        const bool character = code > 0 && code < 0x110000 && !(code >= 0xd800 && code < 0xe000);
        return parsed.ec == std::errc() && parsed.ptr == end && character ? code : 0;
    }
    for (const auto& other : otherNames)
        if (other.name == name) return other.code;
    for (std::size_t n = 0; n < latin1Names.size(); ++n)
        if (latin1Names[n] == name) return static_cast<std::uint32_t>(0xa0 + n);
    return 0;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Days from 1970-01-01 of a date of the Gregorian calendar, by counting 400-year eras from March.
std::int64_t daysFromDate(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const auto yearOfEra = static_cast<unsigned>(year - era * 400);
    const unsigned dayOfYear = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    const unsigned dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146097 + static_cast<std::int64_t>(dayOfEra) - 719468;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t n = at; n < at + count; ++n) {
        if (!isDigit(text[n])) return std::nullopt;
        value = value * 10 + (text[n] - '0');
    }
    return value;
}

std::optional<std::int64_t> parseDate(std::string_view text) {
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
    std::int64_t seconds =
        daysFromDate(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)) * 86400;
    if (text.size() == 10) return seconds;
    if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':') return std::nullopt;
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    seconds += *hour * 3600 + *minute * 60;
    if (text.size() >= 19 && text[16] == ':') {
        const auto second = digits(text, 17, 2);
        if (!second || *second > 60) return std::nullopt;
        seconds += *second;
    }
    return seconds;
}

} // namespace

bool isValidUtf8(std::string_view text) {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = p + text.size();
    while (p < end) {
        if (end - p >= 8) {
            std::uint64_t word;
            std::memcpy(&word, p, 8);
            if ((word & 0x8080808080808080ULL) == 0) {
                p += 8;
                continue;
            }
        }
        const unsigned char first = *p++;
        if (first < 0x80) continue;
        int more = 0;
        std::uint32_t code = 0;
        if (first >= 0xc2 && first < 0xe0) {
            more = 1;
            code = first & 0x1fu;
        } else if (first >= 0xe0 && first < 0xf0) {
            more = 2;
            code = first & 0x0fu;
        } else if (first >= 0xf0 && first < 0xf5) {
            more = 3;
            code = first & 0x07u;
        } else {
            return false;
        }
        if (end - p < more) return false;
        for (int n = 0; n < more; ++n) {
            if ((*p & 0xc0) != 0x80) return false;
            code = code << 6 | (*p++ & 0x3fu);
        }
        if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
            (more == 3 && (code < 0x10000 || code >= 0x110000)))
            return false;
    }
    return true;
}

std::string toUtf8(std::string_view text, bool* recoded) {
    if (isValidUtf8(text)) return std::string(text);
    if (recoded) *recoded = true;
    std::string result;
    result.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        appendUtf8(result, byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80u] : byte);
    }
    return result;
}

std::string decodeEntities(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t at = text.find('&');
        result.append(text.substr(0, at));
        if (at == std::string_view::npos) break;
        text.remove_prefix(at);
        const std::size_t end = text.substr(0, 12).find(';');
        const std::uint32_t code = end == std::string_view::npos ? 0 : entityCode(text.substr(1, end - 1));
        if (code == 0) {
            result += '&';
            text.remove_prefix(1);
        } else {
            appendUtf8(result, code);
            text.remove_prefix(end + 1);
        }
    }
    return result;
}

std::string cleanText(std::string_view text, bool* recoded) {
    std::string full = toUtf8(text, recoded);
    if (full.find('&') != std::string::npos) full = decodeEntities(full);
    std::string result;
    result.reserve(full.size());
    for (const char c : full) {
        const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
        if (!blank)
            result += c;
        else if (!result.empty() && result.back() != ' ')
            result += ' ';
    }
    if (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::string lowered(std::string_view ascii) {
    std::string result(ascii);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool endsWith(std::string_view text, std::string_view end) { return text.ends_with(end); }
bool startsWith(std::string_view text, std::string_view begin) { return text.starts_with(begin); }

std::optional<double> parseNumber(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    double value = 0.0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::optional<float> parseRatingSlow(std::string_view text) {
    const auto value = parseNumber(text);
    if (!value || std::abs(*value) > static_cast<double>(std::numeric_limits<float>::max()))
        return std::nullopt;
    return static_cast<float>(*value);
}

std::optional<std::int64_t> parseTime(std::string_view text) {
    if (!text.empty() && text.size() <= 18) {
        std::int64_t value = 0;
        std::size_t n = 0;
        for (; n < text.size() && isDigit(text[n]); ++n)
            value = value * 10 + (text[n] - '0');
        if (n == text.size()) return value;
    }
    text = trimmed(text);
    if (text.size() >= 10 && text[4] == '-' && isDigit(text[0])) return parseDate(text);
    const auto value = parseNumber(text);
    if (!value || std::abs(*value) > 9e18) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<float> parsePrice(std::string_view text) {
    text = trimmed(text);
    if (text.empty() || text.size() > 40 || text.find('<') != std::string_view::npos) return std::nullopt;
    if (startsWith(text, "from ")) text.remove_prefix(5);
    if (text.front() == '$') text.remove_prefix(1);
    std::string number;
    for (const char c : text) {
        if (isDigit(c) || c == '.')
            number += c;
        else if (c != ',')
            break;
    }
    const std::string_view rest =
        trimmed(text.substr(std::min(text.size(), text.find_first_not_of("0123456789.,"))));
    if (!rest.empty() && rest.front() != '-') return std::nullopt;
    return number.empty() ? std::nullopt : parseRatingSlow(number);
}

std::optional<int> yearOfTitle(std::string_view title) {
    title = trimmed(title);
    if (title.size() < 6 || title.back() != ')' || title[title.size() - 6] != '(') return std::nullopt;
    const auto year = digits(title, title.size() - 5, 4);
    return year && *year >= 1800 && *year < 2200 ? year : std::nullopt;
}

std::optional<std::vector<std::string>> splitLine(std::string_view line, std::string_view delimiter,
                                                  char quote) {
    std::vector<std::string> fields;
    const bool blanks = delimiter == " ";
    std::size_t at = 0;
    for (;;) {
        if (blanks)
            while (at < line.size() && (line[at] == ' ' || line[at] == '\t'))
                ++at;
        if (blanks && at >= line.size()) return fields;
        std::string field;
        if (quote != 0 && at < line.size() && line[at] == quote) {
            for (++at;; ++at) {
                if (at >= line.size()) return std::nullopt;
                if (line[at] != quote) {
                    field += line[at];
                } else if (at + 1 < line.size() && line[at + 1] == quote) {
                    field += line[at++];
                } else {
                    ++at;
                    break;
                }
            }
        }
        std::size_t end = blanks ? line.find_first_of(" \t", at) : line.find(delimiter, at);
        if (end == std::string_view::npos) end = line.size();
        field.append(line.substr(at, end - at)); // after a closing quote only stray characters, kept
        fields.push_back(std::move(field));
        if (end >= line.size()) return fields;
        at = end + delimiter.size();
    }
}

} // namespace recoscope::readers
