// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/distributions.h"

#include <cmath>
#include <limits>

namespace recoscope {

namespace {

/// The continued fraction of A&S 26.5.8, which converges fast for x < (a + 1) / (a + b + 2).
double betaFraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    constexpr int steps = 10'000;
    double c = 1.0;
    double d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (std::abs(d) < tiny ? tiny : d);
    double value = d;
    const auto add = [&](double coefficient) {
        d = 1.0 + coefficient * d;
        d = 1.0 / (std::abs(d) < tiny ? tiny : d);
        c = 1.0 + coefficient / c;
        c = std::abs(c) < tiny ? tiny : c;
        value *= c * d;
        return std::abs(c * d - 1.0);
    };
    for (int n = 1; n <= steps; ++n) {
        const double m = n;
        add(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
        if (add(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))) < 1e-16) break;
    }
    return value;
}

/// ln Γ without the C library's global sign, so that any thread may call it: Stirling's series above 15, the
/// recurrence below.
double logGamma(double x) {
    double shift = 0.0;
    for (; x < 15.0; x += 1.0)
        shift += std::log(x);
    const double y = 1.0 / (x * x);
    const double series =
        (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y / 1188.0)))) / x;
    return (x - 0.5) * std::log(x) - x + 0.5 * std::log(2.0 * 3.14159265358979323846) + series - shift;
}

} // namespace

double incompleteBeta(double a, double b, double x) {
    if (!(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0)) return std::numeric_limits<double>::quiet_NaN();
    if (x == 0.0 || x == 1.0) return x;
    const double front =
        std::exp(a * std::log(x) + b * std::log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
    if (x < (a + 1.0) / (a + b + 2.0)) return front * betaFraction(a, b, x) / a;
    return 1.0 - front * betaFraction(b, a, 1.0 - x) / b;
}

double studentTwoSided(double t, double degrees) {
    if (std::isnan(t) || !(degrees > 0.0)) return std::numeric_limits<double>::quiet_NaN();
    if (std::isinf(t)) return 0.0;
    return incompleteBeta(0.5 * degrees, 0.5, degrees / (degrees + t * t));
}

double normalTwoSided(double z) { return std::erfc(std::abs(z) / std::sqrt(2.0)); }

} // namespace recoscope
