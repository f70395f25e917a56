// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/linalg/truncated_svd.h"

#include <memory>
#include <span>
#include <vector>

namespace recoscope {

/// A linear map from histories to codes and back: code = (x − mean) V, rebuilt x = code Vᵀ + mean. Without a
/// mean it is PureSVD's, with one it is PCA's. Immutable; any thread.
class SvdSpace final {
public:
    /// @param items  V: items x d
    /// @param mean   items, or empty for none
    SvdSpace(MatrixF items, VectorF mean, CellValues values);

    const MatrixF& items() const { return m_items; }
    const VectorF& mean() const { return m_mean; }
    CellValues values() const { return m_values; }
    bool centred() const { return m_mean.size() > 0; }
    /// What stands in the history's n-th cell.
    float cell(std::span<const float> values, std::size_t n) const {
        return m_values == CellValues::Ones ? 1.0f : values[n];
    }
    /// mean V: the code of nothing, before centring.
    const VectorF& origin() const { return m_origin; }
    /// The code of a history: d floats. An empty history says nothing about taste; its code is 0.
    void code(std::span<const ItemIndex> items, std::span<const float> values, float* out) const;

private:
    MatrixF m_items;  // V: items x d
    VectorF m_mean;   // items, or empty
    VectorF m_origin; // d, or empty
    CellValues m_values;
};

/// PureSVD or PCA: scores are the rebuilt history. Immutable; any thread.
class SvdModel final : public Recommender {
public:
    /// @param users  the codes of the training histories: users x d
    SvdModel(MatrixF users, SvdSpace space);

    std::int32_t userCount() const override { return static_cast<std::int32_t>(m_users.rows()); }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_space.items().rows()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override { return &m_space.items(); }
    const MatrixF* userEmbeddings() const override { return &m_users; }
    void save(TensorFile& file) const override;
    /// @param centring  which of the two algorithms the file must be of
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file, Centring centring);

private:
    void code(const Query& query, float* out) const;

    MatrixF m_users; // users x d
    SvdSpace m_space;
};

} // namespace recoscope
