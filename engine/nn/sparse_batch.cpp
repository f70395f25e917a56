// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/sparse_batch.h"

#include "engine/core/check.h"

#include <algorithm>
#include <cmath>

namespace recoscope::nn {

template <class S>
SparseBatch<S>::SparseBatch(std::int32_t cols)
    : m_cols(cols)
    , m_offsets(1, 0) {}

template <class S>
void SparseBatch<S>::clear() {
    m_offsets.resize(1);
    m_columns.clear();
    m_values.clear();
    m_columnsBuilt = false;
}

template <class S>
void SparseBatch<S>::reserve(std::int64_t rows, std::int64_t values) {
    const auto count = static_cast<std::size_t>(values);
    m_offsets.reserve(static_cast<std::size_t>(rows) + 1);
    m_columns.reserve(count);
    m_values.reserve(count);
    m_work.reserve(count);
    m_entryRow.reserve(count);
    m_entryPosition.reserve(count);
    const std::size_t distinct = std::min(count, static_cast<std::size_t>(m_cols));
    m_touched.reserve(distinct);
    m_touchedOffsets.reserve(distinct + 1);
    m_cursor.reserve(static_cast<std::size_t>(m_cols));
}

template <class S>
void SparseBatch<S>::appendRow(std::span<const std::int32_t> columns, std::span<const S> values) {
    RECOSCOPE_CHECK(columns.size() == values.size(), "a row's columns and values");
    m_columns.insert(m_columns.end(), columns.begin(), columns.end());
    m_values.insert(m_values.end(), values.begin(), values.end());
    m_offsets.push_back(size());
    m_columnsBuilt = false;
}

template <class S>
void SparseBatch<S>::appendRow(std::span<const std::int32_t> columns, S value) {
    m_columns.insert(m_columns.end(), columns.begin(), columns.end());
    m_values.insert(m_values.end(), columns.size(), value);
    m_offsets.push_back(size());
    m_columnsBuilt = false;
}

template <class S>
void SparseBatch<S>::assignTransformed(const SparseBatch& from, const SparseTransform& transform,
                                       bool training, std::uint64_t seed, std::uint64_t step) {
    m_cols = from.m_cols;
    m_offsets = from.m_offsets;
    m_columns = from.m_columns;
    m_values = from.m_values;
    m_columnsBuilt = false;
    const bool noisy = training && (transform.dropout > 0.0 || transform.noise > 0.0);
    const S kept = transform.rescale ? static_cast<S>(1.0 / (1.0 - transform.dropout)) : S(1);
    for (std::int32_t row = 0; row < rows(); ++row) {
        S* const values = m_values.data() + rowBegin(row);
        const std::int64_t count = rowEnd(row) - rowBegin(row);
        if (transform.normalise) {
            double squares = 0.0;
            for (std::int64_t n = 0; n < count; ++n)
                squares += static_cast<double>(values[n]) * static_cast<double>(values[n]);
            const S scale = squares > 0.0 ? static_cast<S>(1.0 / std::sqrt(squares)) : S(0);
            for (std::int64_t n = 0; n < count; ++n)
                values[n] *= scale;
        }
        if (!noisy) continue;
        Rng rng = Rng::stream(seed, "input noise", step, static_cast<std::uint64_t>(row));
        if (transform.noise > 0.0)
            for (std::int64_t n = 0; n < count; ++n)
                values[n] += static_cast<S>(transform.noise * rng.normal());
        if (transform.dropout > 0.0)
            for (std::int64_t n = 0; n < count; ++n)
                values[n] = rng.uniform() < transform.dropout ? S(0) : values[n] * kept;
    }
}

template <class S>
void SparseBatch<S>::buildColumns() {
    if (m_columnsBuilt) return;
    m_columnsBuilt = true;
    m_cursor.assign(static_cast<std::size_t>(m_cols), 0);
    for (const std::int32_t column : m_columns)
        ++m_cursor[static_cast<std::size_t>(column)];
    m_touched.clear();
    m_touchedOffsets.assign(1, 0);
    std::int64_t begin = 0;
    for (std::int32_t column = 0; column < m_cols; ++column) {
        std::int64_t& cursor = m_cursor[static_cast<std::size_t>(column)];
        const std::int64_t count = cursor;
        cursor = begin;
        if (count == 0) continue;
        begin += count;
        m_touched.push_back(column);
        m_touchedOffsets.push_back(begin);
    }
    m_entryRow.resize(m_columns.size());
    m_entryPosition.resize(m_columns.size());
    for (std::int32_t row = 0; row < rows(); ++row)
        for (std::int64_t n = rowBegin(row); n < rowEnd(row); ++n) {
            const auto to = static_cast<std::size_t>(
                m_cursor[static_cast<std::size_t>(m_columns[static_cast<std::size_t>(n)])]++);
            m_entryRow[to] = row;
            m_entryPosition[to] = n;
        }
}

template class SparseBatch<float>;
template class SparseBatch<double>;

} // namespace recoscope::nn
