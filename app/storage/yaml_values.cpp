// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/yaml_values.h"

#include <algorithm>

namespace recoscope {

std::string yamlPlace(const YamlContext& context, const YAML::Mark& mark) {
    if (mark.is_null()) return context.file;
    return context.file + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

Error yamlFault(const YamlContext& context, const YAML::Node& node, std::string_view key,
                const std::string& message, ErrorCode code) {
    return Error{code, std::string(key) + ": " + message, yamlPlace(context, node.Mark())};
}

std::string yamlShown(const YAML::Node& node) {
    if (!node.IsScalar()) return node.IsSequence() ? "a list" : node.IsMap() ? "a map" : "nothing";
    std::string text = node.Scalar();
    if (text.size() > 80) {
        std::size_t cut = 80;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
            --cut;
        text = text.substr(0, cut) + "…";
    }
    return "'" + text + "'";
}

std::string lowered(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

Status takeFlag(const YamlContext& context, const YAML::Node& node, std::string_view key, bool& out) {
    const std::string text = node.IsScalar() ? lowered(node.Scalar()) : std::string();
    if (text == "true" || text == "yes" || text == "on")
        out = true;
    else if (text == "false" || text == "no" || text == "off")
        out = false;
    else
        return yamlFault(context, node, key, "expected true or false, got " + yamlShown(node));
    return {};
}

Status takeText(const YamlContext& context, const YAML::Node& node, std::string_view key, std::string& out) {
    if (!node.IsScalar()) return yamlFault(context, node, key, "expected text, got " + yamlShown(node));
    out = node.Scalar();
    return {};
}

Status takeInterval(const YamlContext& context, const YAML::Node& node, std::string_view key, Interval& out) {
    const auto bad = [&] {
        return yamlFault(context, node, key,
                         "expected an interval such as \"[5,inf)\", got " + yamlShown(node));
    };
    if (!node.IsScalar()) return bad();
    std::string text = node.Scalar();
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    const std::size_t comma = text.find(',');
    if (text.size() < 5 || comma == std::string::npos || (text.front() != '[' && text.front() != '(') ||
        (text.back() != ']' && text.back() != ')'))
        return bad();
    const std::string low = text.substr(1, comma - 1);
    const std::string high = text.substr(comma + 1, text.size() - comma - 2);
    if (low != "-inf" && !parseNumber(low, out.low)) return bad();
    if (high != "inf" && !parseNumber(high, out.high)) return bad();
    out.lowOpen = text.front() == '(';
    out.highOpen = text.back() == ')';
    if (out.low > out.high)
        return yamlFault(context, node, key, "the interval " + yamlShown(node) + " is empty");
    return {};
}

} // namespace recoscope
