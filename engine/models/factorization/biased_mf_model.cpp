// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/biased_mf_model.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>
#include <string>

namespace recoscope {

BiasedMfModel::BiasedMfModel(float mean, MatrixF users, MatrixF items, VectorF userBias, VectorF itemBias,
                             Ridge ridge)
    : m_mean(mean)
    , m_users(std::move(users))
    , m_items(std::move(items))
    , m_userBias(std::move(userBias))
    , m_itemBias(std::move(itemBias))
    , m_ridge(ridge) {}

BiasedMfModel::User BiasedMfModel::userOf(const Query& query) const {
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount())
        return {m_userBias[toInt(*query.user)], m_users.row(toInt(*query.user)).transpose()};
    const Eigen::Index d = m_items.cols();
    User user{0.0f, VectorF::Zero(d)};
    if (query.items.empty()) return user;
    // Unknowns: the bias, then the factors. In double, because a history shorter than d leans on the ridge
    // alone.
    const auto n = static_cast<Eigen::Index>(query.items.size());
    MatrixD rows(n, d + 1);
    VectorD residuals(n);
    for (Eigen::Index k = 0; k < n; ++k) {
        const auto item = toInt(query.items[static_cast<std::size_t>(k)]);
        rows(k, 0) = 1.0;
        rows.row(k).tail(d) = m_items.row(item).cast<double>();
        residuals[k] = static_cast<double>(query.values[static_cast<std::size_t>(k)]) -
                       static_cast<double>(m_mean) - static_cast<double>(m_itemBias[item]);
    }
    // A ridge of 0 would leave short histories without a unique solution.
    const double least = 1e-6;
    MatrixD system = rows.transpose() * rows;
    const auto length = static_cast<double>(n);
    system(0, 0) += length * std::max(least, static_cast<double>(m_ridge.bias));
    system.diagonal().tail(d).array() += length * std::max(least, static_cast<double>(m_ridge.factors));
    const VectorD solution = system.llt().solve(VectorD(rows.transpose() * residuals));
    if (!solution.allFinite()) return user;
    user.bias = static_cast<float>(solution[0]);
    user.factors = solution.tail(d).cast<float>();
    return user;
}

void BiasedMfModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF p(static_cast<Eigen::Index>(queries.size()), m_items.cols());
    VectorF bias(p.rows());
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const User user = userOf(queries[q]);
        p.row(static_cast<Eigen::Index>(q)) = user.factors.transpose();
        bias[static_cast<Eigen::Index>(q)] = m_mean + user.bias;
    }
    out.noalias() = p * m_items.transpose();
    out.rowwise() += m_itemBias.transpose();
    out.colwise() += bias;
}

Result<Explanation> BiasedMfModel::explain(const Query& query, ItemIndex item) const {
    const User user = userOf(query);
    const auto i = toInt(item);
    Explanation why;
    why.additive = true;
    why.baseline = static_cast<double>(m_mean);
    why.parts.push_back(
        {"user bias", std::nullopt, static_cast<double>(user.bias), "how this user rates against the mean"});
    why.parts.push_back({"item bias", std::nullopt, static_cast<double>(m_itemBias[i]),
                         "how this item is rated against the mean"});
    for (Eigen::Index f = 0; f < m_items.cols(); ++f)
        why.parts.push_back({"factor " + std::to_string(f + 1), std::nullopt,
                             static_cast<double>(user.factors[f]) * static_cast<double>(m_items(i, f)), ""});
    why.score = why.baseline;
    for (const ExplanationPart& part : why.parts)
        why.score += part.contribution;
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    why.summary = "The mean rating, moved by how this user rates, how this item is rated, and how well their "
                  "factors fit.";
    return why;
}

void BiasedMfModel::save(TensorFile& file) const {
    const auto span = [](const VectorF& v) {
        return std::span<const float>(v.data(), static_cast<std::size_t>(v.size()));
    };
    const float numbers[] = {m_mean, m_ridge.factors, m_ridge.bias};
    file.set("mean_and_ridge", std::span<const float>(numbers));
    file.set("user.factors", m_users);
    file.set("item.factors", m_items);
    file.set("user.bias", span(m_userBias));
    file.set("item.bias", span(m_itemBias));
}

Result<std::shared_ptr<const Recommender>> BiasedMfModel::load(const TensorFile& file) {
    auto users = file.matrix("user.factors");
    if (!users) return users.error();
    auto items = file.matrix("item.factors");
    if (!items) return items.error();
    const auto userBias = file.floats("user.bias");
    if (!userBias) return userBias.error();
    const auto itemBias = file.floats("item.bias");
    if (!itemBias) return itemBias.error();
    const auto numbers = file.floats("mean_and_ridge");
    if (!numbers) return numbers.error();
    const auto vector = [](const std::vector<float>& values) {
        return VectorF(Eigen::Map<const VectorF>(values.data(), static_cast<Eigen::Index>(values.size())));
    };
    const VectorF bu = vector(*userBias);
    const VectorF bi = vector(*itemBias);
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User and item factors differ in length", "item.factors"};
    if (bu.size() != users->rows()) return Error{ErrorCode::Parse, "Not one bias for each user", "user.bias"};
    if (bi.size() != items->rows()) return Error{ErrorCode::Parse, "Not one bias for each item", "item.bias"};
    if (numbers->size() != 3 || (*numbers)[1] < 0.0f || (*numbers)[2] < 0.0f)
        return Error{ErrorCode::Parse, "The mean and the two ridges are not three numbers", "mean_and_ridge"};
    return std::shared_ptr<const Recommender>(std::make_shared<BiasedMfModel>(
        (*numbers)[0], std::move(*users), std::move(*items), bu, bi, Ridge{(*numbers)[1], (*numbers)[2]}));
}

} // namespace recoscope
