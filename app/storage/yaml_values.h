// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/core/result.h"

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <yaml-cpp/yaml.h>

namespace recoscope {

/// What an error about a YAML value needs to name its place.
struct YamlContext {
    std::string file;
};

/// "file.yaml:3:5", lines and columns from 1.
std::string yamlPlace(const YamlContext& context, const YAML::Mark& mark);
Error yamlFault(const YamlContext& context, const YAML::Node& node, std::string_view key,
                const std::string& message, ErrorCode code = ErrorCode::Invalid);
/// A value for a message: quoted and cut at 80 bytes, or what it is instead of a single value.
std::string yamlShown(const YAML::Node& node);
/// ASCII letters in lower case.
std::string lowered(std::string text);

template <class Number>
bool parseNumber(std::string_view text, Number& out) {
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    if constexpr (std::is_floating_point_v<Number>) return std::isfinite(out);
    return true;
}

// take…: the value of one key into `out`, which is left alone by an error. Ranges are inclusive.
template <class Number>
Status takeNumber(const YamlContext& context, const YAML::Node& node, std::string_view key, Number& out,
                  Number min, Number max) {
    constexpr bool whole = std::is_integral_v<Number>;
    Number value{};
    if (!node.IsScalar() || !parseNumber(node.Scalar(), value))
        return yamlFault(context, node, key,
                         std::string(whole ? "expected a whole number" : "expected a number") + ", got " +
                             yamlShown(node));
    if (value < min || value > max) {
        const auto text = [](Number n) {
            if constexpr (whole)
                return std::to_string(n);
            else
                return toText(ParamValue(static_cast<double>(n)));
        };
        return yamlFault(context, node, key,
                         yamlShown(node) + " is outside the range from " + text(min) + " to " + text(max));
    }
    out = value;
    return {};
}

Status takeFlag(const YamlContext& context, const YAML::Node& node, std::string_view key, bool& out);
Status takeText(const YamlContext& context, const YAML::Node& node, std::string_view key, std::string& out);

template <class Value>
Status takeChoice(const YamlContext& context, const YAML::Node& node, std::string_view key, Value& out,
                  std::initializer_list<std::pair<const char*, Value>> choices) {
    std::string all;
    for (const auto& [name, value] : choices) {
        if (node.IsScalar() && lowered(node.Scalar()) == name) {
            out = value;
            return {};
        }
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return yamlFault(context, node, key, "expected one of " + all + "; got " + yamlShown(node));
}

struct Interval {
    double low = -HUGE_VAL;
    double high = HUGE_VAL;
    bool lowOpen = false;
    bool highOpen = false;
};
/// RecBole's interval text: "[5,inf)", "(-inf,100]".
Status takeInterval(const YamlContext& context, const YAML::Node& node, std::string_view key, Interval& out);

} // namespace recoscope
