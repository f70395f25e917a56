// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/models/baseline/als_biases.h"
#include "engine/models/neighbourhood/corated.h"

#include <functional>
#include <memory>

namespace recoscope {

/// What both kinds of kNN baseline do with neighbours.
struct NeighbourRule {
    std::int32_t k = 40;
    std::int32_t minK = 1;
};

/// Similarities of all pairs of items, both sides; the diagonal is 0. O(sum of squared histories), memory
/// items² floats. Null when cancelled.
std::shared_ptr<const MatrixF> coratedItems(const Split& split, const ItemBiases& biases,
                                            const CoratedOptions& options, ThreadPool& pool,
                                            RunControl& control,
                                            const std::function<void(double fraction)>& progress);

/// Neighbours among the items of the history. Immutable; any thread.
class ItemKnnBaseline final : public Recommender {
public:
    /// @param similarities  items x items, or null: biases only.
    ItemKnnBaseline(std::int32_t users, NeighbourRule rule, ItemBiases biases,
                    std::shared_ptr<const MatrixF> similarities);

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_biases.items.size()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override;
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    struct Neighbour {
        float similarity;
        std::int32_t position; // in the history
    };
    /// The k most similar of the history, those above 0.
    void nearest(std::span<const ItemIndex> history, std::size_t item, std::vector<Neighbour>& out) const;

    std::int32_t m_users;
    NeighbourRule m_rule;
    ItemBiases m_biases;
    std::shared_ptr<const MatrixF> m_similarities;
};

/// Neighbours among the users of an item. Similarities are found when asked for, from the training data, so
/// that no matrix of users is kept. Immutable; any thread.
class UserKnnBaseline final : public Recommender {
public:
    UserKnnBaseline(NeighbourRule rule, CoratedOptions similarity, ItemBiases biases,
                    std::shared_ptr<const UserItemCsr> train);

    std::int32_t userCount() const override { return m_train->rowCount(); }
    std::int32_t itemCount() const override { return m_train->colCount(); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    struct Near {
        float similarity;
        UserIndex user;
    };
    /// All users with a similarity above 0, the nearest first; ties go to the lower index.
    void nearest(const Query& query, float userBias, std::vector<CoratedSums>& sums,
                 std::vector<Near>& out) const;

    NeighbourRule m_rule;
    CoratedOptions m_similarity;
    ItemBiases m_biases;
    std::shared_ptr<const UserItemCsr> m_train;
    ItemUserCsr m_byItem;
    std::vector<float> m_userBiases;
    std::vector<float> m_residuals; // rating less bias, in the order of m_train
};

} // namespace recoscope
