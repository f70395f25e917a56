// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "widgets/forms/algorithm_picker.h"

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <QTreeView>

#include <set>

using namespace recoscope;

class TestAlgorithmPicker final : public QObject {
    Q_OBJECT
private slots:
    void theModelKeepsTheRulesOfItemModels() {
        AlgorithmModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        std::set<std::string_view> families;
        for (const AlgorithmInfo& info : algorithms())
            families.insert(info.family);
        QCOMPARE(model.rowCount(), static_cast<int>(families.size()));
    }

    void everyAlgorithmCanBeSelectedByItsId() {
        AlgorithmPicker picker;
        for (const AlgorithmInfo& info : algorithms()) {
            QVERIFY2(picker.select(info.id), info.id.data());
            QCOMPARE(picker.current()->id, info.id);
        }
        QVERIFY(!picker.select("no_such_algorithm"));
    }

    void enterTakesWhatWasTypedBeforeWhatOnlyMentionsIt() {
        AlgorithmPicker picker;
        QTest::keyClicks(picker.search(), "ials"); // also within the summaries of others
        QTest::keyClick(picker.search(), Qt::Key_Return);
        QVERIFY(picker.current());
        QCOMPARE(picker.current()->id, std::string_view("ials"));
        picker.search()->clear();
        QTest::keyClicks(picker.search(), "slo");
        QTest::keyClick(picker.search(), Qt::Key_Return);
        QCOMPARE(picker.current()->id, std::string_view("slope_one"));
    }

    void searchFindsByTitleFamilyAndSummaryAndEnterTakesTheFirst() {
        AlgorithmPicker picker;
        picker.show();
        QSignalSpy moved(&picker, &AlgorithmPicker::currentChanged);
        QTest::keyClicks(picker.search(), "popul");
        QTest::keyClick(picker.search(), Qt::Key_Return);
        QVERIFY(picker.current());
        QCOMPARE(picker.current()->id, std::string_view("popularity"));
        QCOMPARE(moved.count(), 1);
        picker.search()->setText("qqqq");
        QCOMPARE(picker.view()->model()->rowCount(), 0);
    }

    void selectingSomethingFilteredAwayClearsTheSearch() {
        AlgorithmPicker picker;
        picker.search()->setText("qqqq");
        QVERIFY(picker.select("popularity"));
        QVERIFY(picker.search()->text().isEmpty());
    }
};

QTEST_MAIN(TestAlgorithmPicker)
#include "tst_algorithm_picker.moc"
