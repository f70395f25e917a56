// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/naive_similarity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace recoscope::test {

MatrixD naiveWeights(const Holed& rows, EntryValues values, const WeightingOptions& options) {
    const Eigen::Index n = rows.value.rows(), m = rows.value.cols();
    MatrixD x = rows.value;
    if (values == EntryValues::Ones) x = rows.present.cast<double>().matrix();
    if (options.kind == Weighting::None) return x;
    std::vector<double> length(static_cast<std::size_t>(n), 0.0), degree(static_cast<std::size_t>(m), 0.0);
    double total = 0.0;
    for (Eigen::Index r = 0; r < n; ++r)
        for (Eigen::Index c = 0; c < m; ++c) {
            length[static_cast<std::size_t>(r)] += x(r, c);
            total += x(r, c);
            degree[static_cast<std::size_t>(c)] += rows.present(r, c);
        }
    const double meanLength = total / static_cast<double>(n);
    MatrixD weighted = MatrixD::Zero(n, m);
    for (Eigen::Index r = 0; r < n; ++r)
        for (Eigen::Index c = 0; c < m; ++c) {
            if (!rows.present(r, c)) continue;
            const double idf = std::log(static_cast<double>(n) / (1.0 + degree[static_cast<std::size_t>(c)]));
            const double relative = length[static_cast<std::size_t>(r)] / meanLength;
            if (options.kind == Weighting::TfIdf)
                weighted(r, c) = std::sqrt(x(r, c)) * idf;
            else
                weighted(r, c) = x(r, c) * (options.k1 + 1.0) /
                                 (options.k1 * (1.0 - options.b + options.b * relative) + x(r, c)) * idf;
        }
    return weighted;
}

MatrixD naiveSimilarity(const Holed& rows, const SimilarityOptions& options) {
    const Eigen::Index n = rows.value.rows(), m = rows.value.cols();
    MatrixD result = MatrixD::Zero(n, n);
    MatrixD x = naiveWeights(rows, options.values, options.weighting);
    if (options.kind == SimilarityKind::Pearson)
        for (Eigen::Index r = 0; r < n; ++r) {
            const double count = static_cast<double>(rows.present.row(r).count());
            const double mean = count > 0.0 ? x.row(r).sum() / count : 0.0;
            for (Eigen::Index c = 0; c < m; ++c)
                if (rows.present(r, c)) x(r, c) -= mean;
        }
    if (options.kind == SimilarityKind::AdjustedCosine)
        for (Eigen::Index c = 0; c < m; ++c) {
            const double count = static_cast<double>(rows.present.col(c).count());
            const double mean = count > 0.0 ? x.col(c).sum() / count : 0.0;
            for (Eigen::Index r = 0; r < n; ++r)
                if (rows.present(r, c)) x(r, c) -= mean;
        }
    for (Eigen::Index a = 0; a < n; ++a)
        for (Eigen::Index b = 0; b < n; ++b) {
            if (a == b) continue;
            if (options.kind == SimilarityKind::Jaccard) {
                const double both = static_cast<double>((rows.present.row(a) && rows.present.row(b)).count());
                const double either =
                    static_cast<double>((rows.present.row(a) || rows.present.row(b)).count());
                result(a, b) = both / (either + options.shrink + 1e-6);
                continue;
            }
            double dot = 0.0, aa = 0.0, bb = 0.0;
            for (Eigen::Index c = 0; c < m; ++c) {
                dot += x(a, c) * x(b, c);
                aa += x(a, c) * x(a, c);
                bb += x(b, c) * x(b, c);
            }
            result(a, b) = dot / (std::sqrt(aa) * std::sqrt(bb) + options.shrink + 1e-6);
        }
    return result;
}

MatrixD naiveTopOfColumns(const MatrixD& similarity, int k) {
    MatrixD result = MatrixD::Zero(similarity.rows(), similarity.cols());
    std::vector<Eigen::Index> order(static_cast<std::size_t>(similarity.rows()));
    for (Eigen::Index c = 0; c < similarity.cols(); ++c) {
        std::iota(order.begin(), order.end(), Eigen::Index{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](Eigen::Index a, Eigen::Index b) { return similarity(a, c) > similarity(b, c); });
        for (std::size_t n = 0; n < order.size() && n < static_cast<std::size_t>(k); ++n)
            result(order[n], c) = similarity(order[n], c);
    }
    return result;
}

} // namespace recoscope::test
