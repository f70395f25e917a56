// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/widgets/screens/picture_difference.h"
#include "widgets/style/theme.h"

#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QTest>

#include <functional>
#include <random>

using namespace recoscope;

namespace {

/// A small page: a label, a number, a button, a chart's grid line.
struct Sheet final : QWidget {
    Sheet() {
        resize(400, 200);
        label.setText("Validation metrics");
        label.setGeometry(20, 20, 200, 24);
        number.setText("0.4671");
        number.setGeometry(20, 60, 80, 24);
        button.setText("Inspect");
        button.setGeometry(250, 20, 110, 32);
    }
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(QRect(20, 100, 360, 80), Theme::current().colors().surface);
        if (!withLine) return;
        painter.setPen(Theme::current().colors().grid);
        painter.drawLine(20, 140, 379, 140);
    }
    QImage picture() { return grab().toImage(); }
    bool withLine = true;
    QLabel label{this}, number{this};
    QPushButton button{this};
};

} // namespace

class TestPictureDifference final : public QObject {
    Q_OBJECT

private slots:
    void whatAPersonSeesIsFound_data() {
        QTest::addColumn<std::function<void(Sheet&)>>("change");
        const auto row = [](const char* name, std::function<void(Sheet&)> change) {
            QTest::newRow(name) << change;
        };
        row("a button has moved by two pixels", [](Sheet& sheet) { sheet.button.move(252, 20); });
        row("a button is off", [](Sheet& sheet) { sheet.button.setEnabled(false); });
        row("a label is cut off", [](Sheet& sheet) { sheet.label.resize(90, 24); });
        row("a label has become another", [](Sheet& sheet) { sheet.label.setText("Validation results"); });
        row("a label has moved by one pixel", [](Sheet& sheet) { sheet.label.move(20, 21); });
        row("a label has lost its colour", [](Sheet& sheet) {
            QPalette palette = sheet.label.palette();
            palette.setColor(QPalette::WindowText, Theme::current().colors().muted);
            sheet.label.setPalette(palette);
        });
        row("a grid line has gone", [](Sheet& sheet) { sheet.withLine = false; });
        row("the page is larger", [](Sheet& sheet) { sheet.resize(400, 201); });
    }
    void whatAPersonSeesIsFound() {
        QFETCH(std::function<void(Sheet&)>, change);
        for (const auto theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
            Theme::apply(theme);
            Sheet sheet;
            const QImage before = sheet.picture();
            QVERIFY(difference(sheet.picture(), before).blocks.isEmpty());
            change(sheet);
            const auto found = difference(sheet.picture(), before);
            QVERIFY2(!found.negligible(), qPrintable(QString::number(found.blocks.size())));
        }
    }

    void aThemeIsNotTheOther() {
        Theme::apply(ThemeChoice::Light);
        Sheet sheet;
        const QImage light = sheet.picture();
        Theme::apply(ThemeChoice::Dark);
        QVERIFY(difference(sheet.picture(), light).blocks.size() > 1000);
    }

    void oneGreyLevelOfNoiseIsNothing() {
        Theme::apply(ThemeChoice::Light);
        Sheet sheet;
        const QImage clean = sheet.picture().convertToFormat(QImage::Format_RGB32);
        QImage noisy = clean;
        std::mt19937 random(7);
        for (int y = 0; y < noisy.height(); ++y)
            for (int x = 0; x < noisy.width(); ++x) {
                const QRgb old = clean.pixel(x, y);
                const auto level = [&](int value) {
                    return std::clamp(value + static_cast<int>(random() % 3) - 1, 0, 255);
                };
                noisy.setPixel(x, y, qRgb(level(qRed(old)), level(qGreen(old)), level(qBlue(old))));
            }
        QVERIFY(noisy != clean);
        QVERIFY(difference(noisy, clean).blocks.isEmpty());
        // All pixels darker by three levels is a changed colour.
        QImage darker = clean;
        QPainter painter(&darker);
        painter.setCompositionMode(QPainter::CompositionMode_Difference);
        painter.fillRect(darker.rect(), QColor(3, 3, 3));
        painter.end();
        QVERIFY(difference(darker, clean).blocks.size() > 1000);
    }

    void theLastDigitOfANumberIsLetThrough() {
        Theme::apply(ThemeChoice::Light);
        Sheet sheet;
        const QImage before = sheet.picture();
        sheet.number.setText("0.4672");
        const auto found = difference(sheet.picture(), before);
        QVERIFY(found.negligible() && !found.blocks.isEmpty()); // it is seen, and not enough
        sheet.number.setText("0.1368");
        QVERIFY(!difference(sheet.picture(), before).negligible());
    }

    void aCompactPictureIsTheSame() {
        for (const auto theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
            Theme::apply(theme);
            Sheet sheet;
            QImage picture = sheet.picture().convertToFormat(QImage::Format_RGB32);
            // More colours than a compact picture has.
            for (int x = 0; x < 360; ++x)
                picture.setPixel(20 + x, 150, qRgb(40 + x / 2, 200 - x / 3, 120 + x % 7));
            const QImage small = compact(picture);
            QCOMPARE(small.format(), QImage::Format_Indexed8);
            QVERIFY(difference(small, picture).blocks.isEmpty());
        }
    }

    void whatDiffersIsFramed() {
        Theme::apply(ThemeChoice::Light);
        Sheet sheet;
        const QImage before = sheet.picture();
        sheet.button.move(252, 20);
        const QImage after = sheet.picture();
        const auto found = difference(after, before);
        const QImage shown = marked(after, found);
        QCOMPARE(shown.pixel(found.blocks.front().topLeft()), qRgb(255, 0, 0));
        QVERIFY(shown.pixel(5, 195) != qRgb(255, 0, 0));
    }
};

QTEST_MAIN(TestPictureDifference)
#include "tst_picture_difference.moc"
