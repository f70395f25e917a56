// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/spmm.h"

#include "engine/linalg/simd.h"

#include <algorithm>

namespace recoscope {

namespace {

using simd::at;
using simd::Float16;
using simd::kLanes;

constexpr std::int64_t kRowsPerChunk = 32;

/// Sums Vectors x 16 columns of the rows that `columns` names, two sums a column so that additions overlap.
template <int Vectors>
RECOSCOPE_INLINE void sumRows(const std::int32_t* columns, std::int64_t count, const float* x,
                              std::int64_t stride, Float16 (&sums)[Vectors]) {
    Float16 even[Vectors]{};
    Float16 odd[Vectors]{};
    std::int64_t n = 0;
    for (; n + 2 <= count; n += 2) {
        const float* const a = x + columns[n] * stride;
        const float* const b = x + columns[n + 1] * stride;
        for (int v = 0; v < Vectors; ++v) {
            even[v] += at(a + v * kLanes);
            odd[v] += at(b + v * kLanes);
        }
    }
    if (n < count) {
        const float* const a = x + columns[n] * stride;
        for (int v = 0; v < Vectors; ++v)
            even[v] += at(a + v * kLanes);
    }
    for (int v = 0; v < Vectors; ++v)
        sums[v] = even[v] + odd[v];
}

template <int Vectors>
RECOSCOPE_INLINE void columnsOfRow(const std::int32_t* columns, std::int64_t count, const float* x,
                                   std::int64_t stride, float scale, float* y, float* total) {
    Float16 sums[Vectors];
    sumRows<Vectors>(columns, count, x, stride, sums);
    for (int v = 0; v < Vectors; ++v) {
        const Float16 scaled = scale * sums[v];
        at(y + v * kLanes) = scaled;
        if (total) at(total + v * kLanes) += scaled;
    }
}

} // namespace

bool sparseOnesTimesDense(const SparseOnes& a, const float* x, std::int64_t stride, const float* scale,
                          float* y, float* total, ThreadPool& pool, RunControl& control) {
    pool.forChunks(a.rows(), kRowsPerChunk, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
            const std::int64_t begin = a.offsets[static_cast<std::size_t>(row)];
            const std::int64_t count = a.offsets[static_cast<std::size_t>(row) + 1] - begin;
            const std::int32_t* const columns = a.columns + begin;
            float* const out = y + row * stride;
            float* const sum = total ? total + row * stride : nullptr;
            std::int64_t v = 0;
            for (; v + 4 * kLanes <= stride; v += 4 * kLanes)
                columnsOfRow<4>(columns, count, x + v, stride, scale[row], out + v, sum ? sum + v : nullptr);
            for (; v < stride; v += kLanes)
                columnsOfRow<1>(columns, count, x + v, stride, scale[row], out + v, sum ? sum + v : nullptr);
        }
    });
    return !control.cancelled();
}

} // namespace recoscope
