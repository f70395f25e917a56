// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/core/result.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace recoscope {

template <class Row, class Col>
struct Entry {
    Row row{};
    Col col{};
    float value = 1.0f;
    bool operator==(const Entry&) const = default;
};

/// Immutable compressed sparse rows: columns ascending in each row, no duplicates.
template <class Row, class Col>
class Csr final {
public:
    Csr() : m_offsets(1, 0) {}

    /// From entries in any order. A pair given twice, an index outside, or a value that is not finite is an error.
    /// O(entries + rows + cols).
    static Result<Csr> fromEntries(std::int32_t rows, std::int32_t cols, std::span<const Entry<Row, Col>> entries);
    /// From arrays that already are in CSR form; checked. O(entries).
    static Result<Csr> fromArrays(std::int32_t cols, std::vector<std::int64_t> offsets, std::vector<Col> columns,
                                  std::vector<float> values);

    std::int32_t rowCount() const { return static_cast<std::int32_t>(m_offsets.size()) - 1; }
    std::int32_t colCount() const { return m_cols; }
    std::int64_t size() const { return static_cast<std::int64_t>(m_columns.size()); }
    bool empty() const { return m_columns.empty(); }

    std::int64_t rowBegin(Row row) const { return m_offsets[static_cast<std::size_t>(row)]; }
    std::int64_t rowEnd(Row row) const { return m_offsets[static_cast<std::size_t>(row) + 1]; }
    std::int32_t rowSize(Row row) const { return static_cast<std::int32_t>(rowEnd(row) - rowBegin(row)); }
    std::span<const Col> cols(Row row) const {
        return {m_columns.data() + rowBegin(row), static_cast<std::size_t>(rowSize(row))};
    }
    std::span<const float> values(Row row) const {
        return {m_values.data() + rowBegin(row), static_cast<std::size_t>(rowSize(row))};
    }
    bool contains(Row row, Col col) const {
        const auto columns = cols(row);
        return std::binary_search(columns.begin(), columns.end(), col);
    }

    std::span<const std::int64_t> offsets() const { return m_offsets; }
    std::span<const Col> columns() const { return m_columns; }
    std::span<const float> values() const { return m_values; }

    /// Rows become columns. O(entries + rows + cols).
    Csr<Col, Row> transposed() const;

    bool operator==(const Csr&) const = default;

private:
    template <class, class>
    friend class Csr;
    std::int32_t m_cols = 0;
    std::vector<std::int64_t> m_offsets; // rows + 1
    std::vector<Col> m_columns;
    std::vector<float> m_values;
};

using UserItemCsr = Csr<UserIndex, ItemIndex>;
using ItemUserCsr = Csr<ItemIndex, UserIndex>;

template <class Row, class Col>
Result<Csr<Row, Col>> Csr<Row, Col>::fromEntries(std::int32_t rows, std::int32_t cols,
                                                 std::span<const Entry<Row, Col>> entries) {
    // A stable counting sort by column, then by row, leaves columns ascending in each row.
    std::vector<std::int64_t> colStart(static_cast<std::size_t>(cols) + 1, 0);
    std::vector<std::int64_t> offsets(static_cast<std::size_t>(rows) + 1, 0);
    for (const auto& e : entries) {
        const auto r = static_cast<std::int32_t>(e.row);
        const auto c = static_cast<std::int32_t>(e.col);
        if (r < 0 || r >= rows || c < 0 || c >= cols)
            return Error{ErrorCode::Invalid, "An entry lies outside the matrix",
                         "(" + std::to_string(r) + ", " + std::to_string(c) + ")"};
        ++colStart[static_cast<std::size_t>(c) + 1];
        ++offsets[static_cast<std::size_t>(r) + 1];
    }
    std::partial_sum(colStart.begin(), colStart.end(), colStart.begin());
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    std::vector<std::int64_t> byCol(entries.size());
    for (std::size_t n = 0; n < entries.size(); ++n)
        byCol[static_cast<std::size_t>(colStart[static_cast<std::size_t>(entries[n].col)]++)] =
            static_cast<std::int64_t>(n);
    std::vector<std::int64_t> cursor(offsets.begin(), offsets.end() - 1);
    std::vector<Col> columns(entries.size());
    std::vector<float> values(entries.size());
    for (const std::int64_t n : byCol) {
        const auto& e = entries[static_cast<std::size_t>(n)];
        const auto to = static_cast<std::size_t>(cursor[static_cast<std::size_t>(e.row)]++);
        columns[to] = e.col;
        values[to] = e.value;
    }
    return fromArrays(cols, std::move(offsets), std::move(columns), std::move(values));
}

template <class Row, class Col>
Result<Csr<Row, Col>> Csr<Row, Col>::fromArrays(std::int32_t cols, std::vector<std::int64_t> offsets,
                                                std::vector<Col> columns, std::vector<float> values) {
    const auto place = [](std::size_t row) { return "row " + std::to_string(row); };
    if (offsets.empty() || offsets.front() != 0 || columns.size() != values.size() ||
        offsets.back() != static_cast<std::int64_t>(columns.size()))
        return Error{ErrorCode::Invalid, "Row offsets do not fit the entries", "offsets"};
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row)
        if (offsets[row] > offsets[row + 1] || offsets[row + 1] > offsets.back())
            return Error{ErrorCode::Invalid, "Row offsets decrease", place(row)};
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
        std::int32_t previous = -1;
        for (auto n = static_cast<std::size_t>(offsets[row]); n < static_cast<std::size_t>(offsets[row + 1]); ++n) {
            const auto c = static_cast<std::int32_t>(columns[n]);
            if (c < 0 || c >= cols) return Error{ErrorCode::Invalid, "A column lies outside the matrix", place(row)};
            if (c <= previous)
                return Error{ErrorCode::Invalid,
                             c == previous ? "The same pair is given twice" : "Columns are not ascending", place(row)};
            // Also true for infinity and NaN, without needing <cmath> semantics under fast-math.
            if (!(values[n] >= -std::numeric_limits<float>::max() && values[n] <= std::numeric_limits<float>::max()))
                return Error{ErrorCode::Invalid, "A value is not a finite number", place(row)};
            previous = c;
        }
    }
    Csr result;
    result.m_cols = cols;
    result.m_offsets = std::move(offsets);
    result.m_columns = std::move(columns);
    result.m_values = std::move(values);
    return result;
}

template <class Row, class Col>
Csr<Col, Row> Csr<Row, Col>::transposed() const {
    Csr<Col, Row> result;
    result.m_cols = rowCount();
    result.m_offsets.assign(static_cast<std::size_t>(m_cols) + 1, 0);
    for (const Col col : m_columns) ++result.m_offsets[static_cast<std::size_t>(col) + 1];
    std::partial_sum(result.m_offsets.begin(), result.m_offsets.end(), result.m_offsets.begin());
    result.m_columns.resize(m_columns.size());
    result.m_values.resize(m_values.size());
    std::vector<std::int64_t> cursor(result.m_offsets.begin(), result.m_offsets.end() - 1);
    for (std::int32_t row = 0; row < rowCount(); ++row) {
        for (std::int64_t n = m_offsets[static_cast<std::size_t>(row)]; n < m_offsets[static_cast<std::size_t>(row) + 1];
             ++n) {
            const auto to = static_cast<std::size_t>(cursor[static_cast<std::size_t>(m_columns[static_cast<std::size_t>(n)])]++);
            result.m_columns[to] = static_cast<Row>(row);
            result.m_values[to] = m_values[static_cast<std::size_t>(n)];
        }
    }
    return result;
}

} // namespace recoscope
