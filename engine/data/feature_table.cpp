// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/feature_table.h"

#include "engine/core/check.h"

#include <charconv>
#include <cmath>

namespace recoscope {

std::int32_t FeatureColumn::rowCount() const {
    switch (kind) {
    case FeatureKind::Text: return static_cast<std::int32_t>(texts.size());
    case FeatureKind::Number: return static_cast<std::int32_t>(numbers.size());
    case FeatureKind::Token: return static_cast<std::int32_t>(tokens.size());
    case FeatureKind::Tokens: return tokenOffsets.empty() ? 0 : static_cast<std::int32_t>(tokenOffsets.size()) - 1;
    }
    return 0;
}

std::span<const std::int32_t> FeatureColumn::tokensOf(std::int32_t row) const {
    const auto n = static_cast<std::size_t>(row);
    if (kind == FeatureKind::Token)
        return tokens[n] < 0 ? std::span<const std::int32_t>{} : std::span(&tokens[n], std::size_t{1});
    if (kind != FeatureKind::Tokens) return {};
    return {tokens.data() + tokenOffsets[n], static_cast<std::size_t>(tokenOffsets[n + 1] - tokenOffsets[n])};
}

std::string FeatureColumn::display(std::int32_t row) const {
    const auto n = static_cast<std::size_t>(row);
    if (kind == FeatureKind::Text) return texts[n];
    if (kind == FeatureKind::Number) {
        if (std::isnan(numbers[n])) return {};
        char buffer[32];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, numbers[n]);
        return {buffer, end.ptr};
    }
    std::string joined;
    for (const std::int32_t token : tokensOf(row)) {
        if (!joined.empty()) joined += ", ";
        joined += vocabulary[static_cast<std::size_t>(token)];
    }
    return joined;
}

FeatureColumn FeatureColumn::selected(std::span<const std::int32_t> rows) const {
    FeatureColumn result;
    result.name = name;
    result.kind = kind;
    result.vocabulary = vocabulary;
    if (kind == FeatureKind::Tokens) result.tokenOffsets.push_back(0);
    for (const std::int32_t row : rows) {
        const auto n = static_cast<std::size_t>(row);
        switch (kind) {
        case FeatureKind::Text: result.texts.push_back(texts[n]); break;
        case FeatureKind::Number: result.numbers.push_back(numbers[n]); break;
        case FeatureKind::Token: result.tokens.push_back(tokens[n]); break;
        case FeatureKind::Tokens:
            for (const std::int32_t token : tokensOf(row)) result.tokens.push_back(token);
            result.tokenOffsets.push_back(static_cast<std::int64_t>(result.tokens.size()));
            break;
        }
    }
    return result;
}

FeatureTable::FeatureTable(std::vector<FeatureColumn> columns) : m_columns(std::move(columns)) {
    for (const auto& column : m_columns)
        RECOSCOPE_CHECK(column.rowCount() == m_columns.front().rowCount(), "columns of different length");
}

const FeatureColumn* FeatureTable::find(std::string_view name) const {
    for (const auto& column : m_columns)
        if (column.name == name) return &column;
    return nullptr;
}

FeatureTable FeatureTable::selected(std::span<const std::int32_t> rows) const {
    std::vector<FeatureColumn> columns;
    for (const auto& column : m_columns) columns.push_back(column.selected(rows));
    return FeatureTable(std::move(columns));
}

} // namespace recoscope
