// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

struct GroupOptions {
    int bands = 4;              // of activity and of numbers with many values, of about equal size
    std::int64_t minUsers = 10; // smaller groups are listed, but do not count for the gap
    std::size_t maxGroups = 25; // of an attribute; the smaller ones become "others"
    bool operator==(const GroupOptions&) const = default;
};

/// Users of an evaluation that have something in common.
struct UserGroup {
    std::string label;             // "F", "25 to 34", "20 to 38 interactions"
    std::vector<std::size_t> rows; // places in Evaluation::users, ascending
};

struct UserGrouping {
    std::string by;         // "gender", "activity"
    std::string definition; // what makes the groups: "activity;of=training-interactions;bands=4"
    std::vector<UserGroup> groups;
};

/// One metric in one group.
struct GroupValue {
    std::string label;
    std::int64_t users = 0; // in the mean
    double value = 0.0;
    double standardError = 0.0; // of the mean; 0 for fewer than two users
    bool counts = true;         // large enough for the gap
};

/// One metric over all groups.
struct GroupedMetric {
    std::string key;   // "ndcg@10"
    std::string label; // "NDCG@10"
    bool higherIsBetter = true;
    double overall = 0.0; // over all users
    std::vector<GroupValue> groups;
    double gap = 0.0;   // largest − smallest value among the groups that count
    double ratio = 1.0; // smallest / largest; 1 where all are 0
};

struct GroupReport {
    std::string by;
    std::string definition;
    std::vector<GroupedMetric> metrics;
};

/// What metrics of this data can be grouped by: "activity", "items", and the attributes of users.
std::vector<std::string> groupNames(const Dataset& data);

/// Users by an attribute of theirs (a category, each of several categories, or bands of a number; without a
/// value: "unknown"), or by "activity": the length of the history that they are known by when the target is
/// scored. Names what there is where `by` is none of it. O(users log users).
Result<UserGrouping> groupUsers(std::string_view by, std::span<const UserIndex> users, const Split& split,
                                Target target, const GroupOptions& options = {});

/// Every metric of the evaluation that has a value a user, by group; also of a stored evaluation.
GroupReport groupMetrics(const UserGrouping& grouping, const Evaluation& evaluation,
                         const GroupOptions& options = {});

/// Recall by popularity of the item, for every cutoff: of a user's relevant items that belong to the head
/// (the tail), the share in the first k; users without relevant items of the kind are left out. What the tail
/// is: EvaluationOptions::tail. Needs the lists, so not a stored evaluation: ErrorCode::Invalid.
Result<GroupReport> groupByItems(const Evaluation& evaluation, const Split& split, Target target,
                                 const EvaluationOptions& options, const GroupOptions& groupOptions = {});

/// groupUsers() and groupMetrics(), or groupByItems() for "items".
Result<GroupReport> groupBy(std::string_view by, const Evaluation& evaluation, const Split& split,
                            Target target, const EvaluationOptions& options,
                            const GroupOptions& groupOptions = {});

} // namespace recoscope
