// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/linalg/similarity.h"
#include "engine/models/content/content_matrix.h"

#include <memory>
#include <span>
#include <vector>

namespace recoscope {

/// Scores by the items that each item is most like, which content has a say in:
///
///   ŝ(u, i) = Σ_{j ∈ I_u} W_ji x_uj       x: 1 or the rating
///
/// Explanations name what two items have in common. Immutable; any thread.
class SimilarItemsModel final : public Recommender {
public:
    using ItemItemCsr = Csr<ItemIndex, ItemIndex>;

    /// @param neighbours  row i: item i's own neighbours
    SimilarItemsModel(std::int32_t users, EntryValues values, ItemItemCsr neighbours, ContentPtr content);

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_neighbours.rowCount(); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override;
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    float value(const Query& query, std::size_t n) const {
        return m_values == EntryValues::Ones ? 1.0f : query.values[n];
    }

    std::int32_t m_users;
    EntryValues m_values;
    ItemItemCsr m_neighbours;
    ItemItemCsr m_contributions; // row j: the items that have j among their neighbours
    ContentPtr m_content;
};

} // namespace recoscope
