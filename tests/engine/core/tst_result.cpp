// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/result.h"

#include <QtTest>

#include <memory>

using namespace recoscope;

class TestResult final : public QObject {
    Q_OBJECT
private slots:
    void aValueIsAValue() {
        Result<int> result = 5;
        QVERIFY(result.ok());
        QVERIFY(bool(result));
        QCOMPARE(*result, 5);
        *result = 6;
        QCOMPARE(result.value(), 6);
    }

    void anErrorSaysWhatAndWhere() {
        const Result<int> result = Error{ErrorCode::Parse, "Rating is not a number", "u.data:17:3"};
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::Parse);
        QCOMPARE(result.error().text(), std::string("u.data:17:3: Rating is not a number"));
        QCOMPARE((Error{ErrorCode::Io, "The disk is full", ""}.text()), std::string("The disk is full"));
    }

    void readingTheWrongOneIsAProgrammingMistake() {
        const Result<int> failed = Error{};
        QVERIFY_THROWS_EXCEPTION(CheckFailed, failed.value());
        const Result<int> fine = 1;
        QVERIFY_THROWS_EXCEPTION(CheckFailed, fine.error());
        const Status success;
        QVERIFY(success.ok());
        QVERIFY_THROWS_EXCEPTION(CheckFailed, success.error());
        const Status failure = Error{ErrorCode::Invalid, "no", "k"};
        QVERIFY(!failure);
        QCOMPARE(failure.error().where, std::string("k"));
    }

    void aResultOfAnErrorTypeKeepsThemApart() {
        // A Result<std::string> from text is a value, from an Error is an error.
        const Result<std::string> text = std::string("a");
        QVERIFY(text.ok());
        const Result<std::string> error = Error{ErrorCode::Io, "b", ""};
        QVERIFY(!error.ok());
    }

    void valuesThatOnlyMoveCanBeTakenOut() {
        Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
        const std::unique_ptr<int> taken = std::move(*result);
        QCOMPARE(*taken, 3);
    }

    void aFailedCheckNamesConditionAndPlace() {
        try {
            RECOSCOPE_CHECK(1 > 2, "one is small");
            QFAIL("not thrown");
        } catch (const CheckFailed& failed) {
            const std::string text = failed.what();
            QVERIFY(text.find("one is small") != std::string::npos);
            QVERIFY(text.find("1 > 2") != std::string::npos);
            QVERIFY(text.find("tst_result.cpp") != std::string::npos);
        }
    }
};

QTEST_APPLESS_MAIN(TestResult)
#include "tst_result.moc"
