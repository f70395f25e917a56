// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/scatter_raster.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace recoscope {

void drawDots(QImage& image, std::span<const Dot> dots) {
    const int width = image.width();
    const int height = image.height();
    for (const Dot& dot : dots) {
        const auto x = static_cast<float>(dot.at.x());
        const auto y = static_cast<float>(dot.at.y());
        const float reach = dot.radius + 0.5f;
        if (!(x + reach >= 0.0f && x - reach <= static_cast<float>(width) && y + reach >= 0.0f &&
              y - reach <= static_cast<float>(height)))
            continue;
        const int left = std::max(0, static_cast<int>(std::floor(x - reach)));
        const int right = std::min(width - 1, static_cast<int>(std::ceil(x + reach)));
        const int top = std::max(0, static_cast<int>(std::floor(y - reach)));
        const int bottom = std::min(height - 1, static_cast<int>(std::ceil(y + reach)));
        const int red = qRed(dot.color);
        const int green = qGreen(dot.color);
        const int blue = qBlue(dot.color);
        const auto alpha = static_cast<float>(qAlpha(dot.color));
        for (int row = top; row <= bottom; ++row) {
            auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
            const float dy = static_cast<float>(row) + 0.5f - y;
            for (int column = left; column <= right; ++column) {
                const float dx = static_cast<float>(column) + 0.5f - x;
                const float inside = std::clamp(reach - std::sqrt(dx * dx + dy * dy), 0.0f, 1.0f);
                const int a = static_cast<int>(alpha * inside + 0.5f);
                if (a == 0) continue;
                const QRgb under = line[column];
                const auto mix = [a](int over, int below) {
                    return (over * a + below * (255 - a) + 127) / 255;
                };
                line[column] =
                    qRgb(mix(red, qRed(under)), mix(green, qGreen(under)), mix(blue, qBlue(under)));
            }
        }
    }
}

QColor rampColor(double share, bool dark) {
    if (!std::isfinite(share)) return missingColor(dark);
    using Stop = std::array<int, 3>;
    static constexpr std::array<Stop, 5> onLight{
        {{236, 184, 92}, {231, 122, 76}, {197, 62, 107}, {121, 42, 140}, {42, 27, 96}}};
    static constexpr std::array<Stop, 5> onDark{
        {{84, 72, 165}, {154, 79, 178}, {222, 92, 131}, {248, 156, 92}, {255, 236, 150}}};
    const auto& stops = dark ? onDark : onLight;
    const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
    const auto first = std::min(static_cast<std::size_t>(at), stops.size() - 2);
    const double part = at - static_cast<double>(first);
    const auto mix = [&](std::size_t channel) {
        return static_cast<int>(
            std::lround(stops[first][channel] + part * (stops[first + 1][channel] - stops[first][channel])));
    };
    return QColor(mix(0), mix(1), mix(2));
}

QColor missingColor(bool dark) { return dark ? QColor(96, 104, 118) : QColor(176, 182, 192); }

} // namespace recoscope
