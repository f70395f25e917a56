// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

enum class FeatureKind {
    Text,   // free text: a title
    Token,  // one category: gender, brand
    Tokens, // several categories: genres
    Number, // price, age, year; NaN is missing
};

/// One named column over all rows. Which of the vectors is filled depends on the kind.
struct FeatureColumn {
    std::string name; // "title", "genres", "year", "price", "brand", "categories", "gender", "age", "occupation", …
    FeatureKind kind = FeatureKind::Text;

    std::vector<std::string> texts;         // Text: one a row; empty is missing
    std::vector<float> numbers;             // Number: one a row; NaN is missing
    std::vector<std::string> vocabulary;    // Token, Tokens: the categories, in order of first appearance
    std::vector<std::int32_t> tokens;       // Token: one a row, -1 is missing. Tokens: all rows' in order
    std::vector<std::int64_t> tokenOffsets; // Tokens: rows + 1

    std::int32_t rowCount() const;
    /// Token: zero or one. Tokens: any number.
    std::span<const std::int32_t> tokensOf(std::int32_t row) const;
    /// What a person reads: the text, the number, or the categories joined by ", ".
    std::string display(std::int32_t row) const;
    /// The same column for chosen rows, in their order.
    FeatureColumn selected(std::span<const std::int32_t> rows) const;
};

/// Columns over the users or the items of a dataset; row n is index n. Immutable once in a Dataset.
class FeatureTable final {
public:
    FeatureTable() = default;
    explicit FeatureTable(std::vector<FeatureColumn> columns);

    const std::vector<FeatureColumn>& columns() const { return m_columns; }
    const FeatureColumn* find(std::string_view name) const;
    bool empty() const { return m_columns.empty(); }
    FeatureTable selected(std::span<const std::int32_t> rows) const;

private:
    std::vector<FeatureColumn> m_columns;
};

} // namespace recoscope
