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
};

/// Held-out interactions of a target.
const UserItemCsr& heldOut(const Split& split, Target target);
/// What users are known by when the target is scored.
const UserItemCsr& historyOf(const Split& split, Target target);
bool isRelevant(float rating, const EvaluationOptions& options);

/// O(users + held-out interactions).
EvaluationCounts countUsers(const EvaluationOptions& options, const Split& split, Target target);

/// The definition of one metric; `k` is 0 where the metric has no cutoff.
std::string defineMetric(const MetricInfo& info, int k, const EvaluationOptions& options, const Split& split,
                         Target target, const EvaluationCounts& counts);

/// "ndcg@10", or "auc" for a metric without cutoff.
std::string keyOf(const MetricInfo& info, int k);

/// "NDCG@10", with the dialect where one is chosen: "Recall@10 (capped)".
std::string labelMetric(const MetricInfo& info, int k, const EvaluationOptions& options);

} // namespace recoscope
