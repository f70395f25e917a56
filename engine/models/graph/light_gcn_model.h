// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <memory>

namespace recoscope {

/// Propagated vectors, and what a new user node needs. Immutable; any thread.
class LightGcnModel final : public Recommender {
public:
    /// @param users     users x d, after propagation
    /// @param items     items x d, after propagation
    /// @param messages  items x d: what an item sends to a new user but for the user's degree,
    ///                  1/(K+1) Σ_{k<K} e⁽ᵏ⁾_i / √d_i
    LightGcnModel(MatrixF users, MatrixF items, MatrixF messages);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    bool knows(const Query& query) const {
        return query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount();
    }
    void userOf(const Query& query, Eigen::Ref<Eigen::RowVectorXf> out) const;

    MatrixF m_users;
    MatrixF m_items;
    MatrixF m_messages;
};

} // namespace recoscope
