// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/knn_baseline_model.h"

#include "engine/models/linear/item_weights.h"

#include <algorithm>
#include <atomic>
#include <cstdio>

namespace recoscope {

namespace {

/// Rating less bias for every rating of a user, in the order of the rows.
std::vector<float> residuals(const UserItemCsr& byUser, const ItemBiases& biases,
                             std::vector<float>& userBiases) {
    std::vector<float> result;
    result.reserve(static_cast<std::size_t>(byUser.size()));
    for (std::int32_t u = 0; u < byUser.rowCount(); ++u) {
        const auto items = byUser.cols(UserIndex{u});
        const auto ratings = byUser.values(UserIndex{u});
        const float user = biases.userBias(items, ratings);
        userBiases.push_back(user);
        for (std::size_t n = 0; n < items.size(); ++n)
            result.push_back(ratings[n] - biases.ofItem(static_cast<std::size_t>(items[n])) - user);
    }
    return result;
}

std::string partText(float similarity, float residual) {
    char text[96];
    std::snprintf(text, sizeof text, "similarity %.3g x rating above the bias %.3g",
                  static_cast<double>(similarity), static_cast<double>(residual));
    return text;
}

/// Mean, biases, and the neighbours' parts.
Explanation explained(const ItemBiases& biases, ItemIndex item, float userBias,
                      std::vector<ExplanationPart> neighbours) {
    Explanation result;
    result.additive = true;
    result.baseline = biases.mean;
    result.summary =
        "The biases of this user and item, moved by " + std::to_string(neighbours.size()) + " neighbours.";
    result.parts = std::move(neighbours);
    result.parts.push_back(
        {"how this item is rated", std::nullopt, biases.items[static_cast<std::size_t>(item)], ""});
    result.parts.push_back({"how this user rates", std::nullopt, userBias, ""});
    result.score = result.baseline;
    for (const ExplanationPart& part : result.parts)
        result.score += part.contribution;
    sortByMagnitude(result.parts);
    return result;
}

void saveRule(TensorFile& file, const NeighbourRule& rule) {
    const std::int32_t numbers[] = {rule.k, rule.minK};
    file.set("neighbours", std::span<const std::int32_t>(numbers));
}

Result<NeighbourRule> loadRule(const TensorFile& file) {
    const auto numbers = file.ints("neighbours");
    if (!numbers) return numbers.error();
    if (numbers->size() != 2 || numbers->front() < 1 || numbers->back() < 1)
        return Error{ErrorCode::Parse, "Expected k and min_k, both at least 1", "neighbours"};
    return NeighbourRule{numbers->front(), numbers->back()};
}

} // namespace

std::shared_ptr<const MatrixF> coratedItems(const Split& split, const ItemBiases& biases,
                                            const CoratedOptions& options, ThreadPool& pool,
                                            RunControl& control,
                                            const std::function<void(double)>& progress) {
    const UserItemCsr& byUser = split.train();
    const ItemUserCsr& byItem = split.trainByItem();
    std::vector<float> userBiases;
    const std::vector<float> e = residuals(byUser, biases, userBiases);
    const std::int64_t items = byItem.rowCount();
    auto result = std::make_shared<MatrixF>(items, items);
    std::vector<std::vector<CoratedSums>> scratch(static_cast<std::size_t>(pool.threadCount()));
    std::atomic<std::int64_t> done{0};
    std::atomic<bool> completed{true};
    constexpr std::int64_t rowsPerChunk = 4;
    pool.forChunks(items, rowsPerChunk, [&](const Chunk& chunk) {
        auto& sums = scratch[static_cast<std::size_t>(chunk.thread)];
        for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
            const ItemIndex item{static_cast<std::int32_t>(i)};
            sums.assign(static_cast<std::size_t>(items), CoratedSums{});
            const auto users = byItem.cols(item);
            const auto ratings = byItem.values(item);
            for (std::size_t n = 0; n < users.size(); ++n) {
                if (!control.keepGoing()) {
                    completed.store(false, std::memory_order_relaxed);
                    return;
                }
                const auto others = byUser.cols(users[n]);
                const auto theirs = byUser.values(users[n]);
                const float* const theirE = e.data() + byUser.rowBegin(users[n]);
                const float own = ratings[n] - biases.ofItem(static_cast<std::size_t>(i)) -
                                  userBiases[static_cast<std::size_t>(users[n])];
                for (std::size_t m = 0; m < others.size(); ++m)
                    sums[static_cast<std::size_t>(others[m])].add(options.kind, ratings[n], own, theirs[m],
                                                                  theirE[m]);
            }
            float* const row = result->row(i).data();
            for (std::int64_t j = 0; j < items; ++j) {
                const float similarity = sums[static_cast<std::size_t>(j)].similarity(options);
                row[j] = std::isfinite(similarity) ? similarity : 0.0f;
            }
            row[i] = 0.0f;
            done.fetch_add(1, std::memory_order_relaxed);
        }
        if (progress && chunk.thread == 0)
            progress(static_cast<double>(done.load(std::memory_order_relaxed)) / static_cast<double>(items));
    });
    return completed.load() ? result : nullptr;
}

ItemKnnBaseline::ItemKnnBaseline(std::int32_t users, NeighbourRule rule, ItemBiases biases,
                                 std::shared_ptr<const MatrixF> similarities)
    : m_users(users)
    , m_rule(rule)
    , m_biases(std::move(biases))
    , m_similarities(std::move(similarities)) {}

void ItemKnnBaseline::nearest(std::span<const ItemIndex> history, std::size_t item,
                              std::vector<Neighbour>& out) const {
    out.clear();
    if (!m_similarities) return;
    const float* const row = m_similarities->row(static_cast<Eigen::Index>(item)).data();
    for (std::size_t n = 0; n < history.size(); ++n)
        if (const float similarity = row[toInt(history[n])]; similarity > 0.0f)
            out.push_back({similarity, static_cast<std::int32_t>(n)});
    if (out.size() <= static_cast<std::size_t>(m_rule.k)) return;
    std::nth_element(
        out.begin(), out.begin() + m_rule.k, out.end(), [](const Neighbour& a, const Neighbour& b) {
            return a.similarity > b.similarity || (a.similarity == b.similarity && a.position < b.position);
        });
    out.resize(static_cast<std::size_t>(m_rule.k));
    // Sums go in the order of the history whatever the selection left.
    std::sort(out.begin(), out.end(),
              [](const Neighbour& a, const Neighbour& b) { return a.position < b.position; });
}

void ItemKnnBaseline::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    std::vector<float> userBiases;
    std::vector<std::vector<float>> e(queries.size());
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const Query& query = queries[q];
        userBiases.push_back(m_biases.userBias(query.items, query.values));
        for (std::size_t n = 0; n < query.items.size(); ++n)
            e[q].push_back(query.values[n] - m_biases.ofItem(static_cast<std::size_t>(query.items[n])) -
                           userBiases[q]);
    }
    std::vector<Neighbour> neighbours;
    // Item by item, so that an item's similarities are read once for all queries.
    for (std::size_t i = 0; i < m_biases.items.size(); ++i)
        for (std::size_t q = 0; q < queries.size(); ++q) {
            nearest(queries[q].items, i, neighbours);
            float sum = 0.0f;
            float weight = 0.0f;
            for (const Neighbour& one : neighbours) {
                sum += one.similarity * e[q][static_cast<std::size_t>(one.position)];
                weight += one.similarity;
            }
            const bool enough = static_cast<std::int32_t>(neighbours.size()) >= m_rule.minK && weight > 0.0f;
            out(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) =
                m_biases.ofItem(i) + userBiases[q] + (enough ? sum / weight : 0.0f);
        }
}

Result<Explanation> ItemKnnBaseline::explain(const Query& query, ItemIndex item) const {
    const float userBias = m_biases.userBias(query.items, query.values);
    std::vector<Neighbour> neighbours;
    nearest(query.items, static_cast<std::size_t>(item), neighbours);
    if (static_cast<std::int32_t>(neighbours.size()) < m_rule.minK) neighbours.clear();
    double weight = 0.0;
    for (const Neighbour& one : neighbours)
        weight += static_cast<double>(one.similarity);
    std::vector<ExplanationPart> parts;
    for (const Neighbour& one : neighbours) {
        const auto n = static_cast<std::size_t>(one.position);
        const float e =
            query.values[n] - m_biases.ofItem(static_cast<std::size_t>(query.items[n])) - userBias;
        parts.push_back({"", query.items[n],
                         static_cast<double>(one.similarity) * static_cast<double>(e) / weight,
                         partText(one.similarity, e)});
    }
    return explained(m_biases, item, userBias, std::move(parts));
}

std::vector<ScoredItem> ItemKnnBaseline::neighbours(ItemIndex item, int count) const {
    if (!m_similarities || toInt(item) < 0 || toInt(item) >= itemCount() || count <= 0) return {};
    std::vector<ScoredItem> result;
    for (std::int32_t j = 0; j < itemCount(); ++j)
        if (const float similarity = (*m_similarities)(toInt(item), j); similarity > 0.0f)
            result.push_back({ItemIndex{j}, similarity});
    const auto kept = std::min(result.size(), static_cast<std::size_t>(count));
    std::partial_sort(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(kept), result.end(),
                      [](const ScoredItem& a, const ScoredItem& b) {
                          return a.score > b.score || (a.score == b.score && a.item < b.item);
                      });
    result.resize(kept);
    return result;
}

void ItemKnnBaseline::save(TensorFile& file) const {
    file.setMeta("param.based_on", "items");
    saveCount(file, "user.total", m_users);
    saveRule(file, m_rule);
    saveItemBiases(file, m_biases);
    file.set("similarities", m_similarities ? *m_similarities : MatrixF());
}

Result<std::shared_ptr<const Recommender>> ItemKnnBaseline::load(const TensorFile& file) {
    const auto users = loadCount(file, "user.total");
    if (!users) return users.error();
    const auto rule = loadRule(file);
    if (!rule) return rule.error();
    auto biases = loadItemBiases(file);
    if (!biases) return biases.error();
    auto similarities = file.matrix("similarities");
    if (!similarities) return similarities.error();
    const auto items = static_cast<Eigen::Index>(biases->items.size());
    const bool known = similarities->size() > 0;
    if (known && (similarities->rows() != items || similarities->cols() != items))
        return Error{ErrorCode::Parse, "Similarities must be items x items", "similarities"};
    return std::shared_ptr<const Recommender>(std::make_shared<ItemKnnBaseline>(
        *users, *rule, std::move(*biases),
        known ? std::make_shared<const MatrixF>(std::move(*similarities)) : nullptr));
}

UserKnnBaseline::UserKnnBaseline(NeighbourRule rule, CoratedOptions similarity, ItemBiases biases,
                                 std::shared_ptr<const UserItemCsr> train)
    : m_rule(rule)
    , m_similarity(similarity)
    , m_biases(std::move(biases))
    , m_train(std::move(train))
    , m_byItem(m_train->transposed())
    , m_residuals(residuals(*m_train, m_biases, m_userBiases)) {}

void UserKnnBaseline::nearest(const Query& query, float userBias, std::vector<CoratedSums>& sums,
                              std::vector<Near>& out) const {
    out.clear();
    sums.assign(static_cast<std::size_t>(userCount()), CoratedSums{});
    for (std::size_t n = 0; n < query.items.size(); ++n) {
        const auto item = static_cast<std::size_t>(query.items[n]);
        const float e = query.values[n] - m_biases.ofItem(item) - userBias;
        const auto users = m_byItem.cols(query.items[n]);
        const auto ratings = m_byItem.values(query.items[n]);
        for (std::size_t m = 0; m < users.size(); ++m) {
            const auto user = static_cast<std::size_t>(users[m]);
            sums[user].add(m_similarity.kind, query.values[n], e, ratings[m],
                           ratings[m] - m_biases.ofItem(item) - m_userBiases[user]);
        }
    }
    for (std::int32_t v = 0; v < userCount(); ++v) {
        if (query.user && *query.user == UserIndex{v}) continue;
        const float similarity = sums[static_cast<std::size_t>(v)].similarity(m_similarity);
        if (similarity > 0.0f && std::isfinite(similarity)) out.push_back({similarity, UserIndex{v}});
    }
    std::sort(out.begin(), out.end(), [](const Near& a, const Near& b) {
        return a.similarity > b.similarity || (a.similarity == b.similarity && a.user < b.user);
    });
}

void UserKnnBaseline::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    const auto items = static_cast<std::size_t>(itemCount());
    std::vector<CoratedSums> sums;
    std::vector<Near> near;
    std::vector<std::int32_t> counts;
    std::vector<float> weights;
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const float userBias = m_biases.userBias(queries[q].items, queries[q].values);
        nearest(queries[q], userBias, sums, near);
        float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
        std::fill(scores, scores + items, 0.0f);
        counts.assign(items, 0);
        weights.assign(items, 0.0f);
        // From the nearest on: an item takes the first k who rated it.
        for (const Near& one : near) {
            const auto theirs = m_train->cols(one.user);
            const float* const e = m_residuals.data() + m_train->rowBegin(one.user);
            for (std::size_t n = 0; n < theirs.size(); ++n) {
                const auto item = static_cast<std::size_t>(theirs[n]);
                if (counts[item] >= m_rule.k) continue;
                ++counts[item];
                scores[item] += one.similarity * e[n];
                weights[item] += one.similarity;
            }
        }
        for (std::size_t i = 0; i < items; ++i) {
            const bool enough = counts[i] >= m_rule.minK && weights[i] > 0.0f;
            scores[i] = m_biases.ofItem(i) + userBias + (enough ? scores[i] / weights[i] : 0.0f);
        }
    }
}

Result<Explanation> UserKnnBaseline::explain(const Query& query, ItemIndex item) const {
    const float userBias = m_biases.userBias(query.items, query.values);
    std::vector<CoratedSums> sums;
    std::vector<Near> near;
    nearest(query, userBias, sums, near);
    std::vector<ExplanationPart> parts;
    double weight = 0.0;
    for (const Near& one : near) {
        if (static_cast<std::int32_t>(parts.size()) == m_rule.k) break;
        const auto items = m_train->cols(one.user);
        const auto found = std::lower_bound(items.begin(), items.end(), item);
        if (found == items.end() || *found != item) continue;
        const float e =
            m_residuals[static_cast<std::size_t>(m_train->rowBegin(one.user) + (found - items.begin()))];
        weight += static_cast<double>(one.similarity);
        ExplanationPart part{"a similar user", std::nullopt, static_cast<double>(one.similarity) * e,
                             partText(one.similarity, e)};
        part.user = one.user;
        parts.push_back(std::move(part));
    }
    if (static_cast<std::int32_t>(parts.size()) < m_rule.minK) parts.clear();
    for (ExplanationPart& part : parts)
        part.contribution /= weight;
    return explained(m_biases, item, userBias, std::move(parts));
}

void UserKnnBaseline::save(TensorFile& file) const {
    file.setMeta("param.based_on", "users");
    file.setMeta("param.similarity", m_similarity.kind == CoratedKind::Msd ? "msd" : "pearson_baseline");
    const float shrinkage = static_cast<float>(m_similarity.shrinkage);
    file.set("shrinkage", std::span<const float>(&shrinkage, 1));
    saveCount(file, "min_support", m_similarity.minSupport);
    saveRule(file, m_rule);
    saveItemBiases(file, m_biases);
    file.set("train", *m_train);
}

Result<std::shared_ptr<const Recommender>> UserKnnBaseline::load(const TensorFile& file) {
    const auto kind = file.meta("param.similarity");
    if (!kind) return kind.error();
    if (*kind != "msd" && *kind != "pearson_baseline")
        return Error{ErrorCode::Parse, "Expected msd or pearson_baseline", "param.similarity"};
    const auto shrinkage = file.floats("shrinkage");
    if (!shrinkage) return shrinkage.error();
    if (shrinkage->size() != 1 || shrinkage->front() < 0.0f)
        return Error{ErrorCode::Parse, "The shrinkage is not one number of at least 0", "shrinkage"};
    const auto support = loadCount(file, "min_support");
    if (!support) return support.error();
    const auto rule = loadRule(file);
    if (!rule) return rule.error();
    auto biases = loadItemBiases(file);
    if (!biases) return biases.error();
    auto train = file.csr<UserIndex, ItemIndex>("train");
    if (!train) return train.error();
    if (static_cast<std::size_t>(train->colCount()) != biases->items.size())
        return Error{ErrorCode::Parse, "The training data and the biases have different items", "train"};
    const CoratedOptions similarity{*kind == "msd" ? CoratedKind::Msd : CoratedKind::PearsonBaseline,
                                    static_cast<double>(shrinkage->front()), *support};
    return std::shared_ptr<const Recommender>(std::make_shared<UserKnnBaseline>(
        *rule, similarity, std::move(*biases), std::make_shared<const UserItemCsr>(std::move(*train))));
}

} // namespace recoscope
