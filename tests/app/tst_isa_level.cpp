// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isa_level.h"

#include <QTest>

using namespace recoscope;

class TestIsaLevel final : public QObject {
    Q_OBJECT

private slots:
    void takesTheBestOfTheMachine() {
        for (const IsaLevel best : {IsaLevel::X86_64, IsaLevel::X86_64_v3, IsaLevel::X86_64_v4})
            QVERIFY(chooseIsaLevel(best, "") == (IsaChoice{best, {}}));
    }

    void lowerLevelsCanBeForced() {
        QVERIFY(chooseIsaLevel(IsaLevel::X86_64_v4, "x86-64").level == IsaLevel::X86_64);
        QVERIFY(chooseIsaLevel(IsaLevel::X86_64_v4, "x86-64-v3").level == IsaLevel::X86_64_v3);
        QVERIFY(chooseIsaLevel(IsaLevel::X86_64_v3, "x86-64-v3").level == IsaLevel::X86_64_v3);
    }

    void aLevelThatTheMachineLacksIsRefused() {
        const IsaChoice choice = chooseIsaLevel(IsaLevel::X86_64_v3, "x86-64-v4");
        QVERIFY(!choice.level);
        QCOMPARE(choice.problem,
                 std::string("RECOSCOPE_ISA asks for x86-64-v4, which this machine cannot run; its "
                             "highest level is x86-64-v3"));
        QVERIFY(!chooseIsaLevel(IsaLevel::X86_64, "x86-64-v3").level);
    }

    void anUnknownLevelIsRefusedWithTheKnownOnes_data() {
        QTest::addColumn<QString>("forced");
        for (const char* forced : {"x86-64-v9", "x86", "X86-64", " "})
            QTest::addRow("'%s'", forced) << forced;
    }
    void anUnknownLevelIsRefusedWithTheKnownOnes() {
        QFETCH(QString, forced);
        const IsaChoice choice = chooseIsaLevel(IsaLevel::X86_64_v4, forced.toStdString());
        QVERIFY(!choice.level);
        QCOMPARE(choice.problem,
                 "RECOSCOPE_ISA is '" + forced.toStdString() + "'; levels are x86-64, x86-64-v3, x86-64-v4");
    }

    void namesRunInTheOrderOfTheLevels() {
        QCOMPARE(isaLevelName(IsaLevel::X86_64), std::string_view("x86-64"));
        QCOMPARE(isaLevelName(IsaLevel::X86_64_v3), std::string_view("x86-64-v3"));
        QCOMPARE(isaLevelName(IsaLevel::X86_64_v4), std::string_view("x86-64-v4"));
        QCOMPARE(static_cast<std::size_t>(IsaLevel::X86_64_v4) + 1, kIsaLevelNames.size());
    }
};

QTEST_APPLESS_MAIN(TestIsaLevel)
#include "tst_isa_level.moc"
