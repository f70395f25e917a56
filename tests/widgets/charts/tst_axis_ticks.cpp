// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/axis_ticks.h"

#include <QTest>

#include <cmath>

using namespace recoscope;

namespace {

QStringList labels(const QVector<AxisTick>& ticks) {
    QStringList out;
    for (const AxisTick& tick : ticks)
        out << tick.label;
    return out;
}

} // namespace

class TestAxisTicks final : public QObject {
    Q_OBJECT
private slots:
    void linearTicksAreRoundAndInside() {
        QCOMPARE(labels(axisTicks(0.0, 1.0, AxisScale::Linear, AxisUnit::Number, 5)),
                 QStringList({"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
    }
    void aQuarterStepShowsTwoDecimals() {
        QCOMPARE(labels(axisTicks(0.0, 1.0, AxisScale::Linear, AxisUnit::Number, 4)),
                 QStringList({"0.00", "0.25", "0.50", "0.75", "1.00"}));
    }
    void integerTicksNeverFallBetweenEpochs() {
        QCOMPARE(labels(axisTicks(1.0, 3.0, AxisScale::Linear, AxisUnit::Integer, 8)),
                 QStringList({"1", "2", "3"}));
        QCOMPARE(labels(axisTicks(0.0, 2000.0, AxisScale::Linear, AxisUnit::Integer, 4)),
                 QStringList({"0", "500", "1,000", "1,500", "2,000"}));
    }
    void aLogAxisOfSeveralDecadesHasPowersOfTen() {
        QCOMPARE(labels(axisTicks(0.0, 4.0, AxisScale::Log, AxisUnit::Integer, 5)),
                 QStringList({"1", "10", "100", "1,000", "10,000"}));
    }
    void aLogAxisBelowOneDecadeStillHasLabels() {
        const auto ticks = axisTicks(std::log10(0.62), std::log10(0.95), AxisScale::Log, AxisUnit::Number, 5);
        QVERIFY2(ticks.size() >= 3, qPrintable(labels(ticks).join(' ')));
        for (const AxisTick& tick : ticks)
            QVERIFY(std::abs(std::pow(10.0, tick.position) - tick.label.toDouble()) < 1e-9);
    }
    void labelsAreNeverRepeated_data() {
        QTest::addColumn<double>("min");
        QTest::addColumn<double>("max");
        QTest::addColumn<bool>("log");
        for (const double min : {-3.0, -0.5, 0.0, 0.3})
            for (const double width : {1e-4, 0.02, 0.7, 3.0, 11.0})
                for (const bool log : {false, true})
                    QTest::addRow("%g+%g %d", min, width, log) << min << min + width << log;
    }
    void labelsAreNeverRepeated() {
        QFETCH(double, min);
        QFETCH(double, max);
        QFETCH(bool, log);
        const auto ticks = axisTicks(min, max, log ? AxisScale::Log : AxisScale::Linear, AxisUnit::Number, 6);
        QStringList unique = labels(ticks);
        QVERIFY(unique.size() >= 2);
        QVERIFY(unique.size() <= 20);
        QCOMPARE(unique.removeDuplicates(), 0);
    }
    void datesAreYearsOrMonths() {
        // 2000-01-01 to 2004-01-01, in UTC.
        // Three days of 2000, then half a day that begins at 06:00.
        QCOMPARE(labels(axisTicks(946684800.0, 946684800.0 + 2 * 86400.0, AxisScale::Linear, AxisUnit::Date, 2)),
                 (QStringList{"2000-01-01", "2000-01-02", "2000-01-03"}));
        QCOMPARE(labels(axisTicks(946706400.0, 946706400.0 + 43200.0, AxisScale::Linear, AxisUnit::Date, 3)),
                 (QStringList{"2000-01-01 08:00", "12:00", "16:00"}));
        QCOMPARE(labels(axisTicks(946684800.0, 1072915200.0, AxisScale::Linear, AxisUnit::Date, 4)),
                 QStringList({"2000", "2001", "2002", "2003", "2004"}));
    }
    void durationsAreReadByPeople() {
        QCOMPARE(durationText(0.0432), QStringLiteral("43 ms"));
        QCOMPARE(durationText(1.5), QStringLiteral("1.50 s"));
        QCOMPARE(durationText(12.34), QStringLiteral("12.3 s"));
        QCOMPARE(durationText(59.7), QStringLiteral("1 min"));
        QCOMPARE(durationText(200.0), QStringLiteral("3 min 20 s"));
        QCOMPARE(durationText(7500.0), QStringLiteral("2 h 05 min"));
        QCOMPARE(durationText(-1.0), QStringLiteral("–"));
    }
    void valuesKeepTheDigitsThatMatter() {
        QCOMPARE(valueText(0.27314159, AxisUnit::Number), QStringLiteral("0.2731"));
        QCOMPARE(valueText(1234.0, AxisUnit::Number), QStringLiteral("1,234"));
        QCOMPARE(valueText(0.5, AxisUnit::Percent), QStringLiteral("50.00 %"));
        QCOMPARE(bytesText(999), QStringLiteral("999 B"));
        QCOMPARE(bytesText(231'400'000), QStringLiteral("231 MB"));
    }
};

QTEST_GUILESS_MAIN(TestAxisTicks)
#include "tst_axis_ticks.moc"
