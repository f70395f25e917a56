// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/linalg/similarity.h"

#include <memory>
#include <string>

namespace recoscope {

/// score(u, ·) = x_u W with a weight for every pair of items; W_ij is what holding i says for j. Any history
/// is served. Immutable; any thread.
class DenseItemModel final : public Recommender {
public:
    /// @param weights  items x items, finite; null: nothing is learned yet, all scores are 0.
    /// @param values  what an interaction counts in x.
    DenseItemModel(std::int32_t users, std::int32_t items, EntryValues values,
                   std::shared_ptr<const MatrixF> weights);

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_items; }
    /// O(queries x history x items).
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    /// The items that say most for `item`: the largest weights of its column above 0.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override;
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    float valueOf(const Query& query, std::size_t n) const {
        return m_values == EntryValues::Ones ? 1.0f : query.values[n];
    }
    std::int32_t m_users;
    std::int32_t m_items;
    EntryValues m_values;
    std::shared_ptr<const MatrixF> m_weights;
};

} // namespace recoscope
