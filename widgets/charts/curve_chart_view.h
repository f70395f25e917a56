// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/charts/axis_ticks.h"

#include "widgets/charts/curve_chart.h"

#include <QChartView>
#include <QRectF>

class QLabel;
class QRubberBand;

namespace recoscope {

/// What the view shows under the mouse: a vertical line at x, a dot a series, and a text.
struct ChartCursor {
    struct Dot {
        QPointF position; // drawn coordinates
        QColor color;
    };
    double x = 0.0; // drawn coordinate
    QVector<Dot> dots;
    QString html;
    QStringList rows; // below html, one a dot; those nearest to the mouse are shown, as many as fit
};

/// The drawing area of a CurveChart: our own grid and labels (so that nothing is truncated and short
/// logarithmic axes have labels), rubber band and read-out. Works in drawn coordinates: values, or their
/// log10 on a log axis.
class CurveChartView final : public QChartView {
    Q_OBJECT
public:
    explicit CurveChartView(QChart* chart, QWidget* parent = nullptr);

    struct Axis {
        QString title;
        QVector<AxisTick> ticks;
        double min = 0.0;
        double max = 1.0;
    };
    /// New range and labels; lays the plot area out around them.
    void setAxes(Axis x, Axis y);
    void setEmptyText(const QString& text);
    /// Positions are drawn coordinates.
    void setMarks(QVector<ChartMark> marks) { m_marks = std::move(marks); }
    /// Called with a drawn x; returns what to show there.
    std::function<ChartCursor(double x)> cursorAt;

    QPointF toValue(const QPointF& position) const;
    QPointF toPosition(const QPointF& value) const;
    QRectF plotRect() const { return m_plot; }
    void hideCursor();

signals:
    void zoomSelected(const QRectF& range); // drawn coordinates, normalised
    void resetRequested();
    void plotResized();

protected:
    void drawBackground(QPainter* painter, const QRectF& rect) override;
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    void layOut();
    void drawMarks(QPainter* painter) const;
    void showCursor(const QPointF& position);
    QString readOutText(double mouseY) const;

    Axis m_x;
    Axis m_y;
    QRectF m_plot;
    QString m_emptyText;
    QVector<ChartMark> m_marks;
    QLabel* m_readOut = nullptr;
    QRubberBand* m_band = nullptr;
    QPoint m_pressed;
    bool m_selecting = false;
    bool m_cursorVisible = false;
    ChartCursor m_cursor;
};

} // namespace recoscope
