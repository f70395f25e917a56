// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include <cstdint>
#include <span>

namespace recoscope {

/// A sparse matrix of ones times a dense matrix, with a factor for each row of the result:
///
///   y_r = scale_r Σ_{c in row r} x_c
///
/// A plain view; nothing is owned. A normalised adjacency matrix D^-½ A D^-½ is this product between two
/// scalings of rows, so that no value has to be read for each entry.
struct SparseOnes {
    std::span<const std::int64_t> offsets; // rows + 1
    const std::int32_t* columns = nullptr;
    std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// @param x       dense rows of `stride` floats, a multiple of 16
/// @param y       rows() dense rows of `stride` floats; may not overlap x
/// @param scale   rows() numbers
/// @param total   null, or like y: y is added to it
/// A row is summed in the order of its entries, so the bits do not depend on the threads. False when
/// cancelled. No allocation. O(entries · stride).
bool sparseOnesTimesDense(const SparseOnes& a, const float* x, std::int64_t stride, const float* scale,
                          float* y, float* total, ThreadPool& pool, RunControl& control);

} // namespace recoscope
