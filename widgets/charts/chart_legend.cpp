// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/chart_legend.h"

namespace recoscope {

LegendText legendText(const QVector<LegendEntry>& entries, int width, const QFontMetrics& metrics) {
    const QString gap = QStringLiteral(" &nbsp;&nbsp; ");
    const int gapWidth = metrics.horizontalAdvance(QStringLiteral("    "));
    const int moreWidth = metrics.horizontalAdvance(QStringLiteral("+000")) + gapWidth;
    QStringList rows{QString()};
    QStringList all;
    int used = 0;
    int left = 0;
    for (const LegendEntry& entry : entries) {
        all << entry.name;
        const int markWidth = metrics.horizontalAdvance(entry.mark + QLatin1Char(' '));
        const QString name = metrics.elidedText(entry.name, Qt::ElideMiddle, width - markWidth - moreWidth);
        const int wide = markWidth + metrics.horizontalAdvance(name) + gapWidth;
        const bool last = rows.size() == 2;
        if (left > 0 || (last && used + wide > width - moreWidth)) {
            ++left;
            continue;
        }
        if (used > 0 && used + wide > width) {
            rows << QString();
            used = 0;
        }
        used += wide;
        QString& row = rows.back();
        if (!row.isEmpty()) row += gap;
        row += QStringLiteral("<span style=\"color:%1\"><b>%2</b></span>&nbsp;%3")
                   .arg(entry.color.name(), entry.mark,
                        name.toHtmlEscaped().replace(QLatin1Char(' '), QStringLiteral("&nbsp;")));
    }
    LegendText text{rows.join(QStringLiteral("<br>")), {}};
    if (left == 0) return text;
    text.html += gap + QStringLiteral("+%1").arg(left);
    text.left = all;
    return text;
}

} // namespace recoscope
