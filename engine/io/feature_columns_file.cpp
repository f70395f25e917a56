// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/feature_columns_file.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace recoscope {

namespace {

using Json = nlohmann::json;

const char* kindKey(FeatureKind kind) {
    switch (kind) {
    case FeatureKind::Token:
        return "token";
    case FeatureKind::Tokens:
        return "tokens";
    case FeatureKind::Number:
        return "number";
    case FeatureKind::Text:
        break;
    }
    return "text";
}

std::optional<FeatureKind> kindOf(const Json& json) {
    for (const FeatureKind kind : {FeatureKind::Token, FeatureKind::Tokens, FeatureKind::Number})
        if (json == kindKey(kind)) return kind;
    return std::nullopt;
}

/// A number that a float can hold.
std::optional<float> floatOf(const Json& json) {
    if (!json.is_number()) return std::nullopt;
    const double value = json.get<double>();
    if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max()))) return std::nullopt;
    return static_cast<float>(value);
}

std::optional<EncodedFeature> featureOf(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    const auto at = [&](const char* key) {
        const auto found = json.find(key);
        return found == json.end() ? Json() : *found;
    };
    const Json name = at("name");
    const auto kind = kindOf(at("kind"));
    if (!name.is_string() || !kind) return std::nullopt;
    EncodedFeature feature{.name = name.get<std::string>(), .kind = *kind, .vocabulary = {}};
    if (*kind == FeatureKind::Number) {
        const auto mean = floatOf(at("mean"));
        const auto deviation = floatOf(at("deviation"));
        if (!mean || !deviation) return std::nullopt;
        feature.mean = *mean;
        feature.deviation = *deviation;
        return feature;
    }
    const Json categories = at("categories");
    if (!categories.is_array()) return std::nullopt;
    for (const Json& category : categories) {
        if (!category.is_string()) return std::nullopt;
        feature.vocabulary.push_back(category.get<std::string>());
    }
    return feature;
}

} // namespace

void saveFeatureColumns(TensorFile& file, const std::string& name, const FeatureColumns& columns) {
    Json all = Json::array();
    for (const EncodedFeature& feature : columns.features()) {
        Json one = {{"name", feature.name}, {"kind", kindKey(feature.kind)}};
        if (feature.kind == FeatureKind::Number) {
            one["mean"] = static_cast<double>(feature.mean);
            one["deviation"] = static_cast<double>(feature.deviation);
        } else {
            one["categories"] = feature.vocabulary;
        }
        all.push_back(std::move(one));
    }
    file.setMeta(name, all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<FeatureColumns> loadFeatureColumns(const TensorFile& file, const std::string& name) {
    const auto text = file.meta(name);
    if (!text) return text.error();
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_array()) return Error{ErrorCode::Parse, "The features are no list", name};
    std::vector<EncodedFeature> features;
    for (const Json& one : json) {
        auto feature = featureOf(one);
        if (!feature)
            return Error{ErrorCode::Parse,
                         "A feature lacks its name, its kind, its categories or its figures", name};
        features.push_back(std::move(*feature));
    }
    auto columns = FeatureColumns::fromFeatures(std::move(features));
    if (!columns)
        return Error{ErrorCode::Parse, columns.error().message + ": '" + columns.error().where + "'", name};
    return columns;
}

} // namespace recoscope
