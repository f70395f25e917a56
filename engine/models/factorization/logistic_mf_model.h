// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/linalg/gemm.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace recoscope {

struct LogisticObjective {
    float alpha = 1.0f; // weight of a chosen pair
    float reg = 0.1f;
    float rate = 0.1f;
    bool ratings = false; // a chosen pair weighs alpha times its rating
    bool operator==(const LogisticObjective&) const = default;
};

/// A row's chosen columns.
struct LogisticHistory {
    const std::int32_t* columns = nullptr;
    std::span<const float> values; // one for each column
};

/// Memory of one thread for blocks of rows; grows at first use.
struct LogisticScratch {
    // Rows begin at a register's border, so that the same numbers go the same way whatever the thread.
    MatrixF scores;   // rows x cols, padded
    MatrixF gradient; // rows x stride
    GemmScratch<float> gemm;
    std::vector<LogisticHistory> histories;
};

/// The rows of one side while the other side is held. Rows have d factors, then two numbers: on the users'
/// side the user's bias and 1, on the items' side 1 and the item's bias, so that the product of two rows is
/// the score.
struct LogisticSide {
    const float* fixed = nullptr; // cols x stride
    std::int64_t cols = 0;
    std::int64_t stride = 0; // floats from row to row, on both sides
    std::int64_t d = 0;
    bool users = true; // which of the two numbers is learned
};

/// One step of AdaGrad for some rows (users without a history stay): the gradient over all columns,
///   Σ_chosen alpha r (1 − σ(s)) y − Σ_all σ(s) y − reg x
/// @param own      rows x stride, changed;  @param squares  the same shape: sums of squared gradients
/// @param loss     null: not wanted; else the rows' data part of the loss before the step is added to it
/// O(rows · cols · d).
void logisticStep(const LogisticObjective& objective, const LogisticSide& side,
                  std::span<const LogisticHistory> histories, float* own, float* squares, double* loss,
                  LogisticScratch& scratch);

/// Vectors and biases of logistic matrix factorisation. Immutable; any thread.
class LogisticMfModel final : public Recommender {
public:
    /// @param users   users x (d + 2): factors, bias, 1;  @param items  items x (d + 2): factors, 1, bias
    /// @param passes  steps for a history that training never saw
    LogisticMfModel(const MatrixF& users, const MatrixF& items, const LogisticObjective& objective,
                    int passes);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_itemFactors; }
    const MatrixF* userEmbeddings() const override { return &m_userFactors; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

    /// The learned row of the user, or for a history that training never saw the steps of training from zeros
    /// while items are held: a concave problem. d + 2 numbers.
    void userOf(const Query& query, float* row) const;

private:
    MatrixF m_users;
    MatrixF m_items;
    MatrixF m_userFactors; // without biases, for whoever asks for embeddings
    MatrixF m_itemFactors;
    LogisticObjective m_objective;
    int m_passes;
};

} // namespace recoscope
