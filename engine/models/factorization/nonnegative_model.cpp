// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/nonnegative_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace recoscope {

namespace {

constexpr int kFoldInPasses = 50;

} // namespace

void nonnegativePass(const MatrixF& gram, const float* b, float reg, float* x, float* image) {
    const Eigen::Index d = gram.rows();
    float* const __restrict g = image;
    // G is symmetric, so that its rows can be added where its columns are meant.
    const auto addRow = [&](Eigen::Index k, float factor) {
        const float* const __restrict row = gram.data() + k * d;
        for (Eigen::Index m = 0; m < d; ++m)
            g[m] += factor * row[m];
    };
    std::fill(g, g + d, 0.0f);
    for (Eigen::Index k = 0; k < d; ++k)
        if (x[k] != 0.0f) addRow(k, x[k]);
    for (Eigen::Index k = 0; k < d; ++k) {
        const float curvature = gram(k, k) + reg;
        const float next =
            curvature > 0.0f ? std::max(0.0f, x[k] + (b[k] - g[k] - reg * x[k]) / curvature) : 0.0f;
        if (next == x[k]) continue;
        addRow(k, next - x[k]);
        x[k] = next;
    }
}

NonnegativeModel::NonnegativeModel(MatrixF users, MatrixF items, const Options& options)
    : m_users(std::move(users))
    , m_items(std::move(items))
    , m_options(options) {
    if (m_options.kind == NonnegativeKind::Matrix) m_gram = m_items.transpose() * m_items;
}

VectorF NonnegativeModel::userOf(const Query& query) const {
    const Eigen::Index d = m_items.cols();
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount())
        return m_users.row(toInt(*query.user)).transpose();
    VectorF user = VectorF::Zero(d);
    if (query.items.empty()) return user;
    if (m_options.kind == NonnegativeKind::Matrix) {
        VectorF b = VectorF::Zero(d);
        for (std::size_t n = 0; n < query.items.size(); ++n)
            b += (m_options.ones ? 1.0f : query.values[n]) * m_items.row(toInt(query.items[n])).transpose();
        VectorF image(d);
        for (int pass = 0; pass < kFoldInPasses; ++pass)
            nonnegativePass(m_gram, b.data(), m_options.reg, user.data(), image.data());
        return user;
    }
    user.setConstant(0.5f);
    VectorF numerator(d);
    VectorF denominator(d);
    for (int pass = 0; pass < kFoldInPasses; ++pass) {
        numerator.setZero();
        denominator = static_cast<float>(query.items.size()) * m_options.reg * user;
        for (std::size_t n = 0; n < query.items.size(); ++n) {
            const auto q = m_items.row(toInt(query.items[n])).transpose();
            numerator += query.values[n] * q;
            denominator += q.dot(user) * q;
        }
        for (Eigen::Index k = 0; k < d; ++k) {
            const float next = denominator[k] > 0.0f ? user[k] * numerator[k] / denominator[k] : 0.0f;
            user[k] = std::isfinite(next) ? std::max(0.0f, next) : 0.0f;
        }
    }
    return user;
}

bool NonnegativeModel::says(const VectorF& user, ItemIndex item) const {
    return m_options.kind == NonnegativeKind::Matrix ||
           (user.squaredNorm() > 0.0f && m_items.row(toInt(item)).squaredNorm() > 0.0f);
}

void NonnegativeModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF p(static_cast<Eigen::Index>(queries.size()), m_items.cols());
    for (std::size_t q = 0; q < queries.size(); ++q)
        p.row(static_cast<Eigen::Index>(q)) = userOf(queries[q]).transpose();
    out.noalias() = p * m_items.transpose();
    if (m_options.kind == NonnegativeKind::Matrix) return;
    for (Eigen::Index q = 0; q < p.rows(); ++q) {
        const VectorF user = p.row(q).transpose();
        for (std::int32_t i = 0; i < itemCount(); ++i)
            if (!says(user, ItemIndex{i})) out(q, i) = m_options.fallback;
    }
}

Result<Explanation> NonnegativeModel::explain(const Query& query, ItemIndex item) const {
    const VectorF user = userOf(query);
    Explanation why;
    why.additive = true;
    if (!says(user, item)) {
        why.score = why.baseline = static_cast<double>(m_options.fallback);
        why.summary = "Nothing is known of the user or of the item; this is the mean of all ratings.";
        return why;
    }
    for (Eigen::Index k = 0; k < m_items.cols(); ++k) {
        const double part = static_cast<double>(user[k]) * static_cast<double>(m_items(toInt(item), k));
        if (part == 0.0) continue;
        why.parts.push_back({"factor " + std::to_string(k + 1), std::nullopt, part, ""});
        why.score += part;
    }
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const auto& a, const auto& b) { return a.contribution > b.contribution; });
    why.summary = "Themes that both the user and the item have a share in; they only add, none takes away.";
    return why;
}

void NonnegativeModel::save(TensorFile& file) const {
    file.set("user.factors", m_users);
    file.set("item.factors", m_items);
    const float numbers[] = {m_options.reg, m_options.fallback};
    file.set("reg_and_fallback", std::span<const float>(numbers));
    const std::int32_t kind[] = {static_cast<std::int32_t>(m_options.kind), m_options.ones ? 1 : 0};
    file.set("kind.ones", std::span<const std::int32_t>(kind));
}

Result<std::shared_ptr<const Recommender>> NonnegativeModel::load(const TensorFile& file,
                                                                  NonnegativeKind wanted) {
    auto users = file.matrix("user.factors");
    if (!users) return users.error();
    auto items = file.matrix("item.factors");
    if (!items) return items.error();
    const auto numbers = file.floats("reg_and_fallback");
    if (!numbers) return numbers.error();
    const auto kind = file.ints("kind.ones");
    if (!kind) return kind.error();
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User and item factors differ in length", "item.factors"};
    for (const auto& [name, matrix] :
         {std::pair<const char*, const MatrixF*>{"user.factors", &*users}, {"item.factors", &*items}})
        if (matrix->size() > 0 && matrix->minCoeff() < 0.0f)
            return Error{ErrorCode::Parse, "A factor is below 0", name};
    if (numbers->size() != 2 || numbers->front() < 0.0f)
        return Error{ErrorCode::Parse, "Regularisation and mean are not two numbers", "reg_and_fallback"};
    if (kind->size() != 2 || kind->front() != static_cast<std::int32_t>(wanted) || kind->back() < 0 ||
        kind->back() > 1)
        return Error{ErrorCode::Parse, "This is another kind of factorisation", "kind.ones"};
    return std::shared_ptr<const Recommender>(std::make_shared<NonnegativeModel>(
        std::move(*users), std::move(*items),
        Options{wanted, kind->back() == 1, numbers->front(), numbers->back()}));
}

} // namespace recoscope
