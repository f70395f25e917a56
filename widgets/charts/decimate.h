// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QVector>

namespace recoscope {

/// Thins a line to what a screen can show: of all points in a pixel column the lowest and the highest, in
/// their order.
/// @param points   x ascending.
/// @param xMin,xMax  the visible range; the nearest point outside on each side is kept, so that the line runs
/// to the edge.
/// @param columns  pixel columns of the plot.
/// @return at most 2 * columns + 2 points; NaN and infinite values are left out. O(points).
QVector<QPointF> decimate(const QVector<QPointF>& points, double xMin, double xMax, int columns);

/// Exponential moving average: weight 0 gives the points back, 0.9 is smooth. Corrected for its start, so
/// that the first value is not overweighted. O(points).
QVector<QPointF> smoothed(const QVector<QPointF>& points, double weight);

} // namespace recoscope
