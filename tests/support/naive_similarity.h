// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/linalg/similarity.h"

namespace recoscope::test {

/// A matrix with holes: `value` where `present`, else 0.
struct Holed {
    MatrixD value;
    Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> present;
};

template <class Row, class Col>
Holed holed(const Csr<Row, Col>& matrix) {
    Holed result{MatrixD::Zero(matrix.rowCount(), matrix.colCount()),
                 Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>::Constant(matrix.rowCount(),
                                                                              matrix.colCount(), false)};
    for (std::int32_t row = 0; row < matrix.rowCount(); ++row)
        for (std::size_t n = 0; n < matrix.cols(Row{row}).size(); ++n) {
            const auto col = static_cast<Eigen::Index>(matrix.cols(Row{row})[n]);
            result.value(row, col) = static_cast<double>(matrix.values(Row{row})[n]);
            result.present(row, col) = true;
        }
    return result;
}

/// The weighted entries, straight from the formulas, rows as documents.
MatrixD naiveWeights(const Holed& rows, EntryValues values, const WeightingOptions& options);

/// All similarities between rows by the formulas, in double, diagonal 0. O(rows² cols).
MatrixD naiveSimilarity(const Holed& rows, const SimilarityOptions& options);

/// Keeps the k largest of each column, ties to the lower row; the rest becomes 0.
MatrixD naiveTopOfColumns(const MatrixD& similarity, int k);

} // namespace recoscope::test
