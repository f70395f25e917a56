// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/linalg/gemm_kernel.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

/// Packing for gemm: a panel holds, for each of k steps, `width` values side by side.
namespace recoscope::gemm_detail {

/// One round of a transposition: rows i and i + L/2 zipped into rows 2i and 2i + 1. After log2 L rounds L x L
/// values are transposed.
template <class S>
RECOSCOPE_INLINE void zipHalves(typename Simd<S>::Vector (&rows)[Simd<S>::kCount]) {
    constexpr int L = Simd<S>::kCount;
    typename Simd<S>::Vector out[L];
#pragma GCC unroll 8
    for (int i = 0; i < L / 2; ++i) {
        const auto& a = rows[i];
        const auto& b = rows[i + L / 2];
        if constexpr (L == 16) {
            out[2 * i] =
                __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            out[2 * i + 1] =
                __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        } else if constexpr (L == 8) {
            out[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
            out[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
        } else if constexpr (L == 4) {
            out[2 * i] = __builtin_shufflevector(a, b, 0, 4, 1, 5);
            out[2 * i + 1] = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        } else {
            static_assert(L == 2);
            out[2 * i] = __builtin_shufflevector(a, b, 0, 2);
            out[2 * i + 1] = __builtin_shufflevector(a, b, 1, 3);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i)
        rows[i] = out[i];
}

/// panel[p * width + i] = source[i * stride + p] for i < count and p < k; 0 for count <= i < width.
template <class S>
void packAcross(const S* source, std::int64_t stride, int count, std::int64_t k, S* panel, int width) {
    using V = Simd<S>;
    constexpr int L = V::kCount;
    // A vector store may run over into the next steps' values, so those are written after it: columns from
    // the right, steps upwards.
    for (int i0 = (width - 1) / L * L; i0 >= 0; i0 -= L) {
        std::int64_t p = 0;
        for (; p + L <= k && (p + L - 1) * width + i0 + L <= k * width; p += L) {
            typename V::Vector rows[L];
#pragma GCC unroll 16
            for (int r = 0; r < L; ++r)
                rows[r] = i0 + r < count ? V::load(source + (i0 + r) * stride + p) : typename V::Vector{};
            for (int round = 1; round < L; round *= 2)
                zipHalves<S>(rows);
#pragma GCC unroll 16
            for (int r = 0; r < L; ++r)
                V::store(panel + (p + r) * width + i0, rows[r]);
        }
        const int last = std::min(i0 + L, width);
        for (; p < k; ++p)
            for (int i = i0; i < last; ++i)
                panel[p * width + i] = i < count ? source[i * stride + p] : S(0);
    }
}

/// `panels` whole panels of neighbouring columns, `panelSize` apart: panel[p * kTileCols + i] = source[p *
/// stride + i]. All of a row at once, since rows that lie far apart are slow to reach.
template <class S>
void packWholePanels(const S* source, std::int64_t stride, std::int64_t panels, std::int64_t k, S* out,
                     std::int64_t panelSize) {
    using V = Simd<S>;
    for (std::int64_t p = 0; p < k; ++p) {
        const S* from = source + p * stride;
        S* to = out + p * V::kTileCols;
        for (std::int64_t j = 0; j < panels; ++j, from += V::kTileCols, to += panelSize)
#pragma GCC unroll 4
            for (int w = 0; w < kTileVectors; ++w)
                V::store(to + w * V::kCount, V::load(from + w * V::kCount));
    }
}

/// panel[p * width + i] = source[p * stride + i] for i < count and p < k; 0 for count <= i < width.
template <class S>
void packAlong(const S* source, std::int64_t stride, int count, std::int64_t k, S* panel, int width) {
    for (std::int64_t p = 0; p < k; ++p) {
        std::memcpy(panel + p * width, source + p * stride, static_cast<std::size_t>(count) * sizeof(S));
        for (int i = count; i < width; ++i)
            panel[p * width + i] = S(0);
    }
}

} // namespace recoscope::gemm_detail
