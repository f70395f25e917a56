// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/linalg/gemm.h"

namespace recoscope::test {

/// op(A)(row, step), straight from the definition.
template <class S>
S valueOfA(const GemmProblem<S>& p, std::int64_t row, std::int64_t step) {
    return p.transposeA == Transpose::No ? p.a[row * p.lda + step] : p.a[step * p.lda + row];
}

/// op(B)(step, col).
template <class S>
S valueOfB(const GemmProblem<S>& p, std::int64_t step, std::int64_t col) {
    return p.transposeB == Transpose::No ? p.b[step * p.ldb + col] : p.b[col * p.ldb + step];
}

/// The same product by three loops, sums in double.
template <class S>
void naiveGemm(const GemmProblem<S>& p) {
    for (std::int64_t row = 0; row < p.m; ++row)
        for (std::int64_t col = 0; col < p.n; ++col) {
            S& out = p.c[row * p.ldc + col];
            double sum = p.accumulate ? static_cast<double>(out) : 0.0;
            for (std::int64_t step = 0; step < p.k; ++step)
                sum +=
                    static_cast<double>(valueOfA(p, row, step)) * static_cast<double>(valueOfB(p, step, col));
            out = static_cast<S>(sum);
        }
}

} // namespace recoscope::test
