// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"

#include <cstdint>
#include <string>

namespace recoscope {

/// Who and what an evaluation is about, counted from the split alone.
struct EvaluationCounts {
    std::int64_t users = 0; // with a relevant held-out item
    std::int64_t usersWithoutRelevant =
        0;                  // known by a history or held-out items, but with nothing relevant to find
    std::int64_t pairs = 0; // held-out interactions
    std::int64_t rated = 0; // users with held-out interactions
};

/// Held-out interactions of a target.
const UserItemCsr& heldOut(const Split& split, Target target);
/// What users are known by when the target is scored.
const UserItemCsr& historyOf(const Split& split, Target target);
/// Whether a held-out rating reaches the threshold; 0 means "all do", also for scales that go below zero. Which items
/// count may depend on more: candidates.h.
bool isRelevant(float rating, const EvaluationOptions& options);

/// O(users + held-out interactions).
EvaluationCounts countUsers(const EvaluationOptions& options, const Split& split, Target target);

/// The definition of one metric; `k` is 0 where the metric has no cutoff.
std::string defineMetric(const MetricInfo& info, int k, const EvaluationOptions& options, const Split& split,
                         Target target, const EvaluationCounts& counts);

/// "ndcg@10", or "auc" for a metric without cutoff.
std::string keyOf(const MetricInfo& info, int k);

/// As the metric says, but for those that a choice turns round: 1 − Gini.
bool isHigherBetter(const MetricInfo& info, const EvaluationOptions& options);

/// "NDCG@10", with what is chosen where it is not Recoscope's own: "Recall@10 (capped)", "NDCG@10 [99 uniform]".
std::string labelMetric(const MetricInfo& info, int k, const EvaluationOptions& options);

} // namespace recoscope
