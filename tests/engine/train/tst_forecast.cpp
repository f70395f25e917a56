// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"
#include "engine/models/registry.h"
#include "engine/train/forecast.h"

#include "tests/engine/train/scripted_trainer.h"
#include "tests/support/small_data.h"

#include <QTest>

using namespace recoscope;
using test::RecordingSink;
using test::Script;

namespace {

/// As EASE counts it: two matrices of items x items.
FitCost squareCost(const DataShape& shape, const ParamMap&) {
    return {.bytes = 8.0 * shape.items * shape.items,
            .factorisation = shape.items * shape.items * shape.items,
            .memory = "items² x 4 bytes, twice"};
}

FitCost endlessCost(const DataShape&, const ParamMap&) { return {.bytes = 1e18, .memory = "a test"}; }

AlgorithmInfo square() {
    AlgorithmInfo info = *findAlgorithm("item_knn");
    info.id = "square";
    info.title = "Square";
    info.cost = squareCost;
    return info;
}

} // namespace

class TestForecast final : public QObject {
    Q_OBJECT
private slots:
    void theShapeIsCountedFromTheTrainingPart() {
        using test::Row;
        // u0: 3 items, u1: 1; i0 has two users, i1 and i2 one each. The test pair does not count.
        const auto data = test::dataset(
            2, 4, {Row{0, 0}, Row{0, 1}, Row{0, 2}, Row{1, 0}, Row{1, 3, 1.0f, 0, Part::Test}}, false, true);
        const auto split = makeSplit(data, {.kind = SplitKind::Premade, .validationFraction = 0.0});
        QVERIFY(split.ok());
        const DataShape shape = shapeOf(**split);
        QCOMPARE(shape.users, 2.0);
        QCOMPARE(shape.items, 4.0);
        QCOMPARE(shape.interactions, 4.0);
        QCOMPARE(shape.squaredHistories, 10.0);
        QCOMPARE(shape.squaredAudiences, 6.0);
        QCOMPARE(shape.audiences, (std::vector<float>{2.0f, 1.0f, 1.0f, 0.0f}));
        QCOMPARE(shape.itemsAbove(0.0), 3.0);
        QCOMPARE(shape.itemsAbove(1.0), 1.0);
        QCOMPARE(DataShape{.items = 4.0}.itemsAbove(1.0), 4.0);
    }

    void whatIsNeededIsSaidInWords() {
        const DataShape shape{.users = 162541, .items = 62423, .interactions = 25e6};
        const MachineRates rates{.dense = 1e11, .factorisation = 1e11, .vectors = 1e9, .scattered = 1e8};
        const Forecast found = forecast(square(), shape, {}, rates, 16e9);
        // 8 x 62423² = 31.17 GB; 62423³ / 1e11 = 2432 s
        QCOMPARE(found.text, std::string("Square on 62,423 items needs 31 GB, this machine has 16 GB free"));
        QCOMPARE(found.verdict, FitVerdict::Cannot);
        QVERIFY(std::abs(found.seconds - 2432.4) < 1.0);
        QVERIFY(!found.alternatives.empty());
        for (const ForecastAlternative& each : found.alternatives) {
            const AlgorithmInfo* other = findAlgorithm(each.algorithm);
            QVERIFY(other && other->cost && each.algorithm != "square");
            QVERIFY2(each.bytes <= 16e9 * 2 / 3, each.algorithm.c_str());
            QVERIFY(!other->needs.itemFeatures && !other->needs.ratings);
        }
    }

    void theVerdictFollowsTheFreeMemory() {
        const DataShape shape{.users = 10, .items = 1000};
        // 8 MB
        QCOMPARE(forecast(square(), shape, {}, {}, 20e6).verdict, FitVerdict::Fits);
        QCOMPARE(forecast(square(), shape, {}, {}, 10e6).verdict, FitVerdict::Tight);
        QCOMPARE(forecast(square(), shape, {}, {}, 7e6).verdict, FitVerdict::Cannot);
        QCOMPARE(forecast(square(), shape, {}, {}, 0.0).verdict, FitVerdict::Fits); // not known
        AlgorithmInfo silent = square();
        silent.cost = nullptr;
        QCOMPARE(forecast(silent, shape, {}, {}, 7e6).verdict, FitVerdict::Unknown);
    }

    void whatCannotFitIsRefusedUnlessForced() {
        if (availableBytes() == 0) QSKIP("this system does not tell its free memory");
        Script script{.epochs = 1, .hits = {5}};
        AlgorithmInfo info = test::scriptedAlgorithm(script);
        info.cost = endlessCost;
        int made = 0;
        script.onMake = [&made] { ++made; };
        RunControl control;
        RecordingSink sink;
        ThreadPool pool({.threads = 1});
        const auto split = test::scriptedSplit();
        TrainingPlan plan;
        const RunEnded refused = trainWith(info, plan, split, pool, control, sink);
        QCOMPARE(refused.outcome, RunOutcome::Failed);
        QVERIFY(refused.error && refused.error->code == ErrorCode::Limit);
        QVERIFY2(refused.error->message.find("needs 1000 PB, this machine has") != std::string::npos,
                 refused.error->message.c_str());
        QCOMPARE(made, 0);
        plan.ignoreMemory = true;
        QCOMPARE(trainWith(info, plan, split, pool, control, sink).outcome, RunOutcome::Completed);
        QCOMPARE(made, 1);
    }

    void aPlanOfARealAlgorithmIsCheckedTheSameWay() {
        if (availableBytes() == 0) QSKIP("this system does not tell its free memory");
        const auto split = makeSplit(test::plantedDataset(), {});
        QVERIFY(split.ok());
        TrainingPlan plan{.algorithm = "mult_vae"};
        QVERIFY(checkPlan(plan, **split).ok());
        plan.params["mlp_hidden_size"] = std::string("60000, 60000, 60000"); // 14e9 weights, seven copies
        const Status refused = checkPlan(plan, **split);
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::Limit);
        plan.ignoreMemory = true;
        QVERIFY(checkPlan(plan, **split).ok());
    }

    void autoencodersCountTheirWeights() {
        const AlgorithmInfo* info = findAlgorithm("mult_dae");
        const DataShape shape{.users = 1000, .items = 2000, .interactions = 50000};
        const ParamMap params{{"mlp_hidden_size", std::string("600")},
                              {"latent_dimension", std::int64_t{200}},
                              {"epochs", std::int64_t{10}},
                              {"train_batch_size", std::int64_t{100}}};
        const FitCost cost = info->cost(shape, params);
        // 2 x (2000 x 600 + 600 x 200) weights; the wide input layer is sparse, the rest dense, three times
        QCOMPARE(cost.dense, 10.0 * 1000 * 3.0 * (600.0 * 2000 + 2.0 * 600 * 200));
        QVERIFY(cost.bytes > 7 * 4 * 2.64e6 && cost.bytes < 9 * 4 * 2.64e6);
        ParamMap larger = params;
        larger["latent_dimension"] = std::int64_t{400};
        QVERIFY(info->cost(shape, larger).dense > cost.dense);
    }

    void ratesAreThoseOfAComputer() {
        ThreadPool pool({.threads = 2});
        const MachineRates rates = measureRates(pool);
        // A second is enough for 1e8 multiply-adds on anything that runs this, and not for 1e15.
        for (const double rate : {rates.dense, rates.factorisation, rates.vectors}) {
            QCOMPARE_GT(rate, 1e8);
            QCOMPARE_LT(rate, 1e15);
        }
        QCOMPARE_GT(rates.scattered, 1e6);
        QVERIFY(rates.dense > rates.scattered);
    }

    void numbersArePlainForAPerson_data() {
        QTest::addColumn<double>("bytes");
        QTest::addColumn<QString>("text");
        QTest::newRow("0") << 0.0 << "0 bytes";
        QTest::newRow("kB") << 1500.0 << "2 kB";
        QTest::newRow("MB") << 6.4e8 << "640 MB";
        QTest::newRow("GB") << 1.44e9 << "1.4 GB";
        QTest::newRow("31") << 31.17e9 << "31 GB";
        QTest::newRow("round up") << 999.7e6 << "1.0 GB";
    }
    void numbersArePlainForAPerson() {
        QFETCH(double, bytes);
        QFETCH(QString, text);
        QCOMPARE(QString::fromStdString(bytesText(bytes)), text);
    }

    void durationsAreRough() {
        QCOMPARE(roughDuration(0.2), std::string("under a second"));
        QCOMPARE(roughDuration(12.4), std::string("12 s"));
        QCOMPARE(roughDuration(150.0), std::string("2.5 min"));
        QCOMPARE(roughDuration(9000.0), std::string("2.5 h"));
        QCOMPARE(roughDuration(400000.0), std::string("4.6 days"));
    }
};

QTEST_APPLESS_MAIN(TestForecast)
#include "tst_forecast.moc"
