// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/graph/light_gcn_model.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

/// What each item of a history of that length counts.
float weightOf(const Query& query) {
    return 1.0f / std::sqrt(static_cast<float>(std::max<std::size_t>(1, query.items.size())));
}

} // namespace

LightGcnModel::LightGcnModel(MatrixF users, MatrixF items, MatrixF messages)
    : m_users(std::move(users))
    , m_items(std::move(items))
    , m_messages(std::move(messages)) {}

void LightGcnModel::userOf(const Query& query, Eigen::Ref<Eigen::RowVectorXf> out) const {
    if (knows(query)) {
        out = m_users.row(toInt(*query.user));
        return;
    }
    out.setZero();
    for (const ItemIndex item : query.items)
        out += m_messages.row(toInt(item));
    out *= weightOf(query);
}

void LightGcnModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF p(static_cast<Eigen::Index>(queries.size()), m_items.cols());
    for (std::size_t q = 0; q < queries.size(); ++q)
        userOf(queries[q], p.row(static_cast<Eigen::Index>(q)));
    out.noalias() = p * m_items.transpose();
}

Result<Explanation> LightGcnModel::explain(const Query& query, ItemIndex item) const {
    Explanation why;
    why.additive = true;
    const Eigen::RowVectorXd target = m_items.row(toInt(item)).cast<double>();
    const auto weight = static_cast<double>(weightOf(query));
    double sum = 0.0;
    for (const ItemIndex past : query.items) {
        const double part = weight * m_messages.row(toInt(past)).cast<double>().dot(target);
        sum += part;
        why.parts.push_back({"", past, part, "what it sends through the graph"});
    }
    why.score = sum;
    if (knows(query)) {
        why.score = m_users.row(toInt(*query.user)).cast<double>().dot(target);
        why.parts.push_back({"the user's own vector", std::nullopt, why.score - sum,
                             "learned, beside what the graph brings"});
    }
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    why.summary = query.items.empty()
                      ? "There is no history to recommend from."
                      : "Each item of the history sends what is near it in the graph of users and items.";
    return why;
}

void LightGcnModel::save(TensorFile& file) const {
    file.set("user.vectors", m_users);
    file.set("item.vectors", m_items);
    file.set("item.messages", m_messages);
}

Result<std::shared_ptr<const Recommender>> LightGcnModel::load(const TensorFile& file) {
    auto users = file.matrix("user.vectors");
    if (!users) return users.error();
    auto items = file.matrix("item.vectors");
    if (!items) return items.error();
    auto messages = file.matrix("item.messages");
    if (!messages) return messages.error();
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User and item vectors differ in length", "item.vectors"};
    if (messages->rows() != items->rows() || messages->cols() != items->cols())
        return Error{ErrorCode::Parse, "There is not one message for each item", "item.messages"};
    return std::shared_ptr<const Recommender>(
        std::make_shared<LightGcnModel>(std::move(*users), std::move(*items), std::move(*messages)));
}

} // namespace recoscope
