// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/csr.h"
#include "engine/linalg/similarity.h"

#include <functional>

namespace recoscope {

/// XᵀX of users x items data, both triangles: entry (i, j) counts the users of both items, or sums the
/// products of their ratings. O(half the sum over users of their squared history + items²), on all threads of
/// the pool; memory items² floats, the result. The same bits for any thread count. keepGoing() is asked once
/// a user of an item.
/// @param byItem  the same data by item.
/// @param out  resized to items x items.
/// @param progress  optional; called from the calling thread with the share done.
/// Returns false when cancelled; `out` is then unspecified.
bool itemGram(const UserItemCsr& byUser, const ItemUserCsr& byItem, EntryValues values, MatrixF& out,
              ThreadPool& pool, RunControl& control,
              const std::function<void(double fraction)>& progress = {});

/// Copies what is below the diagonal of a square matrix, times `factor`, to both sides of it (the diagonal
/// too is multiplied). False when cancelled.
bool mirrorLower(MatrixF& matrix, float factor, ThreadPool& pool, RunControl& control);

} // namespace recoscope
