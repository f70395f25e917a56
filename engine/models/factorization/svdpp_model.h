// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <memory>
#include <span>

namespace recoscope {

/// Means, biases, factors and what the choice of items says, on the rating scale. Immutable; any thread.
class SvdppModel final : public Recommender {
public:
    /// The learned matrices.
    struct Parts {
        float mean = 0.0f; // mu
        MatrixF users;     // w: users x d, with their histories' y in it
        MatrixF items;     // q: items x d
        MatrixF implicit;  // y: items x d
        VectorF userBias;
        VectorF itemBias;
        float reg = 0.02f;     // lambda, for folding in
        float biasReg = 0.02f; // lambda_b
    };
    explicit SvdppModel(Parts parts)
        : m(std::move(parts)) {}

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m.users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m.items.rows()); }
    bool predictsRatings() const override { return true; }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m.items; }
    const MatrixF* userEmbeddings() const override { return &m.users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

    struct User {
        float bias = 0.0f;
        VectorF vector;   // w
        VectorF implicit; // the part of w that comes from which items were rated
    };
    /// The user's learned numbers; for a history that training never saw, its y summed up and b, p by ridge
    /// on what that leaves:  minimise Σ_i (r_i − mu − b_i − b − q_i · (z + p))² + n (λ |p|² + λ_b b²). O(n d²
    /// + d³).
    User userOf(const Query& query) const;

private:
    Parts m;
};

} // namespace recoscope
