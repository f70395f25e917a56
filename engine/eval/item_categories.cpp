// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/item_categories.h"

#include <algorithm>

namespace recoscope {

const FeatureColumn* categoryColumn(const Dataset& data) {
    const auto tells = [](const FeatureColumn& column) {
        return (column.kind == FeatureKind::Tokens || column.kind == FeatureKind::Token) &&
               column.vocabulary.size() > 1;
    };
    for (const char* name : {"genres", "genre", "categories", "category"})
        if (const FeatureColumn* column = data.itemFeatures().find(name); column && tells(*column))
            return column;
    for (const FeatureKind kind : {FeatureKind::Tokens, FeatureKind::Token})
        for (const FeatureColumn& column : data.itemFeatures().columns())
            if (column.kind == kind && tells(column)) return &column;
    return nullptr;
}

ItemCategories::ItemCategories(const Dataset& data) {
    m_offsets.assign(static_cast<std::size_t>(data.itemCount()) + 1, 0);
    const FeatureColumn* column = categoryColumn(data);
    if (!column) return;
    m_count = static_cast<std::int32_t>(column->vocabulary.size());
    std::vector<std::int32_t> row;
    for (std::int32_t item = 0; item < data.itemCount(); ++item) {
        row.clear();
        for (const std::int32_t token : column->tokensOf(item))
            if (token >= 0) row.push_back(token);
        std::sort(row.begin(), row.end());
        row.erase(std::unique(row.begin(), row.end()), row.end());
        m_categories.insert(m_categories.end(), row.begin(), row.end());
        m_offsets[static_cast<std::size_t>(item) + 1] = static_cast<std::int64_t>(m_categories.size());
    }
}

} // namespace recoscope
