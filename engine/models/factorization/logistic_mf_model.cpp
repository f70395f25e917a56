// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/logistic_mf_model.h"

#include "engine/linalg/simd.h"
#include "engine/models/factorization/factor_explanation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

void logisticStep(const LogisticObjective& objective, const LogisticSide& side,
                  std::span<const LogisticHistory> histories, float* own, float* squares, double* loss,
                  LogisticScratch& scratch) {
    using Row = Eigen::Map<Eigen::ArrayXf>;
    const auto rows = static_cast<std::int64_t>(histories.size());
    const std::int64_t width = side.d + 2;
    const std::int64_t lead = simd::padded(side.cols);
    if (scratch.scores.rows() < rows || scratch.scores.cols() != lead) scratch.scores.resize(rows, lead);
    const std::int64_t step = simd::padded(side.d + 2);
    if (scratch.gradient.rows() < rows || scratch.gradient.cols() != step)
        scratch.gradient.resize(rows, step);
    GemmProblem<float> product{.m = rows,
                               .n = side.cols,
                               .k = width,
                               .a = own,
                               .lda = side.stride,
                               .b = side.fixed,
                               .ldb = side.stride,
                               .transposeB = Transpose::Yes,
                               .c = scratch.scores.data(),
                               .ldc = lead};
    gemm(product, scratch.gemm, nullptr);
    // What a pair's score is to be moved by takes the score's place.
    for (std::int64_t r = 0; r < rows; ++r) {
        float* const row = scratch.scores.data() + r * lead;
        const LogisticHistory& history = histories[static_cast<std::size_t>(r)];
        double missing = 0.0;
        for (std::size_t n = 0; n < history.values.size(); ++n) {
            const float s = row[history.columns[n]];
            const float weight = objective.alpha * (objective.ratings ? history.values[n] : 1.0f);
            missing +=
                static_cast<double>(weight * (std::max(-s, 0.0f) + std::log1p(std::exp(-std::abs(s)))));
        }
        Row s(row, side.cols);
        if (loss)
            *loss += missing + static_cast<double>((s.max(0.0f) + ((-s.abs()).exp() + 1.0f).log()).sum());
        s = -((-s).min(80.0f).exp() + 1.0f).inverse(); // −σ(s)
        for (std::size_t n = 0; n < history.values.size(); ++n) {
            const float weight = objective.alpha * (objective.ratings ? history.values[n] : 1.0f);
            float& c = row[history.columns[n]];
            c += weight * (1.0f + c);
        }
    }
    product = {.m = rows,
               .n = width,
               .k = side.cols,
               .a = scratch.scores.data(),
               .lda = lead,
               .b = side.fixed,
               .ldb = side.stride,
               .c = scratch.gradient.data(),
               .ldc = step};
    gemm(product, scratch.gemm, nullptr);
    const std::int64_t constant = side.users ? side.d + 1 : side.d;
    for (std::int64_t r = 0; r < rows; ++r) {
        if (side.users && histories[static_cast<std::size_t>(r)].values.empty()) continue;
        Row g(scratch.gradient.data() + r * step, width);
        Row x(own + r * side.stride, width);
        Row v(squares + r * side.stride, width);
        g.head(side.d) -= objective.reg * x.head(side.d);
        g[constant] = 0.0f;
        v += g.square();
        x += objective.rate * g / (v.sqrt() + 1e-6f);
    }
}

LogisticMfModel::LogisticMfModel(const MatrixF& users, const MatrixF& items,
                                 const LogisticObjective& objective, int passes)
    : m_users(users)
    , m_items(items)
    , m_userFactors(users.leftCols(users.cols() - 2))
    , m_itemFactors(items.leftCols(items.cols() - 2))
    , m_objective(objective)
    , m_passes(passes) {}

void LogisticMfModel::userOf(const Query& query, float* row) const {
    const std::int64_t width = m_items.cols();
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount()) {
        std::copy_n(m_users.row(toInt(*query.user)).data(), width, row);
        return;
    }
    std::fill_n(row, width, 0.0f);
    row[width - 1] = 1.0f;
    if (query.items.empty()) return;
    std::vector<std::int32_t> columns;
    for (const ItemIndex item : query.items)
        columns.push_back(toInt(item));
    const LogisticHistory history{columns.data(), query.values};
    const LogisticSide side{m_items.data(), m_items.rows(), width, width - 2, true};
    VectorF x = VectorF::Unit(width, width - 1);
    VectorF squares = VectorF::Zero(width);
    LogisticScratch scratch;
    for (int pass = 0; pass < m_passes; ++pass)
        logisticStep(m_objective, side, std::span(&history, 1), x.data(), squares.data(), nullptr, scratch);
    if (x.allFinite()) std::copy_n(x.data(), width, row);
}

void LogisticMfModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF p(static_cast<Eigen::Index>(queries.size()), m_items.cols());
    for (std::size_t q = 0; q < queries.size(); ++q)
        userOf(queries[q], p.row(static_cast<Eigen::Index>(q)).data());
    out.noalias() = p * m_items.transpose();
}

Result<Explanation> LogisticMfModel::explain(const Query& query, ItemIndex item) const {
    const Eigen::Index d = m_itemFactors.cols();
    VectorF user(d + 2);
    userOf(query, user.data());
    Explanation why;
    why.parts.push_back(
        {"user bias", std::nullopt, static_cast<double>(user[d]), "how much this user takes"});
    why.parts.push_back({"item bias", std::nullopt, static_cast<double>(m_items(toInt(item), d + 1)),
                         "how the item does with everybody"});
    addFactorParts(user.head(d), m_itemFactors.row(toInt(item)), why);
    finishParts(why);
    char text[160];
    std::snprintf(text, sizeof text,
                  "The log-odds that the user chooses the item: a probability of %.3g as the model sees it.",
                  1.0 / (1.0 + std::exp(-why.score)));
    why.summary = text;
    return why;
}

void LogisticMfModel::save(TensorFile& file) const {
    file.set("user.rows", m_users);
    file.set("item.rows", m_items);
    const float numbers[] = {m_objective.alpha, m_objective.reg, m_objective.rate};
    const std::int32_t kinds[] = {m_objective.ratings ? 1 : 0, m_passes};
    file.set("objective.numbers", std::span<const float>(numbers));
    file.set("objective.kinds", std::span<const std::int32_t>(kinds));
}

Result<std::shared_ptr<const Recommender>> LogisticMfModel::load(const TensorFile& file) {
    const auto users = file.matrix("user.rows");
    if (!users) return users.error();
    const auto items = file.matrix("item.rows");
    if (!items) return items.error();
    const auto numbers = file.floats("objective.numbers");
    if (!numbers) return numbers.error();
    const auto kinds = file.ints("objective.kinds");
    if (!kinds) return kinds.error();
    if (users->cols() != items->cols() || items->cols() < 3)
        return Error{ErrorCode::Parse, "User and item rows differ in length", "item.rows"};
    const std::vector<float>& n = *numbers;
    if (n.size() != 3 || n[0] < 0.0f || n[1] < 0.0f || n[2] < 0.0f)
        return Error{ErrorCode::Parse, "Weight, regularisation and rate are not three such numbers",
                     "objective.numbers"};
    const std::vector<std::int32_t>& k = *kinds;
    if (k.size() != 2 || k[0] < 0 || k[0] > 1 || k[1] < 0 || k[1] > 100000)
        return Error{ErrorCode::Parse, "The objective's choices are unknown", "objective.kinds"};
    return std::shared_ptr<const Recommender>(std::make_shared<LogisticMfModel>(
        *users, *items, LogisticObjective{n[0], n[1], n[2], k[0] == 1}, k[1]));
}

} // namespace recoscope
