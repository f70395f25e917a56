// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/fism_model.h"

#include "engine/linalg/top_k.h"
#include "engine/models/factorization/factor_explanation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace recoscope {

namespace {

float shareOf(std::size_t items, float alpha) {
    return std::pow(static_cast<float>(std::max<std::size_t>(1, items)), -alpha);
}

} // namespace

FismModel::FismModel(std::int32_t users, MatrixF given, MatrixF wanted, VectorF itemBias, float alpha)
    : m_users(users)
    , m_given(std::move(given))
    , m_wanted(std::move(wanted))
    , m_itemBias(std::move(itemBias))
    , m_alpha(alpha) {}

void FismModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF h = MatrixF::Zero(static_cast<Eigen::Index>(queries.size()), m_given.cols());
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const auto row = static_cast<Eigen::Index>(q);
        for (const ItemIndex item : queries[q].items)
            h.row(row) += m_given.row(toInt(item));
        h.row(row) *= shareOf(queries[q].items.size(), m_alpha);
    }
    out.noalias() = h * m_wanted.transpose();
    out.rowwise() += m_itemBias.transpose();
}

Result<Explanation> FismModel::explain(const Query& query, ItemIndex item) const {
    const Eigen::RowVectorXd wanted = m_wanted.row(toInt(item)).cast<double>();
    const auto share = static_cast<double>(shareOf(query.items.size(), m_alpha));
    Explanation why;
    why.parts.push_back({"item bias", std::nullopt, static_cast<double>(m_itemBias[toInt(item)]),
                         "how the item does with everybody"});
    for (const ItemIndex past : query.items) {
        const double similarity = m_given.row(toInt(past)).cast<double>().dot(wanted);
        char detail[64];
        std::snprintf(detail, sizeof detail, "similarity %.4f x share %.4f", similarity, share);
        why.parts.push_back({"", past, similarity * share, detail});
    }
    finishParts(why);
    why.summary = query.items.empty()
                      ? "There is no history, so only how the item does with everybody counts."
                      : "Each item of the history adds its learned similarity to this item.";
    return why;
}

std::vector<ScoredItem> FismModel::neighbours(ItemIndex item, int count) const {
    VectorF scores = m_wanted * m_given.row(toInt(item)).transpose();
    scores[toInt(item)] = -std::numeric_limits<float>::infinity();
    std::vector<std::int32_t> best(static_cast<std::size_t>(std::max(0, count)));
    const int found =
        topK(std::span<const float>(scores.data(), static_cast<std::size_t>(scores.size())), best);
    std::vector<ScoredItem> result;
    for (int n = 0; n < found; ++n)
        result.push_back(
            {ItemIndex{best[static_cast<std::size_t>(n)]}, scores[best[static_cast<std::size_t>(n)]]});
    return result;
}

void FismModel::save(TensorFile& file) const {
    file.set("item.given", m_given);
    file.set("item.wanted", m_wanted);
    file.set("item.bias",
             std::span<const float>(m_itemBias.data(), static_cast<std::size_t>(m_itemBias.size())));
    file.set("alpha", std::span<const float>(&m_alpha, 1));
    file.set("users", std::span<const std::int32_t>(&m_users, 1));
}

Result<std::shared_ptr<const Recommender>> FismModel::load(const TensorFile& file) {
    auto given = file.matrix("item.given");
    if (!given) return given.error();
    auto wanted = file.matrix("item.wanted");
    if (!wanted) return wanted.error();
    const auto bias = file.floats("item.bias");
    if (!bias) return bias.error();
    const auto alpha = file.floats("alpha");
    if (!alpha) return alpha.error();
    const auto users = file.ints("users");
    if (!users) return users.error();
    if (given->rows() != wanted->rows() || given->cols() != wanted->cols() || wanted->cols() < 1)
        return Error{ErrorCode::Parse, "An item's two vectors differ in length", "item.wanted"};
    if (static_cast<Eigen::Index>(bias->size()) != wanted->rows())
        return Error{ErrorCode::Parse, "Not one bias for each item", "item.bias"};
    if (alpha->size() != 1 || alpha->front() < 0.0f || alpha->front() > 10.0f)
        return Error{ErrorCode::Parse, "The exponent is not one such number", "alpha"};
    if (users->size() != 1 || users->front() < 0)
        return Error{ErrorCode::Parse, "The number of users is not one number", "users"};
    VectorF itemBias = Eigen::Map<const VectorF>(bias->data(), wanted->rows());
    return std::shared_ptr<const Recommender>(std::make_shared<FismModel>(
        users->front(), std::move(*given), std::move(*wanted), std::move(itemBias), alpha->front()));
}

} // namespace recoscope
