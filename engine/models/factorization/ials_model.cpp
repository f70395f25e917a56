// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/ials_model.h"

#include "engine/core/param_schema.h"
#include "engine/linalg/simd.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace recoscope {

namespace {
// As text in the metadata: text keeps every digit, float32 would not.
const std::pair<const char*, double IalsObjective::*> kNumbers[] = {
    {"reg", &IalsObjective::reg},
    {"reg_exponent", &IalsObjective::regExponent},
    {"unobserved_weight", &IalsObjective::unobservedWeight},
    {"alpha", &IalsObjective::alpha},
    {"epsilon", &IalsObjective::epsilon},
};
} // namespace

float IalsObjective::confidenceOf(float rating) const {
    const double r = std::max(0.0, static_cast<double>(rating));
    switch (confidence) {
    case IalsConfidence::None:
        return 1.0f;
    case IalsConfidence::Linear:
        return static_cast<float>(1.0 + alpha * r);
    case IalsConfidence::Log:
        return static_cast<float>(1.0 + alpha * std::log1p(r / epsilon));
    }
    return 1.0f;
}

float IalsObjective::quadraticWeight(float c) const {
    return unobserved == IalsUnobserved::AllPairs ? c : c - static_cast<float>(unobservedWeight);
}

float IalsObjective::regularisationOf(std::int64_t historySize, std::int64_t others) const {
    const double size = static_cast<double>(historySize) + unobservedWeight * static_cast<double>(others);
    return static_cast<float>(reg * std::pow(size, regExponent));
}

IalsModel::IalsModel(MatrixF users, MatrixF items, const IalsObjective& objective)
    : m_users(std::move(users))
    , m_items(std::move(items))
    , m_objective(objective) {
    const Eigen::Index d = m_items.cols();
    const Eigen::Index stride = simd::padded(d);
    if (stride != d) {
        m_padded = MatrixF::Zero(m_items.rows(), stride);
        m_padded.leftCols(d) = m_items;
    }
    m_base = MatrixF::Zero(stride, stride);
    m_base.topLeftCorner(d, d).noalias() =
        static_cast<float>(m_objective.unobservedWeight) * (m_items.transpose() * m_items);
}

bool IalsModel::knows(const Query& query) const {
    return query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount();
}

RowProblem IalsModel::problem(std::span<const ItemIndex> items, std::span<const float> values,
                              RowSolverScratch& scratch) const {
    const std::size_t count = items.size();
    for (std::size_t n = 0; n < count; ++n) {
        scratch.rows[n] = toInt(items[n]);
        scratch.targets[n] = m_objective.confidenceOf(values[n]);
        scratch.weights[n] = m_objective.quadraticWeight(scratch.targets[n]);
    }
    return {.factors = m_padded.size() > 0 ? m_padded.data() : m_items.data(),
            .base = m_base.data(),
            .stride = m_base.cols(),
            .d = m_items.cols(),
            .rows = std::span(scratch.rows).first(count),
            .weights = std::span(scratch.weights).first(count),
            .targets = std::span(scratch.targets).first(count),
            .reg = m_objective.regularisationOf(static_cast<std::int64_t>(count), itemCount())};
}

void IalsModel::foldIn(std::span<const ItemIndex> items, std::span<const float> values,
                       RowSolverScratch& scratch, float* x) const {
    RunControl neverCancelled;
    std::fill(x, x + m_base.cols(), 0.0f);
    if (!items.empty()) solveByCholesky(problem(items, values, scratch), x, scratch, neverCancelled);
}

VectorF IalsModel::foldIn(std::span<const ItemIndex> items, std::span<const float> values) const {
    RowSolverScratch scratch(static_cast<std::int64_t>(items.size()), m_base.cols(), true);
    VectorF x(m_base.cols());
    foldIn(items, values, scratch, x.data());
    return x.head(m_items.cols());
}

void IalsModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    const Eigen::Index d = m_items.cols();
    MatrixF x(static_cast<Eigen::Index>(queries.size()), d);
    std::size_t longest = 0;
    bool unknown = false;
    for (const Query& query : queries) {
        if (knows(query)) continue;
        unknown = true;
        longest = std::max(longest, query.items.size());
    }
    RowSolverScratch scratch(static_cast<std::int64_t>(longest), m_base.cols(), unknown);
    VectorF solution(m_base.cols());
    for (std::size_t q = 0; q < queries.size(); ++q) {
        const auto row = static_cast<Eigen::Index>(q);
        if (knows(queries[q])) {
            x.row(row) = m_users.row(toInt(*queries[q].user));
        } else {
            foldIn(queries[q].items, queries[q].values, scratch, solution.data());
            x.row(row) = solution.head(d).transpose();
        }
    }
    out.noalias() = x * m_items.transpose();
}

Result<Explanation> IalsModel::explain(const Query& query, ItemIndex item) const {
    const std::size_t count = query.items.size();
    RowSolverScratch scratch(static_cast<std::int64_t>(count), m_base.cols(), true);
    const RowProblem system = problem(query.items, query.values, scratch);
    const Eigen::LDLT<MatrixD> factor(denseSystem(system));
    const VectorD target = m_items.row(toInt(item)).transpose().cast<double>();
    const VectorD z = factor.solve(target);

    Explanation why;
    why.additive = true;
    double sum = 0.0;
    for (std::size_t n = 0; n < count; ++n) {
        // Hu et al., section 5: s_ij c_uj, with s_ij the similarity of i and j from this user's viewpoint.
        const double similarity = m_items.row(toInt(query.items[n])).transpose().cast<double>().dot(z);
        const double contribution = similarity * static_cast<double>(system.targets[n]);
        if (!std::isfinite(contribution))
            return Error{ErrorCode::Numeric, "This history has no unique solution; train with a larger 'reg'",
                         "reg"};
        sum += contribution;
        why.parts.push_back({"", query.items[n], contribution, ""});
    }
    why.score = sum;
    if (knows(query)) {
        why.score = static_cast<double>(m_users.row(toInt(*query.user)).dot(m_items.row(toInt(item))));
        why.parts.push_back({"difference between the learned user factors and their exact solution",
                             std::nullopt, why.score - sum, "becomes smaller with more epochs"});
    }
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    why.summary =
        count == 0 ? "There is no history to recommend from."
                   : "Each item of the history adds its similarity to this item as this user's whole history "
                     "shapes it, times its confidence.";
    return why;
}

void IalsModel::save(TensorFile& file) const {
    file.set("user.factors", m_users);
    file.set("item.factors", m_items);
    for (const auto& [key, member] : kNumbers)
        file.setMeta(key, toText(ParamValue(m_objective.*member)));
    const std::int32_t kinds[] = {static_cast<std::int32_t>(m_objective.unobserved),
                                  static_cast<std::int32_t>(m_objective.confidence)};
    file.set("objective.kinds", std::span<const std::int32_t>(kinds));
}

Result<std::shared_ptr<const Recommender>> IalsModel::load(const TensorFile& file) {
    auto users = file.matrix("user.factors");
    if (!users) return users.error();
    auto items = file.matrix("item.factors");
    if (!items) return items.error();
    const auto kinds = file.ints("objective.kinds");
    if (!kinds) return kinds.error();
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User and item factors differ in length", "item.factors"};
    if (kinds->size() != 2 || (*kinds)[0] < 0 || (*kinds)[0] > 1 || (*kinds)[1] < 0 || (*kinds)[1] > 2)
        return Error{ErrorCode::Parse, "The objective's choices are unknown", "objective.kinds"};
    IalsObjective objective;
    for (const auto& [key, member] : kNumbers) {
        const auto text = file.meta(key);
        if (!text) return text.error();
        const char* end = text->data() + text->size();
        const auto [stop, failure] = std::from_chars(text->data(), end, objective.*member);
        if (failure != std::errc() || stop != end || !std::isfinite(objective.*member) ||
            objective.*member < 0.0)
            return Error{ErrorCode::Parse, "Not a number that the objective can use: '" + *text + "'", key};
    }
    if (!(objective.epsilon > 0.0))
        return Error{ErrorCode::Parse, "The confidence epsilon must be above 0", "epsilon"};
    objective.unobserved = static_cast<IalsUnobserved>((*kinds)[0]);
    objective.confidence = static_cast<IalsConfidence>((*kinds)[1]);
    return std::shared_ptr<const Recommender>(
        std::make_shared<IalsModel>(std::move(*users), std::move(*items), objective));
}

} // namespace recoscope
