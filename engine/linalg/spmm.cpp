// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/spmm.h"

#include "engine/core/check.h"
#include "engine/linalg/simd.h"

#include <algorithm>

namespace recoscope {

namespace {

using simd::at;
using simd::Float16;
using simd::kLanes;

constexpr std::int64_t kTileBytes = 1 << 20;
constexpr std::int64_t kSegmentsPerChunk = 64;
/// Below this share of marked columns a test for each entry costs less than the additions it saves.
constexpr double kSparseShare = 0.125;

/// Adds Vectors x 16 columns of the rows that `columns` names, two sums a column so that additions overlap.
template <int Vectors>
RECOSCOPE_INLINE void sumRows(std::span<const std::int32_t> columns, const float* z, std::int64_t stride,
                              Float16 (&sums)[Vectors]) {
    Float16 odd[Vectors]{};
    std::size_t n = 0;
    for (; n + 2 <= columns.size(); n += 2) {
        const float* const a = z + columns[n] * stride;
        const float* const b = z + columns[n + 1] * stride;
        for (int v = 0; v < Vectors; ++v) {
            sums[v] += at(a + v * kLanes);
            odd[v] += at(b + v * kLanes);
        }
    }
    if (n < columns.size()) {
        const float* const a = z + columns[n] * stride;
        for (int v = 0; v < Vectors; ++v)
            sums[v] += at(a + v * kLanes);
    }
    for (int v = 0; v < Vectors; ++v)
        sums[v] += odd[v];
}

template <int Vectors>
RECOSCOPE_INLINE void sumMarkedRows(std::span<const std::int32_t> columns, const std::uint8_t* marks,
                                    const float* z, std::int64_t stride, Float16 (&sums)[Vectors]) {
    for (const std::int32_t column : columns) {
        if (!marks[column]) continue;
        const float* const a = z + column * stride;
        for (int v = 0; v < Vectors; ++v)
            sums[v] += at(a + v * kLanes);
    }
}

/// `marks`: null to add every column.
template <int Vectors>
RECOSCOPE_INLINE void addSegment(std::span<const std::int32_t> columns, const std::uint8_t* marks, bool first,
                                 std::int64_t row, const SparseOnes::Product& p, std::int64_t offset) {
    Float16 sums[Vectors]{};
    if (marks)
        sumMarkedRows<Vectors>(columns, marks, p.z + offset, p.stride, sums);
    else
        sumRows<Vectors>(columns, p.z + offset, p.stride, sums);
    const float own = p.own[row];
    const float scale = p.scale[row];
    const float* const x = p.x + row * p.stride + offset;
    float* const y = p.y + row * p.stride + offset;
    for (int v = 0; v < Vectors; ++v) {
        const Float16 before = first ? Float16(own * at(x + v * kLanes)) : Float16(at(y + v * kLanes));
        at(y + v * kLanes) = before + scale * sums[v];
    }
}

} // namespace

std::int32_t SparseOnes::tileFor(std::int64_t stride) {
    return static_cast<std::int32_t>(
        std::max<std::int64_t>(1, kTileBytes / (static_cast<std::int64_t>(sizeof(float)) * stride)));
}

SparseOnes::SparseOnes(std::span<const std::int64_t> offsets, std::span<const std::int32_t> columns,
                       std::int32_t columnsPerTile)
    : m_rows(static_cast<std::int64_t>(offsets.size()) - 1) {
    RECOSCOPE_CHECK(columnsPerTile > 0 && m_rows >= 0, "offsets have one entry more than there are rows");
    const std::int32_t columnCount =
        columns.empty() ? 0 : *std::max_element(columns.begin(), columns.end()) + 1;
    m_columns.reserve(columns.size());
    std::vector<std::int64_t> next(offsets.begin(), offsets.end() - 1); // what of a row is not in a tile yet
    // At least one tile, in which rows without entries have their place.
    for (std::int32_t from = 0;; from += columnsPerTile) {
        const std::int32_t to = columnCount - from > columnsPerTile ? from + columnsPerTile : columnCount;
        Tile tile{from, to - from, static_cast<std::int64_t>(m_segments.size()), 0};
        for (std::int64_t row = 0; row < m_rows; ++row) {
            const auto r = static_cast<std::size_t>(row);
            const std::int64_t begin = next[r];
            const bool empty = offsets[r] == offsets[r + 1];
            std::int64_t& n = next[r];
            while (n < offsets[r + 1] && columns[static_cast<std::size_t>(n)] < to)
                ++n;
            if (n == begin && !(empty && from == 0)) continue;
            m_segments.push_back({static_cast<std::int64_t>(m_columns.size()), static_cast<std::int32_t>(row),
                                  begin == offsets[r]});
            m_columns.insert(m_columns.end(), columns.begin() + begin, columns.begin() + n);
        }
        tile.end = static_cast<std::int64_t>(m_segments.size());
        m_tiles.push_back(tile);
        if (to == columnCount) break;
    }
    m_segments.push_back({static_cast<std::int64_t>(m_columns.size()), 0, false});
}

bool SparseOnes::multiply(const Product& product, ThreadPool& pool, RunControl& control) const {
    for (const Tile& tile : m_tiles) {
        const std::uint8_t* marks = product.nonZero;
        if (marks) {
            const auto* const first = marks + tile.firstColumn;
            const auto marked = tile.columnCount - std::count(first, first + tile.columnCount, std::uint8_t{0});
            if (static_cast<double>(marked) > kSparseShare * tile.columnCount) marks = nullptr;
        }
        pool.forChunks(tile.end - tile.begin, kSegmentsPerChunk, [&](const Chunk& chunk) {
            if (!control.keepGoing()) return;
            for (std::int64_t s = tile.begin + chunk.begin; s < tile.begin + chunk.end; ++s) {
                const Segment& segment = m_segments[static_cast<std::size_t>(s)];
                if (product.wanted && !product.wanted[segment.row]) continue;
                const std::int64_t end = m_segments[static_cast<std::size_t>(s) + 1].begin;
                const std::span columns(m_columns.data() + segment.begin,
                                        static_cast<std::size_t>(end - segment.begin));
                std::int64_t v = 0;
                for (; v + 4 * kLanes <= product.stride; v += 4 * kLanes)
                    addSegment<4>(columns, marks, segment.first, segment.row, product, v);
                for (; v < product.stride; v += kLanes)
                    addSegment<1>(columns, marks, segment.first, segment.row, product, v);
            }
        });
        if (control.cancelled()) return false;
    }
    return true;
}

} // namespace recoscope
