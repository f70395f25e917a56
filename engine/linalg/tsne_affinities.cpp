// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/tsne_affinities.h"

#include "engine/linalg/simd.h"
#include "engine/linalg/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace recoscope {

namespace {

constexpr std::int64_t kQueryRows = 64; // points whose neighbours one product finds
constexpr std::int64_t kRowsPerChunk = 64;

} // namespace

bool nearestPoints(const MatrixF& points, int k, NearestPoints& out, ThreadPool& pool, RunControl& control) {
    const std::int64_t n = points.rows();
    out.k = k;
    out.indices.assign(static_cast<std::size_t>(n * k), 0);
    out.squaredDistances.assign(static_cast<std::size_t>(n * k), 0.0f);
    if (k <= 0) return control.keepGoing();
    // |a − b|² orders as |b|²/2 − a·b; near the middle of the points little is lost to rounding.
    const VectorF mean = points.cast<double>().colwise().mean().transpose().cast<float>();
    const MatrixF centred = points.rowwise() - mean.transpose();
    const VectorF half = 0.5f * centred.rowwise().squaredNorm();
    std::vector<MatrixF> scratch(static_cast<std::size_t>(pool.threadCount()));
    pool.forChunks(n, kQueryRows, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        MatrixF& closeness = scratch[static_cast<std::size_t>(chunk.thread)];
        closeness.resize(kQueryRows, n);
        const std::int64_t rows = chunk.end - chunk.begin;
        closeness.topRows(rows).noalias() = centred.middleRows(chunk.begin, rows) * centred.transpose();
        closeness.topRows(rows).rowwise() -= half.transpose();
        if (!control.keepGoing()) return;
        std::vector<std::pair<float, std::int32_t>> sorted(static_cast<std::size_t>(k));
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t i = chunk.begin + r;
            closeness(r, i) = -std::numeric_limits<float>::infinity();
            const auto at = static_cast<std::size_t>(i * k);
            const std::span<std::int32_t> found(out.indices.data() + at, static_cast<std::size_t>(k));
            topK({closeness.row(r).data(), static_cast<std::size_t>(n)}, found);
            for (std::size_t m = 0; m < found.size(); ++m)
                sorted[m] = {(centred.row(i) - centred.row(found[m])).squaredNorm(), found[m]};
            std::sort(sorted.begin(), sorted.end());
            for (std::size_t m = 0; m < found.size(); ++m) {
                out.squaredDistances[at + m] = sorted[m].first;
                found[m] = sorted[m].second;
            }
        }
    });
    return !control.cancelled();
}

void perplexityWeights(const float* squaredDistances, int k, double perplexity, float* out) {
    if (k <= 0) return;
    const double wanted = std::log(std::clamp(perplexity, 1.0, static_cast<double>(k)));
    const double nearest = static_cast<double>(squaredDistances[0]);
    const double spread = static_cast<double>(squaredDistances[k - 1]) - nearest;
    double low = 0.0;
    double high = std::numeric_limits<double>::infinity();
    double beta = spread > 0.0 ? 1.0 / spread : 0.0; // 1 / 2σ²
    double sum = 0.0;
    for (int pass = 0; pass < 64; ++pass) {
        sum = 0.0;
        double weighted = 0.0;
        for (int m = 0; m < k; ++m) {
            const double distance = static_cast<double>(squaredDistances[m]) - nearest;
            const double p = std::exp(-beta * distance);
            sum += p;
            weighted += p * distance;
        }
        const double entropy = std::log(sum) + beta * weighted / sum;
        if (spread <= 0.0 || std::abs(entropy - wanted) < 1e-5) break;
        (entropy > wanted ? low : high) = beta;
        beta = std::isinf(high) ? 2.0 * beta : 0.5 * (low + high);
        if (!std::isfinite(beta)) break;
    }
    for (int m = 0; m < k; ++m)
        out[m] =
            static_cast<float>(std::exp(-beta * (static_cast<double>(squaredDistances[m]) - nearest)) / sum);
}

namespace {

/// (P + Pᵀ) / 2n from the neighbours' weights.
bool symmetrise(const NearestPoints& nearest, const std::vector<float>& weights, std::int64_t n,
                SparseAffinities& out, ThreadPool& pool, RunControl& control) {
    const auto k = static_cast<std::size_t>(nearest.k);
    // Who has point i among the neighbours: places in `indices`, by i, ascending.
    std::vector<std::int64_t> starts(static_cast<std::size_t>(n) + 1, 0);
    for (const std::int32_t j : nearest.indices)
        ++starts[static_cast<std::size_t>(j) + 1];
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        starts[i + 1] += starts[i];
    std::vector<std::int64_t> places(nearest.indices.size());
    std::vector<std::int64_t> cursor(starts.begin(), starts.end() - 1);
    for (std::size_t place = 0; place < places.size(); ++place)
        places[static_cast<std::size_t>(cursor[static_cast<std::size_t>(nearest.indices[place])]++)] =
            static_cast<std::int64_t>(place);

    struct Part {
        std::vector<std::int64_t> lengths;
        std::vector<std::int32_t> columns;
        std::vector<float> values;
        double entropyTerm = 0.0;
    };
    std::vector<Part> parts(static_cast<std::size_t>(ThreadPool::chunkCount(n, kRowsPerChunk)));
    const double scale = 0.5 / static_cast<double>(n);
    pool.forChunks(n, kRowsPerChunk, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        Part& part = parts[static_cast<std::size_t>(chunk.index)];
        std::vector<std::pair<std::int32_t, double>> row;
        for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
            row.clear();
            for (std::size_t m = 0; m < k; ++m) {
                const std::size_t place = static_cast<std::size_t>(i) * k + m;
                row.emplace_back(nearest.indices[place], static_cast<double>(weights[place]));
            }
            for (std::int64_t s = starts[static_cast<std::size_t>(i)];
                 s < starts[static_cast<std::size_t>(i) + 1]; ++s) {
                const auto place = static_cast<std::size_t>(places[static_cast<std::size_t>(s)]);
                row.emplace_back(static_cast<std::int32_t>(place / k), static_cast<double>(weights[place]));
            }
            std::stable_sort(row.begin(), row.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
            const std::size_t before = part.columns.size();
            for (std::size_t m = 0; m < row.size();) {
                const std::int32_t column = row[m].first;
                double p = 0.0;
                for (; m < row.size() && row[m].first == column; ++m)
                    p += row[m].second * scale;
                if (!(p > 0.0)) continue;
                part.columns.push_back(column);
                part.values.push_back(static_cast<float>(p));
                part.entropyTerm += p * std::log(p);
            }
            while ((part.columns.size() - before) % static_cast<std::size_t>(simd::kLanes) != 0) {
                part.columns.push_back(static_cast<std::int32_t>(i));
                part.values.push_back(0.0f);
            }
            part.lengths.push_back(static_cast<std::int64_t>(part.columns.size() - before));
        }
    });
    if (control.cancelled()) return false;
    out = {};
    out.offsets.push_back(0);
    for (const Part& part : parts) {
        for (const std::int64_t length : part.lengths)
            out.offsets.push_back(out.offsets.back() + length);
        out.columns.insert(out.columns.end(), part.columns.begin(), part.columns.end());
        out.values.insert(out.values.end(), part.values.begin(), part.values.end());
        out.entropyTerm += part.entropyTerm;
    }
    return true;
}

} // namespace

bool tsneAffinities(const MatrixF& points, double perplexity, TsneMetric metric, SparseAffinities& out,
                    ThreadPool& pool, RunControl& control) {
    const std::int64_t n = points.rows();
    out = {};
    out.offsets.assign(static_cast<std::size_t>(n) + 1, 0);
    if (n < 2) return control.keepGoing();
    const auto others = static_cast<double>(n - 1);
    const double used = std::clamp(perplexity, 1.0, std::max(1.0, others / 3.0));
    const auto k = static_cast<int>(std::clamp(std::ceil(3.0 * used), 1.0, others));
    NearestPoints nearest;
    if (metric == TsneMetric::Cosine) {
        MatrixF unit = points;
        for (std::int64_t i = 0; i < n; ++i) {
            const double length = points.row(i).cast<double>().norm();
            if (length > 0.0) unit.row(i) = (points.row(i).cast<double>() / length).cast<float>();
        }
        if (!nearestPoints(unit, k, nearest, pool, control)) return false;
    } else if (!nearestPoints(points, k, nearest, pool, control)) {
        return false;
    }
    std::vector<float> weights(nearest.indices.size());
    pool.forChunks(n, kRowsPerChunk, [&](const Chunk& chunk) {
        for (std::int64_t i = chunk.begin; i < chunk.end && control.keepGoing(); ++i)
            perplexityWeights(nearest.squaredDistances.data() + i * k, k, used, weights.data() + i * k);
    });
    if (control.cancelled()) return false;
    return symmetrise(nearest, weights, n, out, pool, control);
}

} // namespace recoscope
