// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/decimate.h"

#include <QAbstractAxis>
#include <QBarSeries>
#include <QChart>
#include <QGraphicsView>
#include <QLabel>
#include <QLineSeries>
#include <QSignalSpy>
#include <QFile>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

QVector<QPointF> noise(int count) {
    QVector<QPointF> points;
    quint64 state = 88172645463325252ull; // xorshift, seeded: the same curve every time
    for (int i = 0; i < count; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        points.append({static_cast<double>(i), static_cast<double>(state % 1000) / 1000.0});
    }
    return points;
}

ChartSeries line(const QString& name, QVector<QPointF> points) {
    ChartSeries series;
    series.key = series.name = name;
    series.points = std::move(points);
    return series;
}

void showChart(CurveChart& chart) {
    chart.resize(600, 400);
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    chart.refreshNow();
}

QXYSeries* drawn(const CurveChart& chart, int index) {
    return qobject_cast<QXYSeries*>(chart.chart()->series().value(index));
}

} // namespace

class TestCurveChart final : public QObject {
    Q_OBJECT
private slots:
    void decimationKeepsMinimumAndMaximumOfEveryColumn() {
        const auto points = noise(20'000);
        const auto thin = decimate(points, 0.0, 19'999.0, 400);
        QVERIFY(thin.size() <= 802);
        // 50 points a column: recompute each column's extremes directly.
        for (int column = 0; column < 400; ++column) {
            double low = 2.0;
            double high = -1.0;
            double thinLow = 2.0;
            double thinHigh = -1.0;
            const auto inColumn = [&](const QPointF& p) {
                return std::min(399, static_cast<int>(p.x() * (400 / 19'999.0))) == column;
            };
            for (const QPointF& p : points)
                if (inColumn(p)) low = std::min(low, p.y()), high = std::max(high, p.y());
            for (const QPointF& p : thin)
                if (inColumn(p)) thinLow = std::min(thinLow, p.y()), thinHigh = std::max(thinHigh, p.y());
            QCOMPARE(thinLow, low);
            QCOMPARE(thinHigh, high);
        }
        QVERIFY(std::is_sorted(thin.begin(), thin.end(),
                               [](const QPointF& a, const QPointF& b) { return a.x() < b.x(); }));
    }

    void decimationKeepsOneOutlierOfAMillion() {
        QVector<QPointF> points;
        for (int i = 0; i < 1'000'000; ++i)
            points.append({static_cast<double>(i), i == 777'777 ? 42.0 : 0.0});
        const auto thin = decimate(points, 0.0, 999'999.0, 500);
        QVERIFY(thin.contains(QPointF(777'777.0, 42.0)));
    }

    void decimationOfAZoomedRangeRunsToBothEdges() {
        const auto points = noise(1000);
        const auto thin = decimate(points, 100.5, 110.5, 300);
        QCOMPARE(thin.front().x(), 100.0); // the neighbour outside
        QCOMPARE(thin.back().x(), 111.0);
        QCOMPARE(thin.size(), 12);
    }

    void decimationLeavesOutWhatIsNoNumber() {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto thin = decimate({{0, 1}, {1, nan}, {2, 3}}, 0, 2, 100);
        QCOMPARE(thin, QVector<QPointF>({{0, 1}, {2, 3}}));
        QVERIFY(decimate({}, 0, 1, 100).isEmpty());
    }

    void smoothingOfAConstantIsTheConstant() {
        const auto smooth = smoothed({{0, 2}, {1, 2}, {2, 2}}, 0.9);
        for (const QPointF& p : smooth)
            QVERIFY(std::abs(p.y() - 2.0) < 1e-12); // without the start correction: 0.2, 0.38, 0.542
        // By hand: weight 0.5 of 0, 1: (0.25 * 0 + 0.5 * 1) / 0.75
        QVERIFY(std::abs(smoothed({{0, 0}, {1, 1}}, 0.5).back().y() - 2.0 / 3.0) < 1e-12);
    }

    void aLogAxisLeavesZerosOutAndSaysSo() {
        CurveChart chart;
        chart.setAxes({"Rank", AxisScale::Linear, AxisUnit::Integer, {}, {}},
                      {"Loss", AxisScale::Log, AxisUnit::Number, {}, {}});
        chart.setSeries({line("a", {{1, 100.0}, {2, 0.0}, {3, 1.0}, {4, -5.0}})});
        showChart(chart);
        QCOMPARE(chart.drawnPoints(), 2);
        QCOMPARE(drawn(chart, 0)->points(), QList<QPointF>({{1, 2.0}, {3, 0.0}}));
        bool said = false;
        for (const QLabel* label : chart.findChildren<QLabel*>())
            said = said || label->text().contains(QStringLiteral("logarithmic"));
        QVERIFY(said);
        // The read-out speaks of values, not of logarithms.
        QVERIFY2(chart.readOut(1).contains(QStringLiteral("a: 100")), qPrintable(chart.readOut(1)));
    }

    void onlyZerosOnALogAxisGiveATextInsteadOfAPlot() {
        CurveChart chart;
        chart.setScale(AxisScale::Linear, AxisScale::Log);
        chart.setSeries({line("a", {{1, 0.0}, {2, 0.0}})});
        showChart(chart);
        QCOMPARE(chart.drawnPoints(), 0);
        chart.setScale(AxisScale::Linear, AxisScale::Linear);
        chart.refreshNow();
        QCOMPARE(chart.drawnPoints(), 2);
    }

    void aLongCurveIsDrawnWithAtMostTwoPointsAPixelColumn() {
        CurveChart chart;
        chart.setSeries({line("a", noise(50'000))});
        showChart(chart);
        QVERIFY(chart.drawnPoints() > 600);
        QVERIFY2(chart.drawnPoints() <= 2 * chart.width() + 2,
                 qPrintable(QString::number(chart.drawnPoints())));
        QCOMPARE(chart.series().front().points.size(), 50'000); // every point is kept
    }

    void nothingIsDrawnWhileHidden() {
        CurveChart chart;
        chart.resize(600, 400);
        chart.setSeries({line("a", noise(100))});
        QTest::qWait(30);
        QCOMPARE(chart.drawnPoints(), 0);
        chart.show();
        QTRY_COMPARE(chart.drawnPoints(), 100);
    }

    void readOutNamesEverySeriesWithNearestValueAndUnit() {
        CurveChart chart;
        chart.setAxes({"Time", AxisScale::Linear, AxisUnit::Seconds, {}, {}},
                      {"NDCG", AxisScale::Linear, AxisUnit::Number, {}, {}});
        chart.setSeries(
            {line("one", {{0, 0.1}, {10, 0.25}, {20, 0.3}}), line("two", {{0, 0.5}, {10, 0.75}})});
        showChart(chart);
        QCOMPARE(chart.readOut(10.4), QStringLiteral("Time 10 s\none: 0.25\ntwo: 0.75"));
        // The second run ended long before: nothing is made up for it.
        QCOMPARE(chart.readOut(20), QStringLiteral("Time 20 s\none: 0.3"));
    }

    void zoomNarrowsTheAxesAndResetsByDoubleClick() {
        CurveChart chart;
        chart.setSeries({line("a", noise(200))});
        showChart(chart);
        QSignalSpy moved(&chart, &CurveChart::zoomChanged);
        chart.zoomTo(50, 60, 0.2, 0.8);
        chart.refreshNow();
        QVERIFY(chart.zoomed());
        QCOMPARE(drawn(chart, 0)->points().size(), 13); // 50..60 and a neighbour on each side
        QTest::keyClick(&chart, Qt::Key_Escape);
        QVERIFY(!chart.zoomed());
        chart.refreshNow();
        QCOMPARE(drawn(chart, 0)->points().size(), 200);
        QCOMPARE(moved.count(), 2);
    }

    void draggingAFrameZooms() {
        CurveChart chart;
        chart.setSeries({line("a", noise(200))});
        showChart(chart);
        auto* view = chart.findChild<QGraphicsView*>();
        const QRectF plot = chart.chart()->plotArea();
        const QPoint from = plot.topLeft().toPoint() + QPoint(40, 20);
        const QPoint to = from + QPoint(120, 90);
        QTest::mousePress(view->viewport(), Qt::LeftButton, {}, from);
        QTest::mouseMove(view->viewport(), to);
        QTest::mouseRelease(view->viewport(), Qt::LeftButton, {}, to);
        QVERIFY(chart.zoomed());
        chart.refreshNow();
        QVERIFY(drawn(chart, 0)->points().size() < 70);
    }

    void aChartIsSavedAsBitmapAndAsVectors() {
        CurveChart chart;
        chart.resize(480, 300);
        chart.setTitle("Loss of this run");
        chart.setSeries({{.key = "a", .name = "training", .points = {{1, 1}, {2, 3}, {3, 2}}}});
        chart.setMarks({{{2, 3}, Qt::red, "best in epoch 2"}});
        chart.show();
        QVERIFY(QTest::qWaitForWindowExposed(&chart));
        QTemporaryDir folder;
        QVERIFY(chart.savePicture(folder.filePath("c.png")).ok());
        const QImage image(folder.filePath("c.png"));
        QCOMPARE(image.size(), QSize(960, 600));
        int colours = 0; // the red ring is in it
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                colours += image.pixelColor(x, y) == QColor(Qt::red);
        QVERIFY(colours > 20);
        QVERIFY(chart.savePicture(folder.filePath("c.svg")).ok());
        QFile svg(folder.filePath("c.svg"));
        QVERIFY(svg.open(QIODevice::ReadOnly));
        const QByteArray text = svg.readAll();
        QVERIFY(text.contains("<path") || text.contains("<polyline"));
        QVERIFY(text.contains("best in epoch 2")); // words stay words
        QVERIFY(!text.contains("<image"));
        QVERIFY(chart.savePicture(folder.filePath("c.pdf")).ok());
        QFile pdf(folder.filePath("c.pdf"));
        QVERIFY(pdf.open(QIODevice::ReadOnly));
        QVERIFY(pdf.read(5) == "%PDF-" && pdf.size() > 1000);
        const Status refused = chart.savePicture(folder.filePath("no/such/c.png"));
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::Io);
    }

    void barsReplaceCurvesAndBack() {
        CurveChart chart;
        chart.setSeries({line("a", noise(10))});
        showChart(chart);
        chart.setBars({{"1", 10.0}, {"2", 30.0}});
        chart.refreshNow();
        QCOMPARE(chart.chart()->series().size(), 1);
        QVERIFY(qobject_cast<QBarSeries*>(chart.chart()->series().front()));
        QCOMPARE(chart.readOut(1.2), QStringLiteral("2: 30"));
        chart.setSeries({line("a", noise(10))});
        chart.refreshNow();
        QVERIFY(drawn(chart, 0));
    }
};

QTEST_MAIN(TestCurveChart)
#include "tst_curve_chart.moc"
