// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/search/search_space.h"

#include "engine/core/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace recoscope {

namespace {

constexpr double aroundDefault = 8.0; // a suggested range goes from an eighth to eight times the default

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> parted(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t at = text.find(by);
        parts.push_back(trimmed(text.substr(0, at)));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<double> numberOf(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    double value = 0.0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

Error fault(const std::string& key, const std::string& message) {
    return Error{ErrorCode::Invalid, "The search over '" + key + "' " + message, "search.space"};
}

/// Four significant digits, as a person would type them.
double rounded(double value) {
    if (value == 0.0) return 0.0;
    const double scale = std::pow(10.0, 3.0 - std::floor(std::log10(std::abs(value))));
    return scale >= 1.0 ? std::round(value * scale) / scale : std::round(value);
}

/// Everything the schema lists, or a range around the default that stays within the schema's.
SearchDimension suggested(const ParamSpec& spec) {
    SearchDimension out;
    out.key = spec.key;
    out.type = spec.type;
    out.logScale = spec.logScale;
    if (spec.type == ParamType::Flag) {
        out.values = {ParamValue(false), ParamValue(true)};
        return out;
    }
    if (spec.type == ParamType::Choice) {
        for (const ParamChoice& choice : spec.choices)
            out.values.emplace_back(choice.key);
        return out;
    }
    if (spec.type == ParamType::Text) {
        out.values = {spec.defaultValue};
        return out;
    }
    const double middle = asNumber(spec.defaultValue).value_or(0.0);
    if (spec.logScale) {
        // A schema whose range begins at 0 cannot be walked by factors down to there.
        out.min = middle > 0.0 ? std::max(spec.min, middle / aroundDefault) : 1e-6;
        out.max = middle > 0.0 ? std::min(spec.max, middle * aroundDefault) : std::min(spec.max, 0.1);
        if (spec.type == ParamType::Integer) {
            out.min = std::max(1.0, std::round(out.min));
            out.max = std::round(out.max);
        }
    } else {
        const double reach = std::max(1.0, aroundDefault * std::abs(middle));
        out.min = std::isfinite(spec.min) ? spec.min : middle - reach;
        out.max = std::isfinite(spec.max) ? spec.max : middle + reach;
        if (out.max - out.min > 100.0 * reach) out.max = std::min(out.max, middle + reach);
    }
    return out;
}

/// What a person turns when a model is to get better: not how long it trains (early stopping does that), nor
/// what is folded away in the form, nor free text.
bool turnedByDefault(const ParamSpec& spec) {
    return !spec.advanced && spec.type != ParamType::Text && spec.key != "epochs" &&
           spec.key != "train_batch_size";
}

/// "8..128:log:5"
Result<SearchDimension> rangeOf(const ParamSpec& spec, std::string_view text) {
    SearchDimension out = suggested(spec);
    out.values.clear();
    const auto parts = parted(text, ':');
    for (std::size_t n = 1; n < parts.size(); ++n) {
        if (parts[n] == "log") {
            out.logScale = true;
        } else if (parts[n] == "linear") {
            out.logScale = false;
        } else {
            const auto points = numberOf(parts[n]);
            if (!points || *points < 1.0 || *points > 10000.0 || *points != std::floor(*points))
                return fault(spec.key,
                             "has '" + std::string(parts[n]) +
                                 "' behind its range; log, linear or a number of points is possible");
            out.points = static_cast<int>(*points);
        }
    }
    if (parts[0].empty()) return out;
    const std::size_t dots = parts[0].find("..");
    const auto low = numberOf(parts[0].substr(0, dots));
    const auto high = numberOf(parts[0].substr(dots + 2));
    if (!low || !high)
        return fault(spec.key, "needs two numbers, as in 8..128, got '" + std::string(parts[0]) + "'");
    if (!(*low < *high)) return fault(spec.key, "goes from a larger to a smaller number");
    if (*low < spec.min || *high > spec.max)
        return fault(spec.key, "leaves what is allowed, " + rangeText(spec));
    if (spec.type == ParamType::Integer && (*low != std::floor(*low) || *high != std::floor(*high)))
        return fault(spec.key, "needs whole numbers");
    out.min = *low;
    out.max = *high;
    return out;
}

Result<SearchDimension> dimensionOf(const ParamSchema& schema, std::string_view entry) {
    const std::size_t equals = entry.find('=');
    const std::string key(trimmed(entry.substr(0, equals)));
    const ParamSpec* spec = schema.find(key);
    if (!spec) {
        const auto known = schema.complete({{key, ParamValue(0.0)}}); // its message names the nearest key
        return fault(key, "names no parameter of the algorithm" +
                              (known ? std::string() : ": " + known.error().message));
    }
    const std::string_view given =
        equals == std::string_view::npos ? std::string_view() : trimmed(entry.substr(equals + 1));
    const bool number = spec->type == ParamType::Integer || spec->type == ParamType::Real;
    if (number && (given.empty() || given.front() == ':' || given.find("..") != std::string_view::npos)) {
        auto range = rangeOf(*spec, given);
        if (range && range->logScale && range->min <= 0.0)
            return fault(key, "on a logarithmic scale must begin above 0, as in " + key + "=0.0001..1:log");
        return range;
    }
    if (given.empty()) return suggested(*spec);
    SearchDimension out;
    out.key = key;
    out.type = spec->type;
    out.logScale = spec->logScale;
    for (const std::string_view part : parted(given, '|')) {
        const auto value = schema.parse(key, part);
        if (!value) return fault(key, "has a value that is not allowed: " + value.error().message);
        if (std::find(out.values.begin(), out.values.end(), *value) == out.values.end())
            out.values.push_back(*value);
    }
    return out;
}

} // namespace

double SearchDimension::count() const {
    if (listed()) return static_cast<double>(values.size());
    return type == ParamType::Integer ? max - min + 1.0 : 0.0;
}

ParamValue SearchDimension::at(double place) const {
    place = std::clamp(place, 0.0, 1.0);
    if (listed()) {
        const auto n = static_cast<double>(values.size());
        return values[static_cast<std::size_t>(std::min(n - 1.0, std::floor(place * n)))];
    }
    if (type == ParamType::Integer) {
        // Each whole number gets the stretch from half below to half above.
        const double low = logScale ? std::log(std::max(0.5, min - 0.5)) : min - 0.5;
        const double high = logScale ? std::log(max + 0.5) : max + 0.5;
        const double exact = low + place * (high - low);
        return static_cast<std::int64_t>(
            std::clamp(std::round(logScale ? std::exp(exact) : exact), min, max));
    }
    const double low = logScale ? std::log(min) : min;
    const double high = logScale ? std::log(max) : max;
    const double exact = low + place * (high - low);
    return std::clamp(rounded(logScale ? std::exp(exact) : exact), min, max);
}

Result<SearchSpace> SearchSpace::parse(const ParamSchema& schema, std::string_view text) {
    SearchSpace space;
    if (trimmed(text).empty()) {
        for (const ParamSpec& spec : schema.specs())
            if (turnedByDefault(spec)) space.m_dimensions.push_back(suggested(spec));
        if (space.m_dimensions.empty())
            return Error{ErrorCode::Invalid,
                         "This algorithm has no parameters that a search could turn by itself; name some "
                         "with their ranges, as in embedding_size=8..128",
                         "search.space"};
        return space;
    }
    for (const std::string_view entry : parted(text, ',')) {
        if (entry.empty()) continue;
        auto dimension = dimensionOf(schema, entry);
        if (!dimension) return dimension.error();
        for (const SearchDimension& other : space.m_dimensions)
            if (other.key == dimension->key) return fault(other.key, "is given twice");
        space.m_dimensions.push_back(std::move(*dimension));
    }
    if (space.m_dimensions.empty())
        return Error{ErrorCode::Invalid, "The search names no parameter", "search.space"};
    return space;
}

std::string SearchSpace::text() const {
    std::string out;
    for (const SearchDimension& each : m_dimensions) {
        out += (out.empty() ? "" : ", ") + each.key + "=";
        if (each.listed()) {
            for (std::size_t n = 0; n < each.values.size(); ++n)
                out += (n == 0 ? "" : "|") + toText(each.values[n]);
        } else {
            out += numberText(each.min) + ".." + numberText(each.max) + (each.logScale ? ":log" : ":linear");
            if (each.points > 0) out += ":" + std::to_string(each.points);
        }
    }
    return out;
}

double SearchSpace::count() const {
    double product = 1.0;
    for (const SearchDimension& each : m_dimensions)
        product *= each.count();
    return product;
}

} // namespace recoscope
