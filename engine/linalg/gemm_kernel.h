// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/linalg/simd.h"

#include <array>
#include <cstdint>
#include <utility>

/// The innermost part of gemm: one tile of C held in registers while k runs.
namespace recoscope::gemm_detail {

// The tile fills the registers of the instruction set: 28 of AVX-512's 32 hold sums, 12 of AVX2's 16, 8 of
// SSE's 16 (which needs more temporaries, having no fused multiply-add).
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr int kTileRows = 14;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
inline constexpr int kTileRows = 6;
#else
inline constexpr int kVectorBytes = 16;
inline constexpr int kTileRows = 4;
#endif
/// A tile is two vectors wide; the last tile of a row may be one.
inline constexpr int kTileVectors = 2;

// The compiler takes these attributes on plain types only.
template <class S>
struct Registers;
template <>
struct Registers<float> {
    using Vector = float __attribute__((vector_size(kVectorBytes)));
    using Unaligned = float __attribute__((vector_size(kVectorBytes), aligned(4), may_alias));
};
template <>
struct Registers<double> {
    using Vector = double __attribute__((vector_size(kVectorBytes)));
    using Unaligned = double __attribute__((vector_size(kVectorBytes), aligned(8), may_alias));
};

template <class S>
struct Simd {
    using Vector = typename Registers<S>::Vector;
    using Unaligned = typename Registers<S>::Unaligned;
    static constexpr int kCount = kVectorBytes / static_cast<int>(sizeof(S));
    static constexpr int kTileCols = kTileVectors * kCount;

    static RECOSCOPE_INLINE Vector load(const S* p) { return *reinterpret_cast<const Unaligned*>(p); }
    static RECOSCOPE_INLINE void store(S* p, const Vector& v) { *reinterpret_cast<Unaligned*>(p) = v; }
};

/// C (R x W vectors) = A B, plus C when `add`. a: packed, R values for each of k steps; b: W vectors each
/// step, steps `bStride` apart; of the W vectors of a row of C only `cols` values are touched.
template <class S, int R, int W>
void tile(std::int64_t k, const S* a, const S* b, std::int64_t bStride, S* c, std::int64_t ldc, int cols,
          bool add) {
    using V = Simd<S>;
    using Vector = typename V::Vector;
    const bool whole = cols == W * V::kCount;
    if (add)
        for (int r = 0; r < R; ++r) {
            __builtin_prefetch(c + r * ldc, 1);
            __builtin_prefetch(c + r * ldc + cols - 1, 1);
        }
    Vector sums[R][W] = {};
    for (std::int64_t p = 0; p < k; ++p) {
        Vector row[W];
#pragma GCC unroll 4
        for (int w = 0; w < W; ++w)
            row[w] = V::load(b + w * V::kCount);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int w = 0; w < W; ++w)
                sums[r][w] += row[w] * a[r];
        }
        a += R;
        b += bStride;
    }
    if (whole) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int w = 0; w < W; ++w) {
                S* const at = c + r * ldc + w * V::kCount;
                V::store(at, add ? V::load(at) + sums[r][w] : sums[r][w]);
            }
        }
        return;
    }
    S edge[R][W * V::kCount];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int w = 0; w < W; ++w)
            V::store(edge[r] + w * V::kCount, sums[r][w]);
    }
    for (int r = 0; r < R; ++r)
        for (int j = 0; j < cols; ++j)
            c[r * ldc + j] = add ? c[r * ldc + j] + edge[r][j] : edge[r][j];
}

template <class S>
using Tile = void (*)(std::int64_t k, const S* a, const S* b, std::int64_t bStride, S* c, std::int64_t ldc,
                      int cols, bool add);

template <class S, int W, int... R>
constexpr std::array<Tile<S>, kTileRows> tilesOf(std::integer_sequence<int, R...>) {
    return {&tile<S, R + 1, W>...};
}

/// kTiles<S>[W - 1][R - 1]
template <class S>
inline constexpr std::array<std::array<Tile<S>, kTileRows>, kTileVectors> kTiles{
    tilesOf<S, 1>(std::make_integer_sequence<int, kTileRows>{}),
    tilesOf<S, 2>(std::make_integer_sequence<int, kTileRows>{})};

} // namespace recoscope::gemm_detail
