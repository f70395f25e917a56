// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <cstdint>
#include <memory>
#include <span>

namespace recoscope {

/// Means, biases and factors on the rating scale. Immutable; any thread.
class BiasedMfModel final : public Recommender {
public:
    /// The numbers that folding in needs.
    struct Ridge {
        float factors = 0.02f; // lambda of p
        float bias = 0.02f;    // lambda of b_u
    };

    /// @param users  users x d, items  items x d
    BiasedMfModel(float mean, MatrixF users, MatrixF items, VectorF userBias, VectorF itemBias, Ridge ridge);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    bool predictsRatings() const override { return true; }
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

    struct User {
        float bias = 0.0f;
        VectorF factors; // d
    };
    /// The user's learned numbers, or, for a history that training never saw (n ratings), the ridge solution
    /// on fixed items:
    ///   minimise over b, p  Σ_i (r_i − mu − b_i − b − p·q_i)² + n (lambda |p|² + lambda_b b²)
    /// which is what the passes of training minimise for a user. O(n d² + d³).
    User userOf(const Query& query) const;

private:
    float m_mean;    // mu
    MatrixF m_users; // P
    MatrixF m_items; // Q
    VectorF m_userBias;
    VectorF m_itemBias;
    Ridge m_ridge;
};

} // namespace recoscope
