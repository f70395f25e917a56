// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace recoscope {

/// How alike two rows are. Missing entries are zero (after centring), so two rows also differ by what only
/// one has.
enum class SimilarityKind {
    Cosine,         // a·b / (|a||b| + shrink + 1e-6)
    Pearson,        // cosine after each row's own mean is taken from its entries
    Jaccard,        // |a ∩ b| / (|a ∪ b| + shrink + 1e-6); values do not matter
    AdjustedCosine, // cosine after each column's mean is taken from its entries
};

/// Weights of entries, with the compared rows as documents and the columns as terms. N: rows, df: entries of
/// a column.
enum class Weighting {
    None,
    TfIdf, // sqrt(x) ln(N / (1 + df))
    Bm25,  // x (K1 + 1) / (K1 (1 - B + B |row| / mean |row|) + x) ln(N / (1 + df)), |row|: sum of the row's
           // entries
};

struct WeightingOptions {
    Weighting kind = Weighting::None;
    double k1 = 1.2;
    double b = 0.75;
    bool operator==(const WeightingOptions&) const = default;
};

/// What an entry counts.
enum class EntryValues {
    Given,
    Ones, // every entry is 1
};

struct SimilarityOptions {
    SimilarityKind kind = SimilarityKind::Cosine;
    EntryValues values = EntryValues::Given;
    double shrink = 0.0;
    WeightingOptions weighting;
    bool operator==(const SimilarityOptions&) const = default;
};

/// The statistics that a Weighting needs, from a matrix of documents x terms. Immutable; any thread.
/// Negative entries keep their sign and count by their size.
class TermWeights final {
public:
    /// @param rowLengths  |row| of each document.
    TermWeights(std::vector<float> rowLengths, const WeightingOptions& options);

    const std::vector<float>& rowLengths() const { return m_rowLengths; }
    /// The idf of a term that `degree` documents have.
    float idf(std::int64_t degree) const;
    /// The weight of an entry of a document with the given length |row|, known or not.
    float of(float value, float rowLength, float idf) const;

private:
    WeightingOptions m_options;
    std::vector<float> m_rowLengths;
    double m_meanLength = 1.0;
};

/// |row| of each row: the sum of its entries' sizes, or their number. O(entries).
template <class Row, class Col>
std::vector<float> rowLengths(const Csr<Row, Col>& matrix, EntryValues values) {
    std::vector<float> lengths;
    lengths.reserve(static_cast<std::size_t>(matrix.rowCount()));
    for (std::int32_t row = 0; row < matrix.rowCount(); ++row) {
        double sum = values == EntryValues::Ones ? matrix.rowSize(Row{row}) : 0.0;
        if (values == EntryValues::Given)
            for (const float value : matrix.values(Row{row}))
                sum += value < 0.0f ? -value : value;
        lengths.push_back(static_cast<float>(sum));
    }
    return lengths;
}

/// What nearest() found.
template <class Row>
struct Nearest {
    /// Row r holds the k rows with the largest similarity to r, without zeros. For a symmetric similarity
    /// this is also what is left of column r of W when the k largest entries of each column are kept.
    Csr<Row, Row> neighbours;
    bool completed = true; // false: cancelled; rows that were not reached have no neighbours
};

/// Rows made ready for comparison: weighted, centred, with norms. Immutable; any thread.
/// Instantiated for items x users and users x items.
template <class Row, class Col>
class Similarity final {
public:
    using Rows = std::shared_ptr<const Csr<Row, Col>>;
    using Columns = std::shared_ptr<const Csr<Col, Row>>;

    /// @param columns  the rows, turned. Both are kept, not copied.
    /// O(entries).
    Similarity(Rows rows, Columns columns, const SimilarityOptions& options);

    /// The k largest similarities of each row (its own counts as 0; ties go to the lower index; entries that
    /// are zero are not kept). O(sum over columns of their squared length) on all threads of the pool; memory
    /// O(rows) a thread beside the result. The same bits for any thread count. keepGoing() is asked once a
    /// column.
    /// @param progress  optional; called from the calling thread with the share done.
    Nearest<Row> nearest(int k, ThreadPool& pool, RunControl& control,
                         const std::function<void(double fraction)>& progress = {}) const;

    /// Similarities of one row that is not among them to all rows. Weights and column means are those of the
    /// rows.
    /// @param cols  ascending, no duplicates.  @param out  rowCount() values; overwritten.
    void toAll(std::span<const Col> cols, std::span<const float> values, std::span<float> out) const;

    std::int32_t rowCount() const { return m_rows->rowCount(); }
    const TermWeights& weights() const { return m_weights; }
    float idf(Col col) const { return m_idf[static_cast<std::size_t>(col)]; }

private:
    struct Kept {
        std::int32_t row;
        double similarity;
    };
    /// One thread's.
    struct Scratch {
        std::vector<float> dots;
        std::vector<float> similarities;
        std::vector<std::int32_t> best;
        std::vector<Kept> kept;
    };

    // With all entries 1 a weighted entry is f(row) g(col), so a dot product is f f Σ g²: no values need to
    // be read.
    bool factored() const { return m_factored; }
    void factor();
    void prepare();
    float prepared(float value, std::int32_t row, std::int32_t col) const;
    void accumulate(Row row, std::span<float> dots, RunControl& control) const;
    double exact(double dot, double size, double factor, std::size_t other) const;
    void toSimilarities(std::span<const float> dots, float size, float factor, std::span<float> out) const;
    void select(Scratch& own, double size, double factor, std::vector<Kept>& result) const;

    SimilarityOptions m_options;
    Rows m_rows;
    Columns m_columns;
    TermWeights m_weights;
    bool m_factored = false;
    std::vector<float> m_idf;          // g of each column when factored
    std::vector<float> m_rowFactors;   // f of each row; factored only
    std::vector<float> m_rowMeans;     // Pearson only
    std::vector<float> m_columnMeans;  // adjusted cosine only
    std::vector<float> m_rowValues;    // prepared, in the order of m_rows; empty when factored
    std::vector<float> m_columnValues; // prepared, in the order of m_columns; empty when factored
    std::vector<double> m_norms;       // |a| of each row; for Jaccard the number of its entries
    std::vector<float> m_floatNorms;
};

extern template class Similarity<ItemIndex, UserIndex>;
extern template class Similarity<UserIndex, ItemIndex>;

} // namespace recoscope
