// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/rng.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope::nn {

/// How a batch of histories is changed on its way into a network. Structure stays; a dropped value becomes 0.
struct SparseTransform {
    bool normalise = false; // each row divided by its Euclidean norm, before the noise
    double dropout = 0.0;   // in training: share of the values dropped, the rest scaled by 1 / (1 - dropout)
    bool rescale = true;    // false: masking noise, what stays is not scaled
    double noise = 0.0;     // in training: standard deviation of Gaussian noise on the values
};

/// Rows of a batch in compressed form, with values of its own and, on demand, the same by column. One thread
/// writes it between steps; operations read it. Memory grows to the largest batch seen and stays.
template <class S>
class SparseBatch final {
public:
    explicit SparseBatch(std::int32_t cols = 0);

    void clear();
    void reserve(std::int64_t rows, std::int64_t values);
    /// Columns ascending, no duplicates, below cols().
    void appendRow(std::span<const std::int32_t> columns, std::span<const S> values);
    /// The same row with every value 1 (or the value given).
    void appendRow(std::span<const std::int32_t> columns, S value);

    /// A row of `count` entries made by columnOf(n) and valueOf(n).
    template <class ColumnOf, class ValueOf>
    void appendRow(std::size_t count, const ColumnOf& columnOf, const ValueOf& valueOf) {
        for (std::size_t n = 0; n < count; ++n) {
            m_columns.push_back(columnOf(n));
            m_values.push_back(valueOf(n));
        }
        m_offsets.push_back(size());
        m_columnsBuilt = false;
    }

    std::int32_t rows() const { return static_cast<std::int32_t>(m_offsets.size()) - 1; }
    std::int32_t cols() const { return m_cols; }
    std::int64_t size() const { return static_cast<std::int64_t>(m_columns.size()); }
    std::int64_t rowBegin(std::int64_t row) const { return m_offsets[static_cast<std::size_t>(row)]; }
    std::int64_t rowEnd(std::int64_t row) const { return m_offsets[static_cast<std::size_t>(row) + 1]; }
    const std::int32_t* columns() const { return m_columns.data(); }
    const S* values() const { return m_values.data(); }

    /// This becomes `from`, transformed. Random numbers are keyed by (seed, step, row).
    void assignTransformed(const SparseBatch& from, const SparseTransform& transform, bool training,
                           std::uint64_t seed, std::uint64_t step);

    /// The columns that occur, ascending; entries of touched()[n] are entry(touchedBegin(n)) …
    /// entry(touchedEnd(n)). Built by buildColumns() since the last change. O(values + cols).
    void buildColumns();
    std::span<const std::int32_t> touched() const { return m_touched; }
    std::int64_t touchedBegin(std::int64_t n) const { return m_touchedOffsets[static_cast<std::size_t>(n)]; }
    std::int64_t touchedEnd(std::int64_t n) const {
        return m_touchedOffsets[static_cast<std::size_t>(n) + 1];
    }
    /// Row and position (in columns() and values()) of the n-th entry in column order; rows ascend in a
    /// column.
    std::int32_t entryRow(std::int64_t n) const { return m_entryRow[static_cast<std::size_t>(n)]; }
    std::int64_t entryPosition(std::int64_t n) const { return m_entryPosition[static_cast<std::size_t>(n)]; }

    /// One number an entry for an operation to keep from forward to backward.
    std::span<S> work() {
        m_work.resize(m_columns.size());
        return m_work;
    }

private:
    std::int32_t m_cols = 0;
    std::vector<std::int64_t> m_offsets;
    std::vector<std::int32_t> m_columns;
    std::vector<S> m_values;
    std::vector<S> m_work;
    bool m_columnsBuilt = false;
    std::vector<std::int32_t> m_touched;
    std::vector<std::int64_t> m_touchedOffsets;
    std::vector<std::int64_t> m_cursor; // by column
    std::vector<std::int32_t> m_entryRow;
    std::vector<std::int64_t> m_entryPosition;
};

extern template class SparseBatch<float>;
extern template class SparseBatch<double>;

} // namespace recoscope::nn
