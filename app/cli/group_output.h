// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/groups.h"

#include "app/cli/output.h"

#include <QString>

namespace recoscope::cli {

/// The reports of an evaluation by the names that "--groups gender,activity,items" lists.
Result<std::vector<GroupReport>> groupReports(const QString& names, const Evaluation& evaluation,
                                              const Split& split, Target target,
                                              const EvaluationOptions& options);

/// For "groups" in a JSON object.
Json groupsJson(const std::vector<GroupReport>& reports);

/// A table a grouping: metrics by group, with the gap.
std::string groupsText(const std::vector<GroupReport>& reports);

} // namespace recoscope::cli
