// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/param_schema.h"

#include "engine/core/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace recoscope {

namespace {

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

Error invalid(const ParamSpec& spec, const std::string& message) {
    return Error{ErrorCode::Invalid, message, spec.key};
}

} // namespace

std::string rangeText(const ParamSpec& spec) {
    const bool low = std::isfinite(spec.min);
    const bool high = std::isfinite(spec.max);
    if (low && high) return readableNumber(spec.min) + " to " + readableNumber(spec.max);
    if (low) return "at least " + readableNumber(spec.min);
    if (high) return "at most " + readableNumber(spec.max);
    return "any number";
}

std::string toText(const ParamValue& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return numberText(*integer);
    if (const auto* real = std::get_if<double>(&value)) return numberText(*real);
    return std::get<std::string>(value);
}

std::optional<double> asNumber(const ParamValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value)) return *real;
    return std::nullopt;
}

std::optional<double> numberIn(const ParamMap& params, const std::string& key) {
    const auto found = params.find(key);
    return found == params.end() ? std::nullopt : asNumber(found->second);
}

double decimalOf(float value) {
    char buffer[32];
    const auto text = std::to_chars(buffer, buffer + sizeof buffer, value);
    double decimal = static_cast<double>(value);
    std::from_chars(buffer, text.ptr, decimal);
    return decimal;
}

const ParamSpec* ParamSchema::find(std::string_view key) const {
    for (const auto& spec : m_specs)
        if (spec.key == key) return &spec;
    return nullptr;
}

ParamMap ParamSchema::defaults() const {
    ParamMap map;
    for (const auto& spec : m_specs) map[spec.key] = spec.defaultValue;
    return map;
}

bool ParamSchema::enabled(const ParamSpec& spec, const ParamMap& values) const {
    if (spec.enabledBy.empty() || spec.enabledWhen.empty()) return true;
    const auto it = values.find(spec.enabledBy);
    if (it == values.end()) return true;
    if (const ParamSpec* owner = find(spec.enabledBy); owner && !enabled(*owner, values)) return false;
    return std::find(spec.enabledWhen.begin(), spec.enabledWhen.end(), toText(it->second)) !=
           spec.enabledWhen.end();
}

Status ParamSchema::check(const ParamSpec& spec, ParamValue& value) const {
    const auto outside = [&](double number) {
        return !(number >= spec.min && number <= spec.max); // also true for NaN
    };
    switch (spec.type) {
    case ParamType::Flag:
        if (!std::holds_alternative<bool>(value)) return invalid(spec, "Expected true or false, got " + toText(value));
        return {};
    case ParamType::Integer:
        if (const auto* real = std::get_if<double>(&value);
            real && std::nearbyint(*real) == *real && std::abs(*real) < 9e15)
            value = static_cast<std::int64_t>(*real);
        if (!std::holds_alternative<std::int64_t>(value))
            return invalid(spec, "Expected a whole number, got " + toText(value));
        if (outside(static_cast<double>(std::get<std::int64_t>(value))))
            return invalid(spec, toText(value) + " is outside the range; allowed is " + rangeText(spec));
        return {};
    case ParamType::Real:
        if (const auto* integer = std::get_if<std::int64_t>(&value)) value = static_cast<double>(*integer);
        if (!std::holds_alternative<double>(value))
            return invalid(spec, "Expected a number, got " + toText(value));
        if (outside(std::get<double>(value)))
            return invalid(spec, toText(value) + " is outside the range; allowed is " + rangeText(spec));
        return {};
    case ParamType::Choice: {
        const std::string text = toText(value);
        std::string known;
        for (const auto& choice : spec.choices) {
            if (choice.key == text) {
                value = text;
                return {};
            }
            known += (known.empty() ? "" : ", ") + choice.key;
        }
        return invalid(spec, "Unknown choice '" + text + "'; known are " + known);
    }
    case ParamType::Text:
        value = toText(value);
        return {};
    }
    return {};
}

Result<ParamValue> ParamSchema::parse(std::string_view key, std::string_view text) const {
    const ParamSpec* spec = find(key);
    if (!spec) {
        const auto unknown = complete({{std::string(key), std::string(text)}});
        return unknown.ok() ? Error{ErrorCode::Invalid, "Unknown parameter", std::string(key)} : unknown.error();
    }
    ParamValue value = std::string(text);
    const char* first = text.data();
    const char* last = first + text.size();
    if (spec->type == ParamType::Flag) {
        if (text == "true" || text == "1" || text == "yes" || text == "on") value = true;
        if (text == "false" || text == "0" || text == "no" || text == "off") value = false;
    } else if (spec->type == ParamType::Integer || spec->type == ParamType::Real) {
        double real = 0.0;
        std::int64_t integer = 0;
        if (const auto [end, error] = std::from_chars(first, last, integer); error == std::errc{} && end == last)
            value = integer;
        else if (const auto [end2, error2] = std::from_chars(first, last, real);
                 error2 == std::errc{} && end2 == last)
            value = real;
    }
    if (const Status status = check(*spec, value); !status) return status.error();
    return value;
}

Result<ParamMap> ParamSchema::complete(const ParamMap& given) const {
    ParamMap map = defaults();
    for (const auto& [key, value] : given) {
        const ParamSpec* spec = find(key);
        if (!spec) {
            if (m_specs.empty()) return Error{ErrorCode::Invalid, "This algorithm has no parameters", key};
            const auto nearest =
                std::min_element(m_specs.begin(), m_specs.end(), [&wanted = key](const ParamSpec& a, const ParamSpec& b) {
                    return editDistance(a.key, wanted) < editDistance(b.key, wanted);
                });
            return Error{ErrorCode::Invalid, "Unknown parameter; did you mean '" + nearest->key + "'?", key};
        }
        ParamValue checked = value;
        if (const Status status = check(*spec, checked); !status) return status.error();
        map[key] = std::move(checked);
    }
    return map;
}

} // namespace recoscope
