// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/linear/dense_item_model.h"

#include "engine/linalg/simd.h"
#include "engine/linalg/top_k.h"
#include "engine/models/linear/item_weights.h"

#include <algorithm>
#include <limits>

namespace recoscope {

namespace {

// Columns of the weights that one pass over the queries reads: eight registers of sums, and a stripe of some
// thousand items stays in the second-level cache from query to query.
constexpr std::int64_t kStripe = 8 * simd::kLanes;

/// out[0, kStripe) = the sum over the history of value times the row's stripe.
void sumStripe(const Query& query, const float* values, const float* weights, std::int64_t stride,
               float* out) {
    simd::Float16 sums[8] = {};
    for (std::size_t n = 0; n < query.items.size(); ++n) {
        const float* const row = weights + toInt(query.items[n]) * stride;
        const float value = values[n];
#pragma GCC unroll 8
        for (int v = 0; v < 8; ++v)
            sums[v] += simd::at(row + v * simd::kLanes) * value;
    }
    for (int v = 0; v < 8; ++v)
        simd::at(out + v * simd::kLanes) = sums[v];
}

} // namespace

DenseItemModel::DenseItemModel(std::int32_t users, std::int32_t items, EntryValues values,
                               std::shared_ptr<const MatrixF> weights)
    : m_users(users)
    , m_items(items)
    , m_values(values)
    , m_weights(std::move(weights)) {
    RECOSCOPE_CHECK(!m_weights || (m_weights->rows() == items && m_weights->cols() == items),
                    "a weight for every pair of items");
}

void DenseItemModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    if (!m_weights) {
        out.setZero();
        return;
    }
    std::vector<float> values;
    std::vector<std::size_t> starts;
    for (const Query& query : queries) {
        starts.push_back(values.size());
        for (std::size_t n = 0; n < query.items.size(); ++n)
            values.push_back(valueOf(query, n));
    }
    const std::int64_t stripes = m_items / kStripe;
    for (std::int64_t s = 0; s < stripes; ++s)
        for (std::size_t q = 0; q < queries.size(); ++q)
            sumStripe(queries[q], values.data() + starts[q], m_weights->data() + s * kStripe, m_items,
                      &out(static_cast<Eigen::Index>(q), s * kStripe));
    const std::int64_t rest = stripes * kStripe;
    for (std::size_t q = 0; q < queries.size(); ++q) {
        float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
        std::fill(scores + rest, scores + m_items, 0.0f);
        for (std::size_t n = 0; n < queries[q].items.size(); ++n) {
            const float* const row = m_weights->row(toInt(queries[q].items[n])).data();
            const float value = values[starts[q] + n];
            for (std::int64_t i = rest; i < m_items; ++i)
                scores[i] += value * row[i];
        }
    }
}

Result<Explanation> DenseItemModel::explain(const Query& query, ItemIndex item) const {
    std::vector<ExplanationPart> parts;
    for (std::size_t n = 0; m_weights && n < query.items.size(); ++n) {
        const float weight = (*m_weights)(toInt(query.items[n]), toInt(item));
        if (weight != 0.0f) parts.push_back(weightPart(query.items[n], weight, "weight", valueOf(query, n)));
    }
    return sumOfParts(std::move(parts));
}

std::vector<ScoredItem> DenseItemModel::neighbours(ItemIndex item, int count) const {
    if (!m_weights || toInt(item) < 0 || toInt(item) >= m_items || count <= 0) return {};
    std::vector<float> column(static_cast<std::size_t>(m_items));
    for (std::int32_t i = 0; i < m_items; ++i) {
        const float weight = (*m_weights)(i, toInt(item));
        column[static_cast<std::size_t>(i)] =
            weight > 0.0f ? weight : -std::numeric_limits<float>::infinity();
    }
    column[static_cast<std::size_t>(item)] = -std::numeric_limits<float>::infinity();
    std::vector<std::int32_t> best(static_cast<std::size_t>(std::min(count, m_items)));
    best.resize(static_cast<std::size_t>(topK(column, best)));
    std::vector<ScoredItem> result;
    for (const std::int32_t i : best)
        result.push_back({ItemIndex{i}, column[static_cast<std::size_t>(i)]});
    return result;
}

void DenseItemModel::save(TensorFile& file) const {
    saveCount(file, "user.total", m_users);
    saveCount(file, "item.total", m_items);
    saveEntryValues(file, m_values);
    // Without a temporary: the matrix may be most of the machine's memory.
    static const MatrixF none;
    file.set("weights", m_weights ? *m_weights : none);
}

Result<std::shared_ptr<const Recommender>> DenseItemModel::load(const TensorFile& file) {
    const auto users = loadCount(file, "user.total");
    if (!users) return users.error();
    const auto items = loadCount(file, "item.total");
    if (!items) return items.error();
    const auto values = loadEntryValues(file);
    if (!values) return values.error();
    auto weights = file.matrix("weights");
    if (!weights) return weights.error();
    const bool learned = weights->size() > 0;
    if (learned && (weights->rows() != *items || weights->cols() != *items))
        return Error{ErrorCode::Parse, "Weights must be items x items", "weights"};
    return std::shared_ptr<const Recommender>(std::make_shared<DenseItemModel>(
        *users, *items, *values, learned ? std::make_shared<const MatrixF>(std::move(*weights)) : nullptr));
}

} // namespace recoscope
