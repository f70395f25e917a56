// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/list_metrics.h"

#include "engine/core/check.h"
#include "engine/eval/metric_definition.h"

#include <algorithm>

namespace recoscope {

namespace {

/// Items that are candidates for at least one of the users.
std::int64_t possibleItems(const RankedLists& lists) {
    const UserItemCsr& history = historyOf(lists.split, lists.target);
    const bool alsoValidation = lists.target == Target::Test && lists.options.excludeValidationAtTest;
    std::vector<std::int64_t> excludedFor(static_cast<std::size_t>(history.colCount()), 0);
    for (const UserIndex user : lists.users) {
        if (lists.options.excludeTrain)
            for (const ItemIndex item : history.cols(user))
                ++excludedFor[static_cast<std::size_t>(item)];
        if (!alsoValidation || lists.split.validation().empty()) continue;
        for (const ItemIndex item : lists.split.validation().cols(user))
            if (!lists.options.excludeTrain || !history.contains(user, item))
                ++excludedFor[static_cast<std::size_t>(item)];
    }
    const auto users = static_cast<std::int64_t>(lists.users.size());
    return std::count_if(excludedFor.begin(), excludedFor.end(),
                         [users](std::int64_t n) { return n < users; });
}

double coverage(int k, const RankedLists& lists) {
    std::vector<bool> recommended(static_cast<std::size_t>(historyOf(lists.split, lists.target).colCount()),
                                  false);
    const auto length = static_cast<std::size_t>(lists.listLength);
    for (std::size_t row = 0; row < lists.users.size(); ++row)
        for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i)
            if (const ItemIndex item = lists.topItems[row * length + i]; toInt(item) >= 0)
                recommended[static_cast<std::size_t>(item)] = true;
    const std::int64_t possible = possibleItems(lists);
    const auto distinct = std::count(recommended.begin(), recommended.end(), true);
    return possible > 0 ? static_cast<double>(distinct) / static_cast<double>(possible) : 0.0;
}

} // namespace

ListMetricValue listMetric(std::string_view name, int k, const RankedLists& lists) {
    RECOSCOPE_CHECK(name == "coverage", "a metric of kind List");
    return {coverage(k, lists), {}};
}

} // namespace recoscope
