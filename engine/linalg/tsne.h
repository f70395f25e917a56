// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/result.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/linalg/tsne_affinities.h"
#include "engine/linalg/tsne_repulsion.h"

#include <cstdint>
#include <vector>

namespace recoscope {

struct TsneOptions {
    double perplexity = 30.0; // about how many neighbours count; at most a third of the other points is used
    TsneMetric metric = TsneMetric::Euclidean;
    double theta = 0.7;         // a cell is taken as one point when its side is below theta x its distance
    double exaggeration = 12.0; // of the affinities, at first
    int exaggeratedIterations = 250;
    double learningRate = 0.0; // 0: max(200, points / 12)
    std::uint64_t seed = 42;
};

/// t-SNE on a plane: points that are neighbours in d dimensions become neighbours in the picture.
///
///   p_j|i ∝ exp(−|x_i − x_j|² / 2σ_i²) over the 3 perplexity nearest neighbours, σ_i for the wanted
///   perplexity p_ij = (p_j|i + p_i|j) / 2n,   q_ij = (1 + |y_i − y_j|²)⁻¹ / Z minimise KL(p | q):   ∂/∂y_i =
///   4 Σ_j (p_ij − q_ij)(1 + |y_i − y_j|²)⁻¹ (y_i − y_j)
///
/// by gradient descent with momentum and gains. The attraction runs over neighbours, the repulsion over the
/// cells of a quadtree. Starts from PCA, so that the large layout has a meaning and the picture is the same
/// each time.
///
/// References: van der Maaten & Hinton, "Visualizing data using t-SNE", JMLR 9, 2008; van der Maaten,
/// "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014; start and learning rate as in Kobak &
/// Berens, "The art of using t-SNE for single-cell transcriptomics", Nature Communications 10, 2019.
///
/// Differs from the papers: nearest neighbours are exact; cells are accepted for a group of nearby points at
/// once (Barnes, "A modified tree code", J. Comput. Phys. 87, 1990), which is never less exact than for each
/// point.
///
/// One thread; the work inside is shared out. The same bits for any number of threads.
class Tsne final {
public:
    /// Finds neighbours and affinities, O(points² d), and the first layout.
    /// @param points    points x d
    /// @param previous  points x 2, a layout to go on from: exaggeration is skipped, so that a picture of a
    /// model
    ///                  in training moves as the model does. Null, of another size, not finite or one spot:
    ///                  start from PCA.
    /// ErrorCode::Numeric when a coordinate is not finite, Cancelled when cancelled.
    static Result<Tsne> make(const MatrixF& points, const TsneOptions& options, ThreadPool& pool,
                             RunControl& control, const MatrixF* previous = nullptr);

    /// Goes on for some iterations. False when cancelled: the layout is that of the last whole iteration, and
    /// this object can only be read.
    bool advance(int iterations, ThreadPool& pool, RunControl& control);

    const MatrixF& layout() const { return m_layout; } // points x 2, centred
    int iterations() const { return m_iteration; }
    bool warmStarted() const { return m_warm; }
    /// KL(p | q) with q's cells approximated, of the layout before the last iteration; 0 before the first.
    double divergence() const { return m_divergence; }

private:
    Tsne() = default;
    void start(const MatrixF* previous, const MatrixF& plane);
    bool step(bool measure, ThreadPool& pool, RunControl& control);

    TsneOptions m_options;
    SparseAffinities m_affinities;
    TsneRepulsion m_repulsion;
    MatrixF m_layout; // n x 2
    MatrixF m_next;
    MatrixF m_velocity;
    MatrixF m_gains;
    std::vector<double> m_partials; // by chunk of points
    int m_iteration = 0;
    bool m_warm = false;
    double m_divergence = 0.0;
};

} // namespace recoscope
