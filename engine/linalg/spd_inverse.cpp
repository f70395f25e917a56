// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/spd_inverse.h"

#include "engine/core/check.h"
#include "engine/linalg/gemm.h"
#include "engine/linalg/item_gram.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

namespace recoscope {

namespace {

// Whole tiles of the product kernel on every instruction set (14, 6 and 4 rows), and one block of k for it.
constexpr std::int64_t kBlock = 336;
// Blocks of columns that one task updates with one block of rows.
constexpr std::int64_t kBlocksOfTask = 3;
// Pivots that are swept one by one, in double, before they are applied to their block.
constexpr std::int64_t kFew = 32;

/// A few pivots one by one: a (n x n, both sides) becomes minus its inverse. False where a pivot is not
/// positive.
bool sweepFew(std::int64_t n, std::array<double, kFew * kFew>& a) {
    for (std::int64_t p = 0; p < n; ++p) {
        double* const row = a.data() + p * kFew;
        const double pivot = row[p];
        if (!(pivot > 0.0) || !(pivot <= std::numeric_limits<float>::max())) return false;
        const double inverse = 1.0 / pivot;
        for (std::int64_t i = 0; i < n; ++i) {
            if (i == p) continue;
            double* const other = a.data() + i * kFew;
            const double factor = other[p] * inverse;
            for (std::int64_t j = 0; j < n; ++j)
                other[j] -= factor * row[j];
            other[p] = factor;
        }
        for (std::int64_t j = 0; j < n; ++j)
            row[j] *= inverse;
        row[p] = -inverse;
    }
    return true;
}

/// One pivot block, both sides of it, on one thread.
class PivotBlock final {
public:
    /// a: n x n of n x kBlock floats, becomes its inverse. False where that cannot be.
    bool invert(std::int64_t n, float* a) {
        m_panel.resize(static_cast<std::size_t>(n * kFew));
        m_swept.resize(static_cast<std::size_t>(n * kFew));
        for (std::int64_t p = 0; p < n; p += kFew)
            if (!sweep(n, a, p, std::min(kFew, n - p))) return false;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < n; ++j)
                a[i * kBlock + j] = -a[i * kBlock + j];
        return true;
    }

private:
    bool sweep(std::int64_t n, float* a, std::int64_t p, std::int64_t few) {
        std::array<double, kFew * kFew> pivots;
        for (std::int64_t i = 0; i < few; ++i)
            for (std::int64_t j = 0; j < few; ++j)
                pivots[static_cast<std::size_t>(i * kFew + j)] =
                    static_cast<double>(a[(p + i) * kBlock + p + j]);
        if (!sweepFew(few, pivots)) return false;
        std::array<float, kFew * kFew> minusInverse;
        for (std::size_t v = 0; v < pivots.size(); ++v)
            minusInverse[v] = static_cast<float>(pivots[v]);
        float* const panel = m_panel.data();
        float* const swept = m_swept.data();
        for (std::int64_t i = 0; i < n; ++i) {
            const bool own = i >= p && i < p + few;
            for (std::int64_t j = 0; j < few; ++j)
                panel[i * kFew + j] = own ? 0.0f : a[i * kBlock + p + j];
        }
        gemm<float>({.m = n,
                     .n = few,
                     .k = few,
                     .a = panel,
                     .lda = kFew,
                     .b = minusInverse.data(),
                     .ldb = kFew,
                     .c = swept,
                     .ldc = kFew},
                    m_scratch, nullptr);
        gemm<float>({.m = n,
                     .n = n,
                     .k = few,
                     .a = swept,
                     .lda = kFew,
                     .b = panel,
                     .ldb = kFew,
                     .transposeB = Transpose::Yes,
                     .c = a,
                     .ldc = kBlock,
                     .accumulate = true},
                    m_scratch, nullptr);
        for (std::int64_t i = 0; i < n; ++i) {
            const bool own = i >= p && i < p + few;
            for (std::int64_t j = 0; j < few; ++j) {
                const float value =
                    own ? minusInverse[static_cast<std::size_t>((i - p) * kFew + j)] : -swept[i * kFew + j];
                a[i * kBlock + p + j] = value;
                a[(p + j) * kBlock + i] = value;
            }
        }
        return true;
    }

    std::vector<float> m_panel; // n x kFew
    std::vector<float> m_swept;
    GemmScratch<float> m_scratch;
};

class Inverse final {
public:
    Inverse(MatrixF& matrix, ThreadPool& pool, RunControl& control)
        : m_a(matrix)
        , m_n(matrix.rows())
        , m_blocks(ThreadPool::chunkCount(m_n, kBlock))
        , m_pool(pool)
        , m_control(control)
        , m_panel(static_cast<std::size_t>(m_n * kBlock))
        , m_swept(m_panel.size())
        , m_pivot(static_cast<std::size_t>(kBlock * kBlock))
        , m_scratch(static_cast<std::size_t>(pool.threadCount())) {
        for (std::int64_t row = 0; row < m_blocks; ++row)
            for (std::int64_t col = 0; col <= row; col += kBlocksOfTask)
                m_tasks.push_back({row, col, std::min(col + kBlocksOfTask, row + 1)});
        // The longest first, so that the threads end together.
        std::stable_sort(m_tasks.begin(), m_tasks.end(), [](const Task& a, const Task& b) {
            return a.colEnd - a.colBegin > b.colEnd - b.colBegin;
        });
    }

    InverseOutcome run(const std::function<void(double)>& progress) {
        for (std::int64_t block = 0; block < m_blocks; ++block) {
            if (!sweep(block))
                return m_control.keepGoing() ? InverseOutcome::NotPositiveDefinite
                                             : InverseOutcome::Cancelled;
            if (progress) progress(static_cast<double>(block + 1) / static_cast<double>(m_blocks));
        }
        return mirrorLower(m_a, -1.0f, m_pool, m_control) ? InverseOutcome::Done : InverseOutcome::Cancelled;
    }

private:
    /// Blocks of one row of blocks.
    struct Task {
        std::int64_t row, colBegin, colEnd;
    };

    std::int64_t sizeOf(std::int64_t block) const { return std::min(kBlock, m_n - block * kBlock); }

    bool sweep(std::int64_t k) {
        const std::int64_t size = sizeOf(k);
        const std::int64_t at = k * kBlock;
        for (std::int64_t i = 0; i < size; ++i)
            for (std::int64_t j = 0; j <= i; ++j) {
                m_pivot[static_cast<std::size_t>(i * kBlock + j)] = m_a(at + i, at + j);
                m_pivot[static_cast<std::size_t>(j * kBlock + i)] = m_a(at + i, at + j);
            }
        if (!m_pivotBlock.invert(size, m_pivot.data()) || !m_control.keepGoing()) return false;
        return forTasks(m_blocks, [&](std::int64_t i, int thread) { takePanel(k, i, thread); }) &&
               forTasks(static_cast<std::int64_t>(m_tasks.size()),
                        [&](std::int64_t t, int thread) {
                            update(k, m_tasks[static_cast<std::size_t>(t)], thread);
                        }) &&
               forTasks(m_blocks, [&](std::int64_t i, int) { putBack(k, i); });
    }

    /// False when cancelled.
    template <class Body>
    bool forTasks(std::int64_t count, const Body& body) {
        std::atomic<bool> completed{true};
        m_pool.forChunks(count, 1, [&](const Chunk& chunk) {
            if (m_control.keepGoing())
                body(chunk.begin, chunk.thread);
            else
                completed.store(false, std::memory_order_relaxed);
        });
        return completed.load();
    }

    /// Block i of A_IK, and of -A_IK D.
    void takePanel(std::int64_t k, std::int64_t i, int thread) {
        if (i == k) return;
        const std::int64_t rows = sizeOf(i);
        const std::int64_t size = sizeOf(k);
        float* const panel = m_panel.data() + i * kBlock * kBlock;
        float* const swept = m_swept.data() + i * kBlock * kBlock;
        if (i > k)
            for (std::int64_t r = 0; r < rows; ++r)
                std::copy_n(&m_a(i * kBlock + r, k * kBlock), size, panel + r * kBlock);
        else
            for (std::int64_t c = 0; c < size; ++c)
                for (std::int64_t r = 0; r < rows; ++r)
                    panel[r * kBlock + c] = m_a(k * kBlock + c, i * kBlock + r);
        gemm<float>({.m = rows,
                     .n = size,
                     .k = size,
                     .a = panel,
                     .lda = kBlock,
                     .b = m_pivot.data(),
                     .ldb = kBlock,
                     .c = swept,
                     .ldc = kBlock},
                    m_scratch[static_cast<std::size_t>(thread)], nullptr);
        for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t c = 0; c < size; ++c)
                swept[r * kBlock + c] = -swept[r * kBlock + c];
    }

    void update(std::int64_t k, const Task& task, int thread) {
        if (task.row == k) return;
        updateColumns(k, task.row, task.colBegin, std::min(task.colEnd, k), thread);
        updateColumns(k, task.row, std::max(task.colBegin, k + 1), task.colEnd, thread);
    }

    void updateColumns(std::int64_t k, std::int64_t row, std::int64_t begin, std::int64_t end, int thread) {
        if (begin >= end) return;
        gemm<float>({.m = sizeOf(row),
                     .n = std::min(end * kBlock, m_n) - begin * kBlock,
                     .k = sizeOf(k),
                     .a = m_swept.data() + row * kBlock * kBlock,
                     .lda = kBlock,
                     .b = m_panel.data() + begin * kBlock * kBlock,
                     .ldb = kBlock,
                     .transposeB = Transpose::Yes,
                     .c = &m_a(row * kBlock, begin * kBlock),
                     .ldc = m_n,
                     .accumulate = true},
                    m_scratch[static_cast<std::size_t>(thread)], nullptr);
    }

    void putBack(std::int64_t k, std::int64_t i) {
        const std::int64_t rows = sizeOf(i);
        const std::int64_t size = sizeOf(k);
        const float* const swept = i == k ? m_pivot.data() : m_swept.data() + i * kBlock * kBlock;
        if (i >= k)
            for (std::int64_t r = 0; r < rows; ++r)
                for (std::int64_t c = 0; c < size; ++c)
                    m_a(i * kBlock + r, k * kBlock + c) = -swept[r * kBlock + c];
        else
            for (std::int64_t c = 0; c < size; ++c)
                for (std::int64_t r = 0; r < rows; ++r)
                    m_a(k * kBlock + c, i * kBlock + r) = -swept[r * kBlock + c];
    }

    MatrixF& m_a;
    std::int64_t m_n;
    std::int64_t m_blocks;
    ThreadPool& m_pool;
    RunControl& m_control;
    std::vector<float> m_panel; // n x kBlock: A_IK
    std::vector<float> m_swept; // n x kBlock: -A_IK D
    std::vector<float> m_pivot; // kBlock x kBlock: D
    PivotBlock m_pivotBlock;
    std::vector<GemmScratch<float>> m_scratch; // one a thread
    std::vector<Task> m_tasks;
};

} // namespace

InverseOutcome invertSpd(MatrixF& matrix, ThreadPool& pool, RunControl& control,
                         const std::function<void(double)>& progress) {
    RECOSCOPE_CHECK(matrix.rows() == matrix.cols(), "only a square matrix has an inverse");
    return Inverse(matrix, pool, control).run(progress);
}

} // namespace recoscope
