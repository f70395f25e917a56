// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QVector>

namespace recoscope {

enum class AxisScale { Linear, Log };
enum class AxisUnit {
    Number,  // 0.25, 1.2k is written 1,200
    Integer, // ticks only at whole numbers: epochs, ranks
    Seconds, // a duration: 0.5 s, 12 s, 3 min, 2 h
    Date,    // seconds since 1970, UTC
    Percent, // 0.25 is written 25 %
};

struct AxisTick {
    double position = 0.0; // the value, or its log10 on a log axis
    QString label;
    bool operator==(const AxisTick&) const = default;
};

/// Round tick positions inside [min, max], about `wanted` of them, at least two where the range allows it.
/// @param min,max  in drawn coordinates: values, or their log10 on a log axis. Log ticks are at 1, 2, 5 times
/// powers of
///                 ten when the range is short, so an axis below one decade has labels too.
QVector<AxisTick> axisTicks(double min, double max, AxisScale scale, AxisUnit unit, int wanted);

/// A value as a person reads it, with the digits that matter and its unit: "0.4312", "1,234", "3 min 20 s",
/// "2011-03-07".
QString valueText(double value, AxisUnit unit);
/// "0.8 s", "12.4 s", "3 min 20 s", "2 h 05 min".
QString durationText(double seconds);
/// "312 B", "1.4 MB", "2.31 GB".
QString bytesText(qint64 bytes);

} // namespace recoscope
