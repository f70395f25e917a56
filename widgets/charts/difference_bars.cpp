// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/difference_bars.h"

#include "widgets/charts/axis_ticks.h"
#include "widgets/style/theme.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace recoscope {

DifferenceBars::DifferenceBars(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void DifferenceBars::setPicture(const Picture& picture) {
    m_picture = picture;
    update();
}

void DifferenceBars::clear() { setPicture({}); }

QSize DifferenceBars::sizeHint() const {
    return {Theme::current().scaled(420), Theme::current().scaled(220)};
}

QSize DifferenceBars::minimumSizeHint() const {
    return {Theme::current().scaled(240), Theme::current().scaled(130)};
}

QRect DifferenceBars::plot() const {
    const int line = QFontMetrics(Theme::current().font(0.85)).height();
    const int left =
        QFontMetrics(Theme::current().font(0.85)).horizontalAdvance(QStringLiteral("100,000")) + space::small;
    return rect().adjusted(left, 2 * line + space::small, -space::large, -2 * line - space::tiny);
}

void DifferenceBars::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    if (m_picture.bars.isEmpty() || m_picture.reach <= 0.0) {
        painter.setFont(theme.font());
        painter.setPen(colors.muted);
        painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap,
                         m_picture.bars.isEmpty() ? QString() : tr("The two runs are equal for every user."));
        return;
    }
    const QRect area = plot();
    painter.setFont(theme.font(0.85));
    const int line = painter.fontMetrics().height();
    const qint64 most = std::max<qint64>(1, *std::max_element(m_picture.bars.begin(), m_picture.bars.end()));
    const auto xOf = [&](double value) {
        return area.left() + (value + m_picture.reach) / (2.0 * m_picture.reach) * area.width();
    };
    const auto yOf = [&](double count) {
        return area.bottom() + 1 - count / static_cast<double>(most) * area.height();
    };
    for (const AxisTick& tick : axisTicks(0.0, static_cast<double>(most), AxisScale::Linear,
                                          AxisUnit::Integer, std::max(2, area.height() / (3 * line)))) {
        const int y = static_cast<int>(std::lround(yOf(tick.position)));
        painter.setPen(colors.grid);
        painter.drawLine(area.left(), y, area.right(), y);
        painter.setPen(colors.muted);
        painter.drawText(QRect(0, y - line / 2, area.left() - space::tiny, line),
                         Qt::AlignRight | Qt::AlignVCenter, tick.label);
    }
    const double wide = static_cast<double>(area.width()) / static_cast<double>(m_picture.bars.size());
    for (int n = 0; n < m_picture.bars.size(); ++n) {
        // With an error, less is better: a positive difference is the second run's.
        const bool forA = (n >= m_picture.bars.size() / 2) == m_picture.higherIsBetter;
        const double top = yOf(static_cast<double>(m_picture.bars[n]));
        painter.fillRect(QRectF(area.left() + n * wide + 1, top, wide - 2, area.bottom() + 1 - top),
                         forA ? m_picture.colorA : m_picture.colorB);
    }
    painter.setPen(colors.border);
    painter.drawLine(area.left(), area.bottom() + 1, area.right(), area.bottom() + 1);
    painter.setPen(QPen(colors.text, 1, Qt::DashLine));
    const int zero = static_cast<int>(std::lround(xOf(0.0)));
    painter.drawLine(zero, area.top() - space::tiny, zero, area.bottom());

    // The mean with its interval, as a dot with whiskers above the bars.
    const int middle = area.top() - space::small;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(colors.text, 2));
    painter.drawLine(QPointF(xOf(m_picture.low), middle), QPointF(xOf(m_picture.high), middle));
    for (const double end : {m_picture.low, m_picture.high})
        painter.drawLine(QPointF(xOf(end), middle - 5), QPointF(xOf(end), middle + 5));
    painter.setBrush(colors.text);
    painter.drawEllipse(QPointF(xOf(m_picture.mean), middle), 2.5, 2.5);
    painter.setRenderHint(QPainter::Antialiasing, false);

    painter.setPen(colors.muted);
    for (const AxisTick& tick : axisTicks(-m_picture.reach, m_picture.reach, AxisScale::Linear,
                                          AxisUnit::Number, std::max(3, area.width() / (8 * line)))) {
        const int x = static_cast<int>(std::lround(xOf(tick.position)));
        painter.drawText(QRect(x - 60, area.bottom() + 3, 120, line), Qt::AlignHCenter, tick.label);
    }
    painter.drawText(QRect(area.left(), area.bottom() + 3 + line, area.width(), line), Qt::AlignHCenter,
                     tr("Difference in %1 of one user; %2 users without one are not drawn")
                         .arg(m_picture.metric)
                         .arg(m_picture.equal));
    painter.setFont(theme.font(0.9, true));
    const auto side = [&](bool right) {
        const bool forA = right == m_picture.higherIsBetter;
        painter.setPen(forA ? m_picture.colorA : m_picture.colorB);
        const QRect half(right ? zero + space::small : area.left(), 0,
                         (right ? area.right() - zero : zero - area.left()) - space::small,
                         painter.fontMetrics().height());
        painter.drawText(
            half, (right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignTop,
            painter.fontMetrics().elidedText(tr("%1 is better").arg(forA ? m_picture.nameA : m_picture.nameB),
                                             Qt::ElideMiddle, half.width()));
    };
    side(false);
    side(true);
}

bool DifferenceBars::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || m_picture.bars.isEmpty() || m_picture.reach <= 0.0)
        return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const QRect area = plot();
    if (!area.contains(help->pos())) {
        QToolTip::hideText();
        return true;
    }
    const auto bars = static_cast<int>(m_picture.bars.size());
    const int n = std::clamp((help->pos().x() - area.left()) * bars / std::max(1, area.width()), 0, bars - 1);
    const double step = 2.0 * m_picture.reach / bars;
    QToolTip::showText(help->globalPos(),
                       tr("%1 users with a difference from %2 to %3")
                           .arg(m_picture.bars[n])
                           .arg(valueText(-m_picture.reach + n * step, AxisUnit::Number),
                                valueText(-m_picture.reach + (n + 1) * step, AxisUnit::Number)),
                       this);
    return true;
}

} // namespace recoscope
