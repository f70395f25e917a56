// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/interval_plot.h"

#include "widgets/charts/axis_ticks.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

IntervalPlot::IntervalPlot(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void IntervalPlot::setEntries(const QString& axisTitle, const QVector<Entry>& entries) {
    m_axisTitle = axisTitle;
    m_entries = entries;
    setMaximumHeight(static_cast<int>(std::max<qsizetype>(1, m_entries.size())) * 2 * leastRowHeight() +
                     below());
    updateGeometry();
    update();
}

int IntervalPlot::leastRowHeight() const {
    return QFontMetrics(Theme::current().font(0.92)).height() +
           QFontMetrics(Theme::current().font(0.85)).height() + space::small;
}

/// Of ticks and title.
int IntervalPlot::below() const {
    return 2 * QFontMetrics(Theme::current().font(0.85)).height() + space::small;
}

/// The entries share the height, up to twice what they need.
int IntervalPlot::rowHeight() const {
    if (m_entries.isEmpty()) return leastRowHeight();
    return std::clamp((height() - below()) / static_cast<int>(m_entries.size()), leastRowHeight(),
                      2 * leastRowHeight());
}

QSize IntervalPlot::sizeHint() const {
    return {Theme::current().scaled(420), static_cast<int>(m_entries.size()) * leastRowHeight() + below()};
}

QSize IntervalPlot::minimumSizeHint() const { return {Theme::current().scaled(240), sizeHint().height()}; }

void IntervalPlot::paintEvent(QPaintEvent*) {
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const Entry& entry : m_entries) {
        if (!entry.present) continue;
        const double reach = std::isnan(entry.halfWidth) ? 0.0 : entry.halfWidth;
        low = std::min(low, entry.mean - reach);
        high = std::max(high, entry.mean + reach);
        for (const double point : entry.points) {
            low = std::min(low, point);
            high = std::max(high, point);
        }
    }
    if (!(low <= high)) return;
    // Not from zero: what is looked at are differences between neighbours.
    const double air = high > low ? 0.06 * (high - low) : std::max(1e-6, 0.05 * std::abs(high));
    low -= air;
    high += air;

    QPainter painter(this);
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const QFontMetrics big(theme.font(0.92));
    const QFontMetrics small(theme.font(0.85));
    int names = 0;
    for (const Entry& entry : m_entries)
        names = std::max({names, big.horizontalAdvance(entry.name), small.horizontalAdvance(entry.note)});
    const int left = std::min(names + space::tiny, width() * 2 / 5) + space::small;
    const int room = std::max(20, width() - left - space::large);
    const int height = rowHeight();
    const int bottom = static_cast<int>(m_entries.size()) * height;
    const auto xOf = [&](double value) { return left + (value - low) / (high - low) * room; };

    painter.setFont(theme.font(0.85));
    const int wanted = std::max(2, room / std::max(1, 3 * small.horizontalAdvance(QStringLiteral("0.0000"))));
    for (const AxisTick& tick : axisTicks(low, high, AxisScale::Linear, AxisUnit::Number, wanted)) {
        const int x = static_cast<int>(std::lround(xOf(tick.position)));
        painter.setPen(colors.grid);
        painter.drawLine(x, 0, x, bottom);
        painter.setPen(colors.muted);
        painter.drawText(QRect(x - 60, bottom + 2, 120, small.height()), Qt::AlignHCenter, tick.label);
    }
    painter.drawText(QRect(left, bottom + 2 + small.height(), room, small.height()), Qt::AlignHCenter,
                     m_axisTitle);
    painter.setPen(colors.border);
    painter.drawLine(left, bottom, left + room, bottom);

    for (int n = 0; n < m_entries.size(); ++n) {
        const Entry& entry = m_entries[n];
        const int top = n * height;
        const int middle = top + height / 2;
        const int words = big.height() + (entry.note.isEmpty() ? 0 : small.height());
        int y = middle - words / 2;
        painter.setFont(theme.font(0.92));
        painter.setPen(colors.text);
        painter.drawText(QRect(0, y, left - space::small, big.height()), Qt::AlignRight | Qt::AlignVCenter,
                         big.elidedText(entry.name, Qt::ElideMiddle, left - space::small));
        y += big.height();
        painter.setFont(theme.font(0.85));
        painter.setPen(colors.muted);
        if (!entry.note.isEmpty())
            painter.drawText(QRect(0, y, left - space::small, small.height()),
                             Qt::AlignRight | Qt::AlignVCenter,
                             small.elidedText(entry.note, Qt::ElideRight, left - space::small));
        if (!entry.present) {
            painter.drawText(QRect(left + space::small, top, room, height), Qt::AlignLeft | Qt::AlignVCenter,
                             tr("no number"));
            continue;
        }
        painter.setRenderHint(QPainter::Antialiasing);
        QColor faint = entry.color;
        faint.setAlpha(110);
        painter.setPen(Qt::NoPen);
        painter.setBrush(faint);
        // Above the whiskers, so that neither hides the other.
        if (entry.points.size() > 1)
            for (const double point : entry.points)
                painter.drawEllipse(QPointF(xOf(point), middle - 12), 2.5, 2.5);
        painter.setPen(QPen(entry.color, 2));
        painter.setBrush(Qt::NoBrush);
        if (!std::isnan(entry.halfWidth)) {
            const double from = xOf(entry.mean - entry.halfWidth);
            const double to = xOf(entry.mean + entry.halfWidth);
            painter.drawLine(QPointF(from, middle), QPointF(to, middle));
            for (const double end : {from, to})
                painter.drawLine(QPointF(end, middle - 6), QPointF(end, middle + 6));
            painter.setBrush(entry.color);
        } else {
            painter.setBrush(colors.surface);
        }
        painter.drawEllipse(QPointF(xOf(entry.mean), middle), 3.0, 3.0);
        painter.setRenderHint(QPainter::Antialiasing, false);
    }
}

bool IntervalPlot::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || m_entries.isEmpty()) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const int n = help->pos().y() / std::max(1, rowHeight());
    if (n < 0 || n >= m_entries.size() || !m_entries[n].present) {
        QToolTip::hideText();
        return true;
    }
    const Entry& entry = m_entries[n];
    const auto number = [](double value) { return valueText(value, AxisUnit::Number); };
    QToolTip::showText(help->globalPos(),
                       std::isnan(entry.halfWidth)
                           ? tr("%1: %2, one run").arg(entry.name, number(entry.mean))
                           : tr("%1: mean %2, 95 % interval %3 to %4, %5 runs")
                                 .arg(entry.name, number(entry.mean), number(entry.mean - entry.halfWidth),
                                      number(entry.mean + entry.halfWidth))
                                 .arg(entry.points.size()),
                       this);
    return true;
}

void IntervalPlot::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) setEntries(m_axisTitle, m_entries);
    if (event->type() == QEvent::PaletteChange) update();
}

} // namespace recoscope
