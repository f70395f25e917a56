// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/gemm.h"

#include "engine/core/check.h"
#include "engine/core/thread_pool.h"
#include "engine/linalg/gemm_kernel.h"
#include "engine/linalg/gemm_pack.h"

#include <algorithm>

namespace recoscope {

namespace {

using namespace gemm_detail;

// Steps of k in one block: a panel of B (32 columns) then takes about the first-level cache, a block of A at
// most a megabyte of the second. Rows of A in one block.
constexpr std::int64_t kStepsAtMost = 384;
constexpr std::int64_t kRowsAtMost = 48 * kTileRows;
// Below this many multiplications waking another thread costs more than it saves.
constexpr std::int64_t kWorthThreads = 1 << 18;
constexpr std::int64_t kRowsOfColumnTask = 256;

constexpr std::int64_t ceilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t stepsOfBlock(std::int64_t k) { return ceilDiv(k, ceilDiv(k, kStepsAtMost)); }

/// Calls body(index, thread) for all tasks.
template <class Body>
void forTasks(ThreadPool* pool, std::int64_t count, const Body& body) {
    if (!pool) {
        for (std::int64_t t = 0; t < count; ++t)
            body(t, 0);
        return;
    }
    pool->forChunks(count, 1, [&](const Chunk& chunk) { body(chunk.begin, chunk.thread); });
}

/// B and C are stored row by row, so that few rows of A are a few weighted sums of B's rows.
template <class S>
void multiplyFewRows(const GemmProblem<S>& p, ThreadPool* pool) {
    const bool turned = p.transposeA == Transpose::Yes;
    const std::int64_t kBlock = stepsOfBlock(p.k);
    forTasks(pool, ceilDiv(p.n, kStripeCols), [&](std::int64_t t, int) {
        const std::int64_t col = t * kStripeCols;
        const std::int64_t cols = std::min(kStripeCols, p.n - col);
        for (std::int64_t k0 = 0; k0 < p.k; k0 += kBlock)
            stripe(p.m, std::min(kBlock, p.k - k0), p.a + (turned ? k0 * p.lda : k0), turned ? 1 : p.lda,
                   turned ? p.lda : 1, p.b + k0 * p.ldb + col, p.ldb, p.c + col, p.ldc, cols,
                   p.accumulate || k0 > 0);
    });
}

/// n = 1, rows of A side by side: one dot product a row.
template <class S>
void multiplyColumn(const GemmProblem<S>& p, GemmScratch<S>& scratch, ThreadPool* pool) {
    const S* b = p.b;
    if (p.transposeB == Transpose::No && p.ldb != 1) {
        S* const copy = scratch.reserve(static_cast<std::size_t>(p.k));
        for (std::int64_t i = 0; i < p.k; ++i)
            copy[i] = p.b[i * p.ldb];
        b = copy;
    }
    forTasks(pool, ceilDiv(p.m, kRowsOfColumnTask), [&](std::int64_t t, int) {
        const std::int64_t end = std::min((t + 1) * kRowsOfColumnTask, p.m);
        for (std::int64_t row = t * kRowsOfColumnTask; row < end; ++row) {
            const S sum = dot(p.a + row * p.lda, b, p.k);
            S& out = p.c[row * p.ldc];
            out = p.accumulate ? out + sum : sum;
        }
    });
}

/// The problem whose result is C transposed, for n = 1 and C's values side by side.
template <class S>
GemmProblem<S> turnedColumn(const GemmProblem<S>& p) {
    return {
        1,   p.m,   p.k,           p.b, p.ldb, p.transposeB == Transpose::No ? Transpose::Yes : Transpose::No,
        p.a, p.lda, Transpose::No, p.c, p.m,   p.accumulate};
}

/// One gemm cut into blocks of k and of rows, these into tasks of columns and rows. All borders come from the
/// shape.
template <class S>
class Blocks final {
public:
    Blocks(const GemmProblem<S>& problem, GemmScratch<S>& scratch, ThreadPool* pool)
        : m_p(problem)
        , m_pool(pool) {
        m_kBlock = stepsOfBlock(m_p.k);
        m_rowPanels = ceilDiv(m_p.m, kTileRows);
        m_blockPanels = ceilDiv(m_rowPanels, ceilDiv(m_p.m, kRowsAtMost));
        m_colPanels = ceilDiv(m_p.n, kCols);
        // A task is some panels of columns, so that a panel of A in the first-level cache serves all of them.
        // When that makes few tasks they are cut by rows, too, and share B, packed beforehand. Otherwise each
        // task packs its own part of B, which then stays in its core's cache.
        m_panelsPerTask = std::min(kPanelsAtMost, m_colPanels);
        m_rowParts = rowPartsFor(m_panelsPerTask);
        while (m_panelsPerTask > 1 && m_rowParts * ceilDiv(m_colPanels, m_panelsPerTask) < kTasks)
            m_rowParts = rowPartsFor(--m_panelsPerTask);
        m_packFirst = m_rowParts > 1;
        m_direct = m_p.m <= kTileRows && m_p.transposeB == Transpose::No;

        const std::int64_t aSize = ceilDiv(m_blockPanels * kTileRows * m_kBlock, kCols) * kCols;
        m_panelSize = kCols * m_kBlock;
        const std::int64_t threads = pool ? pool->threadCount() : 1;
        const std::int64_t bPanels = m_packFirst ? m_colPanels : threads * m_panelsPerTask;
        m_a = scratch.reserve(static_cast<std::size_t>(aSize + bPanels * m_panelSize));
        m_b = m_a + aSize;
    }

    void run() {
        for (std::int64_t k0 = 0; k0 < m_p.k; k0 += m_kBlock)
            for (std::int64_t r0 = 0; r0 < m_rowPanels; r0 += m_blockPanels)
                runBlock(k0, std::min(m_kBlock, m_p.k - k0), r0, std::min(m_blockPanels, m_rowPanels - r0));
    }

private:
    static constexpr std::int64_t kCols = Simd<S>::kTileCols;
    static constexpr std::int64_t kTasks = 24;
    static constexpr std::int64_t kPanelsAtMost = 4;

    void runBlock(std::int64_t k0, std::int64_t k, std::int64_t r0, std::int64_t rowPanels) {
        const bool alsoB = m_packFirst && r0 == 0;
        forTasks(m_pool, rowPanels + (alsoB ? m_colPanels : 0), [&](std::int64_t t, int) {
            if (t < rowPanels)
                packA(k0, k, r0 + t, m_a + t * kTileRows * k);
            else
                packB(k0, k, t - rowPanels, t - rowPanels + 1, m_b + (t - rowPanels) * m_panelSize);
        });
        const std::int64_t colTasks = ceilDiv(m_colPanels, m_panelsPerTask);
        forTasks(m_pool, colTasks * m_rowParts, [&](std::int64_t t, int thread) {
            const std::int64_t j0 = t / m_rowParts * m_panelsPerTask;
            const std::int64_t j1 = std::min(j0 + m_panelsPerTask, m_colPanels);
            const std::int64_t part = t % m_rowParts;
            const std::int64_t i0 = rowPanels * part / m_rowParts;
            const std::int64_t i1 = rowPanels * (part + 1) / m_rowParts;
            S* const own =
                m_packFirst ? m_b + j0 * m_panelSize : m_b + thread * m_panelsPerTask * m_panelSize;
            if (!m_packFirst) packB(k0, k, j0, j1, own);
            for (std::int64_t i = i0; i < i1; ++i)
                for (std::int64_t j = j0; j < j1; ++j)
                    multiply(k0, k, r0 + i, j, m_a + i * kTileRows * k, own + (j - j0) * m_panelSize);
        });
    }

    std::int64_t rowPartsFor(std::int64_t panelsPerTask) const {
        return std::min(m_blockPanels, ceilDiv(kTasks, ceilDiv(m_colPanels, panelsPerTask)));
    }
    int rowsOf(std::int64_t panel) const {
        return static_cast<int>(std::min<std::int64_t>(kTileRows, m_p.m - panel * kTileRows));
    }
    int colsOf(std::int64_t panel) const {
        return static_cast<int>(std::min<std::int64_t>(kCols, m_p.n - panel * kCols));
    }
    static int vectorsFor(int cols) { return cols > Simd<S>::kCount ? 2 : 1; }
    /// Whole panels of B that are read by one row of tiles only are read where they are.
    bool readsDirectly(std::int64_t panel) const { return m_direct && colsOf(panel) == kCols; }

    void packA(std::int64_t k0, std::int64_t k, std::int64_t panel, S* out) const {
        const int rows = rowsOf(panel);
        const std::int64_t row = panel * kTileRows;
        if (m_p.transposeA == Transpose::No)
            packAcross(m_p.a + row * m_p.lda + k0, m_p.lda, rows, k, out, rows);
        else
            packAlong(m_p.a + k0 * m_p.lda + row, m_p.lda, rows, k, out, rows);
    }

    /// Panels [j0, j1) of B, those that are read where they are left out.
    void packB(std::int64_t k0, std::int64_t k, std::int64_t j0, std::int64_t j1, S* out) const {
        const bool turned = m_p.transposeB == Transpose::Yes;
        std::int64_t j = j0;
        if (!turned) {
            j = std::clamp(m_p.n / kCols, j0, j1); // up to the one that is not whole
            if (!m_direct)
                packWholePanels(m_p.b + k0 * m_p.ldb + j0 * kCols, m_p.ldb, j - j0, k, out, m_panelSize);
        }
        for (; j < j1; ++j) {
            const int cols = colsOf(j);
            const int width = vectorsFor(cols) * Simd<S>::kCount;
            S* const panel = out + (j - j0) * m_panelSize;
            if (turned)
                packAcross(m_p.b + j * kCols * m_p.ldb + k0, m_p.ldb, cols, k, panel, width);
            else
                packAlong(m_p.b + k0 * m_p.ldb + j * kCols, m_p.ldb, cols, k, panel, width);
        }
    }

    void multiply(std::int64_t k0, std::int64_t k, std::int64_t rowPanel, std::int64_t colPanel, const S* a,
                  const S* b) const {
        const int cols = colsOf(colPanel);
        const int vectors = vectorsFor(cols);
        std::int64_t stride = vectors * Simd<S>::kCount;
        if (readsDirectly(colPanel)) {
            b = m_p.b + k0 * m_p.ldb + colPanel * kCols;
            stride = m_p.ldb;
        }
        kTiles<S>[static_cast<std::size_t>(vectors - 1)][static_cast<std::size_t>(rowsOf(rowPanel) - 1)](
            k, a, b, stride, m_p.c + rowPanel * kTileRows * m_p.ldc + colPanel * kCols, m_p.ldc, cols,
            m_p.accumulate || k0 > 0);
    }

    const GemmProblem<S>& m_p;
    ThreadPool* m_pool;
    std::int64_t m_kBlock, m_rowPanels, m_blockPanels, m_colPanels, m_rowParts, m_panelsPerTask, m_panelSize;
    bool m_packFirst, m_direct;
    S* m_a;
    S* m_b;
};

} // namespace

template <class S>
void gemm(const GemmProblem<S>& p, GemmScratch<S>& scratch, ThreadPool* pool) {
    RECOSCOPE_CHECK(p.m >= 0 && p.n >= 0 && p.k >= 0, "matrix sizes cannot be negative");
    if (p.m == 0 || p.n == 0) return;
    if (p.k == 0) {
        if (!p.accumulate)
            for (std::int64_t i = 0; i < p.m; ++i)
                std::fill_n(p.c + i * p.ldc, p.n, S(0));
        return;
    }
    // m * n cannot overflow where C exists.
    if (p.m * p.n < kWorthThreads / p.k) pool = nullptr;
    if (p.n == 1 && p.transposeA == Transpose::No)
        multiplyColumn(p, scratch, pool);
    else if (p.n == 1 && p.ldc == 1)
        multiplyFewRows(turnedColumn(p), pool);
    else if (p.m <= kStripeRows && p.transposeB == Transpose::No)
        multiplyFewRows(p, pool);
    else
        Blocks<S>(p, scratch, pool).run();
}

template void gemm<float>(const GemmProblem<float>&, GemmScratch<float>&, ThreadPool*);
template void gemm<double>(const GemmProblem<double>&, GemmScratch<double>&, ThreadPool*);

} // namespace recoscope
