// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// One metric over the evaluated users.
struct MetricValue {
    std::string key;        // "ndcg@10", "rmse"
    std::string label;      // "NDCG@10"
    std::string definition; // "ndcg;k=10;gain=binary;…": everything the number depends on
    double value = 0.0;
    std::int64_t count = 0; // users (or pairs) in the mean
    bool higherIsBetter = true;
    /// In the order of Evaluation::users; empty for metrics that are not per user. NaN where the number does not exist for
    /// a user (no pair of items to compare); such users are not in the mean.
    std::vector<double> perUser;
};

/// What an evaluator found on one part of a split.
struct Evaluation {
    std::vector<UserIndex> users; // those with at least one relevant held-out item, ascending
    std::int64_t usersWithoutRelevant = 0;
    std::vector<MetricValue> metrics;
    int listLength = 0;             // the largest cutoff
    std::vector<ItemIndex> topItems; // users.size() x listLength, best first; padded with -1 where candidates end
    double seconds = 0.0;
    std::vector<std::string> leftOut; // "ild@10: the items have no categories": asked for, but without a meaning here

    const MetricValue* find(std::string_view key) const {
        for (const auto& metric : metrics)
            if (metric.key == key) return &metric;
        return nullptr;
    }
};

} // namespace recoscope
