// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/pure_svd_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace recoscope {

SvdSpace::SvdSpace(MatrixF items, VectorF mean, CellValues values)
    : m_items(std::move(items))
    , m_mean(std::move(mean))
    , m_values(values) {
    if (!centred()) return;
    const VectorD sum = m_items.cast<double>().transpose() * m_mean.cast<double>();
    m_origin = sum.cast<float>();
}

void SvdSpace::code(std::span<const ItemIndex> items, std::span<const float> values, float* out) const {
    const Eigen::Index d = m_items.cols();
    std::fill(out, out + d, 0.0f);
    if (items.empty()) return;
    for (std::size_t n = 0; n < items.size(); ++n) {
        const float* __restrict row = m_items.data() + toInt(items[n]) * d;
        const float x = cell(values, n);
        for (Eigen::Index k = 0; k < d; ++k)
            out[k] += x * row[k];
    }
    if (!centred()) return;
    for (Eigen::Index k = 0; k < d; ++k)
        out[k] -= m_origin[k];
}

SvdModel::SvdModel(MatrixF users, SvdSpace space)
    : m_users(std::move(users))
    , m_space(std::move(space)) {}

void SvdModel::code(const Query& query, float* out) const {
    const Eigen::Index d = m_users.cols();
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount())
        std::copy_n(m_users.data() + toInt(*query.user) * d, d, out);
    else
        m_space.code(query.items, query.values, out);
}

void SvdModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF codes(static_cast<Eigen::Index>(queries.size()), m_users.cols());
    for (std::size_t q = 0; q < queries.size(); ++q)
        code(queries[q], codes.row(static_cast<Eigen::Index>(q)).data());
    out.noalias() = codes * m_space.items().transpose();
    if (m_space.centred()) out.rowwise() += m_space.mean().transpose();
}

Result<Explanation> SvdModel::explain(const Query& query, ItemIndex item) const {
    const VectorD target = m_space.items().row(toInt(item)).transpose().cast<double>();
    Explanation why;
    why.additive = true;
    if (m_space.centred()) {
        why.baseline = static_cast<double>(m_space.mean()[toInt(item)]);
        if (!query.items.empty()) why.baseline -= m_space.origin().cast<double>().dot(target);
    }
    why.score = why.baseline;
    for (std::size_t n = 0; n < query.items.size(); ++n) {
        const double similarity =
            m_space.items().row(toInt(query.items[n])).transpose().cast<double>().dot(target);
        const double value = static_cast<double>(m_space.cell(query.values, n));
        char detail[64];
        std::snprintf(detail, sizeof detail, "v·v %.4f x value %g", similarity, value);
        why.score += similarity * value;
        why.parts.push_back({"", query.items[n], similarity * value, detail});
    }
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    why.summary = query.items.empty() ? "There is no history to recommend from."
                                      : "Each item of the history adds its value times the product of the "
                                        "two items' vectors.";
    return why;
}

void SvdModel::save(TensorFile& file) const {
    file.set("user.codes", m_users);
    file.set("item.vectors", m_space.items());
    if (m_space.centred())
        file.set("item.mean", std::span<const float>(m_space.mean().data(),
                                                     static_cast<std::size_t>(m_space.mean().size())));
    const std::int32_t ones = m_space.values() == CellValues::Ones ? 1 : 0;
    file.set("values.ones", std::span<const std::int32_t>(&ones, 1));
}

Result<std::shared_ptr<const Recommender>> SvdModel::load(const TensorFile& file, Centring centring) {
    auto users = file.matrix("user.codes");
    if (!users) return users.error();
    auto items = file.matrix("item.vectors");
    if (!items) return items.error();
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User codes and item vectors differ in length", "item.vectors"};
    const auto ones = file.ints("values.ones");
    if (!ones) return ones.error();
    if (ones->size() != 1 || ones->front() < 0 || ones->front() > 1)
        return Error{ErrorCode::Parse, "The kind of values is unknown", "values.ones"};
    VectorF mean;
    if (centring == Centring::ColumnMeans) {
        const auto means = file.floats("item.mean");
        if (!means) return means.error();
        if (static_cast<Eigen::Index>(means->size()) != items->rows())
            return Error{ErrorCode::Parse, "There is not one mean for each item", "item.mean"};
        mean = Eigen::Map<const VectorF>(means->data(), items->rows());
    }
    const CellValues values = ones->front() == 1 ? CellValues::Ones : CellValues::AsGiven;
    return std::shared_ptr<const Recommender>(
        std::make_shared<SvdModel>(std::move(*users), SvdSpace(std::move(*items), std::move(mean), values)));
}

} // namespace recoscope
