// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"
#include "engine/eval/list_metrics.h"
#include "engine/eval/metric_definition.h"
#include "engine/eval/pooled_auc.h"
#include "engine/eval/rating_metrics.h"
#include "engine/eval/user_ranker.h"

#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// One number that is asked for.
struct WantedMetric {
    const MetricInfo* info = nullptr;
    int k = 0; // 0 where the metric has no cutoff
    std::optional<RankMetric> rank = {};
};

/// What the options ask for, in the order of metricInfos().
/// @param hasTruth  true preferences are known; "truth" is left out without.
Result<std::vector<WantedMetric>> wantedMetrics(const EvaluationOptions& options, bool hasTruth);

/// How many users are scored together: a block's scores stay within a few megabytes, and its size follows
/// from the data alone.
std::int64_t usersInBlock(std::int32_t items);

/// One evaluation under way with one set of options. It is given the scores of one user after another, in any
/// order and from any thread; each writes its own places.
class EvaluationPass final {
public:
    /// Split and options must stay alive.
    EvaluationPass(const Split& split, Target target, const EvaluationOptions& options,
                   std::vector<WantedMetric> wanted);

    /// Once, before any user.
    Status prepare();
    /// Whether the user's scores change anything.
    bool needs(UserIndex user) const { return m_rowOf[static_cast<std::size_t>(user)] != unneeded; }
    bool ranks(UserIndex user) const { return m_rowOf[static_cast<std::size_t>(user)] >= 0; }

    /// Whether both rank the same candidates against the same relevant items, so that one ranking serves
    /// both.
    bool sharesRanking(const EvaluationPass& other) const;

    /// Reused by one thread for user after user.
    struct Scratch {
        UserRanking ranking;
        std::vector<bool> candidates;
    };
    /// The errors of predicted ratings, where they are wanted, before the scores are ranked.
    void rate(UserIndex user, std::span<const float> scores);
    /// Into the scratch. @param scores  of all items; overwritten.
    void rank(UserIndex user, std::span<float> scores, Scratch& scratch) const {
        m_ranker->rank(user, scores, scratch.ranking);
    }
    /// Measures what this pass, or one that shares its ranking, has ranked.
    void take(UserIndex user, Scratch& scratch);

    /// A pooled AUC needs all users a second time.
    bool needsSecondPass() const { return m_poolsAuc; }
    void beginSecondPass() { m_pooled.sortRelevant(); }
    void takeAgain(UserIndex user, const Scratch& scratch) {
        m_pooled.countOthers(static_cast<std::size_t>(m_rowOf[static_cast<std::size_t>(user)]),
                             scratch.ranking);
    }

    /// What is computed from the lists alone, once they are all there.
    Status measureLists(ThreadPool& pool, RunControl& control);
    Evaluation finish();

private:
    static constexpr std::int32_t unneeded = -2;
    static constexpr std::int32_t ratedOnly = -1;

    bool isPerUser(const WantedMetric& wanted) const;
    void leaveOutWhatCannotBe();
    double truthOf(const UserRanking& ranking, int k, Scratch& scratch) const;
    double meanOf(const WantedMetric& wanted, std::span<const double> perUser) const;
    void finishRating(const WantedMetric& wanted, MetricValue& metric) const;

    const Split& m_split;
    Target m_target;
    const EvaluationOptions& m_options;
    const UserItemCsr& m_held;
    std::vector<WantedMetric> m_wanted;
    EvaluationCounts m_counts;
    std::optional<UserRanker> m_ranker;
    Discounts m_discounts;
    bool m_rates = false;
    bool m_poolsAuc = false;

    std::vector<std::int32_t> m_rowOf;          // by user: row in the evaluation, ratedOnly or unneeded
    std::vector<std::int32_t> m_relevant;       // by row
    std::vector<std::int32_t> m_pairsWeight;    // by row: relevant items where there are others, else 0
    std::vector<std::vector<double>> m_perUser; // by wanted metric
    std::vector<RatingErrors> m_errors;         // by user; empty unless ratings are wanted
    std::vector<ListMetricValue> m_lists;       // by wanted metric; empty for other kinds
    PooledAuc m_pooled;
    Evaluation m_result;
};

} // namespace recoscope
