// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/item_gram.h"

#include "engine/core/check.h"

#include <algorithm>
#include <atomic>

namespace recoscope {

namespace {

/// Row `item` up to its diagonal. False when cancelled.
bool countRow(const UserItemCsr& byUser, const ItemUserCsr& byItem, EntryValues values, ItemIndex item,
              float* out, RunControl& control) {
    const auto end = static_cast<std::size_t>(item) + 1;
    std::fill(out, out + end, 0.0f);
    const auto users = byItem.cols(item);
    const auto ratings = byItem.values(item);
    for (std::size_t n = 0; n < users.size(); ++n) {
        if (!control.keepGoing()) return false;
        const auto history = byUser.cols(users[n]);
        // Items ascend in a history, so those up to this one come first.
        const auto stop = static_cast<std::size_t>(std::upper_bound(history.begin(), history.end(), item) -
                                                   history.begin());
        if (values == EntryValues::Ones) {
            for (std::size_t m = 0; m < stop; ++m)
                out[static_cast<std::size_t>(history[m])] += 1.0f;
        } else {
            const auto theirs = byUser.values(users[n]);
            const float own = ratings[n];
            for (std::size_t m = 0; m < stop; ++m)
                out[static_cast<std::size_t>(history[m])] += own * theirs[m];
        }
    }
    return true;
}

} // namespace

bool itemGram(const UserItemCsr& byUser, const ItemUserCsr& byItem, EntryValues values, MatrixF& out,
              ThreadPool& pool, RunControl& control, const std::function<void(double)>& progress) {
    RECOSCOPE_CHECK(byUser.colCount() == byItem.rowCount() && byUser.size() == byItem.size(),
                    "the same data by user and by item");
    const std::int64_t items = byItem.rowCount();
    out.resize(items, items);
    std::atomic<std::int64_t> done{0};
    std::atomic<bool> completed{true};
    constexpr std::int64_t rowsPerChunk = 4;
    pool.forChunks(items, rowsPerChunk, [&](const Chunk& chunk) {
        for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
            const ItemIndex item{static_cast<std::int32_t>(i)};
            if (!countRow(byUser, byItem, values, item, out.row(i).data(), control)) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            done.fetch_add(byItem.rowSize(item), std::memory_order_relaxed);
        }
        if (progress && chunk.thread == 0 && !byItem.empty())
            progress(static_cast<double>(done.load(std::memory_order_relaxed)) /
                     static_cast<double>(byItem.size()));
    });
    return completed.load() && mirrorLower(out, 1.0f, pool, control);
}

bool mirrorLower(MatrixF& matrix, float factor, ThreadPool& pool, RunControl& control) {
    RECOSCOPE_CHECK(matrix.rows() == matrix.cols(), "only a square matrix has two equal sides");
    constexpr std::int64_t side = 64; // two such tiles fit the first-level cache
    const std::int64_t n = matrix.rows();
    std::atomic<bool> completed{true};
    pool.forChunks(n, side, [&](const Chunk& chunk) {
        for (std::int64_t col = 0; col < chunk.end; col += side) {
            if (!control.keepGoing()) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i)
                for (std::int64_t j = col; j < std::min(col + side, i + 1); ++j) {
                    const float value = factor * matrix(i, j);
                    matrix(i, j) = value;
                    matrix(j, i) = value;
                }
        }
    });
    return completed.load();
}

} // namespace recoscope
