// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>

namespace recoscope::nn {

/// Numbers that row functions take at a time.
constexpr int kRowBlock = 16;

/// Σ a_n b_n in 16 interleaved sums, so that the bits depend on the numbers only, never on where they lie.
template <class S>
S rowDot(const S* a, const S* b, std::int64_t count) {
    S lanes[kRowBlock] = {};
    std::int64_t n = 0;
    for (; n + kRowBlock <= count; n += kRowBlock)
        for (int l = 0; l < kRowBlock; ++l)
            lanes[l] += a[n + l] * b[n + l];
    for (int l = 0; n + l < count; ++l)
        lanes[l] += a[n + l] * b[n + l];
    for (int width = kRowBlock / 2; width > 0; width /= 2)
        for (int l = 0; l < width; ++l)
            lanes[l] += lanes[l + width];
    return lanes[0];
}

/// Σ a_n, as rowDot.
template <class S>
S rowSum(const S* a, std::int64_t count) {
    S lanes[kRowBlock] = {};
    std::int64_t n = 0;
    for (; n + kRowBlock <= count; n += kRowBlock)
        for (int l = 0; l < kRowBlock; ++l)
            lanes[l] += a[n + l];
    for (int l = 0; n + l < count; ++l)
        lanes[l] += a[n + l];
    for (int width = kRowBlock / 2; width > 0; width /= 2)
        for (int l = 0; l < width; ++l)
            lanes[l] += lanes[l + width];
    return lanes[0];
}

/// y += factor · x
template <class S>
void addScaled(S* __restrict y, S factor, const S* __restrict x, std::int64_t count) {
    for (std::int64_t n = 0; n < count; ++n)
        y[n] += factor * x[n];
}

/// out = f(in) with f an Eigen expression of a block, which always runs in full blocks: the vectorised and
/// the plain exp differ in their last bits, and which one a number meets must not depend on where it lies. In
/// and out may be the same.
template <class S, class Function>
void mapRow(const S* in, S* out, std::int64_t count, const Function& f) {
    using Block = Eigen::Array<S, kRowBlock, 1>;
    for (std::int64_t n = 0; n < count; n += kRowBlock) {
        const std::int64_t here = std::min<std::int64_t>(kRowBlock, count - n);
        Block block = Block::Zero();
        std::copy_n(in + n, here, block.data());
        const Block result = f(block);
        std::copy_n(result.data(), here, out + n);
    }
}

/// out = exp(in − shift)
template <class S>
void rowExp(const S* in, S shift, S* out, std::int64_t count) {
    mapRow(in, out, count, [shift](const auto& block) { return (block - shift).exp().eval(); });
}

} // namespace recoscope::nn
