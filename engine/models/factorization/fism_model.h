// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <cstdint>
#include <memory>
#include <span>

namespace recoscope {

/// Two vectors and a bias for each item. Immutable; any thread.
class FismModel final : public Recommender {
public:
    /// @param given   P: items x d, what an item of a history says
    /// @param wanted  Q: items x d, what an item listens to
    FismModel(std::int32_t users, MatrixF given, MatrixF wanted, VectorF itemBias, float alpha);

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_wanted.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    /// By p_item · q_i: what a history of this one item would bring.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override;
    const MatrixF* itemEmbeddings() const override { return &m_wanted; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    std::int32_t m_users;
    MatrixF m_given;  // P
    MatrixF m_wanted; // Q
    VectorF m_itemBias;
    float m_alpha;
};

} // namespace recoscope
