// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/session/forecast_service.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QtTest>

using namespace recoscope;

namespace {

constexpr int patience = 60'000;

SplitPtr planted() { return makeSplit(test::plantedDataset(), {}).value(); }

/// Parts as they came, with one pair of user and item in two of them.
SplitPtr leaking() {
    return makeSplit(test::dataset(2, 3,
                                   {{0, 0, 1, 10},
                                    {0, 1, 1, 20},
                                    {0, 1, 1, 30, Part::Test},
                                    {1, 0, 1, 10},
                                    {1, 2, 1, 30, Part::Test}},
                                   true, true),
                     {.kind = SplitKind::Premade})
        .value();
}

} // namespace

class TestForecastService : public QObject {
    Q_OBJECT
private slots:
    void theAnswerIsTheEnginesForThisDataAndMachine() {
        ForecastService service(2);
        const SplitPtr split = planted();
        ForecastAnswer got;
        connect(&service, &ForecastService::forecastReady, this,
                [&](const ForecastAnswer& answer) { got = answer; });
        const ParamMap params{{"embedding_size", std::int64_t{64}}};
        const quint64 ticket = service.ask("ials", params, split);
        QTRY_COMPARE_WITH_TIMEOUT(got.ticket, ticket, patience);
        QCOMPARE(got.algorithm, QStringLiteral("ials"));
        const Forecast expected = forecast(*findAlgorithm("ials"), shapeOf(*split), params, {}, 1e12);
        QCOMPARE(got.forecast.bytes, expected.bytes);
        QVERIFY(got.forecast.bytes > 0.0 && got.forecast.seconds > 0.0);
        QVERIFY(got.forecast.verdict == FitVerdict::Fits);
        // More factors, more memory.
        const double before = got.forecast.bytes;
        const quint64 larger = service.ask("ials", {{"embedding_size", std::int64_t{256}}}, split);
        QTRY_COMPARE_WITH_TIMEOUT(got.ticket, larger, patience);
        QVERIFY(got.forecast.bytes > 2.0 * before);
    }

    void onlyTheNewestQuestionIsAnswered() {
        ForecastService service(2);
        const SplitPtr split = planted();
        std::vector<quint64> answered;
        connect(&service, &ForecastService::forecastReady, this,
                [&](const ForecastAnswer& answer) { answered.push_back(answer.ticket); });
        quint64 last = 0;
        for (int n = 1; n <= 50; ++n)
            last = service.ask("ials", {{"embedding_size", std::int64_t{n}}}, split);
        QTRY_VERIFY_WITH_TIMEOUT(!answered.empty(), patience);
        QCOMPARE(answered, std::vector<quint64>{last});
        service.ask("no_such_algorithm", {}, split);
        service.ask("ials", {}, nullptr);
        QTest::qWait(50);
        QCOMPARE(answered.size(), std::size_t{1});
    }

    void aSplitIsCheckedAndACleanOneHasNoLeaks() {
        ForecastService service(2);
        QSignalSpy spy(&service, &ForecastService::leaksFound);
        std::vector<Leak> found{Leak{}};
        connect(&service, &ForecastService::leaksFound, this,
                [&](const SplitPtr&, const std::vector<Leak>& leaks) { found = leaks; });
        service.checkSplit(planted());
        QTRY_COMPARE_WITH_TIMEOUT(spy.size(), 1, patience);
        QVERIFY(found.empty());
        const SplitPtr leaky = leaking();
        service.checkSplit(leaky);
        QTRY_COMPARE_WITH_TIMEOUT(spy.size(), 2, patience);
        QCOMPARE(found.size(), std::size_t{1});
        QCOMPARE(found.front().kind, std::string("pair-in-two-parts"));
    }
};

QTEST_GUILESS_MAIN(TestForecastService)
#include "tst_forecast_service.moc"
