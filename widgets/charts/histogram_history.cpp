// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/histogram_history.h"

#include "widgets/charts/axis_ticks.h"
#include "widgets/style/theme.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace recoscope {

HistogramHistory::HistogramHistory(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void HistogramHistory::clear(const QString& reason) {
    m_reason = reason;
    m_epochs.clear();
    m_shares.clear();
    m_means.clear();
    m_title.clear();
    update();
}

void HistogramHistory::setHistory(const QString& title, const std::vector<int>& epochs,
                                  const std::vector<const TensorSummary*>& past) {
    m_title = title;
    m_reason.clear();
    m_epochs = epochs;
    m_low = 0.0;
    m_high = 0.0;
    bool any = false;
    for (const TensorSummary* one : past) {
        if (!std::isfinite(one->min) || !std::isfinite(one->max) || one->histogram.empty()) continue;
        m_low = any ? std::min(m_low, one->min) : one->min;
        m_high = any ? std::max(m_high, one->max) : one->max;
        any = true;
    }
    if (m_high <= m_low) {
        const double around = std::max(1e-6, std::abs(m_low) * 0.1);
        m_low -= around;
        m_high += around;
    }
    m_shares.assign(past.size() * kRows, 0.0);
    m_means.clear();
    const double height = (m_high - m_low) / kRows;
    for (std::size_t column = 0; column < past.size(); ++column) {
        const TensorSummary& one = *past[column];
        m_means.push_back(one.mean);
        if (one.histogram.empty() || !std::isfinite(one.min) || !std::isfinite(one.max)) continue;
        const double width = (one.max - one.min) / static_cast<double>(one.histogram.size());
        const double count = std::max<double>(1.0, static_cast<double>(one.count));
        for (std::size_t bin = 0; bin < one.histogram.size(); ++bin) {
            // A bin covers several rows, or a part of one: its numbers are shared out evenly.
            const double from = (one.min + static_cast<double>(bin) * width - m_low) / height;
            const double to = width > 0.0 ? from + width / height : from;
            const int first = std::clamp(static_cast<int>(from), 0, kRows - 1);
            const int last = std::clamp(static_cast<int>(std::ceil(to)) - 1, first, kRows - 1);
            for (int row = first; row <= last; ++row) {
                const double covered =
                    to > from ? (std::min<double>(to, row + 1) - std::max<double>(from, row)) / (to - from)
                              : 1.0;
                m_shares[column * kRows + static_cast<std::size_t>(row)] +=
                    static_cast<double>(one.histogram[bin]) / count * std::clamp(covered, 0.0, 1.0);
            }
        }
    }
    update();
}

double HistogramHistory::share(int column, int row) const {
    return m_shares.at(static_cast<std::size_t>(column) * kRows + static_cast<std::size_t>(row));
}

QRect HistogramHistory::plot() const {
    const QFontMetrics metrics(Theme::current().font(0.85));
    const int left = std::max({metrics.horizontalAdvance(valueText(m_low, AxisUnit::Number)),
                               metrics.horizontalAdvance(valueText(m_high, AxisUnit::Number)),
                               metrics.horizontalAdvance(QStringLiteral("-0.00"))}) +
                     space::small;
    const int top = QFontMetrics(Theme::current().font(1.0, true)).height() + space::tiny;
    return rect().adjusted(left, top, -space::small, -2 * metrics.height() - space::tiny);
}

void HistogramHistory::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    if (m_epochs.empty()) {
        painter.setFont(theme.font());
        painter.setPen(colors.muted);
        painter.drawText(rect().adjusted(space::small, 0, -space::small, 0),
                         Qt::AlignCenter | Qt::TextWordWrap, m_reason);
        return;
    }
    const QRect area = plot();
    painter.setFont(theme.font(1.0, true));
    painter.setPen(colors.text);
    const QString title = painter.fontMetrics().elidedText(m_title, Qt::ElideRight, width());
    painter.drawText(QRect(0, 0, width(), area.top()), Qt::AlignHCenter | Qt::AlignTop, title);

    const auto columns = static_cast<int>(m_epochs.size());
    QImage image(columns, kRows, QImage::Format_RGB32);
    const QColor back = colors.surface;
    const QColor front = theme.series(0);
    for (int column = 0; column < columns; ++column) {
        double most = 0.0;
        for (int row = 0; row < kRows; ++row)
            most = std::max(most, share(column, row));
        for (int row = 0; row < kRows; ++row) {
            const double t = most > 0.0 ? std::pow(share(column, row) / most, 0.4) : 0.0;
            const auto mix = [t](int a, int b) { return static_cast<int>(a + t * (b - a)); };
            image.setPixel(column, kRows - 1 - row,
                           qRgb(mix(back.red(), front.red()), mix(back.green(), front.green()),
                                mix(back.blue(), front.blue())));
        }
    }
    painter.drawImage(area, image);
    const auto yOf = [&](double value) {
        return area.bottom() - (value - m_low) / (m_high - m_low) * (area.height() - 1);
    };
    const auto xOf = [&](int column) { return area.left() + (column + 0.5) * area.width() / columns; };
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(colors.text, 1.2));
    QPolygonF mean;
    for (int column = 0; column < columns; ++column)
        if (std::isfinite(m_means[static_cast<std::size_t>(column)]))
            mean << QPointF(xOf(column), yOf(m_means[static_cast<std::size_t>(column)]));
    if (mean.size() == 1) mean << QPointF(area.right(), mean.front().y());
    painter.drawPolyline(mean);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(colors.border);
    painter.drawRect(area.adjusted(-1, -1, 0, 0));

    painter.setFont(theme.font(0.85));
    painter.setPen(colors.muted);
    const int line = painter.fontMetrics().height();
    const int wanted = std::max(2, area.height() / (3 * line));
    for (const AxisTick& tick : axisTicks(m_low, m_high, AxisScale::Linear, AxisUnit::Number, wanted)) {
        const int y = static_cast<int>(std::lround(yOf(tick.position)));
        painter.drawLine(area.left() - 4, y, area.left() - 2, y);
        painter.drawText(QRect(0, y - line / 2, area.left() - 6, line), Qt::AlignRight | Qt::AlignVCenter,
                         tick.label);
    }
    const QString first = QString::number(m_epochs.front());
    const QString last = QString::number(m_epochs.back());
    painter.drawText(QRect(area.left(), area.bottom() + 3, area.width(), line), Qt::AlignLeft, first);
    if (last != first)
        painter.drawText(QRect(area.left(), area.bottom() + 3, area.width(), line), Qt::AlignRight, last);
    painter.drawText(QRect(area.left(), area.bottom() + 3, area.width(), line), Qt::AlignHCenter,
                     tr("Epoch"));
    painter.drawText(QRect(0, area.bottom() + 3 + line, width(), line), Qt::AlignHCenter,
                     tr("Dark: many numbers. Line: mean"));
}

bool HistogramHistory::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || m_epochs.empty()) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const QRect area = plot();
    if (!area.contains(help->pos())) {
        QToolTip::hideText();
        return true;
    }
    const auto columns = static_cast<int>(m_epochs.size());
    const int column =
        std::clamp((help->pos().x() - area.left()) * columns / std::max(1, area.width()), 0, columns - 1);
    const int row =
        std::clamp((area.bottom() - help->pos().y()) * kRows / std::max(1, area.height()), 0, kRows - 1);
    const double step = (m_high - m_low) / kRows;
    QToolTip::showText(help->globalPos(),
                       tr("Epoch %1: %2 % of the numbers are between %3 and %4; mean %5")
                           .arg(m_epochs[static_cast<std::size_t>(column)])
                           .arg(100.0 * share(column, row), 0, 'f', 1)
                           .arg(valueText(m_low + row * step, AxisUnit::Number),
                                valueText(m_low + (row + 1) * step, AxisUnit::Number),
                                valueText(m_means[static_cast<std::size_t>(column)], AxisUnit::Number)),
                       this);
    return true;
}

} // namespace recoscope
