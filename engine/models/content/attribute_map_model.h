// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/content/attribute_regression.h"
#include "engine/models/hybrid/nested_model.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// What the scores of a model with vectors are made of: s(u, i) ≈ p_u · q_i + o_i + c_u. Immutable; any
/// thread.
class LatentView final {
public:
    /// @param items    q: items x d
    /// @param offsets  o: items
    /// @param known    items whose scores say something: those with interactions
    LatentView(MatrixF items, std::vector<float> offsets, std::vector<std::uint8_t> known);

    std::int32_t itemCount() const { return static_cast<std::int32_t>(m_items.rows()); }
    /// d + 1: a vector and what stands behind it, c of a user or o of an item.
    std::int32_t size() const { return static_cast<std::int32_t>(m_items.cols()) + 1; }
    const MatrixF& items() const { return m_items; }
    const std::vector<float>& offsets() const { return m_offsets; }
    const std::vector<std::uint8_t>& known() const { return m_known; }
    bool known(ItemIndex item) const { return m_known[static_cast<std::size_t>(item)] != 0; }
    /// p and c that explain the scores of known items best: size() numbers. O(items · d + d²).
    VectorF userOf(const float* scores) const;
    /// p · q_i + o_i + c.
    float score(const VectorF& user, ItemIndex item) const;

private:
    MatrixF m_items;
    std::vector<float> m_offsets;
    std::vector<std::uint8_t> m_known;
    MatrixD m_solver; // (d+1) x (d+1): the inverse of Σ (q, 1)(q, 1)ᵀ over known items
};

/// Attributes of a side of the data, and the map from them. Immutable; any thread.
struct AttributeSide {
    FeatureColumns columns;
    AttributeCsr rows; // of the data's users or items
    AttributeRegression map;
};
using AttributeSidePtr = std::shared_ptr<const AttributeSide>;

/// A base model, and vectors for whom and what it never saw. Immutable; any thread.
class AttributeMapModel final : public Recommender {
public:
    /// @param view  with the mapped vectors of unknown items in it; null before the maps are fitted, and then
    /// the base model is all there is
    AttributeMapModel(NestedModel base, std::shared_ptr<const LatentView> view, AttributeSidePtr users,
                      AttributeSidePtr items);

    std::int32_t userCount() const override { return m_base.model->userCount(); }
    std::int32_t itemCount() const override { return m_base.model->itemCount(); }
    bool predictsRatings() const override {
        return m_base.algorithm->capabilities.predictsRatings || m_base.model->predictsRatings();
    }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override {
        return m_view ? &m_view->items() : m_base.model->itemEmbeddings();
    }
    const MatrixF* userEmbeddings() const override { return m_base.model->userEmbeddings(); }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    /// The mapped vector of someone without history; nothing where attributes do not say.
    std::optional<VectorF> mapped(const Query& query) const;
    void userAttributes(const Query& query, std::vector<FeatureIndex>& columns,
                        std::vector<float>& values) const;

    NestedModel m_base;
    std::shared_ptr<const LatentView> m_view;
    AttributeSidePtr m_users; // null: not mapped
    AttributeSidePtr m_items; // null: not mapped
    std::vector<ItemIndex> m_unknown;
};

} // namespace recoscope
