// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/feature_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

namespace recoscope {

namespace {

constexpr float kFarthest = 10.0f; // standard deviations

/// Mean and deviation of what is there; no feature where all are equal.
std::optional<EncodedFeature> fitNumber(const FeatureColumn& column) {
    double sum = 0.0;
    double count = 0.0;
    for (const float x : column.numbers)
        if (std::isfinite(x)) {
            sum += static_cast<double>(x);
            count += 1.0;
        }
    if (count == 0.0) return std::nullopt;
    const double mean = sum / count;
    double squares = 0.0;
    for (const float x : column.numbers)
        if (std::isfinite(x)) squares += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
    const auto deviation = static_cast<float>(std::sqrt(squares / count));
    if (!std::isnormal(deviation)) return std::nullopt;
    return EncodedFeature{.name = column.name,
                          .kind = FeatureKind::Number,
                          .vocabulary = {},
                          .mean = static_cast<float>(mean),
                          .deviation = deviation};
}

/// The categories that enough rows have, in the table's order.
std::optional<EncodedFeature> fitTokens(const FeatureColumn& column, std::int32_t minRows) {
    std::vector<std::int32_t> rows(column.vocabulary.size(), 0);
    std::vector<std::int32_t> last(column.vocabulary.size(), -1);
    for (std::int32_t row = 0; row < column.rowCount(); ++row)
        for (const std::int32_t token : column.tokensOf(row)) {
            const auto n = static_cast<std::size_t>(token);
            if (last[n] == row) continue;
            last[n] = row;
            ++rows[n];
        }
    EncodedFeature feature{.name = column.name, .kind = column.kind, .vocabulary = {}};
    std::set<std::string_view> seen;
    for (std::size_t n = 0; n < rows.size(); ++n)
        if (rows[n] >= std::max(1, minRows) && seen.insert(column.vocabulary[n]).second)
            feature.vocabulary.push_back(column.vocabulary[n]);
    if (feature.vocabulary.empty()) return std::nullopt;
    return feature;
}

} // namespace

FeatureColumns FeatureColumns::fit(const FeatureTable& table, const FeatureColumnsOptions& options) {
    std::vector<EncodedFeature> features;
    std::set<std::string_view> names;
    for (const FeatureColumn& column : table.columns()) {
        if (column.kind == FeatureKind::Text || !names.insert(column.name).second) continue;
        auto feature =
            column.kind == FeatureKind::Number ? fitNumber(column) : fitTokens(column, options.minRows);
        if (feature) features.push_back(std::move(*feature));
    }
    auto fitted = fromFeatures(std::move(features));
    RECOSCOPE_CHECK(fitted, "fitted columns that do not pass their own check");
    return std::move(*fitted);
}

Result<FeatureColumns> FeatureColumns::fromFeatures(std::vector<EncodedFeature> features) {
    FeatureColumns result;
    std::set<std::string_view> names;
    std::int64_t count = 0;
    for (const EncodedFeature& feature : features) {
        const auto wrong = [&](const char* message) {
            return Error{ErrorCode::Invalid, message, feature.name};
        };
        if (!names.insert(feature.name).second) return wrong("A feature is given twice");
        result.m_first.push_back(static_cast<std::int32_t>(count));
        auto& categories = result.m_category.emplace_back();
        if (feature.kind == FeatureKind::Number) {
            if (!feature.vocabulary.empty()) return wrong("A number has no categories");
            if (!std::isfinite(feature.mean) || !std::isnormal(feature.deviation) || feature.deviation < 0.0f)
                return wrong("A number's mean and deviation are not finite, or the deviation is not above 0");
            ++count;
        } else if (feature.kind == FeatureKind::Token || feature.kind == FeatureKind::Tokens) {
            if (feature.vocabulary.empty()) return wrong("A feature has no categories");
            for (const std::string& category : feature.vocabulary) {
                if (!categories.emplace(category, static_cast<std::int32_t>(count)).second)
                    return wrong("A category is given twice");
                ++count;
                if (count > std::numeric_limits<std::int32_t>::max() - 1)
                    return Error{ErrorCode::Limit, "Too many categories", feature.name};
            }
        } else {
            return wrong("Free text is no numeric column");
        }
    }
    result.m_count = static_cast<std::int32_t>(count);
    result.m_features = std::move(features);
    return result;
}

std::string FeatureColumns::title(FeatureIndex column) const {
    const auto after = std::upper_bound(m_first.begin(), m_first.end(), toInt(column));
    const auto n = static_cast<std::size_t>(after - m_first.begin()) - 1;
    const EncodedFeature& feature = m_features[n];
    if (feature.kind == FeatureKind::Number) return feature.name;
    return feature.name + " " + feature.vocabulary[static_cast<std::size_t>(toInt(column) - m_first[n])];
}

void FeatureColumns::appendRow(const FeatureTable& table, std::int32_t row,
                               std::vector<FeatureIndex>& columns, std::vector<float>& values) const {
    for (std::size_t n = 0; n < m_features.size(); ++n) {
        const EncodedFeature& feature = m_features[n];
        const FeatureColumn* const given = table.find(feature.name);
        if (!given || row < 0 || row >= given->rowCount()) continue;
        if (feature.kind == FeatureKind::Number) {
            if (given->kind != FeatureKind::Number) continue;
            const float x = given->numbers[static_cast<std::size_t>(row)];
            if (!std::isfinite(x)) continue;
            const double away = (static_cast<double>(x) - static_cast<double>(feature.mean)) /
                                static_cast<double>(feature.deviation);
            const float value = std::clamp(static_cast<float>(away), -kFarthest, kFarthest);
            if (value == 0.0f) continue;
            columns.push_back(FeatureIndex{m_first[n]});
            values.push_back(value);
            continue;
        }
        // One category or several: a table may have learned since that there can be more.
        const std::size_t first = columns.size();
        for (const std::int32_t token : given->tokensOf(row)) {
            const auto found = m_category[n].find(given->vocabulary[static_cast<std::size_t>(token)]);
            if (found != m_category[n].end()) columns.push_back(FeatureIndex{found->second});
        }
        const auto begin = columns.begin() + static_cast<std::ptrdiff_t>(first);
        std::sort(begin, columns.end());
        columns.erase(std::unique(begin, columns.end()), columns.end());
        if (columns.size() > first)
            values.resize(columns.size(), 1.0f / static_cast<float>(columns.size() - first));
    }
}

} // namespace recoscope
