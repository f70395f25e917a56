// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic_math.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace recoscope::synthetic {

namespace {
constexpr std::array<double, 14> inverseFactorials = [] {
    std::array<double, 14> values{};
    double factorial = 1.0; // exact up to 13!
    for (std::size_t n = 0; n < values.size(); ++n) {
        if (n > 0) factorial *= static_cast<double>(n);
        values[n] = 1.0 / factorial;
    }
    return values;
}();
constexpr std::array<double, 11> inverseOdds = [] {
    std::array<double, 11> values{};
    for (std::size_t n = 0; n < values.size(); ++n)
        values[n] = 1.0 / static_cast<double>(2 * n + 1);
    return values;
}();
} // namespace

double exactExp(double x) {
    constexpr double ln2 = 0.6931471805599453;
    const double k = std::floor(x / ln2 + 0.5);
    const double r = x - k * ln2; // |r| <= 0.35
    double sum = inverseFactorials[13];
    for (int n = 12; n >= 0; --n)
        sum = inverseFactorials[static_cast<std::size_t>(n)] + sum * r;
    return sum * std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1023) << 52);
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
    for (std::size_t n = inverseOdds.size(); n > 0; --n)
        sum = sum * square + inverseOdds[n - 1];
    return 2.0 * s * sum + exponent * 0.6931471805599453;
}

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
