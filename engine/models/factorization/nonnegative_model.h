// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <memory>
#include <span>

namespace recoscope {

/// What a non-negative factorisation approximates.
enum class NonnegativeKind {
    Matrix,  // all cells, missing ones being 0: a ranking score
    Ratings, // the ratings that are there: a predicted rating
};

/// Non-negative vectors of users and items; a score is their product, a sum of parts that only add.
/// Immutable; any thread.
class NonnegativeModel final : public Recommender {
public:
    struct Options {
        NonnegativeKind kind = NonnegativeKind::Matrix;
        bool ones = true;      // Matrix: an interaction counts 1, else its rating
        float reg = 0.0f;      // of users
        float fallback = 0.0f; // Ratings: said of a user or item of whom nothing is known
    };
    /// @param users, items  P: users x d, Q: items x d
    NonnegativeModel(MatrixF users, MatrixF items, const Options& options);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    bool predictsRatings() const override { return m_options.kind == NonnegativeKind::Ratings; }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    /// @param kind  what the file must be of
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file, NonnegativeKind kind);

    /// p of a known user; for another history the same problem with Q fixed, by coordinate descent (Matrix)
    /// or multiplicative steps (Ratings). O(history · d + d² a pass).
    VectorF userOf(const Query& query) const;

private:
    bool says(const VectorF& user, ItemIndex item) const;

    MatrixF m_users;
    MatrixF m_items;
    Options m_options;
    MatrixF m_gram; // Matrix: QᵀQ
};

/// One pass of coordinate descent over a row x >= 0 of a non-negative least squares problem:
///   minimise  xᵀ G x − 2 bᵀ x + reg |x|²
/// @param x      d numbers, in and out
/// @param image  d numbers, out: G x
/// O(d²).
void nonnegativePass(const MatrixF& gram, const float* b, float reg, float* x, float* image);

} // namespace recoscope
