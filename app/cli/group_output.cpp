// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/group_output.h"

#include <QStringList>

namespace recoscope::cli {

Result<std::vector<GroupReport>> groupReports(const QString& names, const Evaluation& evaluation,
                                              const Split& split, Target target,
                                              const EvaluationOptions& options) {
    std::vector<GroupReport> reports;
    for (const QString& name : names.split(',', Qt::SkipEmptyParts)) {
        auto report = groupBy(name.trimmed().toStdString(), evaluation, split, target, options);
        if (!report) return report.error();
        reports.push_back(std::move(*report));
    }
    if (reports.empty()) {
        std::string known;
        for (const std::string& name : groupNames(*split.dataset()))
            known += (known.empty() ? "" : ", ") + name;
        return Error{ErrorCode::Invalid, "Group by one or more of " + known, "--groups"};
    }
    return reports;
}

Json groupsJson(const std::vector<GroupReport>& reports) {
    Json all = Json::array();
    for (const GroupReport& report : reports) {
        Json metrics = Json::array();
        for (const GroupedMetric& metric : report.metrics) {
            Json groups = Json::array();
            for (const GroupValue& group : metric.groups)
                groups.push_back({{"group", group.label},
                                  {"users", group.users},
                                  {"value", group.value},
                                  {"standard_error", group.standardError},
                                  {"counts", group.counts}});
            metrics.push_back({{"key", metric.key},
                               {"label", metric.label},
                               {"overall", metric.overall},
                               {"groups", std::move(groups)},
                               {"gap", metric.gap},
                               {"ratio", metric.ratio}});
        }
        all.push_back(
            {{"by", report.by}, {"definition", report.definition}, {"metrics", std::move(metrics)}});
    }
    return all;
}

std::string groupsText(const std::vector<GroupReport>& reports) {
    std::string text;
    for (const GroupReport& report : reports) {
        if (report.metrics.empty()) continue;
        text += "\nby " + report.by + " (" + report.definition + ")\n";
        std::vector<std::string> headings{"metric", "all"};
        std::vector<std::string> users{"users", ""};
        bool small = false;
        for (const GroupValue& group : report.metrics.front().groups) {
            headings.push_back(group.label + (group.counts ? "" : " *"));
            users.push_back(grouped(group.users));
            small = small || !group.counts;
        }
        for (const char* last : {"gap", "ratio"}) {
            headings.emplace_back(last);
            users.emplace_back("");
        }
        Table table(headings);
        table.add(users);
        for (const GroupedMetric& metric : report.metrics) {
            std::vector<std::string> row{metric.label, fixed(metric.overall)};
            for (const GroupValue& group : metric.groups)
                row.push_back(group.users > 0 ? fixed(group.value) : "-");
            row.push_back(fixed(metric.gap));
            row.push_back(fixed(metric.ratio, 2));
            table.add(std::move(row));
        }
        text += table.text();
        if (small) text += "* too few users for the gap\n";
    }
    return text;
}

} // namespace recoscope::cli
