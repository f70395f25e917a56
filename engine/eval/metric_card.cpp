// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/metric_card.h"

#include "engine/api/split_query.h"
#include "engine/eval/card_terms.h"
#include "engine/eval/evaluation_pass.h"
#include "engine/eval/truth_metric.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

Error noSuchMetric(std::string_view key) {
    return Error{ErrorCode::Invalid,
                 "There is no metric '" + std::string(key) +
                     "'; a metric with its cutoff is written as ndcg@10",
                 "metric"};
}

/// The scores of the user's block, where evaluate() would score the same users together: products of matrices
/// of another shape may differ in the last bit.
Result<std::vector<float>> scoresOf(const Recommender& model, const Split& split, Target target,
                                    const EvaluationPass& pass, UserIndex user) {
    std::vector<UserIndex> users;
    std::size_t place = 0;
    for (std::int32_t u = 0; u < model.userCount(); ++u) {
        if (UserIndex{u} == user) place = users.size();
        if (pass.needs(UserIndex{u})) users.push_back(UserIndex{u});
    }
    const auto block = static_cast<std::size_t>(usersInBlock(model.itemCount()));
    const std::size_t begin = place / block * block;
    const std::size_t count = std::min(block, users.size() - begin);
    std::vector<Query> queries;
    for (std::size_t n = begin; n < begin + count; ++n)
        queries.push_back(queryFor(model, split, historyOf(split, target), users[n]));
    MatrixF scores(static_cast<Eigen::Index>(count), model.itemCount());
    model.score(queries, scores);
    const auto row = static_cast<Eigen::Index>(place - begin);
    return std::vector<float>(scores.row(row).data(), scores.row(row).data() + scores.cols());
}

void fillTruthCard(MetricCard& card, const UserRanking& ranking, const MatrixF& truth) {
    std::vector<bool> candidates(static_cast<std::size_t>(truth.cols()), false);
    std::vector<double> possible;
    const float* preference = truth.row(toInt(card.user)).data();
    for (std::size_t place = 0; place < ranking.scores.size(); ++place) {
        if (!(ranking.scores[place] > -std::numeric_limits<float>::infinity())) continue;
        const auto item = static_cast<std::size_t>(ranking.itemAt(place));
        candidates[item] = true;
        possible.push_back(static_cast<double>(preference[item]));
    }
    const auto mean = [](const std::vector<double>& values) {
        double sum = 0.0;
        for (const double value : values)
            sum += value;
        return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
    };
    std::vector<double> listed;
    for (std::size_t i = 0; i < card.list.size(); ++i) {
        listed.push_back(static_cast<double>(preference[toInt(card.list[i])]));
        card.terms.push_back({"i = " + std::to_string(i + 1), listed.back(), "true preference", card.list[i],
                              static_cast<int>(i) + 1});
    }
    const double chance = mean(possible);
    std::sort(possible.rbegin(), possible.rend());
    possible.resize(std::min(possible.size(), listed.size()));
    const auto result = [&](const char* symbol, double value, const char* text) {
        card.terms.push_back({symbol, value, text, {}, 0, false, true});
    };
    result("L", mean(listed), "mean of the list");
    result("C", chance, "mean of all candidates: chance");
    result("B", mean(possible), "mean of as many of the best candidates");
    card.value = closenessToTruth({preference, static_cast<std::size_t>(truth.cols())}, candidates,
                                  ranking.top, card.k);
    card.equation = card.label + " = (L − C) / (B − C) = " + cardNumber(card.value);
}

Status fillListValue(MetricCard& card, const MetricInfo& info, const Recommender& model, const Split& split,
                     Target target, const EvaluationOptions& options, ThreadPool& pool, RunControl& control) {
    std::vector<double> perUser;
    std::size_t row = 0;
    if (info.name == "personalisation") {
        EvaluationOptions one = options;
        one.cutoffs = {card.k};
        one.metrics = {std::string(info.name)};
        one.keepPerUser = true;
        const auto found = evaluate(model, split, target, one, pool, control);
        if (!found) return found.error();
        const auto at = std::lower_bound(found->users.begin(), found->users.end(), card.user);
        row = static_cast<std::size_t>(at - found->users.begin());
        perUser = found->metrics.front().perUser;
        card.terms.push_back(
            {"users", static_cast<double>(found->users.size()), "whose lists are compared with this one"});
    } else {
        const std::vector<UserIndex> users = {card.user};
        std::vector<ItemIndex> top = card.list;
        top.resize(static_cast<std::size_t>(card.k), ItemIndex{-1});
        const ListMetricRequest request{info.name, card.k};
        const auto found =
            listMetrics({&request, 1}, {users, top, card.k, split, target, options}, pool, control);
        if (!found) return found.error();
        perUser = found->front().perUser;
    }
    if (row >= perUser.size())
        return Error{ErrorCode::Invalid,
                     std::string(info.label) + " is a number of all lists together; no single user has one",
                     "metric"};
    card.value = perUser[row];
    if (std::isnan(card.value))
        return Error{ErrorCode::NotFound,
                     std::string(info.label) +
                         " does not exist for this user's list: too few of its items have "
                         "what it is computed from",
                     "user"};
    fillListCard(card, info.name, split, target, options);
    return {};
}

} // namespace

Result<MetricCard> explainMetric(const Recommender& model, const Split& split, Target target,
                                 const EvaluationOptions& options, UserIndex user, std::string_view key,
                                 ThreadPool& pool, RunControl& control) {
    if (model.itemCount() != split.dataset()->itemCount() ||
        model.userCount() != split.dataset()->userCount())
        return Error{ErrorCode::Invalid,
                     "The model was made for other data: its users or items are not those of the split",
                     "model"};
    const MetricInfo* info = findMetric(key);
    if (!info) return noSuchMetric(key);
    MetricCard card;
    const std::size_t at = key.find('@');
    if (info->hasCutoff) {
        const char* end = key.data() + key.size();
        if (at == std::string_view::npos || std::from_chars(key.data() + at + 1, end, card.k).ptr != end ||
            card.k < 1 || card.k > 100'000)
            return noSuchMetric(key);
    } else if (at != std::string_view::npos) {
        return noSuchMetric(key);
    }
    // The whole evaluation's options, so that the same users are scored together, and the cutoff in question.
    EvaluationOptions all = options;
    if (card.k > 0) all.cutoffs.push_back(card.k);
    const bool rating = info->kind == MetricKind::Rating;
    if (rating && !options.predictsRatings)
        return Error{ErrorCode::Invalid, "This model does not predict ratings", "metric"};
    const bool hasTruth = split.dataset()->truth() != nullptr;
    if (info->name == "truth" && !hasTruth)
        return Error{ErrorCode::Invalid, "True preferences are known of generated data only", "metric"};
    auto wanted = wantedMetrics(all, hasTruth);
    if (!wanted) return wanted.error();
    if (std::none_of(wanted->begin(), wanted->end(),
                     [&](const WantedMetric& each) { return each.info == info && each.k == card.k; }))
        wanted->push_back({info, card.k, rankMetricOf(info->name)});
    EvaluationPass pass(split, target, all, std::move(*wanted));
    if (const Status ready = pass.prepare(); !ready) return ready.error();
    const char* part = target == Target::Test ? "test" : "validation";
    if (toInt(user) < 0 || toInt(user) >= model.userCount() || !pass.needs(user) ||
        (!rating && !pass.ranks(user)))
        return Error{ErrorCode::NotFound,
                     std::string("Nothing that counts as relevant is held out for this user in the ") + part +
                         " part, so the user has no such number",
                     "user"};
    if (info->kind == MetricKind::List) {
        const std::string reason = whyNoListMetric(info->name, card.k, split, target, 2);
        if (!reason.empty()) return Error{ErrorCode::Invalid, reason, "metric"};
    }
    auto scores = scoresOf(model, split, target, pass, user);
    if (!scores) return scores.error();

    card.key = keyOf(*info, card.k);
    card.label = labelMetric(*info, card.k, options);
    card.definition = defineMetric(*info, card.k, options, split, target, countUsers(options, split, target));
    // The formula of the table is that of Recoscope's own reading.
    EvaluationOptions own;
    own.candidates = options.candidates;
    if (card.label == labelMetric(*info, card.k, own)) card.formula = info->formula;
    card.meaning = info->meaning;
    card.user = user;
    const UserItemCsr& held = heldOut(split, target);
    if (rating) {
        fillRatingCard(card, info->name == "rmse", *scores, held, split.dataset()->scale(),
                       options.clipRatings);
        if (options.ratingAverage == RatingAverage::Pairs)
            card.note =
                "The metric is computed over the pairs of all users in one, not from the users' values.";
        return card;
    }
    const UserRanker ranker(split, target, options, std::max(1, card.k));
    UserRanking ranking;
    ranker.rank(user, *scores, ranking);
    card.candidates = ranking.candidates;
    card.relevant = ranking.relevant;
    if (card.k > 0) card.list = ranking.top;
    if (const auto rank = rankMetricOf(info->name)) {
        fillRankingCard(card, *rank, ranking, options);
    } else if (info->kind == MetricKind::Ranking) {
        fillTruthCard(card, ranking, split.dataset()->truth()->preference);
    } else if (const Status filled = fillListValue(card, *info, model, split, target, options, pool, control);
               !filled) {
        return filled.error();
    }
    return card;
}

} // namespace recoscope
