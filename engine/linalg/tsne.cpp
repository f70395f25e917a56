// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/tsne.h"

#include "engine/core/rng.h"
#include "engine/linalg/projection.h"
#include "engine/linalg/simd.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

using simd::at;
using simd::Float16;
using simd::kLanes;

namespace {

constexpr std::int64_t kPointsPerChunk = 128;
constexpr float kStartSpread = 1e-4f; // standard deviation of the first layout's wider axis
constexpr float kJitter = 1e-6f;      // so that equal points can part
constexpr float kLeastGain = 0.01f;

const Error kCancelled{ErrorCode::Cancelled, "Cancelled", ""};

/// Σ p q (y_i − y_j), and Σ p ln(1 + |y_i − y_j|²) when measured.
struct Attraction {
    float x = 0.0f;
    float y = 0.0f;
    double logDistance = 0.0;
};

Attraction attractionOf(const SparseAffinities& p, const MatrixF& layout, std::int64_t i, bool measure) {
    const float* __restrict y = layout.data();
    const Float16 px = Float16{} + layout(i, 0);
    const Float16 py = Float16{} + layout(i, 1);
    Float16 fx{};
    Float16 fy{};
    Attraction result;
    for (std::int64_t e = p.offsets[static_cast<std::size_t>(i)];
         e < p.offsets[static_cast<std::size_t>(i) + 1]; e += kLanes) {
        alignas(64) float qx[kLanes];
        alignas(64) float qy[kLanes];
        for (std::int64_t lane = 0; lane < kLanes; ++lane) {
            const std::int64_t j = p.columns[static_cast<std::size_t>(e + lane)];
            qx[lane] = y[2 * j];
            qy[lane] = y[2 * j + 1];
        }
        const Float16 dx = px - at(qx);
        const Float16 dy = py - at(qy);
        const Float16 distance = 1.0f + dx * dx + dy * dy;
        const Float16 values = at(p.values.data() + e);
        const Float16 pq = values / distance;
        fx += pq * dx;
        fy += pq * dy;
        if (measure)
            for (int lane = 0; lane < static_cast<int>(kLanes); ++lane)
                result.logDistance +=
                    static_cast<double>(values[lane]) * std::log(static_cast<double>(distance[lane]));
    }
    result.x = simd::sum(fx);
    result.y = simd::sum(fy);
    return result;
}

void centre(MatrixF& layout) {
    if (layout.rows() == 0) return;
    for (Eigen::Index axis = 0; axis < 2; ++axis) {
        const double mean = layout.col(axis).cast<double>().mean();
        layout.col(axis).array() -= static_cast<float>(mean);
    }
}

bool usable(const MatrixF* layout, std::int64_t points) {
    if (!layout || layout->rows() != points || layout->cols() != 2 || points < 2 || !layout->allFinite())
        return false;
    return (layout->rowwise() - layout->row(0)).cwiseAbs().maxCoeff() > 0.0f;
}

} // namespace

Result<Tsne> Tsne::make(const MatrixF& points, const TsneOptions& options, ThreadPool& pool,
                        RunControl& control, const MatrixF* previous) {
    Tsne tsne;
    tsne.m_options = options;
    if (!points.allFinite())
        return Error{ErrorCode::Numeric, "A point has a coordinate that is not a finite number", "points"};
    MatrixF plane = MatrixF::Zero(points.rows(), 2);
    tsne.m_warm = usable(previous, points.rows());
    if (!tsne.m_warm) {
        auto projected = pcaProjection(points, pool, control);
        if (!projected) return projected.error();
        plane = std::move(projected->layout);
    }
    tsne.start(tsne.m_warm ? previous : nullptr, plane);
    if (!tsneAffinities(points, options.perplexity, options.metric, tsne.m_affinities, pool, control))
        return kCancelled;
    return tsne;
}

void Tsne::start(const MatrixF* previous, const MatrixF& plane) {
    const std::int64_t n = plane.rows();
    if (previous) {
        m_layout = *previous;
    } else {
        const double squares = plane.col(0).cast<double>().squaredNorm();
        const double deviation = n > 0 ? std::sqrt(squares / static_cast<double>(n)) : 0.0;
        m_layout = deviation > 0.0 ? MatrixF(plane * static_cast<float>(kStartSpread / deviation)) : plane;
        for (std::int64_t i = 0; i < n; ++i) {
            Rng rng = Rng::stream(m_options.seed, "tsne", 0, static_cast<std::uint64_t>(i));
            for (Eigen::Index axis = 0; axis < 2; ++axis)
                m_layout(i, axis) += kJitter * static_cast<float>(rng.normal());
        }
    }
    if (n < 2) m_layout.setZero();
    centre(m_layout);
    m_next = m_layout;
    m_velocity = MatrixF::Zero(n, 2);
    m_gains = MatrixF::Ones(n, 2);
    m_partials.assign(static_cast<std::size_t>(ThreadPool::chunkCount(n, kPointsPerChunk)), 0.0);
}

bool Tsne::advance(int iterations, ThreadPool& pool, RunControl& control) {
    for (int n = 0; n < iterations; ++n)
        if (!step(n + 1 == iterations, pool, control)) return false;
    return control.keepGoing();
}

bool Tsne::step(bool measure, ThreadPool& pool, RunControl& control) {
    const std::int64_t n = m_layout.rows();
    if (n < 2) {
        ++m_iteration;
        return control.keepGoing();
    }
    // The forces go where the next layout will be: each point reads its own before writing it.
    double z = 0.0;
    if (!m_repulsion.compute(m_layout, m_options.theta, m_next, z, pool, control)) return false;
    const bool early = !m_warm && m_iteration < m_options.exaggeratedIterations;
    const auto exaggeration = static_cast<float>(early ? m_options.exaggeration : 1.0);
    const float momentum = early ? 0.5f : 0.8f;
    const auto rate =
        static_cast<float>(m_options.learningRate > 0.0 ? m_options.learningRate
                                                        : std::max(200.0, static_cast<double>(n) / 12.0));
    const auto perZ = static_cast<float>(z > 0.0 ? 1.0 / z : 0.0);
    pool.forChunks(n, kPointsPerChunk, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        double sum = 0.0;
        for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
            const Attraction pull = attractionOf(m_affinities, m_layout, i, measure);
            sum += pull.logDistance;
            const float gradient[2] = {exaggeration * pull.x - perZ * m_next(i, 0),
                                       exaggeration * pull.y - perZ * m_next(i, 1)};
            for (Eigen::Index axis = 0; axis < 2; ++axis) {
                const float g = gradient[axis];
                float& velocity = m_velocity(i, axis);
                float& gain = m_gains(i, axis);
                gain = (g > 0.0f) == (velocity > 0.0f) ? std::max(kLeastGain, gain * 0.8f) : gain + 0.2f;
                velocity = momentum * velocity - rate * gain * g;
                m_next(i, axis) = m_layout(i, axis) + velocity;
            }
        }
        m_partials[static_cast<std::size_t>(chunk.index)] = sum;
    });
    if (control.cancelled()) return false;
    m_layout.swap(m_next);
    centre(m_layout);
    ++m_iteration;
    if (measure) {
        m_divergence = m_affinities.entropyTerm + std::log(std::max(z, 1e-300));
        for (const double partial : m_partials)
            m_divergence += partial;
    }
    return true;
}

} // namespace recoscope
