// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"
#include "engine/api/recommender.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"
#include "engine/eval/evaluation_options.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

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

/// Ranking of the candidates (all, unless the options say otherwise) for every user with relevant held-out items. Users
/// are scored in blocks; ties go to the lower item index unless the options say otherwise; the same numbers for any thread count. Cancelled through
/// `control`: ErrorCode::Cancelled.
/// @param progress  called from any pool thread after each block of users.
Result<Evaluation> evaluate(const Recommender& model, const Split& split, Target target,
                            const EvaluationOptions& options, ThreadPool& pool, RunControl& control,
                            const std::function<void(double fraction)>& progress = {});

/// evaluate() for several options at once, the same numbers to the last bit: a user is scored once for all of them
/// (twice where a pooled AUC is wanted). In the order of the options; `seconds` is that of the whole in each.
Result<std::vector<Evaluation>> evaluateEach(const Recommender& model, const Split& split, Target target,
                                             std::span<const EvaluationOptions> options, ThreadPool& pool,
                                             RunControl& control,
                                             const std::function<void(double fraction)>& progress = {});

} // namespace recoscope
