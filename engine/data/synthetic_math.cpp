// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic_math.h"

#include <cmath>
#include <cstdint>

namespace recoscope::synthetic {

double exactExp(double x) {
    constexpr double ln2 = 0.6931471805599453;
    const double k = std::floor(x / ln2 + 0.5);
    const double r = x - k * ln2; // |r| <= 0.35
    double sum = 1.0;
    for (int n = 13; n >= 1; --n)
        sum = 1.0 + sum * r / n;
    return std::ldexp(sum, static_cast<int>(k));
}

double exactLog(double x) {
    // 2 artanh((m - 1) / (m + 1)) with m in [1/sqrt 2, sqrt 2).
    int exponent = 0;
    double m = std::frexp(x, &exponent); // [0.5, 1)
    if (m < 0.7071067811865476) {
        m *= 2.0;
        --exponent;
    }
    const double s = (m - 1.0) / (m + 1.0);
    const double square = s * s; // < 0.03
    double sum = 0.0;
    for (int n = 21; n >= 1; n -= 2)
        sum = sum * square + 1.0 / n;
    return 2.0 * s * sum + exponent * 0.6931471805599453;
}

/// Standard normal (Marsaglia polar method; one of the pair is dropped, so that a stream has no hidden
/// state).
double exactNormal(Rng& rng) {
    double u = 0.0;
    double s = 0.0;
    do {
        u = 2.0 * rng.uniform() - 1.0;
        const double v = 2.0 * rng.uniform() - 1.0;
        s = u * u + v * v;
    } while (s >= 1.0 || s == 0.0);
    return u * std::sqrt(-2.0 * exactLog(s) / s);
}

} // namespace recoscope::synthetic
