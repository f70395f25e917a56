// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/run_library.h"

#include <QString>
#include <QStringList>

#include <utility>
#include <vector>

namespace recoscope {

/// What the runs were set to: a row a setting, with a value a run; empty where a run has no such setting.
std::vector<std::pair<QString, QStringList>> runParameters(const std::vector<const RunDetails*>& runs);

} // namespace recoscope
