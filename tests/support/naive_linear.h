// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/data/csr.h"
#include "engine/linalg/similarity.h"

#include <algorithm>
#include <cmath>

namespace recoscope::test {

/// users x items with zeros where nothing is.
inline MatrixD denseUserItem(const UserItemCsr& byUser, EntryValues values) {
    MatrixD x = MatrixD::Zero(byUser.rowCount(), byUser.colCount());
    for (std::int32_t u = 0; u < byUser.rowCount(); ++u)
        for (std::size_t n = 0; n < byUser.cols(UserIndex{u}).size(); ++n)
            x(u, toInt(byUser.cols(UserIndex{u})[n])) =
                values == EntryValues::Ones ? 1.0 : static_cast<double>(byUser.values(UserIndex{u})[n]);
    return x;
}

/// XᵀX by its definition.
inline MatrixD naiveGram(const UserItemCsr& byUser, EntryValues values) {
    const MatrixD x = denseUserItem(byUser, values);
    MatrixD gram = MatrixD::Zero(x.cols(), x.cols());
    for (Eigen::Index u = 0; u < x.rows(); ++u)
        for (Eigen::Index i = 0; i < x.cols(); ++i)
            for (Eigen::Index j = 0; j < x.cols(); ++j)
                gram(i, j) += x(u, i) * x(u, j);
    return gram;
}

/// Gauss-Jordan with the largest pivot of each column.
inline MatrixD naiveInverse(MatrixD a) {
    const Eigen::Index n = a.rows();
    MatrixD inverse = MatrixD::Identity(n, n);
    for (Eigen::Index p = 0; p < n; ++p) {
        Eigen::Index best = p;
        for (Eigen::Index r = p + 1; r < n; ++r)
            if (std::abs(a(r, p)) > std::abs(a(best, p))) best = r;
        a.row(p).swap(a.row(best));
        inverse.row(p).swap(inverse.row(best));
        const double pivot = a(p, p);
        a.row(p) /= pivot;
        inverse.row(p) /= pivot;
        for (Eigen::Index r = 0; r < n; ++r) {
            if (r == p) continue;
            const double factor = a(r, p);
            a.row(r) -= factor * a.row(p);
            inverse.row(r) -= factor * inverse.row(p);
        }
    }
    return inverse;
}

/// EASE's weights (Steck 2019, equation 8).
inline MatrixD naiveEase(const UserItemCsr& byUser, double reg, EntryValues values) {
    const Eigen::Index n = byUser.colCount();
    const MatrixD p = naiveInverse(naiveGram(byUser, values) + reg * MatrixD::Identity(n, n));
    MatrixD weights = MatrixD::Zero(n, n);
    for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j < n; ++j)
            if (i != j) weights(i, j) = -p(i, j) / p(j, j);
    return weights;
}

/// The elastic net of one column, by many rounds of coordinate descent: minimises ½ w'Gw − g_j'w + l1 |w|₁ +
/// ½ l2 |w|² with w_j = 0.
inline VectorD naiveElasticNet(const MatrixD& gram, Eigen::Index target, double l1, double l2, bool positive,
                               int rounds) {
    VectorD w = VectorD::Zero(gram.rows());
    for (int round = 0; round < rounds; ++round)
        for (Eigen::Index i = 0; i < gram.rows(); ++i) {
            if (i == target || gram(i, i) == 0.0) continue;
            double rest = gram(i, target);
            for (Eigen::Index m = 0; m < gram.rows(); ++m)
                if (m != i) rest -= gram(i, m) * w[m];
            const double shrunk = std::max(std::abs(rest) - l1, 0.0);
            w[i] = (positive && rest < 0.0 ? 0.0 : std::copysign(shrunk, rest)) / (gram(i, i) + l2);
        }
    return w;
}

} // namespace recoscope::test
