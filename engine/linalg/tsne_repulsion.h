// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <cstdint>
#include <vector>

namespace recoscope {

/// The repulsive half of t-SNE's gradient, by a quadtree:
///
///   force_i = Σ_j (1 + |y_i − y_j|²)⁻² (y_i − y_j),   Z = Σ_{i≠j} (1 + |y_i − y_j|²)⁻¹
///
/// Points are ordered along a Z curve; the tree's leaves are runs of at most 16 of them, and the points of a
/// leaf share one list of cells, which is worked off for all of them at once. One thread; its memory is
/// reused.
class TsneRepulsion final {
public:
    /// @param layout  points x 2, finite
    /// @param theta   0: exact
    /// @param forces  points x 2, overwritten
    /// False when cancelled; nothing is then to be used. O(points log points).
    bool compute(const MatrixF& layout, double theta, MatrixF& forces, double& z, ThreadPool& pool,
                 RunControl& control);

private:
    struct Node {
        float x = 0.0f; // centre of mass
        float y = 0.0f;
        float side = 0.0f;
        std::int32_t begin = 0; // points in order of the curve
        std::int32_t end = 0;
        std::int32_t skip = 0; // the next node that is not below this one
        bool leaf = false;
    };
    struct Group { // up to 16 points of one leaf
        std::int32_t begin = 0;
        std::int32_t end = 0;
    };
    struct Scratch {
        std::vector<float> x;
        std::vector<float> y;
        std::vector<float> mass;
    };

    void sortAlongCurve(const MatrixF& layout);
    void build(std::int32_t begin, std::int32_t end, int level);
    void gather(const Group& group, float thetaSquared, Scratch& list) const;
    double push(const Group& group, const Scratch& list, MatrixF& forces) const;

    std::vector<std::uint64_t> m_keys; // code of the cell, then index of the point
    std::vector<float> m_x;            // in order of the curve, 16 more at the end
    std::vector<float> m_y;
    float m_side = 0.0f; // of the whole square
    std::vector<Node> m_nodes;
    std::vector<Group> m_groups;
    std::vector<double> m_partials; // Z by chunk
    std::vector<Scratch> m_scratch; // by thread
};

} // namespace recoscope
