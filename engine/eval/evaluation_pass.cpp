// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluation_pass.h"

#include "engine/eval/truth_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

Result<std::vector<WantedMetric>> wantedMetrics(const EvaluationOptions& options, bool hasTruth) {
    std::vector<int> cutoffs = options.cutoffs;
    std::sort(cutoffs.begin(), cutoffs.end());
    cutoffs.erase(std::unique(cutoffs.begin(), cutoffs.end()), cutoffs.end());
    constexpr int largest = 100'000;
    if (!cutoffs.empty() && (cutoffs.front() < 1 || cutoffs.back() > largest))
        return Error{ErrorCode::Invalid, "A cutoff lies between 1 and " + std::to_string(largest), "cutoffs"};
    if (options.ideal == IdealList::AllK && options.gain != Gain::Binary)
        return Error{ErrorCode::Invalid,
                     "An ideal list of k hits has a meaning for binary gain only; choose another ideal list",
                     "ideal_list"};
    if (options.candidates.negatives < 1)
        return Error{ErrorCode::Invalid, "At least one negative must be drawn", "candidate_negatives"};

    for (const std::string& name : options.metrics) {
        const MetricInfo* info = findMetric(name);
        if (info && info->name == name) continue;
        std::string known;
        for (const MetricInfo& each : metricInfos())
            known.append(known.empty() ? "" : " ").append(each.name);
        return Error{ErrorCode::Invalid, "Unknown metric '" + name + "'; known are " + known, "metrics"};
    }
    std::vector<WantedMetric> wanted;
    for (const MetricInfo& info : metricInfos()) {
        const bool asked =
            options.metrics.empty() ||
            std::find(options.metrics.begin(), options.metrics.end(), info.name) != options.metrics.end();
        if (!asked || (info.kind == MetricKind::Rating && !options.predictsRatings)) continue;
        if (info.name == "truth" && !hasTruth) continue;
        if (info.hasCutoff) {
            for (const int k : cutoffs)
                wanted.push_back({&info, k, rankMetricOf(info.name)});
        } else {
            wanted.push_back({&info, 0, rankMetricOf(info.name)});
        }
    }
    if (wanted.empty())
        return Error{ErrorCode::Invalid,
                     "None of the metrics asked for applies here (no cutoffs, no predicted ratings, or no "
                     "known truth)",
                     "metrics"};
    return wanted;
}

std::int64_t usersInBlock(std::int32_t items) {
    constexpr std::int64_t scoresInBlock = 1 << 20;
    return std::clamp<std::int64_t>(scoresInBlock / std::max(1, items), 8, 256);
}

EvaluationPass::EvaluationPass(const Split& split, Target target, const EvaluationOptions& options,
                               std::vector<WantedMetric> wanted)
    : m_split(split)
    , m_target(target)
    , m_options(options)
    , m_held(heldOut(split, target))
    , m_wanted(std::move(wanted))
    , m_counts(countUsers(options, split, target))
    , m_discounts(0) {}

bool EvaluationPass::isPerUser(const WantedMetric& wanted) const {
    return wanted.info->kind == MetricKind::Ranking && !(m_poolsAuc && wanted.rank == RankMetric::Auc);
}

Status EvaluationPass::prepare() {
    const char* part = m_target == Target::Test ? "test" : "validation";
    if (m_held.empty())
        return Error{ErrorCode::Invalid, std::string("The split has no ") + part + " interactions", part};
    const CandidateKind kind = m_options.candidates.kind;
    if (kind == CandidateKind::Given && m_split.dataset()->negatives().empty())
        return Error{ErrorCode::Invalid,
                     "No negatives came with this data, so there is nothing given to rank; draw them "
                     "(uniform, popular) or rank all items",
                     "candidates"};
    const bool ranksAnyone = m_counts.users > 0;
    if (!ranksAnyone)
        std::erase_if(m_wanted, [](const auto& wanted) { return wanted.info->kind != MetricKind::Rating; });
    if (!m_wanted.empty()) {
        leaveOutWhatCannotBe();
        if (m_wanted.empty()) return Error{ErrorCode::Invalid, m_result.leftOut.front(), "metrics"};
    }
    if (m_wanted.empty())
        return kind == CandidateKind::Cold
                   ? Error{ErrorCode::Invalid,
                           std::string("No user has a relevant ") + part +
                               " item without training interactions; rank all items, or split by items",
                           "candidates"}
                   : Error{ErrorCode::Invalid,
                           std::string("No user has a relevant ") + part +
                               " item; lower the relevance threshold",
                           "relevanceThreshold"};

    bool ranks = false;
    for (const WantedMetric& wanted : m_wanted) {
        m_rates = m_rates || wanted.info->kind == MetricKind::Rating;
        ranks = ranks || wanted.info->kind != MetricKind::Rating;
        m_poolsAuc = m_poolsAuc || (wanted.rank == RankMetric::Auc && m_options.auc == AucForm::Pooled);
        m_result.listLength = std::max(m_result.listLength, wanted.k);
    }
    m_ranker.emplace(m_split, m_target, m_options, m_result.listLength);
    m_rowOf.assign(static_cast<std::size_t>(m_held.rowCount()), unneeded);
    UserRanking counted;
    for (std::int32_t u = 0; u < m_held.rowCount(); ++u) {
        const UserIndex user{u};
        if (m_held.rowSize(user) == 0) continue;
        m_ranker->findRelevant(user, counted);
        std::int32_t& row = m_rowOf[static_cast<std::size_t>(u)];
        if (m_rates) row = ratedOnly;
        if (counted.relevant.empty()) continue;
        // Users are listed also where ratings alone are measured.
        if (ranks) row = static_cast<std::int32_t>(m_result.users.size());
        m_result.users.push_back(user);
        m_relevant.push_back(static_cast<std::int32_t>(counted.relevant.size()));
    }
    m_result.usersWithoutRelevant = m_counts.usersWithoutRelevant;
    m_discounts =
        Discounts(std::max<std::int64_t>(m_result.listLength, m_ranker->mostRelevant()), m_options.discount);
    const std::size_t rows = m_result.users.size();
    m_result.topItems.assign(rows * static_cast<std::size_t>(m_result.listLength), ItemIndex{-1});
    m_pairsWeight.assign(rows, 0);
    m_perUser.resize(m_wanted.size());
    for (std::size_t w = 0; w < m_wanted.size(); ++w)
        if (isPerUser(m_wanted[w])) m_perUser[w].assign(rows, 0.0);
    if (m_rates) m_errors.resize(m_rowOf.size());
    if (m_poolsAuc) m_pooled.reset(m_relevant);
    return {};
}

void EvaluationPass::leaveOutWhatCannotBe() {
    std::erase_if(m_wanted, [this](const WantedMetric& wanted) {
        if (wanted.info->kind != MetricKind::List) return false;
        const std::string reason =
            whyNoListMetric(wanted.info->name, wanted.k, m_split, m_target, m_counts.users);
        if (!reason.empty()) m_result.leftOut.push_back(keyOf(*wanted.info, wanted.k) + ": " + reason);
        return !reason.empty();
    });
}

void EvaluationPass::rate(UserIndex user, std::span<const float> scores) {
    if (!m_rates || !needs(user)) return;
    const RatingScale& scale = m_split.dataset()->scale();
    const auto items = m_held.cols(user);
    const auto ratings = m_held.values(user);
    RatingErrors& errors = m_errors[static_cast<std::size_t>(user)];
    for (std::size_t n = 0; n < items.size(); ++n) {
        float prediction = scores[static_cast<std::size_t>(items[n])];
        if (m_options.clipRatings) prediction = std::min(std::max(prediction, scale.min), scale.max);
        errors.add(static_cast<double>(prediction), static_cast<double>(ratings[n]));
    }
}

double EvaluationPass::truthOf(const UserRanking& ranking, int k, Scratch& scratch) const {
    const MatrixF& truth = m_split.dataset()->truth()->preference;
    scratch.candidates.assign(static_cast<std::size_t>(truth.cols()), false);
    for (std::size_t place = 0; place < ranking.scores.size(); ++place)
        if (ranking.scores[place] > -std::numeric_limits<float>::infinity())
            scratch.candidates[static_cast<std::size_t>(ranking.itemAt(place))] = true;
    return closenessToTruth({truth.row(toInt(ranking.user)).data(), static_cast<std::size_t>(truth.cols())},
                            scratch.candidates, ranking.top, k);
}

bool EvaluationPass::sharesRanking(const EvaluationPass& other) const {
    const EvaluationOptions& a = m_options;
    const EvaluationOptions& b = other.m_options;
    return a.candidates == b.candidates && a.ties == b.ties && a.relevanceThreshold == b.relevanceThreshold &&
           a.excludeTrain == b.excludeTrain && a.excludeValidationAtTest == b.excludeValidationAtTest &&
           m_result.listLength == other.m_result.listLength;
}

void EvaluationPass::take(UserIndex user, Scratch& scratch) {
    const auto row = static_cast<std::size_t>(m_rowOf[static_cast<std::size_t>(user)]);
    UserRanking& ranking = scratch.ranking;
    m_ranker->grade(ranking);
    std::copy(ranking.top.begin(), ranking.top.end(),
              m_result.topItems.begin() +
                  static_cast<std::ptrdiff_t>(row * static_cast<std::size_t>(m_result.listLength)));
    if (ranking.candidates > m_relevant[row]) m_pairsWeight[row] = m_relevant[row];
    if (m_poolsAuc) m_pooled.takeRelevant(row, ranking);
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        if (m_perUser[w].empty()) continue;
        const WantedMetric& wanted = m_wanted[w];
        m_perUser[w][row] = wanted.rank ? userMetric(*wanted.rank, wanted.k, ranking, m_options, m_discounts)
                                        : truthOf(ranking, wanted.k, scratch);
    }
}

Status EvaluationPass::measureLists(ThreadPool& pool, RunControl& control) {
    std::vector<ListMetricRequest> requests;
    std::vector<std::size_t> places;
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        if (m_wanted[w].info->kind != MetricKind::List) continue;
        requests.push_back({m_wanted[w].info->name, m_wanted[w].k});
        places.push_back(w);
    }
    m_lists.resize(m_wanted.size());
    if (requests.empty()) return {};
    auto values = listMetrics(
        requests, {m_result.users, m_result.topItems, m_result.listLength, m_split, m_target, m_options},
        pool, control);
    if (!values) return values.error();
    for (std::size_t n = 0; n < places.size(); ++n)
        m_lists[places[n]] = std::move((*values)[n]);
    return {};
}

double EvaluationPass::meanOf(const WantedMetric& wanted, std::span<const double> perUser) const {
    double sum = 0.0;
    if (wanted.rank == RankMetric::Precision && m_options.precision == PrecisionDenominator::PooledCapped) {
        std::int64_t over = 0;
        for (std::size_t row = 0; row < perUser.size(); ++row) {
            const std::int32_t most = std::min(wanted.k, m_relevant[row]);
            sum += std::round(perUser[row] * most); // the hits, whole numbers
            over += most;
        }
        return over > 0 ? sum / static_cast<double>(over) : 0.0;
    }
    if (wanted.rank == RankMetric::Auc && m_options.auc == AucForm::Weighted) {
        std::int64_t weight = 0;
        for (std::size_t row = 0; row < perUser.size(); ++row) {
            sum += perUser[row] * m_pairsWeight[row];
            weight += m_pairsWeight[row];
        }
        return weight > 0 ? sum / static_cast<double>(weight) : 0.5;
    }
    for (const double value : perUser)
        sum += value;
    return sum / static_cast<double>(perUser.size());
}

void EvaluationPass::finishRating(const WantedMetric& wanted, MetricValue& metric) const {
    const bool squared = wanted.info->name == "rmse";
    const auto errorOf = [squared](const RatingErrors& errors) {
        return squared ? errors.rmse() : errors.mae();
    };
    if (m_options.ratingAverage == RatingAverage::Pairs) {
        RatingErrors errors;
        for (const RatingErrors& user : m_errors) // in order: the same sum for any thread count
            errors.add(user);
        metric.value = errorOf(errors);
        metric.count = errors.pairs;
        return;
    }
    double sum = 0.0;
    std::vector<double> perUser;
    for (const RatingErrors& user : m_errors) {
        if (user.pairs == 0) continue;
        perUser.push_back(errorOf(user));
        sum += perUser.back();
    }
    metric.count = static_cast<std::int64_t>(perUser.size());
    metric.value = sum / static_cast<double>(perUser.size());
    // Users whose held-out items are all below the threshold have errors, but no row.
    if (m_options.keepPerUser && perUser.size() == m_result.users.size()) metric.perUser = std::move(perUser);
}

Evaluation EvaluationPass::finish() {
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        const MetricInfo& info = *m_wanted[w].info;
        MetricValue metric;
        metric.key = keyOf(info, m_wanted[w].k);
        metric.label = labelMetric(info, m_wanted[w].k, m_options);
        metric.definition = defineMetric(info, m_wanted[w].k, m_options, m_split, m_target, m_counts);
        metric.higherIsBetter = isHigherBetter(info, m_options);
        metric.count = m_counts.users;
        if (isPerUser(m_wanted[w])) {
            metric.value = meanOf(m_wanted[w], m_perUser[w]);
            if (m_options.keepPerUser) metric.perUser = std::move(m_perUser[w]);
        } else if (info.kind == MetricKind::Rating) {
            finishRating(m_wanted[w], metric);
        } else if (info.kind == MetricKind::List) {
            metric.value = m_lists[w].value;
            metric.count = m_lists[w].users;
            if (m_options.keepPerUser) metric.perUser = std::move(m_lists[w].perUser);
            if (info.name == "gini" && m_options.gini == GiniForm::Equality)
                metric.value = 1.0 - metric.value;
        } else {
            metric.value = m_pooled.value();
        }
        m_result.metrics.push_back(std::move(metric));
    }
    return std::move(m_result);
}

} // namespace recoscope
