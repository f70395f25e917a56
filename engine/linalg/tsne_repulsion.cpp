// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/tsne_repulsion.h"

#include "engine/linalg/simd.h"

#include <algorithm>
#include <limits>

namespace recoscope {

using simd::at;
using simd::Float16;

namespace {

constexpr int kLevels = 16; // bits of an axis in a code
constexpr std::int32_t kGroupSize = static_cast<std::int32_t>(simd::kLanes);
constexpr std::int64_t kGroupsPerChunk = 16;

/// The 16 bits of x with a 0 before each.
std::uint32_t spread(std::uint32_t x) {
    x = (x | (x << 8)) & 0x00FF00FFu;
    x = (x | (x << 4)) & 0x0F0F0F0Fu;
    x = (x | (x << 2)) & 0x33333333u;
    return (x | (x << 1)) & 0x55555555u;
}

} // namespace

void TsneRepulsion::sortAlongCurve(const MatrixF& layout) {
    const std::int64_t n = layout.rows();
    const float left = layout.col(0).minCoeff();
    const float bottom = layout.col(1).minCoeff();
    m_side = std::max({layout.col(0).maxCoeff() - left, layout.col(1).maxCoeff() - bottom,
                       std::numeric_limits<float>::min()});
    const double scale = 65535.0 / static_cast<double>(m_side);
    m_keys.resize(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
        const auto cx = static_cast<std::uint32_t>(static_cast<double>(layout(i, 0) - left) * scale);
        const auto cy = static_cast<std::uint32_t>(static_cast<double>(layout(i, 1) - bottom) * scale);
        const std::uint32_t code = spread(std::min(cx, 65535u)) | (spread(std::min(cy, 65535u)) << 1);
        m_keys[static_cast<std::size_t>(i)] =
            (static_cast<std::uint64_t>(code) << 32) | static_cast<std::uint64_t>(i);
    }
    std::sort(m_keys.begin(), m_keys.end());
    m_x.assign(static_cast<std::size_t>(n + simd::kLanes), 0.0f);
    m_y.assign(static_cast<std::size_t>(n + simd::kLanes), 0.0f);
    for (std::size_t s = 0; s < m_keys.size(); ++s) {
        const auto i = static_cast<std::int64_t>(m_keys[s] & 0xFFFFFFFFu);
        m_x[s] = layout(i, 0);
        m_y[s] = layout(i, 1);
    }
}

void TsneRepulsion::build(std::int32_t begin, std::int32_t end, int level) {
    const std::size_t self = m_nodes.size();
    m_nodes.emplace_back();
    Node node;
    node.begin = begin;
    node.end = end;
    node.side = m_side / static_cast<float>(1 << level);
    node.leaf = end - begin <= kGroupSize || level == kLevels;
    double x = 0.0;
    double y = 0.0;
    if (node.leaf) {
        for (std::int32_t s = begin; s < end; ++s) {
            x += static_cast<double>(m_x[static_cast<std::size_t>(s)]);
            y += static_cast<double>(m_y[static_cast<std::size_t>(s)]);
        }
        for (std::int32_t s = begin; s < end; s += kGroupSize)
            m_groups.push_back({s, std::min(end, s + kGroupSize)});
    } else {
        const int shift = 32 + 2 * (kLevels - 1 - level);
        std::int32_t from = begin;
        for (std::uint64_t quarter = 0; quarter < 4; ++quarter) {
            const auto stop =
                std::partition_point(m_keys.begin() + from, m_keys.begin() + end,
                                     [&](std::uint64_t key) { return ((key >> shift) & 3u) <= quarter; });
            const auto to = static_cast<std::int32_t>(stop - m_keys.begin());
            if (to > from) {
                const std::size_t child = m_nodes.size();
                build(from, to, level + 1);
                const auto mass = static_cast<double>(to - from);
                x += mass * static_cast<double>(m_nodes[child].x);
                y += mass * static_cast<double>(m_nodes[child].y);
            }
            from = to;
        }
    }
    const auto mass = static_cast<double>(end - begin);
    node.x = static_cast<float>(x / mass);
    node.y = static_cast<float>(y / mass);
    node.skip = static_cast<std::int32_t>(m_nodes.size());
    m_nodes[self] = node;
}

void TsneRepulsion::gather(const Group& group, float thetaSquared, Scratch& list) const {
    const auto first = static_cast<std::size_t>(group.begin);
    const auto last = static_cast<std::size_t>(group.end);
    float left = m_x[first];
    float right = m_x[first];
    float bottom = m_y[first];
    float top = m_y[first];
    for (std::size_t s = first + 1; s < last; ++s) {
        left = std::min(left, m_x[s]);
        right = std::max(right, m_x[s]);
        bottom = std::min(bottom, m_y[s]);
        top = std::max(top, m_y[s]);
    }
    list.x.clear();
    list.y.clear();
    list.mass.clear();
    const auto nodes = static_cast<std::int32_t>(m_nodes.size());
    for (std::int32_t at_ = 0; at_ < nodes;) {
        const Node& node = m_nodes[static_cast<std::size_t>(at_)];
        const float dx = std::max({left - node.x, node.x - right, 0.0f});
        const float dy = std::max({bottom - node.y, node.y - top, 0.0f});
        if (node.side * node.side < thetaSquared * (dx * dx + dy * dy)) {
            list.x.push_back(node.x);
            list.y.push_back(node.y);
            list.mass.push_back(static_cast<float>(node.end - node.begin));
            at_ = node.skip;
        } else if (node.leaf) {
            for (auto s = static_cast<std::size_t>(node.begin); s < static_cast<std::size_t>(node.end); ++s) {
                list.x.push_back(m_x[s]);
                list.y.push_back(m_y[s]);
                list.mass.push_back(1.0f);
            }
            at_ = node.skip;
        } else {
            ++at_;
        }
    }
}

double TsneRepulsion::push(const Group& group, const Scratch& list, MatrixF& forces) const {
    const Float16 px = at(m_x.data() + group.begin);
    const Float16 py = at(m_y.data() + group.begin);
    Float16 fx{};
    Float16 fy{};
    Float16 z{};
    for (std::size_t c = 0; c < list.x.size(); ++c) {
        const Float16 dx = px - list.x[c];
        const Float16 dy = py - list.y[c];
        const Float16 q = 1.0f / (1.0f + dx * dx + dy * dy);
        const Float16 mq = list.mass[c] * q;
        const Float16 mqq = mq * q;
        z += mq;
        fx += mqq * dx;
        fy += mqq * dy;
    }
    double sum = 0.0;
    for (std::int32_t s = group.begin; s < group.end; ++s) {
        const int lane = s - group.begin;
        const auto i = static_cast<std::int64_t>(m_keys[static_cast<std::size_t>(s)] & 0xFFFFFFFFu);
        forces(i, 0) = fx[lane];
        forces(i, 1) = fy[lane];
        sum += static_cast<double>(z[lane]) - 1.0; // without the point itself
    }
    return sum;
}

bool TsneRepulsion::compute(const MatrixF& layout, double theta, MatrixF& forces, double& z, ThreadPool& pool,
                            RunControl& control) {
    z = 0.0;
    forces.resize(layout.rows(), 2);
    if (layout.rows() == 0) return control.keepGoing();
    if (!control.keepGoing()) return false;
    sortAlongCurve(layout);
    m_nodes.clear();
    m_groups.clear();
    build(0, static_cast<std::int32_t>(layout.rows()), 0);
    const auto groups = static_cast<std::int64_t>(m_groups.size());
    m_partials.assign(static_cast<std::size_t>(ThreadPool::chunkCount(groups, kGroupsPerChunk)), 0.0);
    if (m_scratch.size() < static_cast<std::size_t>(pool.threadCount()))
        m_scratch.resize(static_cast<std::size_t>(pool.threadCount()));
    const auto thetaSquared = static_cast<float>(theta * theta);
    pool.forChunks(groups, kGroupsPerChunk, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        Scratch& list = m_scratch[static_cast<std::size_t>(chunk.thread)];
        double sum = 0.0;
        for (std::int64_t g = chunk.begin; g < chunk.end; ++g) {
            gather(m_groups[static_cast<std::size_t>(g)], thetaSquared, list);
            sum += push(m_groups[static_cast<std::size_t>(g)], list, forces);
        }
        m_partials[static_cast<std::size_t>(chunk.index)] = sum;
    });
    for (const double partial : m_partials)
        z += partial;
    return !control.cancelled();
}

} // namespace recoscope
