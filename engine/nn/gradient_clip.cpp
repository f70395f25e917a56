// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/gradient_clip.h"

#include "engine/core/check.h"
#include "engine/core/thread_pool.h"
#include "engine/nn/op.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kNumbersPerChunk = 16384;
constexpr std::int64_t kMostChunks = 64; // their sums lie on the stack

/// Calls `body(chunk index, first number, count)` for all valid numbers of a gradient, in at most kMostChunks
/// chunks whose borders depend on shape and touched rows only. A chunk may be many calls, on one thread.
template <class S, class Body>
void forValid(const Gradients<S>& gradients, ParamId id, ThreadPool* pool, const Body& body) {
    const ConstMap<S> value = gradients.value(id);
    const std::int64_t cols = value.cols();
    const auto chunkSize = [](std::int64_t count, std::int64_t atLeast) {
        return std::max(atLeast, (count + kMostChunks - 1) / kMostChunks);
    };
    if (gradients.allRows(id)) {
        forChunks(pool, value.size(), chunkSize(value.size(), kNumbersPerChunk),
                  [&](const Chunk& chunk) { body(chunk.index, chunk.begin, chunk.end - chunk.begin); });
        return;
    }
    const std::span<const std::int32_t> touched = gradients.touchedRows(id);
    forChunks(pool, std::ssize(touched), chunkSize(std::ssize(touched), rowsPerChunk(cols, kNumbersPerChunk)),
              [&](const Chunk& chunk) {
                  for (std::int64_t k = chunk.begin; k < chunk.end; ++k)
                      body(chunk.index, touched[static_cast<std::size_t>(k)] * cols, cols);
              });
}

/// In double, so that large numbers of a float do not overflow; eight sums that vector code can hold side by
/// side.
template <class S>
double sumOfSquares(const S* values, std::int64_t count) {
    constexpr std::int64_t kSums = 8;
    std::array<double, kSums> sums{};
    std::int64_t i = 0;
    for (; i + kSums <= count; i += kSums)
        for (std::int64_t k = 0; k < kSums; ++k) {
            const auto x = static_cast<double>(values[i + k]);
            sums[static_cast<std::size_t>(k)] += x * x;
        }
    for (; i < count; ++i) {
        const auto x = static_cast<double>(values[i]);
        sums[0] += x * x;
    }
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

} // namespace

template <class S>
double squaredNorm(const Gradients<S>& gradients, ParamId id, ThreadPool* pool) {
    std::array<double, kMostChunks> partial{};
    const S* const values = gradients.value(id).data();
    forValid(gradients, id, pool, [&](std::int64_t chunk, std::int64_t first, std::int64_t count) {
        partial[static_cast<std::size_t>(chunk)] += sumOfSquares(values + first, count);
    });
    return std::accumulate(partial.begin(), partial.end(), 0.0);
}

template <class S>
double clipGradients(Gradients<S>& gradients, std::span<const ParamId> which,
                     const GradientClipOptions& options, ThreadPool* pool) {
    RECOSCOPE_CHECK(options.kind == GradientClipKind::None || options.limit > 0.0,
                    "a limit must be positive");
    double sum = 0.0;
    for (const ParamId id : which)
        sum += squaredNorm(gradients, id, pool);
    const double norm = std::sqrt(sum);

    if (options.kind == GradientClipKind::Norm && std::isfinite(norm) && norm > options.limit) {
        const S factor = static_cast<S>(options.limit / norm);
        for (const ParamId id : which) {
            S* const values = gradients.value(id).data();
            forValid(gradients, id, pool, [&](std::int64_t, std::int64_t first, std::int64_t count) {
                for (S* x = values + first; x != values + first + count; ++x)
                    *x *= factor;
            });
        }
    }
    // No number can lie beyond a limit that the norm keeps.
    if (options.kind == GradientClipKind::Value && !(norm <= options.limit)) {
        const S limit = static_cast<S>(options.limit);
        for (const ParamId id : which) {
            S* const values = gradients.value(id).data();
            forValid(gradients, id, pool, [&](std::int64_t, std::int64_t first, std::int64_t count) {
                for (S* x = values + first; x != values + first + count; ++x)
                    *x = *x > limit ? limit : (*x < -limit ? -limit : *x);
            });
        }
    }
    return norm;
}

std::vector<std::pair<GradientClipKind, ParamChoice>> gradientClipChoices() {
    return {
        {GradientClipKind::None, {"none", "None", "Gradients as they are"}},
        {GradientClipKind::Norm,
         {"norm", "By norm", "All scaled down together when their norm exceeds the limit"}},
        {GradientClipKind::Value, {"value", "By value", "Each number cut off at the limit"}},
    };
}

template double clipGradients<float>(Gradients<float>&, std::span<const ParamId>, const GradientClipOptions&,
                                     ThreadPool*);
template double clipGradients<double>(Gradients<double>&, std::span<const ParamId>,
                                      const GradientClipOptions&, ThreadPool*);
template double squaredNorm<float>(const Gradients<float>&, ParamId, ThreadPool*);
template double squaredNorm<double>(const Gradients<double>&, ParamId, ThreadPool*);

} // namespace recoscope::nn
