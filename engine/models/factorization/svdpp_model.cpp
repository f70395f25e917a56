// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/svdpp_model.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>

namespace recoscope {

SvdppModel::User SvdppModel::userOf(const Query& query) const {
    const Eigen::Index d = m.items.cols();
    User user{0.0f, VectorF::Zero(d), VectorF::Zero(d)};
    for (const ItemIndex item : query.items)
        user.implicit += m.implicit.row(toInt(item)).transpose();
    if (!query.items.empty()) user.implicit /= std::sqrt(static_cast<float>(query.items.size()));
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount()) {
        user.bias = m.userBias[toInt(*query.user)];
        user.vector = m.users.row(toInt(*query.user)).transpose();
        return user;
    }
    user.vector = user.implicit;
    if (query.items.empty()) return user;
    // Unknowns: the bias, then p. In double, because a history shorter than d leans on the ridge alone.
    const auto n = static_cast<Eigen::Index>(query.items.size());
    MatrixD rows(n, d + 1);
    VectorD residuals(n);
    for (Eigen::Index k = 0; k < n; ++k) {
        const auto item = toInt(query.items[static_cast<std::size_t>(k)]);
        rows(k, 0) = 1.0;
        rows.row(k).tail(d) = m.items.row(item).cast<double>();
        residuals[k] = static_cast<double>(query.values[static_cast<std::size_t>(k)]) -
                       static_cast<double>(m.mean) - static_cast<double>(m.itemBias[item]) -
                       static_cast<double>(m.items.row(item).dot(user.implicit));
    }
    const double least = 1e-6; // a ridge of 0 would leave short histories without a unique solution
    MatrixD system = rows.transpose() * rows;
    const auto length = static_cast<double>(n);
    system(0, 0) += length * std::max(least, static_cast<double>(m.biasReg));
    system.diagonal().tail(d).array() += length * std::max(least, static_cast<double>(m.reg));
    const VectorD solution = system.llt().solve(VectorD(rows.transpose() * residuals));
    if (!solution.allFinite()) return user;
    user.bias = static_cast<float>(solution[0]);
    user.vector += solution.tail(d).cast<float>();
    return user;
}

void SvdppModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF w(static_cast<Eigen::Index>(queries.size()), m.items.cols());
    VectorF bias(w.rows());
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const User user = userOf(queries[q]);
        w.row(static_cast<Eigen::Index>(q)) = user.vector.transpose();
        bias[static_cast<Eigen::Index>(q)] = m.mean + user.bias;
    }
    out.noalias() = w * m.items.transpose();
    out.rowwise() += m.itemBias.transpose();
    out.colwise() += bias;
}

Result<Explanation> SvdppModel::explain(const Query& query, ItemIndex item) const {
    const User user = userOf(query);
    const VectorD q = m.items.row(toInt(item)).transpose().cast<double>();
    Explanation why;
    why.additive = true;
    why.baseline = static_cast<double>(m.mean);
    why.parts.push_back(
        {"user bias", std::nullopt, static_cast<double>(user.bias), "how this user rates against the mean"});
    why.parts.push_back({"item bias", std::nullopt, static_cast<double>(m.itemBias[toInt(item)]),
                         "how this item is rated against the mean"});
    const VectorF own = user.vector - user.implicit;
    why.parts.push_back({"taste learned from ratings", std::nullopt, own.cast<double>().dot(q),
                         "the user's own factors times the item's"});
    const double share = 1.0 / std::sqrt(static_cast<double>(std::max<std::size_t>(1, query.items.size())));
    for (const ItemIndex from : query.items)
        why.parts.push_back({"", from, share * m.implicit.row(toInt(from)).transpose().cast<double>().dot(q),
                             "that it was rated at all"});
    why.score = why.baseline;
    for (const ExplanationPart& part : why.parts)
        why.score += part.contribution;
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    why.summary =
        "The mean rating, moved by how this user rates, how this item is rated, the user's taste, and "
        "which items were rated.";
    return why;
}

void SvdppModel::save(TensorFile& file) const {
    const auto span = [](const VectorF& v) {
        return std::span<const float>(v.data(), static_cast<std::size_t>(v.size()));
    };
    const float numbers[] = {m.mean, m.reg, m.biasReg};
    file.set("mean_and_ridge", std::span<const float>(numbers));
    file.set("user.vectors", m.users);
    file.set("item.factors", m.items);
    file.set("item.implicit", m.implicit);
    file.set("user.bias", span(m.userBias));
    file.set("item.bias", span(m.itemBias));
}

Result<std::shared_ptr<const Recommender>> SvdppModel::load(const TensorFile& file) {
    Parts parts;
    for (const auto& [name, to] : {std::pair<const char*, MatrixF*>{"user.vectors", &parts.users},
                                   {"item.factors", &parts.items},
                                   {"item.implicit", &parts.implicit}}) {
        auto matrix = file.matrix(name);
        if (!matrix) return matrix.error();
        *to = std::move(*matrix);
    }
    for (const auto& [name, to] :
         {std::pair<const char*, VectorF*>{"user.bias", &parts.userBias}, {"item.bias", &parts.itemBias}}) {
        const auto values = file.floats(name);
        if (!values) return values.error();
        *to = Eigen::Map<const VectorF>(values->data(), static_cast<Eigen::Index>(values->size()));
    }
    const auto numbers = file.floats("mean_and_ridge");
    if (!numbers) return numbers.error();
    if (numbers->size() != 3 || (*numbers)[1] < 0.0f || (*numbers)[2] < 0.0f)
        return Error{ErrorCode::Parse, "The mean and the two ridges are not three numbers", "mean_and_ridge"};
    if (parts.users.cols() != parts.items.cols() || parts.implicit.cols() != parts.items.cols() ||
        parts.items.cols() < 1)
        return Error{ErrorCode::Parse, "User and item factors differ in length", "item.factors"};
    if (parts.implicit.rows() != parts.items.rows())
        return Error{ErrorCode::Parse, "There is not one vector for each item", "item.implicit"};
    if (parts.userBias.size() != parts.users.rows())
        return Error{ErrorCode::Parse, "There is not one bias for each user", "user.bias"};
    if (parts.itemBias.size() != parts.items.rows())
        return Error{ErrorCode::Parse, "There is not one bias for each item", "item.bias"};
    parts.mean = (*numbers)[0];
    parts.reg = (*numbers)[1];
    parts.biasReg = (*numbers)[2];
    return std::shared_ptr<const Recommender>(std::make_shared<SvdppModel>(std::move(parts)));
}

} // namespace recoscope
