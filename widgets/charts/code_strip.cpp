// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/code_strip.h"

#include "widgets/charts/axis_ticks.h"
#include "widgets/style/theme.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {
bool fits(const std::vector<float>& marks, const std::vector<float>& values) {
    return !marks.empty() && marks.size() == values.size();
}
} // namespace

CodeStrip::CodeStrip(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void CodeStrip::setCode(Code code) {
    if (code == m_code) return;
    m_code = std::move(code);
    update();
}

QString CodeStrip::legend() const {
    QStringList marks{tr("bars: the code")};
    if (fits(m_code.deviations, m_code.values)) marks << tr("whiskers: ± its deviation");
    if (fits(m_code.before, m_code.values)) marks << tr("ticks: one snapshot earlier");
    if (fits(m_code.drawn, m_code.values)) marks << tr("dots: with this noise");
    return marks.join(QStringLiteral(" · "));
}

QSize CodeStrip::sizeHint() const { return {400, Theme::current().scaled(92)}; }
QSize CodeStrip::minimumSizeHint() const { return {160, Theme::current().scaled(72)}; }

double CodeStrip::reach() const {
    double most = 1e-6;
    const auto take = [&most](const std::vector<float>& values) {
        for (const float value : values)
            if (std::isfinite(value)) most = std::max(most, static_cast<double>(std::abs(value)));
    };
    take(m_code.values);
    take(m_code.before);
    take(m_code.drawn);
    for (std::size_t n = 0; fits(m_code.deviations, m_code.values) && n < m_code.values.size(); ++n)
        most = std::max(most, static_cast<double>(std::abs(m_code.values[n]) + m_code.deviations[n]));
    return most;
}

QRectF CodeStrip::plot() const {
    const QFontMetrics metrics(Theme::current().font(0.85));
    const int left = metrics.horizontalAdvance(QStringLiteral("-0.00")) + space::small;
    return QRectF(rect()).adjusted(left, space::tiny, -space::tiny, -space::tiny);
}

void CodeStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const QRectF area = plot();
    painter.fillRect(area, colors.surface);
    const double most = reach();
    const double middle = area.center().y();
    const double unit = (area.height() / 2.0 - 2.0) / most;
    painter.setFont(theme.font(0.85));
    painter.setPen(colors.muted);
    const int line = painter.fontMetrics().height();
    const auto label = [&](double value) {
        const double y = middle - value * unit;
        painter.drawText(
            QRectF(0, std::clamp(y - line / 2.0, 0.0, height() - 1.0 * line), area.left() - 4, line),
            Qt::AlignRight | Qt::AlignVCenter, valueText(value, AxisUnit::Number));
    };
    if (!m_code.values.empty()) {
        // One round number up and down is enough to read the scale.
        const double power = std::pow(10.0, std::floor(std::log10(most)));
        const double round = most >= 5 * power ? 5 * power : most >= 2 * power ? 2 * power : power;
        label(round);
        label(-round);
        painter.setPen(colors.grid);
        for (const double value : {round, -round})
            painter.drawLine(QPointF(area.left(), middle - value * unit),
                             QPointF(area.right(), middle - value * unit));
        painter.setPen(colors.muted);
    }
    label(0.0);
    const auto count = static_cast<double>(m_code.values.size());
    const double step = count > 0 ? area.width() / count : area.width();
    const double wide = step >= 4.0 ? step - 1.0 : std::max(1.0, step);
    for (std::size_t n = 0; n < m_code.values.size(); ++n) {
        const double x = area.left() + static_cast<double>(n) * step;
        const double value = static_cast<double>(m_code.values[n]) * unit;
        const QRectF bar(x, std::min(middle, middle - value), wide, std::max(0.5, std::abs(value)));
        painter.fillRect(bar, theme.series(value >= 0.0 ? 0 : 1));
    }
    const auto centre = [&](std::size_t n) {
        return area.left() + (static_cast<double>(n) + 0.5) * step - 0.5;
    };
    if (fits(m_code.deviations, m_code.values)) {
        QColor whisker = colors.text;
        whisker.setAlphaF(step >= 3.0 ? 0.55f : 0.22f);
        painter.setPen(QPen(whisker, 1.0));
        for (std::size_t n = 0; n < m_code.values.size(); ++n) {
            const double value = static_cast<double>(m_code.values[n]);
            const double deviation = static_cast<double>(m_code.deviations[n]);
            painter.drawLine(QPointF(centre(n), middle - (value - deviation) * unit),
                             QPointF(centre(n), middle - (value + deviation) * unit));
        }
    }
    if (fits(m_code.before, m_code.values)) {
        painter.setPen(QPen(colors.text, 1.6));
        const double half = std::max(1.0, wide / 2.0);
        for (std::size_t n = 0; n < m_code.values.size(); ++n) {
            const double y = middle - static_cast<double>(m_code.before[n]) * unit;
            painter.drawLine(QPointF(centre(n) - half, y), QPointF(centre(n) + half, y));
        }
    }
    if (fits(m_code.drawn, m_code.values)) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.series(3));
        const double radius = std::clamp(step / 2.5, 1.2, 3.0);
        for (std::size_t n = 0; n < m_code.values.size(); ++n)
            painter.drawEllipse(QPointF(centre(n), middle - static_cast<double>(m_code.drawn[n]) * unit),
                                radius, radius);
        painter.setRenderHint(QPainter::Antialiasing, false);
    }
    painter.setPen(colors.border);
    painter.setBrush(Qt::NoBrush);
    painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle));
    painter.drawRect(area);
}

bool CodeStrip::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || m_code.values.empty()) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const QRectF area = plot();
    const auto at = static_cast<std::ptrdiff_t>((help->pos().x() - area.left()) / area.width() *
                                                static_cast<double>(m_code.values.size()));
    if (!area.contains(help->pos()) || at < 0 || at >= static_cast<std::ptrdiff_t>(m_code.values.size())) {
        QToolTip::hideText();
        return true;
    }
    const auto n = static_cast<std::size_t>(at);
    const auto text = [](float value) { return valueText(static_cast<double>(value), AxisUnit::Number); };
    QString words = tr("Number %1: %2").arg(n + 1).arg(text(m_code.values[n]));
    if (fits(m_code.deviations, m_code.values)) words += tr(" ± %1").arg(text(m_code.deviations[n]));
    if (fits(m_code.before, m_code.values))
        words += tr("; one snapshot earlier %1").arg(text(m_code.before[n]));
    if (fits(m_code.drawn, m_code.values)) words += tr("; with this noise %1").arg(text(m_code.drawn[n]));
    QToolTip::showText(help->globalPos(), words, this);
    return true;
}

} // namespace recoscope
