// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/cost.h"
#include "engine/api/recommender.h"
#include "engine/core/param_schema.h"
#include "engine/linalg/similarity.h"

#include <span>
#include <string>
#include <vector>

namespace recoscope {

using ItemItemCsr = Csr<ItemIndex, ItemIndex>;

/// Few weights between items: W_ji, what holding j says for i. Kept by target (item i's own neighbours j) and
/// by source, since scores are summed along a history. Immutable; any thread.
class ItemWeights final {
public:
    /// @param byTarget  items x items; row i: the items that say something for i.
    explicit ItemWeights(ItemItemCsr byTarget)
        : m_byTarget(std::move(byTarget))
        , m_bySource(m_byTarget.transposed()) {}

    std::int32_t itemCount() const { return m_byTarget.rowCount(); }
    const ItemItemCsr& byTarget() const { return m_byTarget; }
    const ItemItemCsr& bySource() const { return m_bySource; }
    /// 0 where there is none. O(log neighbours).
    float weight(ItemIndex target, ItemIndex from) const;
    /// scores += value times what holding `from` says for each item.
    void addTo(std::span<float> scores, ItemIndex from, float value) const;
    /// The strongest of the item's own neighbours, best first.
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const;

    void save(TensorFile& file, const std::string& name) const { file.set(name, m_byTarget); }
    static Result<ItemWeights> load(const TensorFile& file, const std::string& name);

private:
    ItemItemCsr m_byTarget;
    ItemItemCsr m_bySource;
};

/// score(u, ·) = x_u W with few weights between items: SLIM, P3alpha, RP3beta. Any history is served.
/// Immutable; any thread.
class SparseItemModel final : public Recommender {
public:
    /// @param values  what an interaction counts in x.
    SparseItemModel(std::int32_t users, EntryValues values, ItemWeights weights)
        : m_users(users)
        , m_values(values)
        , m_weights(std::move(weights)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_weights.itemCount(); }
    /// O(history x neighbours) a query.
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        return m_weights.neighbours(item, count);
    }
    void save(TensorFile& file) const override;
    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file);

private:
    float valueOf(const Query& query, std::size_t n) const {
        return m_values == EntryValues::Ones ? 1.0f : query.values[n];
    }
    std::int32_t m_users;
    EntryValues m_values;
    ItemWeights m_weights;
};

/// "weight 0.12 x interaction 4" for a history item's part in a score.
ExplanationPart weightPart(ItemIndex from, float weight, const char* weightWord, float value,
                           const char* valueWord = "interaction");
/// The largest first; equal ones stay in their order.
void sortByMagnitude(std::vector<ExplanationPart>& parts);
/// The explanation of a score that is the sum of its parts, with a sentence that counts those for and
/// against.
Explanation sumOfParts(std::vector<ExplanationPart> parts);

/// One count as a tensor, and back.
void saveCount(TensorFile& file, const std::string& name, std::int32_t count);
Result<std::int32_t> loadCount(const TensorFile& file, const std::string& name);
/// What an interaction counts, as metadata "param.values", and back.
void saveEntryValues(TensorFile& file, EntryValues values);
Result<EntryValues> loadEntryValues(const TensorFile& file);
/// Counting pairs of items (`scattered` additions) and keeping the parameter "k" largest of each item's row.
FitCost sparseItemCost(const DataShape& shape, const ParamMap& params, std::int32_t defaultK,
                       double scattered);
/// The choices of a parameter that says what an interaction counts.
std::vector<std::pair<EntryValues, ParamChoice>> entryValueChoices();

} // namespace recoscope
