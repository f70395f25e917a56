// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace recoscope::simd {

/// Sixteen floats that the compiler maps to one, two or four registers. Kernels built from it add in the same
/// order whatever the register width. Rows that kernels read are padded to a multiple of 16 with zeros.
using Float16 = float __attribute__((vector_size(64)));
using Float8 = float __attribute__((vector_size(32)));
/// For loads and stores at any float address.
using Float16Unaligned = float __attribute__((vector_size(64), aligned(4), may_alias));
using Float8Unaligned = float __attribute__((vector_size(32), aligned(4), may_alias));

inline constexpr std::int64_t kLanes = 16;

/// The smallest multiple of kLanes that holds `d` floats.
constexpr std::int64_t padded(std::int64_t d) { return (d + kLanes - 1) / kLanes * kLanes; }

#define RECOSCOPE_INLINE inline __attribute__((always_inline))

RECOSCOPE_INLINE const Float16Unaligned& at(const float* p) {
    return *reinterpret_cast<const Float16Unaligned*>(p);
}
RECOSCOPE_INLINE Float16Unaligned& at(float* p) { return *reinterpret_cast<Float16Unaligned*>(p); }

/// Sum of the lanes, by halves.
RECOSCOPE_INLINE float sum(const Float16& a) {
    const Float8 b = __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
    using Float4 = float __attribute__((vector_size(16)));
    const Float4 c = __builtin_shufflevector(b, b, 0, 1, 2, 3) + __builtin_shufflevector(b, b, 4, 5, 6, 7);
    return (c[0] + c[2]) + (c[1] + c[3]);
}

/// Lane n of `out` becomes the sum of a's neighbours 2n, 2n+1 for n < 8, of b's for n >= 8.
RECOSCOPE_INLINE void pairSums(const Float16& a, const Float16& b, Float16& out) {
    out = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
          __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// Lane k of the result is the sum of the lanes of a[k].
RECOSCOPE_INLINE void sumEach(const Float16 (&a)[8], float* out) {
    Float16 twos[4];
    pairSums(a[0], a[1], twos[0]);
    pairSums(a[2], a[3], twos[1]);
    pairSums(a[4], a[5], twos[2]);
    pairSums(a[6], a[7], twos[3]);
    Float16 fours[2];
    pairSums(twos[0], twos[1], fours[0]);
    pairSums(twos[2], twos[3], fours[1]);
    Float16 all;
    pairSums(fours[0], fours[1], all);
    *reinterpret_cast<Float8Unaligned*>(out) = __builtin_shufflevector(all, all, 0, 2, 4, 6, 8, 10, 12, 14) +
                                               __builtin_shufflevector(all, all, 1, 3, 5, 7, 9, 11, 13, 15);
}

/// Dot product of `length` floats, a multiple of kLanes.
RECOSCOPE_INLINE float dot(const float* a, const float* b, std::int64_t length) {
    Float16 even{};
    Float16 odd{};
    std::int64_t v = 0;
    for (; v + 2 * kLanes <= length; v += 2 * kLanes) {
        even += at(a + v) * at(b + v);
        odd += at(a + v + kLanes) * at(b + v + kLanes);
    }
    if (v < length) even += at(a + v) * at(b + v);
    return sum(Float16(even + odd));
}

/// y += alpha x over `length` floats, a multiple of kLanes.
RECOSCOPE_INLINE void axpy(float alpha, const float* x, float* y, std::int64_t length) {
    for (std::int64_t v = 0; v < length; v += kLanes)
        at(y + v) += alpha * at(x + v);
}

} // namespace recoscope::simd
