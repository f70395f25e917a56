// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/reader.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace recoscope {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<DuplicatePolicy, std::string_view>, 5> policies = {
    {{DuplicatePolicy::KeepLast, "keep_last"},
     {DuplicatePolicy::KeepFirst, "keep_first"},
     {DuplicatePolicy::Mean, "mean"},
     {DuplicatePolicy::Sum, "sum"},
     {DuplicatePolicy::Max, "max"}}};

/// A character as text; "" is none. Latin-1 characters are no delimiters, so a byte is a character.
std::string textOf(char c) { return c == 0 ? std::string() : std::string(1, c); }

Error badOption(const std::string& key, const std::string& expected) {
    return {ErrorCode::Invalid, "The import option must be " + expected, key};
}

Result<ColumnMapping> mappingFromJson(const Json& json) {
    if (!json.is_object()) return badOption("mapping", "an object");
    ColumnMapping mapping;
    const auto character = [&json](const char* key, char& to) {
        if (!json.contains(key)) return true;
        if (!json[key].is_string()) return false;
        const auto& text = json[key].get_ref<const std::string&>();
        if (text.size() > 1 || (!text.empty() && static_cast<unsigned char>(text[0]) >= 0x80)) return false;
        to = text.empty() ? '\0' : text[0];
        return true;
    };
    if (!character("delimiter", mapping.delimiter) || mapping.delimiter == 0)
        return badOption("mapping.delimiter", "one ASCII character");
    if (!character("quote", mapping.quote)) return badOption("mapping.quote", "one ASCII character or empty");
    if (json.contains("header")) {
        if (!json["header"].is_boolean()) return badOption("mapping.header", "true or false");
        mapping.header = json["header"].get<bool>();
    }
    const std::array<std::pair<const char*, int*>, 4> columns = {{{"user", &mapping.user},
                                                                  {"item", &mapping.item},
                                                                  {"rating", &mapping.rating},
                                                                  {"time", &mapping.time}}};
    for (const auto& [key, to] : columns) {
        if (!json.contains(key)) continue;
        if (!json[key].is_number_integer() || json[key].get<std::int64_t>() < -1 ||
            json[key].get<std::int64_t>() > 9999)
            return badOption(std::string("mapping.") + key, "a column number, or -1");
        *to = json[key].get<int>();
    }
    for (const auto& [key, value] : json.items())
        if (key != "delimiter" && key != "quote" && key != "header" && key != "user" && key != "item" &&
            key != "rating" && key != "time")
            return Error{ErrorCode::Invalid, "There is no such import option", "mapping." + key};
    return mapping;
}

} // namespace

std::string toJson(const ImportOptions& options) {
    const ImportOptions defaults;
    Json json = Json::object();
    if (options.format != defaults.format) json["format"] = options.format;
    if (options.duplicates != defaults.duplicates)
        for (const auto& [policy, key] : policies)
            if (policy == options.duplicates) json["duplicates"] = key;
    if (options.mapping) {
        const ColumnMapping& m = *options.mapping;
        json["mapping"] = {{"delimiter", textOf(m.delimiter)},
                           {"quote", textOf(m.quote)},
                           {"header", m.header},
                           {"user", m.user},
                           {"item", m.item},
                           {"rating", m.rating},
                           {"time", m.time}};
    }
    if (!options.validationPath.empty()) json["validation"] = options.validationPath;
    if (!options.testPath.empty()) json["test"] = options.testPath;
    if (!options.featuresPath.empty()) json["features"] = options.featuresPath;
    return json.empty() ? std::string() : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ImportOptions> importOptionsFromJson(std::string_view text) {
    ImportOptions options;
    if (text.empty()) return options;
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object())
        return Error{ErrorCode::Parse, "The import options are not a JSON object", "import options"};
    for (const auto& [key, value] : json.items()) {
        if (key == "mapping") {
            auto mapping = mappingFromJson(value);
            if (!mapping) return mapping.error();
            options.mapping = *mapping;
            continue;
        }
        if (!value.is_string()) return badOption(key, "a text");
        const std::string word = value.get<std::string>();
        if (key == "format") {
            options.format = word;
        } else if (key == "validation") {
            options.validationPath = word;
        } else if (key == "test") {
            options.testPath = word;
        } else if (key == "features") {
            options.featuresPath = word;
        } else if (key == "duplicates") {
            bool found = false;
            for (const auto& [policy, name] : policies) {
                if (name != word) continue;
                options.duplicates = policy;
                found = true;
            }
            if (!found) return badOption(key, "keep_last, keep_first, mean, sum or max");
        } else {
            return Error{ErrorCode::Invalid, "There is no such import option", key};
        }
    }
    return options;
}

} // namespace recoscope
