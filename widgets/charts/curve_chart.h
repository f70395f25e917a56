// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include "widgets/charts/axis_ticks.h"

#include <QColor>
#include <QPointF>
#include <QString>
#include <QVector>
#include <QWidget>

#include <memory>
#include <optional>

class QChart;
class QPainter;

namespace recoscope {

struct ChartAxis {
    QString title; // with the unit where it is not obvious: "Interactions", "Time (s)"
    AxisScale scale = AxisScale::Linear;
    AxisUnit unit = AxisUnit::Number;
    std::optional<double> min; // fixed end instead of the data's; values, not logarithms
    std::optional<double> max;
    bool operator==(const ChartAxis&) const = default;
};

enum class SeriesKind { Line, Scatter };

/// One curve. Points keep every value; the chart thins what it draws.
struct ChartSeries {
    QString key;  // identity across updates
    QString name; // in legend and read-out; empty: not named there (a raw curve below its smoothed one)
    QString group; // one legend entry for all of a group; empty: an entry of its own
    SeriesKind kind = SeriesKind::Line;
    QVector<QPointF> points; // x ascending for lines
    QColor color;            // invalid: by position from the theme
    Qt::PenStyle style = Qt::SolidLine;
    bool faint = false; // drawn thin and translucent
};

/// A point that stands out: a ring on a curve, with a word beside it where there is one.
struct ChartMark {
    QPointF position; // values, not logarithms
    QColor color;
    QString text;
};

/// A chart that a person can read and use: linear or logarithmic axes both ways, a legend that never
/// truncates, a read-out of the nearest points under the mouse, rubber-band zoom (drag; double click, Esc or
/// the button resets), bars, and a text that says what to do while there is nothing to draw. Draws at most
/// two points a pixel column, only when something changed and only while visible. GUI thread.
class CurveChart : public QWidget {
    Q_OBJECT
public:
    explicit CurveChart(QWidget* parent = nullptr);
    ~CurveChart() override;

    void setTitle(const QString& title);
    /// In the place of the title, say a choice of what is drawn; the chart takes it over.
    void setTitleWidget(QWidget* widget);
    /// At least, in pixels: charts side by side start at one height though only one has a widget there.
    void setTitleHeight(int height);
    void setAxes(const ChartAxis& x, const ChartAxis& y);
    void setScale(AxisScale x, AxisScale y);
    const ChartAxis& xAxis() const;
    const ChartAxis& yAxis() const;
    /// Shown in the middle while no series has a point that can be drawn.
    void setEmptyText(const QString& text);
    void setLegendVisible(bool visible);

    /// Replaces all series; the zoom stays.
    void setSeries(QVector<ChartSeries> series);
    const QVector<ChartSeries>& series() const;
    /// A bar chart of labelled values instead of series.
    void setBars(QVector<QPair<QString, double>> bars);
    void clear();
    /// Rings over the curves; those outside of what is shown are left out.
    void setMarks(QVector<ChartMark> marks);
    const QVector<ChartMark>& marks() const;

    /// Draws title, legend and chart as they stand now. Vectors stay vectors where the painter keeps them.
    void paintPicture(QPainter& painter);
    /// Writes that to a file: .svg, .pdf, or a bitmap of twice the size on screen.
    Status savePicture(const QString& path);
    /// Asks for a name first.
    void askAndSave();

    bool zoomed() const;
    void resetZoom();
    /// Shows this part only, in values (not logarithms).
    void zoomTo(double xMin, double xMax, double yMin, double yMax);

    /// What the read-out says at a value of x: one line a series, nearest point, with units. Plain text.
    QString readOut(double x) const;
    /// Brings the drawing up to date now instead of in the next event loop turn (pictures, tests).
    void refreshNow();
    /// Points drawn at the last refresh, all series.
    int drawnPoints() const;
    QChart* chart() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void zoomChanged(bool zoomed);

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    friend class CurveChartView;
    void markDirty();
    void restyle();
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
