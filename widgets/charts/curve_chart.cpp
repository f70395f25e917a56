// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_chart.h"

#include "widgets/charts/chart_legend.h"
#include "widgets/charts/chart_picture.h"
#include "widgets/charts/curve_chart_view.h"
#include "widgets/charts/decimate.h"
#include "widgets/style/theme.h"

#include <QApplication>
#include <QBarSeries>
#include <QBarSet>
#include <QChart>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QEvent>
#include <QFileDialog>
#include <QGridLayout>
#include <QImage>
#include <QKeyEvent>
#include <QLabel>
#include <QLineSeries>
#include <QMenu>
#include <QMessageBox>
#include <QPainter>
#include <QScatterSeries>
#include <QTextDocument>
#include <QTimer>
#include <QToolButton>
#include <QValueAxis>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

bool drawable(double value, AxisScale scale) {
    return std::isfinite(value) && (scale == AxisScale::Linear || value > 0.0);
}
double toDrawn(double value, AxisScale scale) { return scale == AxisScale::Log ? std::log10(value) : value; }
double fromDrawn(double value, AxisScale scale) {
    return scale == AxisScale::Log ? std::pow(10.0, value) : value;
}

struct Range {
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    void add(double value) {
        min = std::min(min, value);
        max = std::max(max, value);
    }
    bool empty() const { return !(min <= max); }
};

} // namespace

struct CurveChart::Private {
    CurveChart* q;
    QLabel* title;
    QLabel* legend;
    QToolButton* reset;
    QToolButton* save;
    CurveChartView* view;
    QChart* chart;
    QValueAxis* axisX;
    QValueAxis* axisY;
    ChartAxis x;
    ChartAxis y;
    QVector<ChartSeries> series;
    QVector<QPair<QString, double>> bars;
    QVector<ChartMark> marks;
    QVector<QVector<QPointF>> drawn; // transformed points per series
    QVector<QXYSeries*> lines;
    QBarSeries* barSeries = nullptr;
    std::optional<QRectF> zoom; // drawn coordinates
    QString emptyText;
    bool legendVisible = true;
    bool dirty = false;
    bool scheduled = false;
    int hidden = 0; // points that a log axis cannot show
    int drawnPoints = 0;

    QColor color(int index) const {
        const QColor& own = series[index].color;
        return own.isValid() ? own : Theme::current().series(index);
    }
    void refresh();
    void transform();
    void draw(const QRectF& range);
    void drawBars();
    void applyAxes(const QRectF& range);
    void updateLegend();
    QRectF fullRange() const;
    ChartCursor cursorAt(double drawnX, QString* plain) const;
    ChartCursor barCursor(double drawnX, QString* plain) const;
};

CurveChart::CurveChart(QWidget* parent)
    : QWidget(parent)
    , d(new Private) {
    d->q = this;
    d->chart = new QChart;
    d->chart->legend()->hide();
    d->axisX = new QValueAxis(d->chart);
    d->axisY = new QValueAxis(d->chart);
    for (QValueAxis* axis : {d->axisX, d->axisY})
        axis->setVisible(false);
    d->chart->addAxis(d->axisX, Qt::AlignBottom);
    d->chart->addAxis(d->axisY, Qt::AlignLeft);
    d->view = new CurveChartView(d->chart, this);
    d->view->cursorAt = [this](double x) { return d->cursorAt(x, nullptr); };
    d->title = new QLabel(this);
    d->legend = new QLabel(this);
    d->legend->setTextFormat(Qt::RichText);
    d->legend->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // lines are broken by us
    d->legend->hide();
    d->reset = new QToolButton(this);
    d->reset->setText(tr("Reset zoom"));
    d->reset->setToolTip(tr("Shows everything again (double click in the chart, or Esc)"));
    d->reset->hide();
    d->save = new QToolButton(this);
    d->save->setObjectName(QStringLiteral("savePicture"));
    d->save->setAutoRaise(true);
    d->save->setToolTip(tr("Saves this chart as PNG, SVG or PDF"));
    d->save->setAccessibleName(tr("Save the chart as a picture"));
    connect(d->save, &QToolButton::clicked, this, &CurveChart::askAndSave);
    d->title->hide();
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(2);
    grid->addWidget(d->title, 0, 0);
    grid->setHorizontalSpacing(2);
    grid->addWidget(d->reset, 0, 1, 2, 1, Qt::AlignRight | Qt::AlignTop);
    grid->addWidget(d->save, 0, 2, 2, 1, Qt::AlignRight | Qt::AlignTop);
    grid->addWidget(d->legend, 1, 0);
    grid->addWidget(d->view, 2, 0, 1, 3);
    d->view->setContextMenuPolicy(Qt::NoContextMenu); // the chart's own
    grid->setRowStretch(2, 1);
    grid->setColumnStretch(0, 1);
    setFocusPolicy(Qt::ClickFocus);
    connect(d->reset, &QToolButton::clicked, this, &CurveChart::resetZoom);
    connect(d->view, &CurveChartView::resetRequested, this, &CurveChart::resetZoom);
    connect(d->view, &CurveChartView::plotResized, this, &CurveChart::markDirty);
    connect(d->view, &CurveChartView::zoomSelected, this, [this](const QRectF& range) {
        d->zoom = range;
        d->reset->show();
        markDirty();
        emit zoomChanged(true);
    });
    Theme::keepFont(d->title, 1.0, true);
    Theme::keepFont(d->legend, 0.92);
    restyle();
    markDirty();
}

CurveChart::~CurveChart() = default;

void CurveChart::setTitle(const QString& title) {
    d->title->setText(title);
    d->title->setVisible(!title.isEmpty());
}

void CurveChart::setTitleWidget(QWidget* widget) {
    auto* grid = static_cast<QGridLayout*>(layout());
    grid->addWidget(widget, 0, 0, Qt::AlignLeft);
}

void CurveChart::setTitleHeight(int height) {
    static_cast<QGridLayout*>(layout())->setRowMinimumHeight(0, height);
}

void CurveChart::setAxes(const ChartAxis& x, const ChartAxis& y) {
    if (d->x == x && d->y == y) return;
    if (d->x.scale != x.scale || d->y.scale != y.scale || d->x.title != x.title || d->x.unit != x.unit)
        resetZoom();
    d->x = x;
    d->y = y;
    markDirty();
}

void CurveChart::setScale(AxisScale x, AxisScale y) {
    ChartAxis newX = d->x;
    ChartAxis newY = d->y;
    newX.scale = x;
    newY.scale = y;
    setAxes(newX, newY);
}

const ChartAxis& CurveChart::xAxis() const { return d->x; }
const ChartAxis& CurveChart::yAxis() const { return d->y; }

void CurveChart::setEmptyText(const QString& text) {
    if (d->emptyText == text) return;
    d->emptyText = text;
    markDirty();
}

void CurveChart::setLegendVisible(bool visible) {
    d->legendVisible = visible;
    markDirty();
}

void CurveChart::setSeries(QVector<ChartSeries> series) {
    d->series = std::move(series);
    d->bars.clear();
    markDirty();
}

const QVector<ChartSeries>& CurveChart::series() const { return d->series; }

void CurveChart::setBars(QVector<QPair<QString, double>> bars) {
    d->bars = std::move(bars);
    d->series.clear();
    markDirty();
}

void CurveChart::clear() { setSeries({}); }

void CurveChart::setMarks(QVector<ChartMark> marks) {
    d->marks = std::move(marks);
    markDirty();
}

const QVector<ChartMark>& CurveChart::marks() const { return d->marks; }
bool CurveChart::zoomed() const { return d->zoom.has_value(); }

void CurveChart::resetZoom() {
    if (!d->zoom) return;
    d->zoom.reset();
    d->reset->hide();
    markDirty();
    emit zoomChanged(false);
}

void CurveChart::zoomTo(double xMin, double xMax, double yMin, double yMax) {
    if (!drawable(xMin, d->x.scale) || !drawable(yMin, d->y.scale) || !(xMax > xMin) || !(yMax > yMin))
        return;
    d->zoom = QRectF(QPointF(toDrawn(xMin, d->x.scale), toDrawn(yMin, d->y.scale)),
                     QPointF(toDrawn(xMax, d->x.scale), toDrawn(yMax, d->y.scale)));
    d->reset->show();
    markDirty();
    emit zoomChanged(true);
}

QString CurveChart::readOut(double x) const {
    QString plain;
    if (!drawable(x, d->x.scale)) return plain;
    d->cursorAt(toDrawn(x, d->x.scale), &plain);
    return plain;
}

void CurveChart::refreshNow() {
    if (d->dirty) d->refresh();
}

int CurveChart::drawnPoints() const { return d->drawnPoints; }
QChart* CurveChart::chart() const { return d->chart; }
QSize CurveChart::sizeHint() const { return {480, 280}; }
QSize CurveChart::minimumSizeHint() const { return {220, 130}; }

void CurveChart::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) restyle();
}

void CurveChart::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (d->dirty) markDirty();
}

void CurveChart::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && zoomed()) return resetZoom();
    QWidget::keyPressEvent(event);
}

void CurveChart::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Save as picture…"), this, &CurveChart::askAndSave);
    menu.addAction(tr("Copy as picture"), this, [this] {
        QImage image(2 * size(), QImage::Format_ARGB32_Premultiplied);
        image.setDevicePixelRatio(2);
        image.fill(Theme::current().colors().surface);
        QPainter painter(&image);
        paintPicture(painter);
        painter.end();
        QApplication::clipboard()->setImage(image);
    });
    if (zoomed()) menu.addAction(tr("Reset zoom"), this, &CurveChart::resetZoom);
    menu.exec(event->globalPos());
}

void CurveChart::paintPicture(QPainter& painter) {
    refreshNow();
    d->view->hideCursor();
    int top = 0;
    const auto text = [&](const QLabel* label, const QString& html) {
        if (!label->isVisibleTo(this) || label->text().isEmpty()) return;
        QTextDocument words;
        words.setDocumentMargin(2);
        words.setDefaultFont(label->font());
        words.setTextWidth(width());
        words.setHtml(
            QStringLiteral("<div style=\"color:%1\">%2</div>").arg(Theme::current().colors().text.name(), html));
        painter.save();
        painter.translate(0, top);
        words.drawContents(&painter);
        painter.restore();
        top += static_cast<int>(std::ceil(words.size().height()));
    };
    text(d->title, d->title->text().toHtmlEscaped());
    text(d->legend, d->legend->text());
    d->view->render(&painter, QRectF(0, top, d->view->width(), height() - top), d->view->rect(),
                    Qt::KeepAspectRatio);
}

Status CurveChart::savePicture(const QString& path) {
    return writePicture(path, size(), d->title->text(), [this](QPainter& painter) { paintPicture(painter); });
}

void CurveChart::askAndSave() {
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save the chart"), d->title->text().section(QLatin1Char(' '), 0, 0).toLower() + QStringLiteral(".png"),
        tr("PNG picture (*.png);;SVG, scalable (*.svg);;PDF, for papers (*.pdf)"));
    if (path.isEmpty()) return;
    if (const Status saved = savePicture(path); !saved)
        QMessageBox::warning(this, tr("Save the chart"), QString::fromStdString(saved.error().text()));
}

void CurveChart::markDirty() {
    d->dirty = true;
    if (d->scheduled || !isVisible()) return;
    d->scheduled = true;
    QTimer::singleShot(0, this, [this] {
        d->scheduled = false;
        if (d->dirty && isVisible()) d->refresh();
    });
}

void CurveChart::restyle() {
    styleChart(d->chart);
    d->chart->setPlotAreaBackgroundVisible(false); // the view draws ground, grid and labels behind the curves
    d->save->setIcon(themedIcon(QStringLiteral("export"), Theme::current().colors().muted));
    markDirty();
}

void CurveChart::Private::refresh() {
    dirty = false;
    transform();
    const QRectF range = zoom.value_or(fullRange());
    if (bars.isEmpty()) {
        if (barSeries) chart->removeSeries(barSeries), delete barSeries, barSeries = nullptr;
        draw(range);
    } else {
        drawBars();
    }
    const bool empty = drawnPoints == 0 && !zoom;
    view->setEmptyText(!empty       ? QString()
                       : hidden > 0 ? tr("All values are zero or below: a logarithmic axis cannot show them.")
                       : emptyText.isEmpty() ? tr("Nothing to show yet")
                                             : emptyText);
    applyAxes(range);
    updateLegend();
}

void CurveChart::Private::transform() {
    hidden = 0;
    drawn.resize(series.size());
    for (int i = 0; i < series.size(); ++i) {
        QVector<QPointF>& out = drawn[i];
        out.clear();
        if (x.scale == AxisScale::Linear && y.scale == AxisScale::Linear) {
            out = series[i].points; // shared, not copied
            continue;
        }
        out.reserve(series[i].points.size());
        for (const QPointF& point : series[i].points) {
            if (drawable(point.x(), x.scale) && drawable(point.y(), y.scale))
                out.append({toDrawn(point.x(), x.scale), toDrawn(point.y(), y.scale)});
            else
                ++hidden;
        }
    }
}

QRectF CurveChart::Private::fullRange() const {
    Range xs;
    Range ys;
    if (!bars.isEmpty()) {
        xs.add(-0.5);
        xs.add(static_cast<double>(bars.size()) - 0.5);
        ys.add(0.0);
        for (const auto& bar : bars)
            if (drawable(bar.second, y.scale)) ys.add(toDrawn(bar.second, y.scale));
        if (ys.max <= 0.0) ys.add(1.0);
        return QRectF(xs.min, ys.min, xs.max - xs.min, (ys.max - ys.min) * 1.06);
    }
    for (const auto& points : drawn)
        for (const QPointF& point : points) {
            if (!std::isfinite(point.x()) || !std::isfinite(point.y())) continue;
            xs.add(point.x());
            ys.add(point.y());
        }
    if (x.min && drawable(*x.min, x.scale)) xs.add(toDrawn(*x.min, x.scale));
    if (x.max && drawable(*x.max, x.scale)) xs.add(toDrawn(*x.max, x.scale));
    if (xs.empty()) xs = {0.0, 1.0};
    if (ys.empty()) ys = {0.0, 1.0};
    const auto widen = [](Range& range, AxisScale scale, AxisUnit unit) {
        if (range.max - range.min > 1e-12 * std::max(std::abs(range.max), 1e-300)) return;
        const double by = scale == AxisScale::Log     ? 0.5
                          : unit == AxisUnit::Integer ? 1.0
                                                      : std::max(std::abs(range.max) * 0.1, 1e-6);
        range = {range.min - by, range.max + by};
    };
    widen(xs, x.scale, x.unit);
    widen(ys, y.scale, y.unit);
    const double pad = 0.06 * (ys.max - ys.min);
    // A curve that never goes below zero does not need an axis that does.
    ys.min = y.scale == AxisScale::Linear && ys.min >= 0.0 ? std::max(0.0, ys.min - pad) : ys.min - pad;
    ys.max += pad;
    const double side = 0.015 * (xs.max - xs.min); // first and last dots are drawn whole
    if (!x.min) xs.min -= side;
    if (!x.max) xs.max += side;
    if (y.min && drawable(*y.min, y.scale)) ys.min = toDrawn(*y.min, y.scale);
    if (y.max && drawable(*y.max, y.scale)) ys.max = toDrawn(*y.max, y.scale);
    return QRectF(xs.min, ys.min, xs.max - xs.min, ys.max - ys.min);
}

void CurveChart::Private::draw(const QRectF& range) {
    while (lines.size() > series.size()) {
        chart->removeSeries(lines.back());
        delete lines.takeLast();
    }
    drawnPoints = 0;
    const int columns = std::max(50, static_cast<int>(view->plotRect().width()));
    for (int i = 0; i < series.size(); ++i) {
        const bool scatter = series[i].kind == SeriesKind::Scatter;
        if (i < lines.size() && scatter != (lines[i]->type() == QAbstractSeries::SeriesTypeScatter)) {
            while (lines.size() > i) {
                chart->removeSeries(lines.back());
                delete lines.takeLast();
            }
        }
        if (i == lines.size()) {
            QXYSeries* added = scatter ? static_cast<QXYSeries*>(new QScatterSeries) : new QLineSeries;
            chart->addSeries(added);
            added->attachAxis(axisX);
            added->attachAxis(axisY);
            lines.append(added);
        }
        QXYSeries* line = lines[i];
        QColor tint = color(i);
        if (series[i].faint) tint.setAlphaF(Theme::current().dark() ? 0.45f : 0.38f);
        const QVector<QPointF> points =
            scatter ? drawn[i] : decimate(drawn[i], range.left(), range.right(), columns);
        if (scatter) {
            auto* dots = static_cast<QScatterSeries*>(line);
            dots->setMarkerSize(7.0);
            dots->setBorderColor(Qt::transparent);
            dots->setColor(tint);
        } else {
            line->setPen(
                QPen(tint, series[i].faint ? 1.2 : 2.2, series[i].style, Qt::RoundCap, Qt::RoundJoin));
            // A line of one point, or of few, is invisible or hides where it was measured.
            line->setPointsVisible(points.size() <= 40 && !series[i].faint);
        }
        line->replace(points);
        drawnPoints += static_cast<int>(points.size());
    }
}

void CurveChart::Private::drawBars() {
    for (QXYSeries* line : std::as_const(lines)) {
        chart->removeSeries(line);
        delete line;
    }
    lines.clear();
    if (barSeries) chart->removeSeries(barSeries), delete barSeries;
    barSeries = new QBarSeries;
    auto* set = new QBarSet(QString());
    for (const auto& bar : bars)
        *set << (drawable(bar.second, y.scale) ? toDrawn(bar.second, y.scale) : 0.0);
    set->setColor(Theme::current().series(0));
    set->setBorderColor(Qt::transparent);
    barSeries->append(set);
    barSeries->setBarWidth(0.8);
    chart->addSeries(barSeries);
    barSeries->attachAxis(axisX);
    barSeries->attachAxis(axisY);
    drawnPoints = static_cast<int>(bars.size());
}

void CurveChart::Private::applyAxes(const QRectF& range) {
    const QFontMetrics metrics(Theme::current().font(0.9));
    const int wantedX =
        std::clamp(static_cast<int>(view->width() / (metrics.averageCharWidth() * 13.0)), 2, 12);
    const int wantedY = std::clamp(static_cast<int>(view->height() / (metrics.height() * 2.6)), 2, 10);
    CurveChartView::Axis drawnX{x.title, {}, range.left(), range.right()};
    if (bars.isEmpty()) {
        drawnX.ticks = axisTicks(range.left(), range.right(), x.scale, x.unit, wantedX);
    } else {
        for (int i = 0; i < bars.size(); ++i)
            drawnX.ticks.append({static_cast<double>(i), bars[i].first});
    }
    CurveChartView::Axis drawnY{y.title, axisTicks(range.top(), range.bottom(), y.scale, y.unit, wantedY),
                                range.top(), range.bottom()};
    axisX->setRange(range.left(), range.right());
    axisY->setRange(range.top(), range.bottom());
    QVector<ChartMark> shown;
    for (const ChartMark& mark : std::as_const(marks))
        if (drawable(mark.position.x(), x.scale) && drawable(mark.position.y(), y.scale))
            shown.append({{toDrawn(mark.position.x(), x.scale), toDrawn(mark.position.y(), y.scale)},
                          mark.color,
                          mark.text});
    view->setMarks(std::move(shown));
    view->setAxes(std::move(drawnX), std::move(drawnY));
}

void CurveChart::Private::updateLegend() {
    QVector<LegendEntry> entries;
    QStringList seen;
    for (int i = 0; i < series.size(); ++i) {
        if (series[i].name.isEmpty() || drawn[i].isEmpty() || seen.contains(series[i].group)) continue;
        if (!series[i].group.isEmpty()) seen << series[i].group;
        entries.append({series[i].group.isEmpty() ? series[i].name : series[i].group, color(i),
                        series[i].kind == SeriesKind::Scatter ? QStringLiteral("●")
                        : series[i].style == Qt::SolidLine    ? QStringLiteral("━━")
                                                              : QStringLiteral("╍╍")});
    }
    const QFontMetrics metrics(Theme::current().font(0.92, true));
    const LegendText shown = legendText(entries, std::max(120, q->width() - 3 * metrics.height()), metrics);
    QString text = shown.html;
    if (hidden > 0 && drawnPoints > 0)
        text += (text.isEmpty() ? QString() : QStringLiteral("<br>")) +
                QStringLiteral("<i>%1</i>")
                    .arg(tr("%n point(s) at or below zero are not on the logarithmic axis", nullptr, hidden));
    if (legend->text() != text) {
        legend->setText(text);
        legend->setToolTip(shown.left.join(QLatin1Char('\n')));
    }
    legend->setVisible(legendVisible && !text.isEmpty());
}

ChartCursor CurveChart::Private::barCursor(double drawnX, QString* plain) const {
    const int index = static_cast<int>(std::lround(drawnX));
    if (index < 0 || index >= bars.size()) return {};
    const auto& [label, value] = bars[index];
    const QString text = valueText(value, y.unit);
    if (plain) *plain = QStringLiteral("%1: %2").arg(label, text);
    ChartCursor cursor;
    cursor.x = static_cast<double>(index);
    cursor.html = QStringLiteral("%1 %2<br><b>%3</b> %4")
                      .arg(x.title.toHtmlEscaped(), label.toHtmlEscaped(), text, y.title.toHtmlEscaped());
    return cursor;
}

ChartCursor CurveChart::Private::cursorAt(double drawnX, QString* plain) const {
    if (!bars.isEmpty()) return barCursor(drawnX, plain);
    struct Hit {
        int series;
        QPointF point;
    };
    QVector<Hit> hits;
    const double visible = zoom ? zoom->width() : axisX->max() - axisX->min();
    const double reach =
        std::max(0.05 * visible, x.unit == AxisUnit::Integer && x.scale == AxisScale::Linear ? 0.5 : 0.0);
    const Hit* nearest = nullptr;
    for (int i = 0; i < drawn.size(); ++i) {
        if (series[i].name.isEmpty()) continue;
        const QPointF* best = nullptr;
        for (const QPointF& point : drawn[i])
            if (!best || std::abs(point.x() - drawnX) < std::abs(best->x() - drawnX)) best = &point;
        if (best && std::isfinite(best->y()) && std::abs(best->x() - drawnX) <= reach)
            hits.append({i, *best});
    }
    if (hits.isEmpty()) return {};
    for (const Hit& hit : hits)
        if (!nearest || std::abs(hit.point.x() - drawnX) < std::abs(nearest->point.x() - drawnX))
            nearest = &hit;
    ChartCursor cursor;
    cursor.x = nearest->point.x();
    const auto xText = [this](double value) { return valueText(fromDrawn(value, x.scale), x.unit); };
    cursor.html = QStringLiteral("<b>%1 %2</b>").arg(x.title.toHtmlEscaped(), xText(cursor.x));
    QStringList lineTexts{QStringLiteral("%1 %2").arg(x.title, xText(cursor.x))};
    for (const Hit& hit : hits) {
        QString value = valueText(fromDrawn(hit.point.y(), y.scale), y.unit);
        if (std::abs(hit.point.x() - cursor.x) > 1e-9 * std::max(1.0, std::abs(cursor.x)))
            value += tr(" (at %1)").arg(xText(hit.point.x()));
        const ChartSeries& curve = series[hit.series];
        cursor.dots.append({hit.point, color(hit.series)});
        cursor.rows << QStringLiteral("<span style=\"color:%1\">●</span> %2: <b>%3</b>")
                           .arg(color(hit.series).name(), curve.name.toHtmlEscaped(), value);
        lineTexts << QStringLiteral("%1: %2").arg(curve.name, value);
    }
    if (plain) *plain = lineTexts.join(QLatin1Char('\n'));
    return cursor;
}

} // namespace recoscope
