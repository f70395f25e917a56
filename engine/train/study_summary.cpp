// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/study_summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

/// The regularised incomplete beta function by its continued fraction (Abramowitz & Stegun 26.5.8), evaluated
/// by the modified method of Lentz; converges fast for x < (a + 1) / (a + b + 2).
double betaFraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    const auto away = [](double value) { return std::abs(value) < tiny ? tiny : value; };
    double c = 1.0;
    double d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    double result = d;
    for (int m = 1; m <= 500; ++m) {
        const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        result *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        result *= d * c;
        if (std::abs(d * c - 1.0) < 1e-15) break;
    }
    return result;
}

double incompleteBeta(double a, double b, double x) {
    if (x <= 0.0) return 0.0;
    if (x >= 1.0) return 1.0;
    const double front =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
    return x < (a + 1.0) / (a + b + 2.0) ? front * betaFraction(a, b, x) / a
                                         : 1.0 - front * betaFraction(b, a, 1.0 - x) / b;
}

/// P(T > t) for t >= 0.
double studentAbove(double t, double degrees) {
    return 0.5 * incompleteBeta(degrees / 2.0, 0.5, degrees / (degrees + t * t));
}

} // namespace

double studentQuantile(double p, double degrees) {
    if (p < 0.5) return -studentQuantile(1.0 - p, degrees);
    double low = 0.0;
    double high = 1.0;
    while (studentAbove(high, degrees) > 1.0 - p && high < 1e12)
        high *= 2.0;
    for (int n = 0; n < 200 && high - low > 1e-14 * high; ++n) {
        const double middle = 0.5 * (low + high);
        (studentAbove(middle, degrees) > 1.0 - p ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

std::vector<StudyValue> summarise(std::span<const std::vector<NamedValue>> runs) {
    std::vector<StudyValue> summary;
    const auto valuesOf = [&](const std::string& key) {
        std::vector<double> values;
        for (const auto& run : runs) {
            const auto found =
                std::find_if(run.begin(), run.end(), [&](const NamedValue& each) { return each.key == key; });
            if (found != run.end() && std::isfinite(found->value)) values.push_back(found->value);
        }
        return values;
    };
    for (const auto& run : runs) {
        for (const NamedValue& metric : run) {
            const bool known = std::any_of(summary.begin(), summary.end(),
                                           [&](const StudyValue& each) { return each.key == metric.key; });
            if (known) continue;
            const std::vector<double> values = valuesOf(metric.key);
            if (values.empty()) continue;
            StudyValue out;
            out.key = metric.key;
            out.runs = static_cast<int>(values.size());
            const auto n = static_cast<double>(values.size());
            for (const double value : values)
                out.mean += value;
            out.mean /= n;
            double squares = 0.0;
            for (const double value : values)
                squares += (value - out.mean) * (value - out.mean);
            const bool several = values.size() > 1;
            out.deviation =
                several ? std::sqrt(squares / (n - 1.0)) : std::numeric_limits<double>::quiet_NaN();
            out.halfWidth =
                several ? studentQuantile(0.975, n - 1.0) * out.deviation / std::sqrt(n) : out.deviation;
            out.min = *std::min_element(values.begin(), values.end());
            out.max = *std::max_element(values.begin(), values.end());
            summary.push_back(std::move(out));
        }
    }
    return summary;
}

} // namespace recoscope
