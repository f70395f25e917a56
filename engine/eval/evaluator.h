// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"
#include "engine/api/recommender.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

enum class Target { Validation, Test };

/// The list that NDCG's denominator is made of.
enum class IdealList {
    CutAtK,      // min(k, R) ones: the usual
    AllRelevant, // R ones, not cut at k: the dialect of Ferrari Dacrema et al. (TOIS 2021)
};

enum class RecallDenominator { Relevant, Capped }; // |R|, or min(k, |R|)
enum class MapDenominator { Capped, Relevant };    // min(k, |R|), or |R|

/// The items that few take, for the tail share.
enum class TailItems {
    BeyondMostInteractions, // outside the items that together carry 80 % of the training interactions
    LeastPopularTenth,      // RecBole's: the tenth of the trained items with the fewest interactions
};

struct EvaluationOptions {
    std::vector<int> cutoffs = {5, 10, 20};
    /// Names without cutoff: ndcg recall precision f1 map mrr hr auc rmse mae coverage gini novelty arp tail_share ild
    /// ild_cooccurrence personalisation calibration truth. Empty: all that apply.
    std::vector<std::string> metrics = {};
    double relevanceThreshold = 0.0; // held-out interactions rated at or above are relevant; 0: all are
    bool excludeTrain = true;        // the query's history is no candidate
    bool excludeValidationAtTest = true;
    IdealList ideal = IdealList::CutAtK;
    RecallDenominator recall = RecallDenominator::Relevant;
    MapDenominator map = MapDenominator::Capped;
    TailItems tail = TailItems::BeyondMostInteractions;
    bool predictsRatings = false; // scores are ratings: RMSE and MAE are computed
    bool clipRatings = true;      // predictions are clipped to the dataset's scale first
    bool keepPerUser = true;
    bool operator==(const EvaluationOptions&) const = default;
};

enum class MetricKind {
    Ranking, // one user's list against the user's relevant items
    Rating,  // predicted ratings against given ones, over pairs
    List,    // the lists alone, whoever took what: list_metrics.h
};

struct MetricInfo {
    std::string_view name;   // "ndcg"
    std::string_view label;  // "NDCG"
    std::string_view formula; // plain text
    std::string_view meaning; // one sentence for a student
    bool hasCutoff = true;
    bool higherIsBetter = true;
    MetricKind kind = MetricKind::Ranking;
};
std::span<const MetricInfo> metricInfos();
/// Null when unknown. Accepts "ndcg" and "ndcg@10".
const MetricInfo* findMetric(std::string_view nameOrKey);

/// The full definition that travels with a number, e.g. "ndcg;k=10;gain=binary;discount=log2(i+1);…".
std::string metricDefinition(std::string_view key, const EvaluationOptions& options, const Split& split, Target target);

/// Whether the options ask for something that exists: known metrics, cutoffs in range, at least one number to compute.
Status checkEvaluationOptions(const EvaluationOptions& options);

/// Full ranking of all candidates for every user with relevant held-out items. Users are scored in blocks; ties go to
/// the lower item index; the same numbers for any thread count. Cancelled through `control`: ErrorCode::Cancelled.
/// @param progress  called from any pool thread after each block of users.
Result<Evaluation> evaluate(const Recommender& model, const Split& split, Target target,
                            const EvaluationOptions& options, ThreadPool& pool, RunControl& control,
                            const std::function<void(double fraction)>& progress = {});

} // namespace recoscope
