// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/linalg/simd.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
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
/// Steps that B is fetched ahead; A, which is smaller, twice as many. Measured: 3 to 5 % faster than without.
inline constexpr int kAhead = 8;

/// At most this many rows go by stripe(), this many columns at once.
inline constexpr std::int64_t kStripeRows = 4;
inline constexpr std::int64_t kStripeCols = 512;

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
    for (int r = 0; r < R; ++r) {
        __builtin_prefetch(c + r * ldc, 1);
        __builtin_prefetch(c + r * ldc + cols - 1, 1);
    }
    Vector sums[R][W] = {};
    for (std::int64_t p = 0; p < k; ++p) {
        __builtin_prefetch(a + kAhead * 2 * R);
        for (int w = 0; w < W; ++w)
            __builtin_prefetch(b + kAhead * bStride + w * V::kCount);
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

/// The same for a few rows, where reading B once from memory is what takes the time: whole pieces of B's rows
/// in the order in which they are stored, sums in the first-level cache. a: element (r, p) at a[r * aRow + p
/// * aStep].
template <class S>
void stripe(std::int64_t rows, std::int64_t k, const S* a, std::int64_t aRow, std::int64_t aStep, const S* b,
            std::int64_t bStride, S* c, std::int64_t ldc, std::int64_t cols, bool add) {
    using V = Simd<S>;
    constexpr int kUnroll = 4;
    alignas(64) S sums[kStripeRows][kStripeCols] = {};
    // Each sum takes its products one after another, as in tile(), so the bits are the same.
    const auto steps = [&]<int Count>(std::integral_constant<int, Count>, std::int64_t p) {
        const S* const from = b + p * bStride;
        for (std::int64_t r = 0; r < rows; ++r) {
            S values[Count];
            for (int q = 0; q < Count; ++q)
                values[q] = a[r * aRow + (p + q) * aStep];
            S* const to = sums[r];
            std::int64_t j = 0;
            for (; j + V::kCount <= cols; j += V::kCount) {
                typename V::Vector sum = V::load(to + j);
#pragma GCC unroll 4
                for (int q = 0; q < Count; ++q)
                    sum += V::load(from + q * bStride + j) * values[q];
                V::store(to + j, sum);
            }
            // In vectors here too: compilers do not agree with themselves on fusing scalar products and sums.
            if (j < cols) {
                typename V::Vector sum = V::load(to + j);
                for (int q = 0; q < Count; ++q) {
                    typename V::Vector part{};
                    std::memcpy(&part, from + q * bStride + j,
                                static_cast<std::size_t>(cols - j) * sizeof(S));
                    sum += part * values[q];
                }
                V::store(to + j, sum);
            }
        }
    };
    std::int64_t p = 0;
    for (; p + kUnroll <= k; p += kUnroll)
        steps(std::integral_constant<int, kUnroll>{}, p);
    for (; p < k; ++p)
        steps(std::integral_constant<int, 1>{}, p);
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t j = 0; j < cols; ++j)
            c[r * ldc + j] = add ? c[r * ldc + j] + sums[r][j] : sums[r][j];
}

/// The dot product of k values that lie side by side, in lanes of four vectors.
template <class S>
S dot(const S* a, const S* b, std::int64_t k) {
    using V = Simd<S>;
    using Vector = typename V::Vector;
    Vector sums[4] = {};
    std::int64_t p = 0;
    for (; p + 4 * V::kCount <= k; p += 4 * V::kCount)
#pragma GCC unroll 4
        for (int w = 0; w < 4; ++w)
            sums[w] += V::load(a + p + w * V::kCount) * V::load(b + p + w * V::kCount);
    for (; p + V::kCount <= k; p += V::kCount)
        sums[0] += V::load(a + p) * V::load(b + p);
    if (p < k) {
        Vector restA{};
        Vector restB{};
        std::memcpy(&restA, a + p, static_cast<std::size_t>(k - p) * sizeof(S));
        std::memcpy(&restB, b + p, static_cast<std::size_t>(k - p) * sizeof(S));
        sums[1] += restA * restB;
    }
    const Vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    S sum = all[0];
    for (int i = 1; i < V::kCount; ++i)
        sum += all[i];
    return sum;
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
