// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_chart_view.h"

#include "widgets/style/theme.h"

#include <QChart>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QRubberBand>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

CurveChartView::CurveChartView(QChart* chart, QWidget* parent)
    : QChartView(chart, parent) {
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setBackgroundBrush(Qt::NoBrush);
    viewport()->setAutoFillBackground(false);
    setRubberBand(QChartView::NoRubberBand);
    setMouseTracking(true);
    viewport()->setMouseTracking(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::NoFocus);
    m_readOut = new QLabel(viewport());
    m_readOut->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_readOut->setTextFormat(Qt::RichText);
    m_readOut->setMargin(space::tiny);
    m_readOut->setAutoFillBackground(true);
    m_readOut->setFrameShape(QFrame::Box);
    m_readOut->hide();
    m_band = new QRubberBand(QRubberBand::Rectangle, viewport());
}

void CurveChartView::setAxes(Axis x, Axis y) {
    m_x = std::move(x);
    m_y = std::move(y);
    layOut();
    viewport()->update();
}

void CurveChartView::setEmptyText(const QString& text) {
    if (m_emptyText == text) return;
    m_emptyText = text;
    viewport()->update();
}

void CurveChartView::layOut() {
    const QFontMetrics metrics(Theme::current().font(0.9));
    int widest = 0;
    for (const AxisTick& tick : m_y.ticks)
        widest = std::max(widest, metrics.horizontalAdvance(tick.label));
    int last = 0;
    if (!m_x.ticks.isEmpty()) last = metrics.horizontalAdvance(m_x.ticks.back().label) / 2;
    const int titleHeight = metrics.height() + space::tiny;
    const int left = widest + space::small + (m_y.title.isEmpty() ? 0 : titleHeight);
    const int bottom = metrics.height() + space::small + (m_x.title.isEmpty() ? 0 : titleHeight);
    const QRectF plot = QRectF(viewport()->rect())
                            .adjusted(left, metrics.height() / 2 + 1, -std::max(last, space::small), -bottom);
    if (plot.width() < 10 || plot.height() < 10) return;
    if (plot != m_plot) {
        m_plot = plot;
        chart()->setPlotArea(plot);
    }
}

QPointF CurveChartView::toValue(const QPointF& position) const {
    return {m_x.min + (position.x() - m_plot.left()) / m_plot.width() * (m_x.max - m_x.min),
            m_y.max - (position.y() - m_plot.top()) / m_plot.height() * (m_y.max - m_y.min)};
}

QPointF CurveChartView::toPosition(const QPointF& value) const {
    return {m_plot.left() + (value.x() - m_x.min) / (m_x.max - m_x.min) * m_plot.width(),
            m_plot.bottom() - (value.y() - m_y.min) / (m_y.max - m_y.min) * m_plot.height()};
}

void CurveChartView::drawBackground(QPainter* painter, const QRectF&) {
    const ThemeColors& colors = Theme::current().colors();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing, false);
    painter->setFont(Theme::current().font(0.9));
    const QFontMetrics metrics(painter->font());
    painter->fillRect(m_plot, colors.surface);
    const bool labels = m_emptyText.isEmpty();
    const auto x = [this](double value) { return std::round(toPosition({value, m_y.min}).x()); };
    const auto y = [this](double value) { return std::round(toPosition({m_x.min, value}).y()); };
    if (labels) {
        double free = -1e9; // right end of the last label drawn: labels never overlap
        for (const AxisTick& tick : m_x.ticks) {
            painter->setPen(colors.grid);
            painter->drawLine(QPointF(x(tick.position), m_plot.top()),
                              QPointF(x(tick.position), m_plot.bottom()));
            const int width = metrics.horizontalAdvance(tick.label);
            const double from = x(tick.position) - width / 2.0;
            if (from < free + metrics.averageCharWidth()) continue;
            free = from + width;
            painter->setPen(colors.muted);
            painter->drawText(QRectF(from - 2, m_plot.bottom() + space::tiny, width + 4, metrics.height()),
                              Qt::AlignCenter, tick.label);
        }
        double lowest = 1e9;
        for (const AxisTick& tick : m_y.ticks) {
            painter->setPen(colors.grid);
            painter->drawLine(QPointF(m_plot.left(), y(tick.position)),
                              QPointF(m_plot.right(), y(tick.position)));
            const double top = y(tick.position) - metrics.height() / 2.0;
            if (top + metrics.height() > lowest) continue;
            lowest = top;
            painter->setPen(colors.muted);
            painter->drawText(QRectF(0, top, m_plot.left() - space::tiny, metrics.height()),
                              Qt::AlignRight | Qt::AlignVCenter, tick.label);
        }
    }
    painter->setPen(colors.border);
    painter->drawLine(m_plot.bottomLeft(), m_plot.bottomRight());
    painter->drawLine(m_plot.topLeft(), m_plot.bottomLeft());
    painter->setPen(colors.muted);
    if (!m_x.title.isEmpty())
        painter->drawText(
            QRectF(m_plot.left(), height() - metrics.height() - 1.0, m_plot.width(), metrics.height()),
            Qt::AlignCenter, m_x.title);
    if (!m_y.title.isEmpty()) {
        painter->setRenderHint(QPainter::Antialiasing, true);
        painter->translate(0, m_plot.bottom());
        painter->rotate(-90);
        painter->drawText(QRectF(0, 0, m_plot.height(), metrics.height()), Qt::AlignCenter, m_y.title);
    }
    painter->restore();
}

void CurveChartView::drawForeground(QPainter* painter, const QRectF&) {
    const ThemeColors& colors = Theme::current().colors();
    if (!m_emptyText.isEmpty()) {
        painter->setPen(colors.muted);
        painter->setFont(Theme::current().font());
        painter->drawText(m_plot.adjusted(space::large, space::small, -space::large, -space::small),
                          Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
        return;
    }
    drawMarks(painter);
    if (!m_cursorVisible) return;
    painter->setPen(QPen(colors.muted, 1, Qt::DashLine));
    const double x = toPosition({m_cursor.x, m_y.min}).x();
    painter->drawLine(QPointF(x, m_plot.top()), QPointF(x, m_plot.bottom()));
    for (const ChartCursor::Dot& dot : m_cursor.dots) {
        const QPointF position = toPosition(dot.position);
        if (!m_plot.adjusted(-1, -1, 1, 1).contains(position)) continue;
        painter->setPen(QPen(colors.surface, 1.5));
        painter->setBrush(dot.color);
        painter->drawEllipse(position, 4.5, 4.5);
    }
}

void CurveChartView::drawMarks(QPainter* painter) const {
    const ThemeColors& colors = Theme::current().colors();
    painter->setFont(Theme::current().font(0.88, true));
    const QFontMetrics metrics(painter->font());
    constexpr double radius = 5.5;
    for (const ChartMark& mark : m_marks) {
        const QPointF at = toPosition(mark.position);
        if (!m_plot.adjusted(-1, -1, 1, 1).contains(at)) continue;
        painter->setPen(QPen(mark.color, 2.5));
        painter->setBrush(colors.surface);
        painter->drawEllipse(at, radius, radius);
        if (mark.text.isEmpty()) continue;
        // Below or above the ring, whichever has room; never over the plot's border.
        const double width = metrics.horizontalAdvance(mark.text) + 6.0;
        const bool below = at.y() + radius + 4 + metrics.height() < m_plot.bottom();
        const double left =
            std::clamp(at.x() - width / 2, m_plot.left() + 2, std::max(m_plot.left() + 2, m_plot.right() - width - 2));
        const QRectF box(left, below ? at.y() + radius + 3 : at.y() - radius - 3 - metrics.height(), width,
                         metrics.height());
        QColor ground = colors.surface;
        ground.setAlphaF(0.85f);
        painter->fillRect(box, ground);
        painter->setPen(colors.text);
        painter->drawText(box, Qt::AlignCenter, mark.text);
    }
}

void CurveChartView::resizeEvent(QResizeEvent* event) {
    QChartView::resizeEvent(event);
    layOut();
    hideCursor();
    emit plotResized();
}

void CurveChartView::hideCursor() {
    m_readOut->hide();
    if (!m_cursorVisible) return;
    m_cursorVisible = false;
    viewport()->update();
}

QString CurveChartView::readOutText(double mouseY) const {
    const int line = QFontMetrics(Theme::current().font(0.92, true)).lineSpacing();
    const int fits = std::max(1, (viewport()->height() - 2 * space::small) / std::max(1, line) - 2);
    const int count = static_cast<int>(m_cursor.rows.size());
    std::vector<int> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    if (count > fits + 1) {
        const auto distance = [&](int i) {
            return std::abs(toPosition(m_cursor.dots[i].position).y() - mouseY);
        };
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return distance(a) < distance(b); });
        order.resize(static_cast<std::size_t>(fits));
        std::sort(order.begin(), order.end());
    }
    QString text = m_cursor.html;
    for (const int i : order)
        text += QStringLiteral("<br>") + m_cursor.rows[i];
    const int left = count - static_cast<int>(order.size());
    if (left > 0) text += QStringLiteral("<br>+%1").arg(left);
    return text;
}

void CurveChartView::showCursor(const QPointF& position) {
    if (!cursorAt || !m_emptyText.isEmpty() || !m_plot.contains(position)) return hideCursor();
    m_cursor = cursorAt(toValue(position).x());
    if (m_cursor.html.isEmpty()) return hideCursor();
    m_cursorVisible = true;
    m_readOut->setFont(Theme::current().font(0.92));
    m_readOut->setText(readOutText(position.y()));
    m_readOut->adjustSize();
    const double x = toPosition({m_cursor.x, m_y.min}).x();
    int left = static_cast<int>(x) + space::medium;
    if (left + m_readOut->width() > viewport()->width())
        left = static_cast<int>(x) - space::medium - m_readOut->width();
    const int top = std::clamp(static_cast<int>(position.y()) - m_readOut->height() / 2, 0,
                               std::max(0, viewport()->height() - m_readOut->height()));
    m_readOut->move(std::max(0, left), top);
    m_readOut->show();
    viewport()->update();
}

void CurveChartView::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || !m_plot.contains(event->position()) || !m_emptyText.isEmpty())
        return;
    m_pressed = event->position().toPoint();
    m_selecting = true;
    hideCursor();
}

void CurveChartView::mouseMoveEvent(QMouseEvent* event) {
    if (!m_selecting) return showCursor(event->position());
    m_band->setGeometry(
        QRect(m_pressed, event->position().toPoint()).normalized().intersected(m_plot.toRect()));
    m_band->show();
}

void CurveChartView::mouseReleaseEvent(QMouseEvent* event) {
    if (!m_selecting || event->button() != Qt::LeftButton) return;
    m_selecting = false;
    m_band->hide();
    const QRectF area = QRectF(m_pressed, event->position()).normalized().intersected(m_plot);
    if (area.width() < 6 || area.height() < 6) return;
    emit zoomSelected(QRectF(toValue(area.bottomLeft()), toValue(area.topRight())));
}

void CurveChartView::mouseDoubleClickEvent(QMouseEvent*) {
    m_selecting = false;
    emit resetRequested();
}

void CurveChartView::leaveEvent(QEvent* event) {
    QChartView::leaveEvent(event);
    hideCursor();
}

} // namespace recoscope
