// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFontMetrics>
#include <QString>
#include <QStringList>
#include <QVector>

namespace recoscope {

struct LegendEntry {
    QString name;
    QColor color;
    QString mark; // drawn in the colour before the name
};

struct LegendText {
    QString html;
    QStringList left; // all names, when not all of them fit; else empty
};

/// At most two lines of entries, broken between them; how many are left is said as "+5".
/// @param width  pixels of a line
LegendText legendText(const QVector<LegendEntry>& entries, int width, const QFontMetrics& metrics);

} // namespace recoscope
