// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/similar_items_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

SimilarItemsModel::SimilarItemsModel(std::int32_t users, EntryValues values, ItemItemCsr neighbours,
                                     ContentPtr content)
    : m_users(users)
    , m_values(values)
    , m_neighbours(std::move(neighbours))
    , m_contributions(m_neighbours.transposed())
    , m_content(std::move(content)) {}

void SimilarItemsModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    for (std::size_t q = 0; q < queries.size(); ++q) {
        float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
        std::fill(scores, scores + itemCount(), 0.0f);
        const Query& query = queries[q];
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const auto items = m_contributions.cols(query.items[n]);
            const auto similarities = m_contributions.values(query.items[n]);
            const float x = value(query, n);
            for (std::size_t m = 0; m < items.size(); ++m)
                scores[static_cast<std::size_t>(items[m])] += x * similarities[m];
        }
    }
}

Result<Explanation> SimilarItemsModel::explain(const Query& query, ItemIndex item) const {
    Explanation why;
    why.additive = true;
    const auto near = m_neighbours.cols(item);
    for (std::size_t n = 0; n < query.items.size(); ++n) {
        const ItemIndex from = query.items[n];
        const auto found = std::lower_bound(near.begin(), near.end(), from);
        if (found == near.end() || *found != from) continue;
        const float similarity = m_neighbours.values(item)[static_cast<std::size_t>(found - near.begin())];
        const float x = value(query, n);
        char detail[64];
        std::snprintf(detail, sizeof detail, "similarity %.3g x %.3g", static_cast<double>(similarity),
                      static_cast<double>(x));
        const std::string common = m_content->shared(item, from, 3);
        why.parts.push_back(
            {"", from, static_cast<double>(similarity) * static_cast<double>(x),
             common.empty() ? std::string(detail) : std::string(detail) + "; both: " + common});
        why.score += why.parts.back().contribution;
    }
    std::stable_sort(why.parts.begin(), why.parts.end(), [](const auto& a, const auto& b) {
        return std::abs(a.contribution) > std::abs(b.contribution);
    });
    why.summary = why.parts.empty()
                      ? "Nothing in the history is among this item's neighbours."
                      : "Similar to " + std::to_string(why.parts.size()) + " items in the history.";
    return why;
}

std::vector<ScoredItem> SimilarItemsModel::neighbours(ItemIndex item, int count) const {
    if (toInt(item) < 0 || toInt(item) >= itemCount() || count <= 0) return {};
    const auto items = m_neighbours.cols(item);
    const auto similarities = m_neighbours.values(item);
    std::vector<ScoredItem> result;
    for (std::size_t n = 0; n < items.size(); ++n)
        result.push_back({items[n], similarities[n]});
    std::stable_sort(result.begin(), result.end(),
                     [](const ScoredItem& a, const ScoredItem& b) { return a.score > b.score; });
    if (result.size() > static_cast<std::size_t>(count)) result.resize(static_cast<std::size_t>(count));
    return result;
}

void SimilarItemsModel::save(TensorFile& file) const {
    const std::int32_t numbers[] = {m_users, m_values == EntryValues::Ones ? 1 : 0};
    file.set("users.ones", std::span<const std::int32_t>(numbers));
    file.set("neighbours", m_neighbours);
    m_content->save(file);
}

Result<std::shared_ptr<const Recommender>> SimilarItemsModel::load(const TensorFile& file) {
    const auto numbers = file.ints("users.ones");
    if (!numbers) return numbers.error();
    if (numbers->size() != 2 || numbers->front() < 0 || numbers->back() < 0 || numbers->back() > 1)
        return Error{ErrorCode::Parse, "The user count and the kind of values are not two numbers",
                     "users.ones"};
    auto neighbours = file.csr<ItemIndex, ItemIndex>("neighbours");
    if (!neighbours) return neighbours.error();
    auto content = ContentMatrix::load(file);
    if (!content) return content.error();
    if (neighbours->rowCount() != neighbours->colCount() || neighbours->rowCount() != (*content)->itemCount())
        return Error{ErrorCode::Parse, "Neighbours must be items x items", "neighbours"};
    return std::shared_ptr<const Recommender>(std::make_shared<SimilarItemsModel>(
        numbers->front(), numbers->back() == 1 ? EntryValues::Ones : EntryValues::Given,
        std::move(*neighbours), std::move(*content)));
}

} // namespace recoscope
