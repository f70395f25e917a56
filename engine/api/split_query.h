// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/data/split.h"

namespace recoscope {

/// The question that asks a model for one user of a split, as known by `history`: split.train(),
/// split.validationHistory() or split.testHistory(). Everybody who asks for a user asks so, which makes
/// lists, exports and metrics agree. The user counts as known where the history is the training row and the
/// model has learned it; else the history is folded in, with the user's features where there are any. The
/// spans are the split's. O(history).
Query queryFor(const Recommender& model, const Split& split, const UserItemCsr& history, UserIndex user);

} // namespace recoscope
