// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/scatter_view.h"

#include "widgets/charts/scatter_raster.h"
#include "widgets/style/theme.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QWheelEvent>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

constexpr double kReach = 9.0;      // pixels from a point that still are on it
constexpr double kClickSlack = 4.0; // pixels that a click may move
constexpr double kMostZoom = 400.0;
constexpr int kMargin = 26;
constexpr int kMostMarkedLabels = 30;

QRectF boundsOf(const std::vector<QPointF>& positions, const std::vector<int>* chosen) {
    double left = 0.0;
    double right = 0.0;
    double top = 0.0;
    double bottom = 0.0;
    bool first = true;
    const auto take = [&](const QPointF& p) {
        left = first ? p.x() : std::min(left, p.x());
        right = first ? p.x() : std::max(right, p.x());
        top = first ? p.y() : std::min(top, p.y());
        bottom = first ? p.y() : std::max(bottom, p.y());
        first = false;
    };
    if (chosen)
        for (const int point : *chosen)
            take(positions[static_cast<std::size_t>(point)]);
    else
        for (const QPointF& p : positions)
            take(p);
    return QRectF(QPointF(left, top), QPointF(right, bottom));
}

} // namespace

ScatterView::ScatterView(QWidget* parent)
    : QWidget(parent) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Map of points"));
    setAccessibleDescription(keyHelp());
}

QString ScatterView::keyHelp() {
    return tr("Arrow keys: next point in that direction. Shift and arrows: move the view. + and −: zoom. 0: "
              "everything. "
              "Space: select or deselect. Enter: open. Ctrl+A: select what is seen. Escape: select nothing.");
}

void ScatterView::setPositions(std::vector<QPointF> positions) {
    const bool other = positions.size() != m_positions.size();
    m_positions = std::move(positions);
    if (other) {
        m_colors.clear();
        m_emphasis.clear();
        m_marked.clear();
        m_byWeight.clear();
        m_current = -1;
        m_follows = true;
        if (!m_selection.empty()) {
            m_selection.clear();
            emit selectionChanged();
        }
    }
    if (m_follows)
        fit();
    else
        redraw();
}

void ScatterView::setColors(std::vector<QRgb> colors) {
    m_colors = std::move(colors);
    redraw();
}

void ScatterView::setEmphasis(std::vector<bool> emphasis) {
    m_emphasis = std::move(emphasis);
    redraw();
}

void ScatterView::setMarked(std::vector<int> points) {
    m_marked = std::move(points);
    redraw();
}

void ScatterView::setSelection(std::vector<int> points) {
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    std::erase_if(points, [this](int point) { return point < 0 || point >= pointCount(); });
    if (points == m_selection) return;
    m_selection = std::move(points);
    redraw();
    emit selectionChanged();
}

void ScatterView::setTexts(std::function<QString(int)> title, std::function<QString(int)> hint,
                           std::vector<float> weight) {
    m_title = std::move(title);
    m_hint = std::move(hint);
    m_byWeight.resize(weight.size() == m_positions.size() ? weight.size() : 0);
    std::iota(m_byWeight.begin(), m_byWeight.end(), 0);
    std::stable_sort(m_byWeight.begin(), m_byWeight.end(), [&](int a, int b) {
        return weight[static_cast<std::size_t>(a)] > weight[static_cast<std::size_t>(b)];
    });
    redraw();
}

void ScatterView::setLabelsShown(bool shown) {
    m_labels = shown;
    redraw();
}

void ScatterView::setTool(Tool tool) {
    m_tool = tool;
    setCursor(tool == Tool::Lasso ? Qt::CrossCursor : Qt::ArrowCursor);
}

void ScatterView::setEmptyText(const QString& text) {
    m_emptyText = text;
    update();
}

void ScatterView::setCurrent(int point) {
    if (point >= pointCount()) point = -1;
    if (point == m_current) return;
    m_current = point;
    if (point >= 0) {
        setAccessibleDescription(titleOf(point));
        QAccessibleEvent event(this, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&event);
    }
    update();
    emit currentChanged(point);
}

double ScatterView::zoom() const { return m_scale / m_fitScale; }

QPointF ScatterView::screenOf(const QPointF& position) const {
    return {width() / 2.0 + (position.x() - m_centre.x()) * m_scale,
            height() / 2.0 - (position.y() - m_centre.y()) * m_scale};
}

QPointF ScatterView::positionOf(const QPointF& screen) const {
    return {m_centre.x() + (screen.x() - width() / 2.0) / m_scale,
            m_centre.y() - (screen.y() - height() / 2.0) / m_scale};
}

QPointF ScatterView::toScreen(int point) const {
    return screenOf(m_positions[static_cast<std::size_t>(point)]);
}

void ScatterView::look(const QRectF& part) {
    const int margin = Theme::current().scaled(kMargin);
    const double w = std::max(20, width() - 2 * margin);
    const double h = std::max(20, height() - 2 * margin);
    const double across = std::max(part.width() / w, part.height() / h);
    m_centre = part.center();
    m_scale = across > 0.0 ? 1.0 / across : 1.0;
    redraw();
}

void ScatterView::fit() {
    look(boundsOf(m_positions, nullptr));
    m_fitScale = m_scale;
    m_follows = true;
}

void ScatterView::fitTo(const std::vector<int>& points) {
    if (points.empty()) return fit();
    const QRectF bounds = boundsOf(m_positions, &points);
    fit();
    look(bounds.adjusted(-bounds.width() * 0.1, -bounds.height() * 0.1, bounds.width() * 0.1,
                         bounds.height() * 0.1));
    m_scale = std::min(m_scale, m_fitScale * 30.0);
    m_follows = false;
    redraw();
}

void ScatterView::zoomBy(double factor, std::optional<QPointF> around) {
    const QPointF fixed = around.value_or(QPointF(width() / 2.0, height() / 2.0));
    const QPointF before = positionOf(fixed);
    m_scale = std::clamp(m_scale * factor, m_fitScale * 0.5, m_fitScale * kMostZoom);
    m_centre += before - positionOf(fixed);
    m_follows = false;
    redraw();
}

int ScatterView::pointAt(const QPointF& screen) const {
    int nearest = -1;
    const double reach = std::max(kReach, static_cast<double>(radius()) + 2.0);
    double best = reach * reach;
    for (int point = 0; point < pointCount(); ++point) {
        const QPointF away = toScreen(point) - screen;
        const double squared = QPointF::dotProduct(away, away);
        if (squared >= best) continue;
        best = squared;
        nearest = point;
    }
    return nearest;
}

void ScatterView::selectInside(const QPolygonF& screen, bool add) {
    std::vector<int> inside = add ? m_selection : std::vector<int>();
    const QRectF box = screen.boundingRect();
    for (int point = 0; point < pointCount(); ++point) {
        const QPointF at = toScreen(point);
        if (box.contains(at) && screen.containsPoint(at, Qt::OddEvenFill)) inside.push_back(point);
    }
    setSelection(std::move(inside));
}

float ScatterView::radius() const {
    const double count = std::max(10, pointCount());
    const double base = std::clamp(6.2 - 1.05 * std::log10(count), 1.6, 5.0);
    const double grown = base * (1.0 + 0.22 * std::log2(std::max(1.0, zoom())));
    return static_cast<float>(std::min(grown, 7.0) * Theme::current().zoom());
}

void ScatterView::redraw() {
    m_stale = true;
    update();
}

void ScatterView::drawPicture() {
    const ThemeColors& theme = Theme::current().colors();
    const double ratio = devicePixelRatioF();
    QImage image((QSizeF(size()) * ratio).toSize(), QImage::Format_RGB32);
    image.fill(theme.surface);
    const auto r = static_cast<float>(radius() * ratio);
    const bool dims = !m_emphasis.empty() || !m_selection.empty();
    std::vector<bool> chosen(m_positions.size(), false);
    for (const int point : m_selection)
        chosen[static_cast<std::size_t>(point)] = true;
    std::vector<Dot> back;
    std::vector<Dot> front;
    const QRgb neutral = missingColor(Theme::current().dark()).rgb();
    for (std::size_t n = 0; n < m_positions.size(); ++n) {
        const bool ahead = m_emphasis.size() == m_positions.size() && !m_emphasis.empty()
                               ? m_emphasis[n] && (m_selection.empty() || chosen[n])
                               : chosen[n];
        const QRgb color = n < m_colors.size() ? m_colors[n] : neutral;
        Dot dot{screenOf(m_positions[n]) * ratio, color, r};
        if (!dims || ahead) {
            dot.color = qRgba(qRed(color), qGreen(color), qBlue(color), dims ? 255 : 215);
            front.push_back(dot);
        } else {
            dot.color = qRgba(qRed(neutral), qGreen(neutral), qBlue(neutral), 90);
            back.push_back(dot);
        }
    }
    drawDots(image, back);
    // A thin edge in the colour of the ground keeps neighbours apart.
    if (front.size() < 3000) {
        for (Dot dot : front) {
            drawDots(image,
                     std::array{Dot{dot.at, theme.surface.rgb(), r + static_cast<float>(0.8 * ratio)}, dot});
        }
    } else {
        drawDots(image, front);
    }
    m_picture = QPixmap::fromImage(std::move(image));
    m_picture.setDevicePixelRatio(ratio);
    QPainter painter(&m_picture);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.text, 1.6));
    painter.setBrush(Qt::NoBrush);
    for (const int point : m_marked) {
        if (point < 0 || point >= pointCount()) continue;
        painter.drawEllipse(toScreen(point), radius() + 3.5, radius() + 3.5);
    }
    if (m_labels) drawLabels(painter);
    m_stale = false;
}

void ScatterView::drawLabels(QPainter& painter) {
    if (!m_title) return;
    const ThemeColors& theme = Theme::current().colors();
    painter.setFont(Theme::current().font(0.82));
    const QFontMetrics metrics = painter.fontMetrics();
    std::vector<QRectF> taken;
    const auto label = [&](int point, bool always) {
        const QPointF at = toScreen(point);
        if (!QRectF(rect()).contains(at)) return false;
        const QString text = metrics.elidedText(titleOf(point), Qt::ElideRight, Theme::current().scaled(190));
        if (text.isEmpty()) return false;
        const double gap = static_cast<double>(radius()) + (always ? 7.0 : 4.0);
        const QSizeF size(metrics.horizontalAdvance(text) + 2.0, metrics.height());
        QRectF box(QPointF(at.x() + gap, at.y() - size.height() / 2.0), size);
        if (box.right() > width() - 4.0) box.moveRight(at.x() - gap);
        const QRectF room = box.adjusted(-3, -1, 3, 1);
        const bool free = std::none_of(taken.begin(), taken.end(),
                                       [&](const QRectF& other) { return other.intersects(room); });
        if (!free || box.left() < 2.0 || box.top() < 2.0 || box.bottom() > height() - 2.0) return false;
        taken.push_back(room);
        QPainterPath path;
        path.addText(box.left(), box.bottom() - metrics.descent(), painter.font(), text);
        QColor halo = theme.surface;
        halo.setAlpha(225);
        painter.strokePath(path, QPen(halo, 3.0, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.fillPath(path, always ? theme.text : theme.muted);
        return true;
    };
    int shown = 0;
    for (const int point : m_marked)
        if (shown < kMostMarkedLabels && label(point, true)) ++shown;
    // As many of the heaviest as read well: more when there is room, and when fewer points are in sight.
    const int most =
        static_cast<int>(width() * height() / 26'000.0 * (1.0 + 0.5 * std::log2(std::max(1.0, zoom()))));
    std::vector<bool> chosen(m_positions.size(), false);
    for (const int point : m_selection)
        chosen[static_cast<std::size_t>(point)] = true;
    for (const int point : m_byWeight) {
        if (shown >= most) break;
        const auto at = static_cast<std::size_t>(point);
        if (!m_selection.empty() && !chosen[at]) continue;
        if (m_emphasis.size() == m_positions.size() && !m_emphasis[at]) continue;
        if (label(point, !m_selection.empty())) ++shown;
    }
}

void ScatterView::drawHint(QPainter& painter) {
    if (m_current < 0) return;
    const ThemeColors& theme = Theme::current().colors();
    const QPointF at = toScreen(m_current);
    painter.setPen(QPen(theme.text, 2.0));
    painter.setBrush(m_current < static_cast<int>(m_colors.size())
                         ? QColor(m_colors[static_cast<std::size_t>(m_current)])
                         : theme.muted);
    painter.drawEllipse(at, radius() + 2.0, radius() + 2.0);
    const QString title = titleOf(m_current);
    const QString hint = m_hint ? m_hint(m_current) : QString();
    if (title.isEmpty() && hint.isEmpty()) return;
    const QFont bold = Theme::current().font(0.95, true);
    const QFont plain = Theme::current().font(0.88);
    const int widest = std::min(Theme::current().scaled(320), width() - 24);
    const QString head = QFontMetrics(bold).elidedText(title, Qt::ElideRight, widest);
    const QRect body =
        hint.isEmpty() ? QRect()
                       : QFontMetrics(plain).boundingRect(QRect(0, 0, widest, 400), Qt::TextWordWrap, hint);
    const int pad = space::small;
    const int headHeight = QFontMetrics(bold).height();
    QRectF box(0, 0, std::max(QFontMetrics(bold).horizontalAdvance(head), body.width()) + 2 * pad,
               headHeight + body.height() + 2 * pad);
    box.moveTopLeft(at + QPointF(14, 14));
    if (box.right() > width() - 4) box.moveRight(at.x() - 14);
    if (box.bottom() > height() - 4) box.moveBottom(at.y() - 14);
    box.moveLeft(std::max(4.0, box.left()));
    box.moveTop(std::max(4.0, box.top()));
    painter.setPen(theme.border);
    painter.setBrush(theme.raised);
    painter.drawRoundedRect(box, 5, 5);
    painter.setPen(theme.text);
    painter.setFont(bold);
    painter.drawText(box.adjusted(pad, pad, -pad, -pad), Qt::AlignLeft | Qt::AlignTop, head);
    painter.setPen(theme.muted);
    painter.setFont(plain);
    painter.drawText(box.adjusted(pad, pad + headHeight, -pad, -pad),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, hint);
}

void ScatterView::paintEvent(QPaintEvent*) {
    if (m_stale || m_picture.isNull()) drawPicture();
    const ThemeColors& theme = Theme::current().colors();
    QPainter painter(this);
    painter.drawPixmap(0, 0, m_picture);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_positions.empty()) {
        painter.setPen(theme.muted);
        painter.setFont(Theme::current().font(1.1));
        painter.drawText(rect().adjusted(40, 20, -40, -20), Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
    }
    if (m_lasso.size() > 1) {
        QColor fill = theme.accent;
        fill.setAlpha(40);
        painter.setPen(QPen(theme.accent, 1.5, Qt::DashLine));
        painter.setBrush(fill);
        painter.drawPolygon(m_lasso);
    }
    drawHint(painter);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(hasFocus() ? QPen(theme.accent, 2) : QPen(theme.border, 1));
    painter.drawRect(hasFocus() ? rect().adjusted(1, 1, -1, -1) : rect().adjusted(0, 0, -1, -1));
}

void ScatterView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    if (m_follows)
        fit();
    else
        redraw();
}

void ScatterView::wheelEvent(QWheelEvent* event) {
    const double notches = event->angleDelta().y() / 120.0;
    if (notches != 0.0) zoomBy(std::pow(1.25, notches), event->position());
    event->accept();
}

void ScatterView::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    m_pressed = true;
    m_dragged = false;
    m_pressedAt = m_lastAt = event->position();
    m_lassoAdds = event->modifiers() & (Qt::ControlModifier);
    m_lasso.clear();
    if (m_tool == Tool::Lasso || event->modifiers() & Qt::ShiftModifier) m_lasso << event->position();
}

void ScatterView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF at = event->position();
    if (!m_pressed) {
        setCurrent(pointAt(at));
        if (m_tool == Tool::Move) setCursor(m_current >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
        return;
    }
    if ((at - m_pressedAt).manhattanLength() > kClickSlack) m_dragged = true;
    if (!m_dragged) return;
    setCurrent(-1);
    if (!m_lasso.isEmpty()) {
        if ((at - m_lasso.last()).manhattanLength() > 2.0) m_lasso << at;
        update();
    } else {
        m_centre -= QPointF((at - m_lastAt).x(), -(at - m_lastAt).y()) / m_scale;
        m_lastAt = at;
        m_follows = false;
        setCursor(Qt::ClosedHandCursor);
        redraw();
    }
}

void ScatterView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || !m_pressed) return;
    m_pressed = false;
    const QPolygonF lasso = std::exchange(m_lasso, {});
    setTool(m_tool);
    if (m_dragged) {
        if (!lasso.isEmpty()) selectInside(lasso, m_lassoAdds);
        update();
        return;
    }
    const int point = pointAt(event->position());
    if (!lasso.isEmpty() || event->modifiers() & Qt::ControlModifier) { // a click of the lasso picks one
        std::vector<int> chosen = m_selection;
        if (point >= 0 && std::erase(chosen, point) == 0) chosen.push_back(point);
        setSelection(point < 0 && !m_lassoAdds ? std::vector<int>() : chosen);
    } else if (point >= 0) {
        emit activated(point);
    } else {
        setSelection({});
    }
}

void ScatterView::moveCurrent(const QPointF& direction) {
    const QPointF from = m_current >= 0 ? toScreen(m_current) : QPointF(width() / 2.0, height() / 2.0);
    int best = -1;
    double least = 0.0;
    for (int point = 0; point < pointCount(); ++point) {
        const QPointF away = toScreen(point) - from;
        const double along = QPointF::dotProduct(away, direction);
        if (point == m_current || (m_current >= 0 && along <= 0.5)) continue;
        const double aside = std::abs(away.x() * direction.y() - away.y() * direction.x());
        const double cost = m_current >= 0 ? along + 2.5 * aside : std::hypot(away.x(), away.y());
        if (best >= 0 && cost >= least) continue;
        best = point;
        least = cost;
    }
    if (best < 0) return;
    setCurrent(best);
    const QPointF at = toScreen(best);
    if (QRectF(rect()).adjusted(8, 8, -8, -8).contains(at)) return;
    m_centre = m_positions[static_cast<std::size_t>(best)];
    m_follows = false;
    redraw();
}

void ScatterView::keyPressEvent(QKeyEvent* event) {
    const QPointF direction = event->key() == Qt::Key_Left    ? QPointF(-1, 0)
                              : event->key() == Qt::Key_Right ? QPointF(1, 0)
                              : event->key() == Qt::Key_Up    ? QPointF(0, -1)
                              : event->key() == Qt::Key_Down  ? QPointF(0, 1)
                                                              : QPointF();
    if (!direction.isNull()) {
        if (event->modifiers() & Qt::ShiftModifier) {
            m_centre += QPointF(direction.x() * width(), -direction.y() * height()) * 0.15 / m_scale;
            m_follows = false;
            redraw();
        } else {
            moveCurrent(direction);
        }
        return;
    }
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoomBy(1.25);
    case Qt::Key_Minus:
        return zoomBy(0.8);
    case Qt::Key_0:
    case Qt::Key_Home:
        return fit();
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current >= 0) emit activated(m_current);
        return;
    case Qt::Key_Space:
        if (m_current >= 0) {
            std::vector<int> chosen = m_selection;
            if (std::erase(chosen, m_current) == 0) chosen.push_back(m_current);
            setSelection(std::move(chosen));
        }
        return;
    case Qt::Key_Escape:
        if (m_selection.empty()) break;
        return setSelection({});
    case Qt::Key_A:
        if (!(event->modifiers() & Qt::ControlModifier)) break;
        return selectInside(QPolygonF(QRectF(rect())), false);
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void ScatterView::leaveEvent(QEvent*) {
    if (!hasFocus()) setCurrent(-1);
}

void ScatterView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) redraw();
}

void ScatterView::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    update();
}

void ScatterView::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

} // namespace recoscope
