// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <memory>

namespace recoscope {

/// I-AutoRec fitted: the items' codes and each user's row of the decoder. r̂_ui = μ + w_u · h_i + b_u + b_i.
/// Immutable; any thread.
class ItemAutorecModel final : public Recommender {
public:
    /// @param codes   items x k: h_i
    /// @param users   users x k: w_u
    /// @param biases  users: b_u
    /// @param itemBiases  items: b_i
    /// @param ridge   pulls the row that is fitted to a history of nobody training knew to the average user's
    ItemAutorecModel(MatrixF codes, MatrixF users, VectorF biases, VectorF itemBiases, float mean,
                     double ridge);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_codes.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    bool predictsRatings() const override { return true; }
    const MatrixF* itemEmbeddings() const override { return &m_codes; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    /// w (k numbers) and b of a history: the average user's, and by ridge regression on the codes of its
    /// items what this one differs.
    VectorF foldIn(const Query& query) const;

    MatrixF m_codes;
    MatrixF m_users;
    VectorF m_biases;
    VectorF m_itemBiases;
    float m_mean;
    double m_ridge;
    VectorF m_average; // of users: w, then b
};

} // namespace recoscope
