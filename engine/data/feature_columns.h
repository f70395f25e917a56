// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/data/csr.h"
#include "engine/data/feature_table.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recoscope {

/// A numeric column made of a feature table: one category, or one number. Never a bare int.
enum class FeatureIndex : std::int32_t {};

constexpr std::int32_t toInt(FeatureIndex feature) { return static_cast<std::int32_t>(feature); }

/// What one column of a table became.
struct EncodedFeature {
    std::string name;
    FeatureKind kind = FeatureKind::Number; // Token, Tokens or Number
    std::vector<std::string> vocabulary; // Token, Tokens: a numeric column for each category, in this order
    float mean = 0.0f;                   // Number: of the rows that have one
    float deviation = 1.0f;              // Number: standard deviation, above 0
    bool operator==(const EncodedFeature&) const = default;
};

struct FeatureColumnsOptions {
    std::int32_t minRows = 1; // a category of fewer rows gets no column
};

/// Turns rows of feature tables into sparse numeric rows, always by the vocabulary and the figures of the
/// table that it was fitted on:
///
///     Token    1 in the category's column
///     Tokens   1/n in the column of each of the row's n different categories, so that the row weighs 1
///     Number   (x − mean) / standard deviation, kept within ±10
///     Text     nothing: titles say who, not what
///
/// What is missing, is not finite, is of another kind than in the fitted table, or is a category that the
/// fitted table did not have, counts 0. Immutable; any thread.
class FeatureColumns final {
public:
    FeatureColumns() = default;
    /// Numbers that are all equal and columns without categories are left out: they tell no rows apart.
    /// O(values of the table).
    static FeatureColumns fit(const FeatureTable& table, const FeatureColumnsOptions& options = {});
    /// Columns as saved before; checked. Errors name the column.
    static Result<FeatureColumns> fromFeatures(std::vector<EncodedFeature> features);

    const std::vector<EncodedFeature>& features() const { return m_features; }
    /// Numeric columns in all.
    std::int32_t count() const { return m_count; }
    bool empty() const { return m_count == 0; }
    /// What a person calls a numeric column: "gender F", "year". 0 <= column < count().
    std::string title(FeatureIndex column) const;

    /// One row of any table, added to what is there; columns ascend, values are not 0. A row that the table
    /// does not have adds nothing.
    void appendRow(const FeatureTable& table, std::int32_t row, std::vector<FeatureIndex>& columns,
                   std::vector<float>& values) const;
    /// Rows 0 to `rows` - 1 of a table. O(values of the table).
    template <class Row>
    Csr<Row, FeatureIndex> rows(const FeatureTable& table, std::int32_t rows) const;

    bool operator==(const FeatureColumns& other) const { return m_features == other.m_features; }

private:
    std::vector<EncodedFeature> m_features;
    std::vector<std::int32_t> m_first;                                     // numeric column of each feature
    std::vector<std::unordered_map<std::string, std::int32_t>> m_category; // by feature: its numeric column
    std::int32_t m_count = 0;
};

template <class Row>
Csr<Row, FeatureIndex> FeatureColumns::rows(const FeatureTable& table, std::int32_t rows) const {
    std::vector<std::int64_t> offsets{0};
    std::vector<FeatureIndex> columns;
    std::vector<float> values;
    for (std::int32_t row = 0; row < rows; ++row) {
        appendRow(table, row, columns, values);
        offsets.push_back(static_cast<std::int64_t>(columns.size()));
    }
    auto result = Csr<Row, FeatureIndex>::fromArrays(m_count, std::move(offsets), std::move(columns),
                                                     std::move(values));
    RECOSCOPE_CHECK(result, "encoded rows that are no matrix");
    return std::move(*result);
}

} // namespace recoscope
