// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/early_stopping.h"

#include <QTest>

#include <cmath>

using recoscope::EarlyStopper;

class TestEarlyStopping final : public QObject {
    Q_OBJECT
private slots:
    void stopsAfterPatienceValuesWithoutImprovement() {
        EarlyStopper stopper(2, 0.0, true);
        QVERIFY(stopper.improves(0.1));
        QVERIFY(stopper.improves(0.3));
        QVERIFY(!stopper.improves(0.3)); // equal is no improvement
        QVERIFY(!stopper.shouldStop());
        QVERIFY(!stopper.improves(0.2));
        QVERIFY(stopper.shouldStop());
    }

    void anImprovementStartsTheCountAgain() {
        EarlyStopper stopper(2, 0.0, true);
        for (const double value : {0.1, 0.05, 0.2, 0.15})
            stopper.improves(value);
        QVERIFY(!stopper.shouldStop());
    }

    void lowerCanBeBetter() {
        EarlyStopper stopper(1, 0.0, false);
        QVERIFY(stopper.improves(5.0));
        QVERIFY(stopper.improves(4.0));
        QVERIFY(!stopper.improves(4.5));
        QVERIFY(stopper.shouldStop());
    }

    void aGainWithinMinDeltaIsNone() {
        EarlyStopper stopper(10, 0.05, true);
        QVERIFY(stopper.improves(0.5));
        QVERIFY(!stopper.improves(0.54));
        QVERIFY(!stopper.improves(0.549)); // measured from the best, not from the last
        QVERIFY(stopper.improves(0.56));
    }

    void nanIsNeverBest() {
        EarlyStopper stopper(2, 0.0, true);
        QVERIFY(!stopper.improves(std::nan("")));
        QVERIFY(stopper.improves(-3.0));
        QVERIFY(!stopper.improves(std::nan("")));
        QVERIFY(stopper.improves(-2.0));
    }
};

QTEST_APPLESS_MAIN(TestEarlyStopping)
#include "tst_early_stopping.moc"
