// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

namespace recoscope {

/// Random: every item gets a score drawn uniformly from [0, 1).
///
///   score(u, i) = hash(seed, who asks, i) / 2^24
///
/// Who asks is the known user, else the history's items; so a user keeps his list however often and in
/// whatever order the model is asked, and another seed gives another list. Reference: none; the floor that
/// every model has to leave.
AlgorithmInfo randomInfo();

} // namespace recoscope
