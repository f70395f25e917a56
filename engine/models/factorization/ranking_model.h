// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/models/factorization/ranking_sgd.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace recoscope {

/// How a history that training never saw gets its user vector.
struct RankingFold {
    RankingStep step; // of training; items stay as they are
    int passes = 20;  // over the history, from a vector of zeros
    bool operator==(const RankingFold&) const = default;
};

/// User and item factors and item biases that were learned for the order of items: s = p·q + b. Immutable;
/// any thread.
class RankingModel final : public Recommender {
public:
    /// @param users  users x d, items  items x d, itemBias  items
    RankingModel(MatrixF users, MatrixF items, VectorF itemBias, const RankingFold& fold);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

    /// The user's learned factors, or for a history that training never saw what the steps of training make
    /// of zeros while items are held: convex, as items do not move. Sampled items come from a stream of their
    /// own, so equal histories get equal vectors. O(passes · history · d), passes cut so that no history
    /// takes more than about 20,000 steps.
    VectorF userOf(const Query& query) const;

private:
    MatrixF m_users; // P
    MatrixF m_items; // Q
    VectorF m_itemBias;
    RankingFold m_fold;
    std::vector<float> m_rankWeights; // WARP only
};

} // namespace recoscope
