// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/groups.h"

#include "engine/core/param_schema.h"
#include "engine/eval/candidates.h"
#include "engine/eval/list_metrics.h"
#include "engine/eval/metric_definition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace recoscope {

namespace {

constexpr const char* unknown = "unknown";

std::string number(double value) { return toText(ParamValue(value)); }

bool canGroup(const FeatureColumn& column) { return column.kind != FeatureKind::Text; }

/// Mean and its standard error of the values that are numbers.
GroupValue meanOf(std::string label, const std::vector<double>& values) {
    GroupValue result;
    result.label = std::move(label);
    double sum = 0.0;
    for (const double value : values) {
        if (std::isnan(value)) continue;
        sum += value;
        ++result.users;
    }
    if (result.users == 0) return result;
    const auto users = static_cast<double>(result.users);
    result.value = sum / users;
    double squares = 0.0;
    for (const double value : values)
        if (!std::isnan(value)) squares += (value - result.value) * (value - result.value);
    if (result.users > 1) result.standardError = std::sqrt(squares / (users - 1.0) / users);
    return result;
}

void findGap(GroupedMetric& metric, std::int64_t minUsers) {
    bool first = true;
    double least = 0.0;
    double most = 0.0;
    for (GroupValue& group : metric.groups) {
        group.counts = group.users >= std::max<std::int64_t>(1, minUsers);
        if (!group.counts) continue;
        least = first ? group.value : std::min(least, group.value);
        most = first ? group.value : std::max(most, group.value);
        first = false;
    }
    metric.gap = most - least;
    metric.ratio = most != 0.0 ? least / most : 1.0;
}

/// Bands of about equal size; equal values are in one band, so there may be fewer. NaN is "unknown".
std::vector<UserGroup> bandsOf(const std::vector<double>& values, int bands, const std::string& unit) {
    std::vector<double> sorted;
    for (const double value : values)
        if (!std::isnan(value)) sorted.push_back(value);
    std::sort(sorted.begin(), sorted.end());
    // Every band begins at a value; few different values are a band each.
    const std::set<double> different(sorted.begin(), sorted.end());
    std::set<double> begins;
    if (different.size() <= 2 * static_cast<std::size_t>(std::max(1, bands))) {
        begins = different;
    } else {
        for (int band = 0; band < bands; ++band)
            begins.insert(
                sorted[sorted.size() * static_cast<std::size_t>(band) / static_cast<std::size_t>(bands)]);
    }
    const std::vector<double> from(begins.begin(), begins.end());
    std::vector<UserGroup> groups(from.size() + 1);
    std::vector<double> last(from.size(), 0.0);
    for (std::size_t row = 0; row < values.size(); ++row) {
        if (std::isnan(values[row])) {
            groups.back().rows.push_back(row);
            continue;
        }
        const auto band = static_cast<std::size_t>(std::upper_bound(from.begin(), from.end(), values[row]) -
                                                   from.begin() - 1);
        groups[band].rows.push_back(row);
        last[band] = groups[band].rows.size() == 1 ? values[row] : std::max(last[band], values[row]);
    }
    for (std::size_t band = 0; band < from.size(); ++band)
        groups[band].label =
            number(from[band]) + (last[band] > from[band] ? " to " + number(last[band]) : "") + unit;
    groups.back().label = unknown;
    if (groups.back().rows.empty()) groups.pop_back();
    return groups;
}

/// One group a category, largest first as the data has them; the smallest are put together.
std::vector<UserGroup> categoriesOf(const FeatureColumn& column, std::span<const UserIndex> users,
                                    std::size_t maxGroups) {
    std::vector<UserGroup> groups(column.vocabulary.size());
    UserGroup without{unknown, {}};
    for (std::size_t row = 0; row < users.size(); ++row) {
        const auto tokens = column.tokensOf(toInt(users[row]));
        const std::set<std::int32_t> different(tokens.begin(), tokens.end());
        for (const std::int32_t token : different)
            groups[static_cast<std::size_t>(token)].rows.push_back(row);
        if (different.empty()) without.rows.push_back(row);
    }
    for (std::size_t n = 0; n < groups.size(); ++n)
        groups[n].label = column.vocabulary[n];
    std::erase_if(groups, [](const UserGroup& group) { return group.rows.empty(); });
    if (groups.size() > maxGroups && maxGroups > 1) {
        std::stable_sort(groups.begin(), groups.end(), [](const UserGroup& a, const UserGroup& b) {
            return a.rows.size() > b.rows.size();
        });
        std::set<std::size_t> rest;
        for (std::size_t n = maxGroups - 1; n < groups.size(); ++n)
            rest.insert(groups[n].rows.begin(), groups[n].rows.end());
        groups.resize(maxGroups - 1);
        std::sort(groups.begin(), groups.end(),
                  [](const UserGroup& a, const UserGroup& b) { return a.label < b.label; });
        groups.push_back({"others", {rest.begin(), rest.end()}});
    } else {
        std::sort(groups.begin(), groups.end(),
                  [](const UserGroup& a, const UserGroup& b) { return a.label < b.label; });
    }
    if (!without.rows.empty()) groups.push_back(std::move(without));
    return groups;
}

} // namespace

std::vector<std::string> groupNames(const Dataset& data) {
    std::vector<std::string> names{"activity", "items"};
    for (const FeatureColumn& column : data.userFeatures().columns())
        if (canGroup(column)) names.push_back(column.name);
    return names;
}

Result<UserGrouping> groupUsers(std::string_view by, std::span<const UserIndex> users, const Split& split,
                                Target target, const GroupOptions& options) {
    UserGrouping grouping;
    grouping.by = by;
    const std::string bands = ";bands=" + std::to_string(options.bands) + "-of-equal-size";
    if (by == "activity") {
        std::vector<double> lengths;
        for (const UserIndex user : users)
            lengths.push_back(static_cast<double>(historyOf(split, target).rowSize(user)));
        grouping.groups = bandsOf(lengths, options.bands, " interactions");
        grouping.definition = "activity;of=history-length" + bands;
        return grouping;
    }
    const FeatureColumn* column = split.dataset()->userFeatures().find(by);
    if (!column || !canGroup(*column)) {
        std::string known;
        for (const std::string& name : groupNames(*split.dataset()))
            known += (known.empty() ? "" : ", ") + name;
        return Error{ErrorCode::NotFound,
                     "Users cannot be grouped by '" + std::string(by) + "'; this data has " + known,
                     "groups"};
    }
    grouping.definition = "attribute;of=users;column=" + column->name;
    if (column->kind == FeatureKind::Number) {
        std::vector<double> values;
        for (const UserIndex user : users)
            values.push_back(static_cast<double>(column->numbers[static_cast<std::size_t>(user)]));
        grouping.groups = bandsOf(values, options.bands, "");
        grouping.definition += bands;
    } else {
        grouping.groups = categoriesOf(*column, users, options.maxGroups);
    }
    return grouping;
}

GroupReport groupMetrics(const UserGrouping& grouping, const Evaluation& evaluation,
                         const GroupOptions& options) {
    GroupReport report{grouping.by, grouping.definition, {}};
    for (const MetricValue& metric : evaluation.metrics) {
        if (metric.perUser.size() != evaluation.users.size() || metric.perUser.empty()) continue;
        GroupedMetric grouped{metric.key, metric.label, metric.higherIsBetter, metric.value, {}, 0.0, 1.0};
        for (const UserGroup& group : grouping.groups) {
            std::vector<double> values;
            for (const std::size_t row : group.rows)
                values.push_back(metric.perUser[row]);
            grouped.groups.push_back(meanOf(group.label, values));
        }
        findGap(grouped, options.minUsers);
        report.metrics.push_back(std::move(grouped));
    }
    return report;
}

Result<GroupReport> groupByItems(const Evaluation& evaluation, const Split& split, Target target,
                                 const EvaluationOptions& options, const GroupOptions& groupOptions) {
    if (evaluation.listLength < 1 ||
        evaluation.topItems.size() !=
            evaluation.users.size() * static_cast<std::size_t>(evaluation.listLength))
        return Error{
            ErrorCode::Invalid,
            "Accuracy by items needs the recommended lists, which are not stored; evaluate the run again",
            "groups"};
    const std::vector<bool> tail = tailItems(split, options.tail);
    const UserItemCsr& held = heldOut(split, target);
    const Relevance relevant(options, split);
    GroupReport report{"items",
                       std::string("items;recall-of=relevant-items-of-the-group;tail=") +
                           (options.tail == TailItems::LeastPopularTenth
                                ? "least-popular-10%-of-training-items"
                                : "outside-items-with-80%-of-training-interactions"),
                       {}};
    std::set<int> cutoffs;
    for (const int k : options.cutoffs)
        if (k >= 1 && k <= evaluation.listLength) cutoffs.insert(k);
    for (const int k : cutoffs) {
        std::vector<std::vector<double>> values(3); // head, tail, all
        for (std::size_t row = 0; row < evaluation.users.size(); ++row) {
            const UserIndex user = evaluation.users[row];
            const auto list = std::span(evaluation.topItems)
                                  .subspan(row * static_cast<std::size_t>(evaluation.listLength),
                                           static_cast<std::size_t>(k));
            double found[3] = {};
            double hits[3] = {};
            for (std::size_t n = 0; n < held.cols(user).size(); ++n) {
                const ItemIndex item = held.cols(user)[n];
                if (!relevant(user, item, held.values(user)[n])) continue;
                const bool hit = std::find(list.begin(), list.end(), item) != list.end();
                for (const int group : {tail[static_cast<std::size_t>(item)] ? 1 : 0, 2}) {
                    found[group] += 1.0;
                    hits[group] += hit ? 1.0 : 0.0;
                }
            }
            for (std::size_t group = 0; group < 3; ++group)
                if (found[group] > 0.0) values[group].push_back(hits[group] / found[group]);
        }
        const std::string at = std::to_string(k);
        GroupedMetric metric{"recall@" + at, "Recall@" + at, true, meanOf("", values[2]).value, {}, 0.0, 1.0};
        metric.groups = {meanOf("head", values[0]), meanOf("tail", values[1])};
        findGap(metric, groupOptions.minUsers);
        report.metrics.push_back(std::move(metric));
    }
    return report;
}

Result<GroupReport> groupBy(std::string_view by, const Evaluation& evaluation, const Split& split,
                            Target target, const EvaluationOptions& options,
                            const GroupOptions& groupOptions) {
    if (by == "items") return groupByItems(evaluation, split, target, options, groupOptions);
    const auto grouping = groupUsers(by, evaluation.users, split, target, groupOptions);
    if (!grouping) return grouping.error();
    return groupMetrics(*grouping, evaluation, groupOptions);
}

} // namespace recoscope
