// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace recoscope {

class ThreadPool;

enum class Transpose { No, Yes };

/// C (m x n) = op(A) (m x k) * op(B) (k x n), plus C when `accumulate`. Row-major; ld* are row strides of the
/// stored matrices: with Transpose::Yes A is stored as k x m, B as n x k. C overlaps neither A nor B.
template <class S>
struct GemmProblem {
    std::int64_t m = 0;
    std::int64_t n = 0;
    std::int64_t k = 0;
    const S* a = nullptr;
    std::int64_t lda = 0;
    Transpose transposeA = Transpose::No;
    const S* b = nullptr;
    std::int64_t ldb = 0;
    Transpose transposeB = Transpose::No;
    S* c = nullptr;
    std::int64_t ldc = 0;
    bool accumulate = false;
};

/// Packing memory; grows at first use of a shape and never again for it. For one gemm at a time.
template <class S>
class GemmScratch final {
public:
    /// At least `count` values at a cache line's border; what was in them before is lost. Null for 0.
    S* reserve(std::size_t count) {
        if (count > m_capacity) {
            m_values.reset();
            m_capacity = 0;
            m_values.reset(static_cast<S*>(::operator new(count * sizeof(S), kAlignment)));
            m_capacity = count;
        }
        return m_values.get();
    }
    std::size_t bytes() const { return m_capacity * sizeof(S); }

private:
    static constexpr std::align_val_t kAlignment{64};
    struct Free {
        void operator()(S* values) const { ::operator delete(values, kAlignment); }
    };
    std::unique_ptr<S, Free> m_values;
    std::size_t m_capacity = 0;
};

/// pool null: on the calling thread. No allocation once the scratch has grown. Same bits for any thread
/// count, null pool included. Moreover a row of C depends on its rows of op(A) and C and on B only, so it has
/// the same bits in any batch; and so does a column, except that a product of one column sums in another
/// order than a wider one. Fastest with B stored as k x n when m is 1 to 4; from about 100 rows on the
/// layouts are within a few percent.
template <class S>
void gemm(const GemmProblem<S>& problem, GemmScratch<S>& scratch, ThreadPool* pool);

extern template void gemm<float>(const GemmProblem<float>&, GemmScratch<float>&, ThreadPool*);
extern template void gemm<double>(const GemmProblem<double>&, GemmScratch<double>&, ThreadPool*);

} // namespace recoscope
