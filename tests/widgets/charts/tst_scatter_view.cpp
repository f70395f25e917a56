// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/scatter_raster.h"
#include "widgets/charts/scatter_view.h"
#include "widgets/style/theme.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

using namespace recoscope;

namespace {

/// 0..8 on a grid of three by three, numbered by row from the bottom left.
std::vector<QPointF> grid() {
    std::vector<QPointF> points;
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 3; ++x)
            points.emplace_back(x, y);
    return points;
}

std::unique_ptr<ScatterView> shown() {
    auto view = std::make_unique<ScatterView>();
    view->resize(400, 400);
    view->setPositions(grid());
    view->setTexts([](int point) { return QStringLiteral("Title %1").arg(point); }, {}, {});
    view->show();
    return view;
}

void drag(ScatterView& view, const std::vector<QPointF>& path, Qt::KeyboardModifiers modifiers = {}) {
    const auto send = [&](QEvent::Type type, const QPointF& at, Qt::MouseButton button,
                          Qt::MouseButtons held) {
        QMouseEvent event(type, at, view.mapToGlobal(at), button, held, modifiers);
        QApplication::sendEvent(&view, &event);
    };
    send(QEvent::MouseButtonPress, path.front(), Qt::LeftButton, Qt::LeftButton);
    for (const QPointF& at : path)
        send(QEvent::MouseMove, at, Qt::NoButton, Qt::LeftButton);
    send(QEvent::MouseButtonRelease, path.back(), Qt::LeftButton, Qt::NoButton);
}

std::vector<QPointF> around(const QRectF& box) {
    return {box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft(), box.topLeft()};
}

} // namespace

class TestScatterView final : public QObject {
    Q_OBJECT
private slots:
    void init() { Theme::apply(ThemeChoice::Light); }

    void allPointsAreInSightAndUpIsUp() {
        const auto view = shown();
        for (int point = 0; point < 9; ++point)
            QVERIFY(QRectF(view->rect()).contains(view->toScreen(point)));
        QVERIFY(view->toScreen(6).y() < view->toScreen(0).y());
        QVERIFY(view->toScreen(2).x() > view->toScreen(0).x());
        QCOMPARE(view->zoom(), 1.0);
    }

    void aLassoSelectsWhatIsInsideOfIt() {
        const auto view = shown();
        QSignalSpy changed(view.get(), &ScatterView::selectionChanged);
        view->setTool(ScatterView::Tool::Lasso);
        const QPointF low = view->toScreen(0);
        const QPointF high = view->toScreen(4);
        const QRectF lowLeft = QRectF(low, high).normalized().adjusted(-10, -10, 10, 10); // 0 1 3 4
        drag(*view, around(lowLeft));
        QCOMPARE(view->selection(), (std::vector<int>{0, 1, 3, 4}));
        QCOMPARE(changed.count(), 1);
        // A triangle is no box: 8 is in its corner, 4 is beyond its long side.
        const QPointF corner = view->toScreen(8);
        drag(*view, {corner + QPointF(12, -12), corner + QPointF(12, 60), corner + QPointF(-60, -12)},
             Qt::ControlModifier);
        QCOMPARE(view->selection(), (std::vector<int>{0, 1, 3, 4, 8}));
        drag(*view, around(QRectF(corner, QSizeF(1, 1)).adjusted(-15, -15, 15, 15)));
        QCOMPARE(view->selection(), (std::vector<int>{8})); // without Ctrl from anew
        QTest::keyClick(view.get(), Qt::Key_Escape);
        QVERIFY(view->selection().empty());
    }

    void shiftDraggingIsALassoWithTheMoveTool() {
        const auto view = shown();
        const QPointF at = view->toScreen(4);
        drag(*view, around(QRectF(at.x() - 20, at.y() - 20, 40, 40)), Qt::ShiftModifier);
        QCOMPARE(view->selection(), (std::vector<int>{4}));
        QCOMPARE(view->toScreen(4), at);
    }

    void draggingMovesAndKeepsTheZoom() {
        const auto view = shown();
        const QPointF before = view->toScreen(4);
        drag(*view, {before + QPointF(30, 30), before + QPointF(50, 45), before + QPointF(70, 70)});
        QVERIFY((view->toScreen(4) - before - QPointF(40, 40)).manhattanLength() < 1.0);
        QVERIFY(view->selection().empty());
    }

    void theWheelZoomsAroundTheMouse() {
        const auto view = shown();
        const QPointF at = view->toScreen(8);
        QWheelEvent wheel(at, view->mapToGlobal(at), {}, QPoint(0, 240), Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QApplication::sendEvent(view.get(), &wheel);
        QVERIFY(std::abs(view->zoom() - 1.5625) < 1e-9);
        QVERIFY((view->toScreen(8) - at).manhattanLength() < 0.01);
        // A new picture of the same points keeps what a person looks at; fit() gives it back.
        auto moved = grid();
        moved[0] = {-0.1, 0.0};
        view->setPositions(moved);
        QVERIFY((view->toScreen(8) - at).manhattanLength() < 0.01);
        view->fit();
        QCOMPARE(view->zoom(), 1.0);
        view->zoomBy(1e9);
        QVERIFY(view->zoom() < 1000.0);
    }

    void hoveringNamesThePointAndAClickOpensIt() {
        const auto view = shown();
        QSignalSpy opened(view.get(), &ScatterView::activated);
        QTest::mouseMove(view.get(), (view->toScreen(5) + QPointF(3, 2)).toPoint());
        QTRY_COMPARE(view->current(), 5);
        QCOMPARE(view->accessibleDescription(), QStringLiteral("Title 5"));
        const QImage with = view->grab().toImage();
        view->setCurrent(-1);
        QVERIFY(view->grab().toImage() != with); // a label is drawn
        QTest::mouseClick(view.get(), Qt::LeftButton, {}, view->toScreen(5).toPoint());
        QCOMPARE(opened.count(), 1);
        QCOMPARE(opened.front().front().toInt(), 5);
        QTest::mouseClick(view.get(), Qt::LeftButton, {}, (view->toScreen(5) + QPointF(40, 40)).toPoint());
        QCOMPARE(opened.count(), 1);
    }

    void theKeyboardReachesEverything() {
        const auto view = shown();
        QSignalSpy opened(view.get(), &ScatterView::activated);
        view->setCurrent(4);
        QTest::keyClick(view.get(), Qt::Key_Up);
        QCOMPARE(view->current(), 7);
        QTest::keyClick(view.get(), Qt::Key_Right);
        QCOMPARE(view->current(), 8);
        QTest::keyClick(view.get(), Qt::Key_Right);
        QCOMPARE(view->current(), 8); // nothing further there
        QTest::keyClick(view.get(), Qt::Key_Space);
        QCOMPARE(view->selection(), (std::vector<int>{8}));
        QTest::keyClick(view.get(), Qt::Key_Return);
        QCOMPARE(opened.count(), 1);
        QTest::keyClick(view.get(), Qt::Key_A, Qt::ControlModifier);
        QCOMPARE(view->selection().size(), std::size_t{9});
        QTest::keyClick(view.get(), Qt::Key_Plus);
        QVERIFY(view->zoom() > 1.0);
        QTest::keyClick(view.get(), Qt::Key_0);
        QCOMPARE(view->zoom(), 1.0);
        const QPointF before = view->toScreen(0);
        QTest::keyClick(view.get(), Qt::Key_Left, Qt::ShiftModifier);
        QVERIFY(view->toScreen(0).x() > before.x());
    }

    void pointsHaveTheirColoursAndOthersStepBack() {
        const auto view = shown();
        view->setLabelsShown(false);
        std::vector<QRgb> colors(9, qRgb(200, 0, 0));
        colors[4] = qRgb(0, 0, 200);
        view->setColors(colors);
        const auto at = [&](int point) {
            return view->grab().toImage().pixelColor(view->toScreen(point).toPoint());
        };
        QVERIFY(at(4).blue() > 150 && at(4).red() < 90);
        QVERIFY(at(0).red() > 150 && at(0).blue() < 90);
        std::vector<bool> emphasis(9, false);
        emphasis[4] = true;
        view->setEmphasis(emphasis);
        QVERIFY(at(4).blue() > 150 && at(4).red() < 90);
        QVERIFY(at(0).saturation() < 60); // grey
        view->setEmphasis({});
        view->setMarked({0});
        const QImage marked = view->grab().toImage();
        view->setMarked({});
        QVERIFY(view->grab().toImage() != marked);
    }

    void otherPointsForgetWhatWasSelected() {
        const auto view = shown();
        view->setSelection({8, 3, 3, 99, -1});
        QCOMPARE(view->selection(), (std::vector<int>{3, 8}));
        view->setPositions(grid());
        QCOMPARE(view->selection().size(), std::size_t{2});
        view->setPositions({{0, 0}, {1, 1}});
        QVERIFY(view->selection().empty());
        QCOMPARE(view->current(), -1);
        view->setPositions({});
        view->setEmptyText(QStringLiteral("Nothing"));
        QVERIFY(!view->grab().isNull());
        view->setPositions({{2, 2}});
        QVERIFY(!view->grab().isNull());
        QCOMPARE(view->pointAt(view->rect().center()), 0);
    }

    void dotsAreSmoothAndClipped() {
        QImage image(21, 21, QImage::Format_RGB32);
        image.fill(Qt::white);
        const Dot dots[]{{{10.5, 10.5}, qRgba(0, 0, 0, 255), 5.0f},
                         {{-30, 4}, qRgba(255, 0, 0, 255), 5.0f},
                         {{21.0, 21.0}, qRgba(0, 0, 255, 255), 2.0f},
                         {{NAN, 1.0}, qRgba(255, 0, 0, 255), 5.0f}};
        drawDots(image, dots);
        QCOMPARE(image.pixelColor(10, 10), QColor(Qt::black));
        QCOMPARE(image.pixelColor(2, 2), QColor(Qt::white));
        QVERIFY(image.pixelColor(20, 20).blue() > image.pixelColor(20, 20).red());
        double ink = 0.0;
        for (int y = 4; y < 17; ++y)
            for (int x = 4; x < 17; ++x)
                ink += 1.0 - qRed(image.pixel(x, y)) / 255.0;
        QVERIFY(std::abs(ink - 3.14159 * 25.0) < 3.0); // the area of the disc
    }

    void largerValuesStandOutMoreOnEitherGround() {
        for (const bool dark : {false, true}) {
            double before = -1.0;
            for (int n = 0; n <= 10; ++n) {
                const double away = std::abs(rampColor(n / 10.0, dark).lightnessF() - (dark ? 0.1 : 1.0));
                const double gray = qGray(rampColor(n / 10.0, dark).rgb());
                const double contrast = dark ? gray : 255.0 - gray;
                QVERIFY2(contrast > before, QByteArray::number(n));
                QVERIFY(away > 0.1);
                before = contrast;
            }
            QCOMPARE(rampColor(NAN, dark), missingColor(dark));
        }
    }

    void tenThousandPointsAreDrawnInTime() {
        ScatterView view;
        view.resize(1200, 800);
        std::vector<QPointF> points;
        std::vector<QRgb> colors;
        for (int n = 0; n < 10'000; ++n) {
            points.emplace_back(std::sqrt(n) * std::cos(n * 2.4), std::sqrt(n) * std::sin(n * 2.4));
            colors.push_back(rampColor(n / 1e4, false).rgb());
        }
        view.setPositions(points);
        view.setColors(colors);
        view.grab();
        QElapsedTimer timer;
        timer.start();
        constexpr int frames = 20;
        for (int n = 0; n < frames; ++n) {
            view.zoomBy(n % 2 ? 1.01 : 1 / 1.01);
            view.grab();
        }
        const double each = static_cast<double>(timer.elapsed()) / frames;
        qInfo("%.1f ms a frame", each);
        QVERIFY(each < 150.0); // QPainter's ellipses: several times that
    }
};

QTEST_MAIN(TestScatterView)
#include "tst_scatter_view.moc"
