// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/linear/item_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

float ItemWeights::weight(ItemIndex target, ItemIndex from) const {
    const auto items = m_byTarget.cols(target);
    const auto found = std::lower_bound(items.begin(), items.end(), from);
    if (found == items.end() || *found != from) return 0.0f;
    return m_byTarget.values(target)[static_cast<std::size_t>(found - items.begin())];
}

void ItemWeights::addTo(std::span<float> scores, ItemIndex from, float value) const {
    const auto items = m_bySource.cols(from);
    const auto weights = m_bySource.values(from);
    for (std::size_t n = 0; n < items.size(); ++n)
        scores[static_cast<std::size_t>(items[n])] += value * weights[n];
}

std::vector<ScoredItem> ItemWeights::neighbours(ItemIndex item, int count) const {
    if (toInt(item) < 0 || toInt(item) >= itemCount() || count <= 0) return {};
    const auto items = m_byTarget.cols(item);
    const auto weights = m_byTarget.values(item);
    std::vector<ScoredItem> result;
    for (std::size_t n = 0; n < items.size(); ++n)
        result.push_back({items[n], weights[n]});
    std::stable_sort(result.begin(), result.end(),
                     [](const ScoredItem& a, const ScoredItem& b) { return a.score > b.score; });
    if (result.size() > static_cast<std::size_t>(count)) result.resize(static_cast<std::size_t>(count));
    return result;
}

Result<ItemWeights> ItemWeights::load(const TensorFile& file, const std::string& name) {
    auto byTarget = file.csr<ItemIndex, ItemIndex>(name);
    if (!byTarget) return byTarget.error();
    if (byTarget->rowCount() != byTarget->colCount())
        return Error{ErrorCode::Parse, "Weights between items must be items x items", name};
    return ItemWeights(std::move(*byTarget));
}

void SparseItemModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const std::span<float> scores(out.row(static_cast<Eigen::Index>(q)).data(),
                                      static_cast<std::size_t>(itemCount()));
        std::fill(scores.begin(), scores.end(), 0.0f);
        for (std::size_t n = 0; n < queries[q].items.size(); ++n)
            m_weights.addTo(scores, queries[q].items[n], valueOf(queries[q], n));
    }
}

Result<Explanation> SparseItemModel::explain(const Query& query, ItemIndex item) const {
    std::vector<ExplanationPart> parts;
    for (std::size_t n = 0; n < query.items.size(); ++n) {
        const float weight = m_weights.weight(item, query.items[n]);
        if (weight != 0.0f) parts.push_back(weightPart(query.items[n], weight, "weight", valueOf(query, n)));
    }
    return sumOfParts(std::move(parts));
}

void SparseItemModel::save(TensorFile& file) const {
    saveCount(file, "user.total", m_users);
    saveEntryValues(file, m_values);
    m_weights.save(file, "weights");
}

Result<std::shared_ptr<const Recommender>> SparseItemModel::load(const TensorFile& file) {
    const auto users = loadCount(file, "user.total");
    if (!users) return users.error();
    const auto values = loadEntryValues(file);
    if (!values) return values.error();
    auto weights = ItemWeights::load(file, "weights");
    if (!weights) return weights.error();
    return std::shared_ptr<const Recommender>(
        std::make_shared<SparseItemModel>(*users, *values, std::move(*weights)));
}

ExplanationPart weightPart(ItemIndex from, float weight, const char* weightWord, float value,
                           const char* valueWord) {
    char text[96];
    std::snprintf(text, sizeof text, "%s %.3g x %s %.3g", weightWord, static_cast<double>(weight), valueWord,
                  static_cast<double>(value));
    return {"", from, static_cast<double>(weight) * value, text};
}

void sortByMagnitude(std::vector<ExplanationPart>& parts) {
    std::stable_sort(parts.begin(), parts.end(), [](const ExplanationPart& a, const ExplanationPart& b) {
        return std::abs(a.contribution) > std::abs(b.contribution);
    });
}

Explanation sumOfParts(std::vector<ExplanationPart> parts) {
    Explanation result;
    result.additive = true;
    std::size_t against = 0;
    for (const ExplanationPart& part : parts) {
        result.score += part.contribution;
        if (part.contribution < 0.0) ++against;
    }
    sortByMagnitude(parts);
    result.summary = parts.empty()
                         ? std::string("Nothing in the history says anything about this item.")
                         : std::to_string(parts.size() - against) + " items of the history speak for it";
    if (!parts.empty())
        result.summary += against > 0 ? ", " + std::to_string(against) + " against." : std::string(".");
    result.parts = std::move(parts);
    return result;
}

void saveCount(TensorFile& file, const std::string& name, std::int32_t count) {
    const std::int64_t value = count;
    file.set(name, std::span<const std::int64_t>(&value, 1));
}

Result<std::int32_t> loadCount(const TensorFile& file, const std::string& name) {
    const auto value = file.longs(name);
    if (!value) return value.error();
    if (value->size() != 1 || value->front() < 0 || value->front() > INT32_MAX)
        return Error{ErrorCode::Parse, "A count is not one number", name};
    return static_cast<std::int32_t>(value->front());
}

void saveEntryValues(TensorFile& file, EntryValues values) {
    file.setMeta("param.values", values == EntryValues::Ones ? "ones" : "ratings");
}

Result<EntryValues> loadEntryValues(const TensorFile& file) {
    const auto text = file.meta("param.values");
    if (!text) return text.error();
    if (*text == "ones") return EntryValues::Ones;
    if (*text == "ratings") return EntryValues::Given;
    return Error{ErrorCode::Parse, "An interaction counts 'ones' or 'ratings'", "param.values"};
}

FitCost sparseItemCost(const DataShape& shape, const ParamMap& params, std::int32_t defaultK,
                       double scattered) {
    // An item cannot have more neighbours than there are pairs to find them by.
    const double kept = std::min({numberIn(params, "k").value_or(defaultK), shape.items,
                                  shape.squaredHistories / std::max(shape.items, 1.0)});
    // Kept by row while counting, then by target in trainer and model and by source in the model.
    return {.bytes = shape.items * kept * 3.0 * 8.0,
            .scattered = scattered,
            .memory = "items x k neighbours x 8 bytes, three times"};
}

std::vector<std::pair<EntryValues, ParamChoice>> entryValueChoices() {
    return {{EntryValues::Ones, {"ones", "1", "Every interaction counts 1, whatever its rating"}},
            {EntryValues::Given, {"ratings", "Rating", "An interaction counts its rating"}}};
}

} // namespace recoscope
