// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/number_text.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

class TestNumberText : public QObject {
    Q_OBJECT
private slots:
    void numbersAreReadableAndReadBack_data() {
        QTest::addColumn<double>("number");
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("readable");
        const auto row = [](const char* text, double number, const char* readable) {
            QTest::newRow(text) << number << QString(text) << QString(readable);
        };
        row("0", 0.0, "0");
        row("0.05", 0.05, "0.05");
        row("1e+06", 1e6, "1,000,000");
        row("1e-06", 1e-6, "0.000001");
        row("1e-09", 1e-9, "1e-09");
        row("999", 999.0, "999");
        row("1000", 1000.0, "1,000");
        row("-1234567.5", -1234567.5, "-1,234,567.5");
        row("-100", -100.0, "-100");
        row("1e+300", 1e300, "1e+300");
        row("inf", std::numeric_limits<double>::infinity(), "inf");
    }
    void numbersAreReadableAndReadBack() {
        QFETCH(double, number);
        QFETCH(QString, text);
        QFETCH(QString, readable);
        QCOMPARE(QString::fromStdString(numberText(number)), text);
        QCOMPARE(QString::fromStdString(readableNumber(number)), readable);
        QCOMPARE(std::stod(numberText(number)), number);
    }

    void wholeNumbersStayWhole() {
        QCOMPARE(numberText(std::int64_t{9007199254740993}), std::string("9007199254740993"));
    }
};

QTEST_APPLESS_MAIN(TestNumberText)
#include "tst_number_text.moc"
