// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/group_bars.h"

#include "widgets/charts/axis_ticks.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

QString valueLabel(double value) {
    return QString::number(value, 'f', std::abs(value) < 10.0 ? 4 : std::abs(value) < 1000.0 ? 2 : 1);
}

} // namespace

GroupBars::GroupBars(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void GroupBars::setGroups(const QString& axisTitle, const QVector<QColor>& colors,
                          const QVector<Group>& groups) {
    m_axisTitle = axisTitle;
    m_colors = colors;
    m_groups = groups;
    updateGeometry();
    update();
}

GroupBars::Place GroupBars::place() const {
    Place place;
    const Theme& theme = Theme::current();
    const QFontMetrics text(theme.font(0.92));
    const QFontMetrics small(theme.font(0.85));
    int names = 0;
    double low = 0.0;
    double high = 0.0;
    qsizetype most = 1;
    for (const Group& group : m_groups) {
        names = std::max({names, text.horizontalAdvance(group.label), small.horizontalAdvance(group.note)});
        most = std::max(most, group.bars.size());
        for (const Bar& bar : group.bars) {
            if (!bar.present) continue;
            low = std::min(low, bar.value - bar.error);
            high = std::max(high, bar.value + bar.error);
        }
    }
    if (high <= low) high = low + 1.0;
    place.low = low;
    place.high = high;
    place.left = std::min(names + space::tiny, width() * 2 / 5) + space::small;
    const int numbers = small.horizontalAdvance(QStringLiteral("0.0000")) + space::medium;
    place.room = std::max(20, width() - place.left - numbers - space::small);
    place.barHeight = small.height() + 1;
    place.groupHeight =
        std::max(static_cast<int>(most) * place.barHeight, text.height() + small.height()) + space::small;
    place.top = small.height() + space::tiny;
    return place;
}

QSize GroupBars::sizeHint() const {
    const Place at = place();
    const int below = 2 * QFontMetrics(Theme::current().font(0.85)).height() + space::tiny;
    return {Theme::current().scaled(320),
            static_cast<int>(m_groups.size()) * at.groupHeight + below + space::small};
}

QSize GroupBars::minimumSizeHint() const { return {Theme::current().scaled(240), sizeHint().height()}; }

void GroupBars::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (m_groups.isEmpty()) return;
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const Place at = place();
    const int bottom = static_cast<int>(m_groups.size()) * at.groupHeight;

    painter.setFont(theme.font(0.85));
    const int line = painter.fontMetrics().height();
    const int wanted = std::max(
        2, at.room / std::max(1, 2 * painter.fontMetrics().horizontalAdvance(QStringLiteral("0.0000"))));
    for (const AxisTick& tick : axisTicks(at.low, at.high, AxisScale::Linear, AxisUnit::Number, wanted)) {
        const int x = static_cast<int>(std::lround(at.x(tick.position)));
        painter.setPen(colors.grid);
        painter.drawLine(x, 0, x, bottom);
        painter.setPen(colors.muted);
        painter.drawText(QRect(x - 60, bottom + 2, 120, line), Qt::AlignHCenter, tick.label);
    }
    painter.setPen(colors.muted);
    painter.drawText(QRect(at.left, bottom + 2 + line, at.room, line), Qt::AlignHCenter, m_axisTitle);

    const int labelRoom = at.left - space::small;
    for (int g = 0; g < m_groups.size(); ++g) {
        const Group& group = m_groups[g];
        const int top = g * at.groupHeight;
        const QFontMetrics big(theme.font(0.92));
        const int words = big.height() + (group.note.isEmpty() ? 0 : line);
        int y = top + (at.groupHeight - space::small - words) / 2 + space::tiny;
        painter.setFont(theme.font(0.92));
        painter.setPen(colors.text);
        painter.drawText(QRect(0, y, labelRoom, big.height()), Qt::AlignRight | Qt::AlignVCenter,
                         big.elidedText(group.label, Qt::ElideRight, labelRoom));
        y += big.height();
        painter.setFont(theme.font(0.85));
        painter.setPen(colors.muted);
        if (!group.note.isEmpty())
            painter.drawText(QRect(0, y, labelRoom, line), Qt::AlignRight | Qt::AlignVCenter,
                             painter.fontMetrics().elidedText(group.note, Qt::ElideRight, labelRoom));
        int barTop = top + (at.groupHeight - static_cast<int>(group.bars.size()) * at.barHeight) / 2;
        for (int n = 0; n < group.bars.size(); ++n, barTop += at.barHeight) {
            const Bar& bar = group.bars[n];
            if (!bar.present) continue;
            QColor color = m_colors.value(n, theme.series(n));
            if (group.faint) color.setAlpha(90);
            const double from = at.x(0.0);
            const double to = at.x(bar.value);
            painter.fillRect(
                QRectF(std::min(from, to), barTop + 1, std::max(1.0, std::abs(to - from)), at.barHeight - 2),
                color);
            double end = std::max(from, to);
            if (bar.error > 0.0) {
                const double middle = barTop + at.barHeight / 2.0;
                const double low = at.x(bar.value - bar.error);
                const double high = at.x(bar.value + bar.error);
                painter.setPen(QPen(colors.text, 1.4));
                painter.drawLine(QPointF(low, middle), QPointF(high, middle));
                for (const double x : {low, high})
                    painter.drawLine(QPointF(x, middle - 3), QPointF(x, middle + 3));
                end = std::max(end, high);
            }
            painter.setPen(group.faint ? colors.muted : colors.text);
            painter.drawText(QRectF(end + space::tiny, barTop, width() - end - space::tiny, at.barHeight),
                             Qt::AlignLeft | Qt::AlignVCenter, valueLabel(bar.value));
        }
    }
    painter.setPen(colors.border);
    const int zero = static_cast<int>(std::lround(at.x(0.0)));
    painter.drawLine(zero, 0, zero, bottom);
}

bool GroupBars::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || m_groups.isEmpty()) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const Place at = place();
    const int g = help->pos().y() / std::max(1, at.groupHeight);
    if (g < 0 || g >= m_groups.size()) {
        QToolTip::hideText();
        return true;
    }
    const Group& group = m_groups[g];
    const int first =
        g * at.groupHeight + (at.groupHeight - static_cast<int>(group.bars.size()) * at.barHeight) / 2;
    const int n = std::clamp((help->pos().y() - first) / std::max(1, at.barHeight), 0,
                             static_cast<int>(group.bars.size()) - 1);
    QToolTip::showText(help->globalPos(), group.bars.value(n).toolTip, this);
    return true;
}

void GroupBars::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) updateGeometry();
    if (event->type() == QEvent::PaletteChange) update();
}

} // namespace recoscope
