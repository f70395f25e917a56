// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/decimate.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

bool finite(const QPointF& point) { return std::isfinite(point.x()) && std::isfinite(point.y()); }

} // namespace

QVector<QPointF> decimate(const QVector<QPointF>& points, double xMin, double xMax, int columns) {
    QVector<QPointF> out;
    if (points.isEmpty() || columns <= 0) return out;
    const auto byX = [](const QPointF& point, double x) { return point.x() < x; };
    auto first = std::lower_bound(points.begin(), points.end(), xMin, byX);
    auto last = std::upper_bound(points.begin(), points.end(), xMax,
                                 [](double x, const QPointF& point) { return x < point.x(); });
    if (last - first <= 2 * columns) {
        if (first != points.begin()) --first;
        if (last != points.end()) ++last;
        std::copy_if(first, last, std::back_inserter(out), finite);
        return out;
    }
    out.reserve(2 * columns + 2);
    if (first != points.begin() && finite(*(first - 1))) out.append(*(first - 1));
    const double scale = columns / std::max(xMax - xMin, 1e-300);
    const auto columnOf = [&](const QPointF& p) {
        return std::clamp(static_cast<int>((p.x() - xMin) * scale), 0, columns - 1);
    };
    for (auto it = first; it != last;) {
        const int column = columnOf(*it);
        const QPointF* low = nullptr;
        const QPointF* high = nullptr;
        for (; it != last && columnOf(*it) == column; ++it) {
            if (!finite(*it)) continue;
            if (!low || it->y() < low->y()) low = &*it;
            if (!high || it->y() > high->y()) high = &*it;
        }
        if (!low) continue;
        if (low > high) std::swap(low, high);
        out.append(*low);
        if (low != high) out.append(*high);
    }
    if (last != points.end() && finite(*last)) out.append(*last);
    return out;
}

QVector<QPointF> smoothed(const QVector<QPointF>& points, double weight) {
    const double w = std::clamp(weight, 0.0, 0.999);
    if (w <= 0.0) return points;
    QVector<QPointF> out;
    out.reserve(points.size());
    double sum = 0.0;
    double total = 0.0;
    for (const QPointF& point : points) {
        if (!finite(point)) continue;
        sum = w * sum + (1.0 - w) * point.y();
        total = w * total + (1.0 - w);
        out.append({point.x(), sum / total});
    }
    return out;
}

} // namespace recoscope
