// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"
#include "engine/train/search/parzen.h"
#include "engine/train/search/search.h"
#include "engine/train/study_summary.h"

#include <QTest>

#include <cmath>
#include <functional>
#include <set>

using namespace recoscope;

namespace {

struct Planted {
    std::int64_t factors = 16;
    double rate = 0.01;
    bool bent = false;
    std::string kind = "a";
    std::int64_t epochs = 27;
    double blend = 0.5;
    std::string unused = "x";
};

const ParamSchema& plantedSchema() {
    static const auto schema = [] {
        TypedSchema<Planted>::Builder builder;
        builder
            .integer("embedding_size", &Planted::factors,
                     {.label = "F", .help = "-", .min = 1, .max = 2048, .logScale = true})
            .real("learning_rate", &Planted::rate,
                  {.label = "R", .help = "-", .min = 1e-6, .max = 10.0, .logScale = true})
            .flag("bent", &Planted::bent, {.label = "B", .help = "-"})
            .real("blend", &Planted::blend,
                  {.label = "L",
                   .help = "-",
                   .min = 0.0,
                   .max = 1.0,
                   .enabledBy = "bent",
                   .enabledWhen = {"true"}})
            .integer("epochs", &Planted::epochs, {.label = "E", .help = "-", .min = 1, .max = 10000})
            .text("unused", &Planted::unused, {.label = "U", .help = "-"});
        return builder.build();
    }();
    return schema.schema();
}

AlgorithmInfo plantedAlgorithm(bool iterative = true) {
    AlgorithmInfo info = *findAlgorithm("ials");
    info.id = "planted";
    info.capabilities.iterative = iterative;
    info.schema = []() -> const ParamSchema& { return plantedSchema(); };
    return info;
}

constexpr const char* space = "embedding_size=4..256:log, learning_rate=0.0001..1:log, bent";

/// Best (1) at 32 factors, a rate of 0.03 and no bend; falls by the square of the factor that one is off.
double planted(const ParamMap& params) {
    const double size =
        std::log2(static_cast<double>(std::get<std::int64_t>(params.at("embedding_size"))) / 32.0);
    const double rate = std::log10(std::get<double>(params.at("learning_rate")) / 0.03);
    return 1.0 - 0.05 * size * size - 0.2 * rate * rate - (std::get<bool>(params.at("bent")) ? 0.3 : 0.0);
}

Search make(const SearchPlan& plan, bool iterative = true) {
    auto search = Search::make(plantedAlgorithm(iterative), plan, {}, true);
    if (!search) qFatal("%s", search.error().text().c_str());
    return std::move(*search);
}

Search finished(const SearchPlan& plan, const std::function<double(const ParamMap&)>& value = planted) {
    Search search = make(plan);
    while (search.next())
        search.tell(value(search.next()->params));
    return search;
}

double bestOf(const Search& search) { return *search.values()[*search.best()]; }

Result<SearchSpace> parse(std::string_view text) { return SearchSpace::parse(plantedSchema(), text); }

} // namespace

class TestSearch final : public QObject {
    Q_OBJECT
private slots:
    void aSpaceIsReadAndWrittenAgain() {
        const auto read =
            parse("embedding_size=8..128:log, learning_rate = .001..0.1:linear:5, bent=true|false");
        QVERIFY2(read.ok(), read ? "" : read.error().text().c_str());
        QCOMPARE(read->text(), std::string("embedding_size=8..128:log, learning_rate=0.001..0.1:linear:5, "
                                           "bent=true|false"));
        const auto again = parse(read->text());
        QVERIFY(again.ok() && *again == *read);
        QCOMPARE(read->dimensions()[0].at(0.0), ParamValue(std::int64_t{8}));
        QCOMPARE(read->dimensions()[0].at(1.0), ParamValue(std::int64_t{128}));
        QCOMPARE(read->dimensions()[0].at(0.5), ParamValue(std::int64_t{31})); // √(7.5 x 128.5)
        QCOMPARE(read->dimensions()[2].at(0.6), ParamValue(false));
    }

    void whatIsWrongWithASpaceIsSaid_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("named");
        QTest::newRow("unknown") << "embeding_size=1..2"
                                 << "embedding_size";
        QTest::newRow("outside") << "embedding_size=0..4"
                                 << "1 to 2,048";
        QTest::newRow("upside down") << "embedding_size=9..4"
                                     << "larger to a smaller";
        QTest::newRow("no numbers") << "learning_rate=a..b"
                                    << "two numbers";
        QTest::newRow("log of zero") << "blend=0..1:log"
                                     << "above 0";
        QTest::newRow("twice") << "bent, bent=true"
                               << "twice";
        QTest::newRow("broken") << "embedding_size=1.5..4"
                                << "whole";
        QTest::newRow("behind") << "embedding_size=1..4:fast"
                                << "fast";
        QTest::newRow("value") << "bent=maybe"
                               << "bent";
    }
    void whatIsWrongWithASpaceIsSaid() {
        QFETCH(QString, text);
        QFETCH(QString, named);
        const auto read = parse(text.toStdString());
        QVERIFY(!read.ok());
        QVERIFY2(QString::fromStdString(read.error().text()).contains(named), read.error().text().c_str());
    }

    void everyAlgorithmHasASpaceByItself() {
        for (const AlgorithmInfo& info : algorithms()) {
            const auto read = SearchSpace::parse(info.schema(), "");
            if (!read) continue; // none to turn
            for (const SearchDimension& each : read->dimensions()) {
                for (const double place : {0.0, 0.3, 0.5, 0.99, 1.0}) {
                    const auto checked = info.schema().complete({{each.key, each.at(place)}});
                    QVERIFY2(checked.ok(), (std::string(info.id) + " " + each.key).c_str());
                }
                QVERIFY(each.key != "epochs");
            }
            const auto again = SearchSpace::parse(info.schema(), read->text());
            QVERIFY2(again.ok() && again->dimensions().size() == read->dimensions().size(),
                     (read->text() + ": " + (again ? std::string() : again.error().text())).c_str());
        }
    }

    void eachMethodFindsThePlantedOptimum_data() {
        QTest::addColumn<int>("method");
        QTest::addColumn<int>("trials");
        QTest::addColumn<double>("reached");
        // Mean of one random draw: about 0.1. The optimum is 1.
        QTest::newRow("grid") << int(SearchMethod::Grid) << 100 << 0.95;
        QTest::newRow("random") << int(SearchMethod::Random) << 60 << 0.9;
        QTest::newRow("tpe") << int(SearchMethod::Tpe) << 60 << 0.97;
        QTest::newRow("halving") << int(SearchMethod::Halving) << 60 << 0.9;
    }
    void eachMethodFindsThePlantedOptimum() {
        QFETCH(int, method);
        QFETCH(int, trials);
        QFETCH(double, reached);
        for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
            const Search search = finished({.method = static_cast<SearchMethod>(method),
                                            .trials = trials,
                                            .space = space,
                                            .seed = seed});
            QCOMPARE_GE(bestOf(search), reached);
            QCOMPARE(std::get<bool>(search.trials()[*search.best()].params.at("bent")), false);
        }
    }

    void tpeBeatsRandomWithTheSameTrials() {
        double tpe = 0.0;
        double random = 0.0;
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            tpe +=
                bestOf(finished({.method = SearchMethod::Tpe, .trials = 40, .space = space, .seed = seed}));
            random += bestOf(
                finished({.method = SearchMethod::Random, .trials = 40, .space = space, .seed = seed}));
        }
        QCOMPARE_GT(tpe, random);
        QCOMPARE_GT(tpe / 20.0, 0.97);
    }

    void anErrorIsMinimised() {
        auto search = Search::make(plantedAlgorithm(),
                                   {.method = SearchMethod::Tpe, .trials = 50, .space = space}, {}, false);
        QVERIFY(search.ok());
        while (search->next())
            search->tell(2.0 - planted(search->next()->params));
        QCOMPARE_LT(bestOf(*search), 1.05);
    }

    void aSearchGoesOnWhereItWasCutOff_data() {
        QTest::addColumn<int>("method");
        for (const SearchMethod each :
             {SearchMethod::Grid, SearchMethod::Random, SearchMethod::Tpe, SearchMethod::Halving})
            QTest::newRow(std::string(searchMethodKey(each)).c_str()) << int(each);
    }
    void aSearchGoesOnWhereItWasCutOff() {
        QFETCH(int, method);
        const SearchPlan plan{
            .method = static_cast<SearchMethod>(method), .trials = 30, .space = space, .seed = 9};
        const Search whole = finished(plan);
        for (const std::size_t cut :
             {std::size_t{0}, std::size_t{1}, std::size_t{12}, whole.trials().size() - 1}) {
            Search resumed = make(plan);
            for (std::size_t n = 0; n < cut; ++n) {
                QCOMPARE(*resumed.next(), whole.trials()[n]);
                resumed.tell(whole.values()[n]);
            }
            while (resumed.next())
                resumed.tell(planted(resumed.next()->params));
            QVERIFY(resumed.trials() == whole.trials());
            QVERIFY(resumed.values() == whole.values());
        }
    }

    void halvingGivesTheBestThirdThreeTimesTheEpochs() {
        const Search search = finished({.method = SearchMethod::Halving, .trials = 9, .space = space});
        std::vector<int> epochs;
        for (const Trial& trial : search.trials())
            epochs.push_back(trial.epochs);
        // 27 epochs in all: 9 trials of 3, 3 of 9, 1 of 27
        QCOMPARE(epochs, (std::vector<int>{3, 3, 3, 3, 3, 3, 3, 3, 3, 9, 9, 9, 27}));
        std::set<double> best;
        for (std::size_t n = 0; n < 9; ++n)
            best.insert(*search.values()[n]);
        auto from = best.rbegin();
        for (std::size_t n = 9; n < 12; ++n)
            QCOMPARE(*search.values()[n], *from++);
        QCOMPARE(search.trials()[12].params, search.trials()[9].params);
        QCOMPARE(*search.best(), std::size_t{12});
        QCOMPARE(search.plannedTrials(), 13);
    }

    void withoutEpochsHalvingTriesAllInFull() {
        Search search = make({.method = SearchMethod::Halving, .trials = 9, .space = space}, false);
        QCOMPARE(search.plannedTrials(), 9);
        QCOMPARE(search.next()->epochs, 0);
    }

    void aFailedTrialCountsAsWorst() {
        Search search = make({.method = SearchMethod::Tpe, .trials = 30, .space = space});
        while (search.next()) {
            const double value = planted(search.next()->params);
            search.tell(value < 0.0 ? TrialValue() : TrialValue(value));
        }
        QCOMPARE_GT(bestOf(search), 0.9);
        Search none = make({.method = SearchMethod::Halving, .trials = 3, .space = space});
        while (none.next())
            none.tell(std::nan(""));
        QVERIFY(!none.best());
    }

    void noPointIsTriedTwiceAndASmallSpaceEnds() {
        for (const SearchMethod method : {SearchMethod::Random, SearchMethod::Tpe}) {
            const Search search =
                finished({.method = method, .trials = 50, .space = "embedding_size=1..3, bent"},
                         [](const ParamMap& params) {
                             return static_cast<double>(std::get<std::int64_t>(params.at("embedding_size")));
                         });
            QCOMPARE(search.trials().size(), std::size_t{6});
            std::set<ParamMap> different;
            for (const Trial& trial : search.trials())
                different.insert(trial.params);
            QCOMPARE(different.size(), std::size_t{6});
        }
    }

    void whatIsSwitchedOffIsNotSet() {
        const Search search = finished({.trials = 20, .space = "bent, blend"}, [](const ParamMap& params) {
            return params.contains("blend") ? 1.0 : 0.0;
        });
        for (const Trial& trial : search.trials())
            QCOMPARE(trial.params.contains("blend"), std::get<bool>(trial.params.at("bent")));
    }

    void aGridHasItsEndsAndNoMoreThanTheTrials() {
        const Search search =
            finished({.method = SearchMethod::Grid,
                      .trials = 20,
                      .space = "embedding_size=8..32:log:3, learning_rate=0.01..1:log, bent"});
        // 3 x 3 x 2 of the 20
        QCOMPARE(search.trials().size(), std::size_t{18});
        std::set<std::int64_t> sizes;
        std::set<double> rates;
        for (const Trial& trial : search.trials()) {
            sizes.insert(std::get<std::int64_t>(trial.params.at("embedding_size")));
            rates.insert(std::get<double>(trial.params.at("learning_rate")));
        }
        QCOMPARE(sizes, (std::set<std::int64_t>{8, 16, 32}));
        QCOMPARE(rates, (std::set<double>{0.01, 0.1, 1.0}));
        QVERIFY(
            !Search::make(plantedAlgorithm(),
                          {.method = SearchMethod::Grid, .trials = 3, .space = "bent, embedding_size=2|4"},
                          {}, true)
                 .ok());
    }

    void densitiesIntegrateToOne() {
        for (const int values : {0, 4}) {
            const ParzenDensity density({0.1, 0.12, 0.9}, values);
            double sum = 0.0;
            for (int n = 0; n < 10000; ++n)
                sum += density.at((n + 0.5) / 10000.0) / 10000.0;
            QVERIFY2(std::abs(sum - 1.0) < 1e-3, qPrintable(QString::number(sum)));
            Rng rng(3);
            double low = 0.0;
            for (int n = 0; n < 4000; ++n)
                low += density.draw(rng) < 0.5 ? 1.0 : 0.0;
            double expected = 0.0;
            for (int n = 0; n < 5000; ++n)
                expected += density.at((n + 0.5) / 10000.0) / 10000.0;
            QVERIFY(std::abs(low / 4000.0 - expected) < 0.03);
        }
    }

    void studentsQuantilesAreThoseOfTheTables() {
        // Abramowitz & Stegun, table 26.10, and closed forms for 1 and 2 degrees of freedom.
        QVERIFY(std::abs(studentQuantile(0.975, 1.0) - std::tan(0.475 * std::acos(-1.0))) < 1e-8);
        QVERIFY(std::abs(studentQuantile(0.975, 2.0) - 0.95 / std::sqrt(2.0 * 0.975 * 0.025)) < 1e-9);
        QVERIFY(std::abs(studentQuantile(0.975, 4.0) - 2.776) < 5e-4);
        QVERIFY(std::abs(studentQuantile(0.975, 9.0) - 2.262) < 5e-4);
        QVERIFY(std::abs(studentQuantile(0.995, 30.0) - 2.750) < 5e-4);
        QVERIFY(std::abs(studentQuantile(0.975, 1e6) - 1.959964) < 1e-5);
        QVERIFY(std::abs(studentQuantile(0.025, 4.0) + 2.776) < 5e-4);
    }

    void meanAndIntervalAreOfTheRuns() {
        const std::vector<std::vector<NamedValue>> runs{{{"ndcg@10", 0.30}, {"rmse", 1.0}},
                                                        {{"ndcg@10", 0.34}, {"rmse", std::nan("")}},
                                                        {{"ndcg@10", 0.32}}};
        const auto summary = summarise(runs);
        QCOMPARE(summary.size(), std::size_t{2});
        QCOMPARE(summary[0].runs, 3);
        QVERIFY(std::abs(summary[0].mean - 0.32) < 1e-12);
        QVERIFY(std::abs(summary[0].deviation - 0.02) < 1e-12);
        QVERIFY(std::abs(summary[0].halfWidth - 4.302653 * 0.02 / std::sqrt(3.0)) < 1e-7); // t(.975, 2)
        QCOMPARE(summary[0].min, 0.30);
        QCOMPARE(summary[0].max, 0.34);
        QCOMPARE(summary[1].runs, 1);
        QVERIFY(std::isnan(summary[1].halfWidth));
    }
};

QTEST_APPLESS_MAIN(TestSearch)
#include "tst_search.moc"
