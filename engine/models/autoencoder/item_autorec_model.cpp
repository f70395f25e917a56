// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/item_autorec_model.h"

#include <Eigen/Cholesky>

#include <cmath>

namespace recoscope {

ItemAutorecModel::ItemAutorecModel(MatrixF codes, MatrixF users, VectorF biases, VectorF itemBiases,
                                   float mean, double ridge)
    : m_codes(std::move(codes))
    , m_users(std::move(users))
    , m_biases(std::move(biases))
    , m_itemBiases(std::move(itemBiases))
    , m_mean(mean)
    , m_ridge(ridge)
    , m_average(VectorF::Zero(m_users.cols() + 1)) {
    if (m_users.rows() == 0) return;
    m_average.head(m_users.cols()) = m_users.colwise().mean().transpose();
    m_average(m_users.cols()) = m_biases.mean();
}

void ItemAutorecModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    const Eigen::Index k = m_codes.cols();
    MatrixF rows(static_cast<Eigen::Index>(queries.size()), k);
    VectorF biases(rows.rows());
    for (std::size_t n = 0; n < queries.size(); ++n) {
        const auto row = static_cast<Eigen::Index>(n);
        if (queries[n].user && toInt(*queries[n].user) < userCount()) {
            rows.row(row) = m_users.row(toInt(*queries[n].user));
            biases(row) = m_biases(toInt(*queries[n].user));
            continue;
        }
        const VectorF fitted = foldIn(queries[n]);
        rows.row(row) = fitted.head(k).transpose();
        biases(row) = fitted(k);
    }
    out.noalias() = rows * m_codes.transpose();
    out.colwise() += (biases.array() + m_mean).matrix();
    out.rowwise() += m_itemBiases.transpose();
}

VectorF ItemAutorecModel::foldIn(const Query& query) const {
    const auto n = static_cast<Eigen::Index>(query.items.size());
    const Eigen::Index k = m_codes.cols();
    VectorF result = m_average;
    if (n == 0) return result;
    MatrixF a(n, k + 1); // codes, and a 1 for the bias
    VectorF y(n);
    for (Eigen::Index row = 0; row < n; ++row) {
        a.row(row).head(k) = m_codes.row(toInt(query.items[static_cast<std::size_t>(row)]));
        a(row, k) = 1.0f;
        y(row) = query.values[static_cast<std::size_t>(row)] - m_mean -
                 m_itemBiases(toInt(query.items[static_cast<std::size_t>(row)]));
    }
    y.noalias() -= a * m_average;
    const auto ridge = static_cast<float>(m_ridge);
    if (n < k + 1) { // the smaller system of the two
        MatrixF gram = a * a.transpose();
        gram.diagonal().array() += ridge;
        const VectorF dual = gram.llt().solve(y);
        result.noalias() += a.transpose() * dual;
    } else {
        MatrixF gram = a.transpose() * a;
        gram.diagonal().array() += ridge;
        const VectorF right = a.transpose() * y;
        result += gram.llt().solve(right);
    }
    return result;
}

void ItemAutorecModel::save(TensorFile& file) const {
    file.set("item.codes", m_codes);
    file.set("user.weights", m_users);
    file.set("user.biases",
             std::span<const float>(m_biases.data(), static_cast<std::size_t>(m_biases.size())));
    file.set("item.biases",
             std::span<const float>(m_itemBiases.data(), static_cast<std::size_t>(m_itemBiases.size())));
    const float numbers[] = {m_mean, static_cast<float>(m_ridge)};
    file.set("mean_and_ridge", std::span<const float>(numbers));
}

Result<std::shared_ptr<const Recommender>> ItemAutorecModel::load(const TensorFile& file) {
    auto codes = file.matrix("item.codes");
    if (!codes) return codes.error();
    auto users = file.matrix("user.weights");
    if (!users) return users.error();
    const auto biases = file.floats("user.biases");
    if (!biases) return biases.error();
    const auto itemBiases = file.floats("item.biases");
    if (!itemBiases) return itemBiases.error();
    if (static_cast<Eigen::Index>(itemBiases->size()) != codes->rows())
        return Error{ErrorCode::Parse, "One bias an item is needed", "item.biases"};
    const auto numbers = file.floats("mean_and_ridge");
    if (!numbers) return numbers.error();
    if (codes->cols() != users->cols() || static_cast<Eigen::Index>(biases->size()) != users->rows())
        return Error{ErrorCode::Parse, "Codes, weights and biases do not fit together", "user.weights"};
    if (numbers->size() != 2 || !((*numbers)[1] > 0.0f))
        return Error{ErrorCode::Parse, "A mean and a ridge above 0 are needed", "mean_and_ridge"};
    const VectorF b = Eigen::Map<const VectorF>(biases->data(), static_cast<Eigen::Index>(biases->size()));
    const VectorF c = Eigen::Map<const VectorF>(itemBiases->data(), codes->rows());
    return std::shared_ptr<const Recommender>(std::make_shared<ItemAutorecModel>(
        std::move(*codes), std::move(*users), b, c, (*numbers)[0], static_cast<double>((*numbers)[1])));
}

} // namespace recoscope
