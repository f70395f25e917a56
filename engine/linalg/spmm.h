// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// A sparse matrix of ones for products with a dense one: the adjacency matrix of a graph. It is kept in
/// tiles of columns: a tile adds up dense rows that fit a core's cache together, however long the dense matrix
/// is. Immutable.
class SparseOnes final {
public:
    /// @param offsets  rows + 1
    /// @param columns  by row, ascending in each
    /// @param columnsPerTile  at least 1; `tileFor` of the stride is meant for it
    SparseOnes(std::span<const std::int64_t> offsets, std::span<const std::int32_t> columns,
               std::int32_t columnsPerTile);
    /// As many dense rows of `stride` floats as half of a common second-level cache holds.
    static std::int32_t tileFor(std::int64_t stride);

    std::int64_t rows() const { return m_rows; }

    /// y_r = own_r x_r + scale_r Σ_{c in row r} z_c, for dense rows of `stride` floats, a multiple of 16.
    struct Product {
        const float* z = nullptr; // as many rows as the matrix has columns; may not overlap y
        const float* x = nullptr; // rows() rows, like y
        float* y = nullptr;
        std::int64_t stride = 0;
        const float* own = nullptr; // rows() numbers, as scale
        const float* scale = nullptr;
        /// Null, or a mark for each row: only marked ones are written.
        const std::uint8_t* wanted = nullptr;
        /// Null, or a mark for each column: z is zero in the others, whose terms may be left out.
        const std::uint8_t* nonZero = nullptr;
    };
    /// A row is summed in an order of its own, so the bits do not depend on the threads. False when
    /// cancelled; y is then unspecified. No allocation. O(entries · stride).
    bool multiply(const Product& product, ThreadPool& pool, RunControl& control) const;

private:
    /// What a tile has of a row.
    struct Segment {
        std::int64_t begin = 0; // in m_columns; it ends where the next begins
        std::int32_t row = 0;
        bool first = false; // of the row's
    };
    struct Tile {
        std::int32_t firstColumn = 0;
        std::int32_t columnCount = 0;
        std::int64_t begin = 0; // in m_segments
        std::int64_t end = 0;
    };
    std::int64_t m_rows;
    std::vector<std::int32_t> m_columns; // by tile, then by row
    std::vector<Segment> m_segments;     // and one behind the last
    std::vector<Tile> m_tiles;
};

} // namespace recoscope
