// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/eval/evaluator.h"

#include <cstdint>
#include <span>
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

struct ListMetricValue {
    double value = 0.0;
    std::vector<double> perUser; // in the order of the users; empty where only the whole has a number
};

/// One metric of kind List over the first `k` of every list.
/// @param name  of a metric whose kind is MetricKind::List.
ListMetricValue listMetric(std::string_view name, int k, const RankedLists& lists);

} // namespace recoscope
