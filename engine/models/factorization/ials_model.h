// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/linalg/normal_equations.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace recoscope {

/// How a rating becomes the confidence c that the user likes the item.
enum class IalsConfidence { None, Linear, Log };
/// Which pairs the unobserved weight alpha0 pulls towards 0.
enum class IalsUnobserved { AllPairs, MissingPairs };

/// What the model's equations need besides the factors.
struct IalsObjective {
    double reg = 0.3;              // lambda
    double regExponent = 0.5;      // nu
    double unobservedWeight = 0.4; // alpha0
    IalsUnobserved unobserved = IalsUnobserved::AllPairs;
    IalsConfidence confidence = IalsConfidence::None;
    double alpha = 1.0;
    double epsilon = 1.0;
    bool operator==(const IalsObjective&) const = default;

    /// c: 1, 1 + alpha r or 1 + alpha ln(1 + r / epsilon); a negative rating counts as 0.
    float confidenceOf(float rating) const;
    /// w, the weight of y yᵀ in the normal equations: c, less alpha0 when missing pairs only are pulled to 0.
    float quadraticWeight(float c) const;
    /// lambda (|history| + alpha0 others)^nu
    float regularisationOf(std::int64_t historySize, std::int64_t others) const;
};

/// Item and user factors of iALS; folds in any history by solving its normal equations. Immutable; any
/// thread.
class IalsModel final : public Recommender {
public:
    /// @param users  users x d
    /// @param items  items x d
    IalsModel(MatrixF users, MatrixF items, const IalsObjective& objective);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

    /// The exact user vector of a history: d floats.
    VectorF foldIn(std::span<const ItemIndex> items, std::span<const float> values) const;

private:
    bool knows(const Query& query) const;
    RowProblem problem(std::span<const ItemIndex> items, std::span<const float> values,
                       RowSolverScratch& scratch) const;
    void foldIn(std::span<const ItemIndex> items, std::span<const float> values, RowSolverScratch& scratch,
                float* x) const;

    MatrixF m_users;  // X: users x d
    MatrixF m_items;  // Y: items x d
    MatrixF m_padded; // Y with columns up to the kernels' stride; empty when d is one already
    MatrixF m_base;   // alpha0 YᵀY, stride x stride
    IalsObjective m_objective;
};

} // namespace recoscope
