// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QImage>
#include <QPointF>

#include <span>
#include <vector>

namespace recoscope {

/// One dot, in pixels of the image.
struct Dot {
    QPointF at;
    QRgb color = 0; // with alpha
    float radius = 3.0f;
};

/// Blends smooth-edged dots into an image, in order. About 0.1 µs a pixel covered: ten thousand dots take a
/// few milliseconds, where QPainter's ellipses take a hundred and more.
/// @param image  QImage::Format_RGB32
void drawDots(QImage& image, std::span<const Dot> dots);

/// A colour between those of a ramp that stands out more the larger the value is, on light and on dark
/// ground.
/// @param share  0 to 1; NaN gives the colour of what is missing
QColor rampColor(double share, bool dark);
/// What has no value or no category of its own.
QColor missingColor(bool dark);

} // namespace recoscope
