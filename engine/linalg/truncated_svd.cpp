// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/truncated_svd.h"

#include "engine/core/rng.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <vector>

namespace recoscope {

namespace {

constexpr std::int64_t kSparseRows = 16; // rows of a sparse product in one chunk
constexpr std::int64_t kDenseRows = 256; // rows of a tall matrix in one chunk
constexpr std::int64_t kMaxSlices = 64;  // partial sums of a Gram matrix
/// Squared length, against the longest, below which a direction counts as rounding noise.
constexpr double kNoise = 1e-12;

/// X with its centring, as a linear map between tall matrices of l columns.
class Operator {
public:
    Operator(const UserItemCsr& x, const ItemUserCsr& xByItem, const SvdOptions& options, ThreadPool& pool,
             RunControl& control)
        : m_x(x)
        , m_xByItem(xByItem)
        , m_ones(options.values == CellValues::Ones)
        , m_centred(options.centring == Centring::ColumnMeans)
        , m_pool(pool)
        , m_control(control)
        , m_mean(VectorD::Zero(x.colCount())) {
        for (std::int32_t u = 0; u < x.rowCount(); ++u)
            if (x.rowSize(UserIndex{u}) > 0) ++m_rows;
        if (m_centred && m_rows > 0)
            for (std::int32_t i = 0; i < x.colCount(); ++i)
                m_mean[i] = sum(xByItem.values(ItemIndex{i})) / static_cast<double>(m_rows);
    }

    std::int64_t rows() const { return m_rows; }
    const VectorD& mean() const { return m_mean; }

    /// |X|²; centring takes rows |mean|² off.
    double squaredNorm() const {
        double total = 0.0;
        for (const float value : m_x.values())
            total += cell(value) * cell(value);
        return total - static_cast<double>(m_rows) * m_mean.squaredNorm();
    }

    /// y = X w. False when cancelled.
    bool times(const MatrixD& w, MatrixD& y) const {
        VectorD shift = VectorD::Zero(w.cols());
        if (m_centred) shift.noalias() = w.transpose() * m_mean;
        return product(m_x, w, y, [&](std::int64_t row, double* out) {
            if (!m_centred || m_x.rowSize(UserIndex{static_cast<std::int32_t>(row)}) == 0) return;
            for (Eigen::Index c = 0; c < w.cols(); ++c)
                out[c] -= shift[c];
        });
    }

    /// z = Xᵀ q. False when cancelled.
    bool transposedTimes(const MatrixD& q, MatrixD& z) const {
        // Rows without entries are zero in q, as q comes from X.
        const VectorD shift = m_centred ? VectorD(q.colwise().sum().transpose()) : VectorD::Zero(q.cols());
        return product(m_xByItem, q, z, [&](std::int64_t row, double* out) {
            if (!m_centred) return;
            for (Eigen::Index c = 0; c < q.cols(); ++c)
                out[c] -= m_mean[row] * shift[c];
        });
    }

private:
    double cell(float value) const { return m_ones ? 1.0 : static_cast<double>(value); }
    double sum(std::span<const float> values) const {
        double total = 0.0;
        for (const float value : values)
            total += cell(value);
        return total;
    }

    template <class Row, class Col, class Shift>
    bool product(const Csr<Row, Col>& sparse, const MatrixD& dense, MatrixD& out, const Shift& shift) const {
        const Eigen::Index width = dense.cols();
        out.resize(sparse.rowCount(), width);
        m_pool.forChunks(sparse.rowCount(), kSparseRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                if (!m_control.keepGoing()) return;
                double* __restrict to = out.data() + row * width;
                std::fill(to, to + width, 0.0);
                const auto cols = sparse.cols(static_cast<Row>(row));
                const auto values = sparse.values(static_cast<Row>(row));
                for (std::size_t n = 0; n < cols.size(); ++n) {
                    const double* __restrict from = dense.data() + static_cast<Eigen::Index>(cols[n]) * width;
                    const double value = cell(values[n]);
                    for (Eigen::Index c = 0; c < width; ++c)
                        to[c] += value * from[c];
                }
                shift(row, to);
            }
        });
        return !m_control.cancelled();
    }

    const UserItemCsr& m_x;
    const ItemUserCsr& m_xByItem;
    bool m_ones;
    bool m_centred;
    ThreadPool& m_pool;
    RunControl& m_control;
    VectorD m_mean;
    std::int64_t m_rows = 0;
};

/// out = YᵀY in slices that depend on the shape only, added in order. False when cancelled.
bool gram(const MatrixD& y, MatrixD& out, ThreadPool& pool, RunControl& control) {
    const std::int64_t sliceRows =
        std::max(kDenseRows, (y.rows() + kMaxSlices - 1) / kMaxSlices); // few slices: each holds l² numbers
    std::vector<MatrixD> slices(static_cast<std::size_t>(ThreadPool::chunkCount(y.rows(), sliceRows)));
    pool.forChunks(y.rows(), sliceRows, [&](const Chunk& chunk) {
        MatrixD& slice = slices[static_cast<std::size_t>(chunk.index)];
        slice = MatrixD::Zero(y.cols(), y.cols());
        for (std::int64_t begin = chunk.begin; begin < chunk.end && control.keepGoing();
             begin += kDenseRows) {
            const std::int64_t count = std::min(kDenseRows, chunk.end - begin);
            slice.selfadjointView<Eigen::Lower>().rankUpdate(y.middleRows(begin, count).transpose());
        }
    });
    if (control.cancelled()) return false;
    out = MatrixD::Zero(y.cols(), y.cols());
    for (const MatrixD& slice : slices)
        out += slice;
    out.triangularView<Eigen::StrictlyUpper>() = out.transpose();
    return true;
}

/// y = y t, chunk by chunk. False when cancelled.
bool timesSmall(MatrixD& y, const MatrixD& t, ThreadPool& pool, RunControl& control) {
    MatrixD out(y.rows(), t.cols());
    pool.forChunks(y.rows(), kDenseRows, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        const std::int64_t count = chunk.end - chunk.begin;
        out.middleRows(chunk.begin, count).noalias() = y.middleRows(chunk.begin, count) * t;
    });
    if (control.cancelled()) return false;
    y.swap(out);
    return true;
}

/// T with (Y T)ᵀ(Y T) = I, from the Gram matrix of Y: the inverse Cholesky factor, or from the eigenvectors
/// where Y's columns are dependent; those that carry only noise become zero.
MatrixD whitening(const MatrixD& g) {
    const Eigen::Index l = g.rows();
    const Eigen::LLT<MatrixD> cholesky(g);
    if (cholesky.info() == Eigen::Success) {
        const VectorD pivots = cholesky.matrixLLT().diagonal().array().square();
        if (pivots.minCoeff() > 1e4 * kNoise * pivots.maxCoeff()) {
            MatrixD t = MatrixD::Identity(l, l);
            cholesky.matrixU().solveInPlace(t);
            return t;
        }
    }
    const Eigen::SelfAdjointEigenSolver<MatrixD> eigen(g);
    MatrixD t = eigen.eigenvectors();
    const double longest = std::max(eigen.eigenvalues().maxCoeff(), 0.0);
    for (Eigen::Index c = 0; c < l; ++c) {
        const double squared = eigen.eigenvalues()[c];
        t.col(c) *= longest > 0.0 && squared > kNoise * longest ? 1.0 / std::sqrt(squared) : 0.0;
    }
    return t;
}

/// Makes y's columns orthonormal or zero, spanning the same space. Twice, because the first pass leaves an
/// error of the squared condition number times rounding.
bool orthonormalise(MatrixD& y, ThreadPool& pool, RunControl& control) {
    MatrixD g;
    for (int pass = 0; pass < 2; ++pass)
        if (!gram(y, g, pool, control) || !timesSmall(y, whitening(g), pool, control)) return false;
    return true;
}

MatrixD gaussian(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
    MatrixD out(rows, cols);
    for (std::int64_t row = 0; row < rows; ++row) {
        Rng rng = Rng::stream(seed, "truncated_svd", 0, static_cast<std::uint64_t>(row));
        for (std::int64_t col = 0; col < cols; ++col)
            out(row, col) = rng.normal();
    }
    return out;
}

} // namespace

double TruncatedSvd::squaredError() const {
    return std::max(0.0, squaredNorm - singularValues.squaredNorm());
}

std::optional<TruncatedSvd> truncatedSvd(const UserItemCsr& x, const ItemUserCsr& xByItem,
                                         const SvdOptions& options, ThreadPool& pool, RunControl& control,
                                         const std::function<void(double)>& progress) {
    const Operator map(x, xByItem, options, pool, control);
    const int rank = std::max(0, options.rank);
    TruncatedSvd result;
    result.mean = map.mean();
    result.rows = map.rows();
    result.squaredNorm = std::max(0.0, map.squaredNorm());
    result.v = MatrixD::Zero(x.colCount(), rank);
    result.singularValues = VectorD::Zero(rank);
    const std::int64_t l =
        std::min<std::int64_t>(static_cast<std::int64_t>(rank) + std::max(0, options.oversampling),
                               std::min<std::int64_t>(map.rows(), x.colCount()));
    if (!control.keepGoing()) return std::nullopt;
    if (l <= 0 || rank == 0) return result;

    const int passes = std::max(0, options.powerIterations) + 1;
    MatrixD w = gaussian(x.colCount(), l, options.seed); // items x l
    MatrixD y;                                           // users x l
    MatrixD g;
    for (int pass = 0; pass < passes; ++pass) {
        if (!map.times(w, y) || !orthonormalise(y, pool, control) || !map.transposedTimes(y, w) ||
            !orthonormalise(w, pool, control))
            return std::nullopt;
        if (progress) progress(static_cast<double>(pass + 1) / static_cast<double>(passes + 1));
    }
    if (!map.times(w, y) || !gram(y, g, pool, control)) return std::nullopt;
    const Eigen::SelfAdjointEigenSolver<MatrixD> eigen(g); // ascending
    const Eigen::Index found = std::min<Eigen::Index>(rank, l);
    MatrixD leading = eigen.eigenvectors().rightCols(found).rowwise().reverse();
    const double largest = std::max(0.0, eigen.eigenvalues()[l - 1]);
    for (Eigen::Index k = 0; k < found; ++k) {
        const double squared = eigen.eigenvalues()[l - 1 - k];
        if (squared > kNoise * largest && squared > 0.0)
            result.singularValues[k] = std::sqrt(squared);
        else
            leading.col(k).setZero();
    }
    if (!timesSmall(w, leading, pool, control)) return std::nullopt;
    for (Eigen::Index k = 0; k < found; ++k) {
        Eigen::Index at = 0;
        w.col(k).cwiseAbs().maxCoeff(&at);
        result.v.col(k) = w(at, k) < 0.0 ? VectorD(-w.col(k)) : VectorD(w.col(k));
    }
    return result;
}

} // namespace recoscope
