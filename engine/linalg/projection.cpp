// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/projection.h"

#include "engine/core/rng.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <vector>

namespace recoscope {

namespace {

constexpr std::int64_t kRows = 128; // points between two looks at the run control
constexpr std::int64_t kMaxSlices = 32;
constexpr Eigen::Index kDirect = 512; // dimensions up to which all eigenvectors are computed

std::int64_t sliceRows(std::int64_t points) {
    return std::max(kRows, (points + kMaxSlices - 1) / kMaxSlices);
}

/// Σ (x − mean)(x − mean)ᵀ in slices that are added in order. False when cancelled.
bool scatter(const MatrixF& points, const VectorD& mean, MatrixD& out, ThreadPool& pool,
             RunControl& control) {
    const std::int64_t rows = sliceRows(points.rows());
    std::vector<MatrixD> slices(static_cast<std::size_t>(ThreadPool::chunkCount(points.rows(), rows)));
    pool.forChunks(points.rows(), rows, [&](const Chunk& chunk) {
        MatrixD& slice = slices[static_cast<std::size_t>(chunk.index)];
        slice = MatrixD::Zero(points.cols(), points.cols());
        for (std::int64_t begin = chunk.begin; begin < chunk.end && control.keepGoing(); begin += kRows) {
            MatrixD block = points.middleRows(begin, std::min(kRows, chunk.end - begin)).cast<double>();
            block.rowwise() -= mean.transpose();
            slice.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
        }
    });
    if (control.cancelled()) return false;
    out = MatrixD::Zero(points.cols(), points.cols());
    for (const MatrixD& slice : slices)
        out += slice;
    out.triangularView<Eigen::StrictlyUpper>() = out.transpose();
    return true;
}

/// The leading `count` eigenvectors, as columns. Beyond kDirect dimensions by subspace iteration, where
/// computing all of them would take seconds. False when cancelled.
bool leadingDirections(const MatrixD& covariance, Eigen::Index count, MatrixD& out, RunControl& control) {
    const Eigen::Index d = covariance.rows();
    if (d <= kDirect) {
        const Eigen::SelfAdjointEigenSolver<MatrixD> eigen(covariance);
        out = eigen.eigenvectors().rightCols(count).rowwise().reverse();
        return true;
    }
    constexpr Eigen::Index kWidth = 16;
    constexpr int kMaxPasses = 300;
    Eigen::MatrixXd basis(d, kWidth);
    Rng rng = Rng::stream(0, "projection");
    for (Eigen::Index n = 0; n < basis.size(); ++n)
        basis.data()[n] = rng.normal();
    for (int pass = 0; pass < kMaxPasses; ++pass) {
        if (!control.keepGoing()) return false;
        Eigen::HouseholderQR<Eigen::MatrixXd> qr(basis);
        basis = qr.householderQ() * Eigen::MatrixXd::Identity(d, kWidth);
        const Eigen::MatrixXd image = covariance * basis;
        const Eigen::MatrixXd small = basis.transpose() * image;
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(small);
        const Eigen::MatrixXd turned = eigen.eigenvectors().rowwise().reverse();
        const Eigen::MatrixXd vectors = basis * turned.leftCols(count);
        const Eigen::MatrixXd values = eigen.eigenvalues().reverse().head(count).asDiagonal();
        const double miss = (image * turned.leftCols(count) - vectors * values).norm();
        out = vectors;
        if (miss <= 1e-7 * values.norm()) break;
        basis = image;
    }
    return true;
}

const Error kCancelled{ErrorCode::Cancelled, "Cancelled", ""};

} // namespace

Result<PlaneProjection> pcaProjection(const MatrixF& points, ThreadPool& pool, RunControl& control) {
    PlaneProjection result;
    result.layout = MatrixF::Zero(points.rows(), 2);
    if (points.size() == 0) return result;
    if (!points.allFinite())
        return Error{ErrorCode::Numeric, "A point has a coordinate that is not a finite number", "points"};
    const VectorD mean = points.cast<double>().colwise().mean().transpose();
    MatrixD covariance;
    if (!scatter(points, mean, covariance, pool, control)) return kCancelled;
    const double total = covariance.trace();
    if (!(total > 0.0)) return result; // all equal
    const Eigen::Index count = std::min<Eigen::Index>(2, points.cols());
    MatrixD directions;
    if (!leadingDirections(covariance, count, directions, control)) return kCancelled;
    for (Eigen::Index k = 0; k < count; ++k) {
        Eigen::Index at = 0;
        directions.col(k).cwiseAbs().maxCoeff(&at);
        if (directions(at, k) < 0.0) directions.col(k) *= -1.0;
        const VectorD image = covariance * directions.col(k);
        result.varianceShare[static_cast<std::size_t>(k)] =
            std::clamp(directions.col(k).dot(image) / total, 0.0, 1.0);
    }
    pool.forChunks(points.rows(), kRows, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        const std::int64_t rows = chunk.end - chunk.begin;
        MatrixD block = points.middleRows(chunk.begin, rows).cast<double>();
        block.rowwise() -= mean.transpose();
        const MatrixD projected = block * directions;
        result.layout.block(chunk.begin, 0, rows, count) = projected.cast<float>();
    });
    if (control.cancelled()) return kCancelled;
    return result;
}

void keepOrientation(const MatrixF& previous, MatrixF& layout) {
    if (previous.rows() != layout.rows() || previous.cols() != layout.cols()) return;
    for (Eigen::Index axis = 0; axis < layout.cols(); ++axis)
        if (previous.col(axis).cast<double>().dot(layout.col(axis).cast<double>()) < 0.0)
            layout.col(axis) *= -1.0f;
}

} // namespace recoscope
