// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/eval/evaluator.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// The lists that an evaluation made, with what they are judged by.
struct RankedLists {
    std::span<const UserIndex> users;    // ascending
    std::span<const ItemIndex> topItems; // users.size() x listLength, best first, padded with -1
    int listLength = 0;
    const Split& split;
    Target target;
    const EvaluationOptions& options;
};

struct ListMetricRequest {
    std::string_view name; // of a metric whose kind is MetricKind::List
    int k = 1;             // at most the lists' length
};

struct ListMetricValue {
    double value = 0.0;
    std::int64_t users = 0; // in the value
    /// In the order of the users, NaN where a user has no such number; empty where only the whole has one.
    std::vector<double> perUser;
};

/// Steck's share of the history's mix in the list's, which keeps the divergence finite.
inline constexpr double calibrationSmoothing = 0.01;

/// Why a metric of kind List cannot be computed for so many users of a split, in words; empty where it can.
std::string whyNoListMetric(std::string_view name, int k, const Split& split, Target target,
                            std::int64_t users);

/// Metrics over the first k of every list, in the order of the requests, each one possible by
/// whyNoListMetric(). The same bits for any thread count. Formulas: metricInfos(); details:
/// metricDefinition(). O(users * k) and the categories of histories; ILD by co-occurrence O(users * k²)
/// counts of common users, most of them remembered. Fails when cancelled only.
Result<std::vector<ListMetricValue>> listMetrics(std::span<const ListMetricRequest> requests,
                                                 const RankedLists& lists, ThreadPool& pool,
                                                 RunControl& control);

/// By item: outside the most popular items that together carry 80 % of the training interactions, or
/// (TailItems:: LeastPopularTenth) among the tenth of trained items with the fewest users, at least one.
/// Equal popularity: the lower index counts as the more popular, in the tenth as the less popular one.
/// O(items log items).
std::vector<bool> tailItems(const Split& split, TailItems tail);

} // namespace recoscope
