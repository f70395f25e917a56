// SPDX-License-Identifier: GPL-3.0-or-later
// Figures of tests are those of SciPy 1.10.1 (scipy.special.betainc, 2·scipy.stats.t.sf,
// scipy.stats.ttest_rel, scipy.stats.wilcoxon with zero_method='wilcox', correction=True and mode 'exact' or
// 'approx') over samples that lcg() makes here and, by the same rule, made in Python.
#include "engine/core/rng.h"
#include "engine/eval/distributions.h"
#include "engine/eval/significance.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

using namespace recoscope;

namespace {

/// x <- (1103515245 x + 12345) mod 2^31, over 2^31.
std::vector<double> lcg(std::uint64_t seed, int n) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) {
        seed = (1103515245ULL * seed + 12345ULL) % (1ULL << 31);
        values.push_back(static_cast<double>(seed) / static_cast<double>(1ULL << 31));
    }
    return values;
}

/// a + shift − b, both on a grid of 1/grid where one is given.
std::vector<double> differences(int n, std::uint64_t seed, double shift, int grid) {
    auto a = lcg(seed, n);
    auto b = lcg(seed + 100, n);
    std::vector<double> result;
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] += shift;
        if (grid > 0) {
            a[i] = std::floor(a[i] * grid) / grid;
            b[i] = std::floor(b[i] * grid) / grid;
        }
        result.push_back(a[i] - b[i]);
    }
    return result;
}

bool near(double a, double b, double tolerance = 1e-9) { return std::abs(a - b) <= tolerance; }

Evaluation evaluationOf(std::vector<int> users, std::vector<double> values, bool higherIsBetter = true,
                        const std::string& definition = "ndcg;k=10") {
    Evaluation evaluation;
    for (const int user : users)
        evaluation.users.push_back(UserIndex{user});
    double sum = 0.0;
    for (const double value : values)
        sum += value;
    evaluation.metrics.push_back({"ndcg@10", "NDCG@10", definition, sum / static_cast<double>(values.size()),
                                  static_cast<std::int64_t>(values.size()), higherIsBetter,
                                  std::move(values)});
    return evaluation;
}

std::vector<int> upTo(int n) {
    std::vector<int> users;
    for (int u = 0; u < n; ++u)
        users.push_back(u);
    return users;
}

} // namespace

class TestSignificance final : public QObject {
    Q_OBJECT
private slots:
    void theIncompleteBetaFunctionIsScipys() {
        QVERIFY(near(incompleteBeta(0.5, 0.5, 0.3), 0.3690101195655454, 1e-13));
        QVERIFY(near(incompleteBeta(2, 3, 0.4), 0.5248, 1e-13));
        QVERIFY(near(incompleteBeta(30, 0.5, 0.99), 0.439334368905251, 1e-13));
        QVERIFY(near(incompleteBeta(3019.5, 0.5, 0.999), 0.013973237973211221, 1e-12));
        QVERIFY(near(incompleteBeta(80000, 0.5, 0.9999), 6.331739378143314e-05, 1e-12));
        QVERIFY(near(incompleteBeta(5, 0.5, 0.01), 2.4712578086395448e-11, 1e-22));
        QVERIFY(near(incompleteBeta(0.5, 5, 0.9), 0.9999974294103008, 1e-13));
        QCOMPARE(incompleteBeta(1, 1, 0.0), 0.0);
        QCOMPARE(incompleteBeta(1, 1, 1.0), 1.0);
        QVERIFY(std::isnan(incompleteBeta(0, 1, 0.5)));
    }

    void studentsTIsScipys() {
        QVERIFY(near(studentTwoSided(0, 5), 1.0, 1e-13));
        QVERIFY(near(studentTwoSided(1.5, 1), 0.3743340836219976, 1e-12));
        QVERIFY(near(studentTwoSided(2.0, 9), 0.07655282377070093, 1e-12));
        QVERIFY(near(studentTwoSided(-3.3, 29), 0.0025669142292085835, 1e-12));
        QVERIFY(near(studentTwoSided(12.0, 100) / 4.3950877156043564e-21, 1.0, 1e-9));
        QVERIFY(near(studentTwoSided(4.2, 6039) / 2.7075571273064844e-05, 1.0, 1e-9));
        QVERIFY(near(studentTwoSided(1.96, 1e5), 0.04999856319430167, 1e-10));
        QCOMPARE(studentTwoSided(std::numeric_limits<double>::infinity(), 3), 0.0);
        QVERIFY(near(normalTwoSided(1.959963984540054), 0.05, 1e-12));
    }

    void testsAreScipys_data() {
        QTest::addColumn<int>("n");
        QTest::addColumn<int>("seed");
        QTest::addColumn<double>("shift");
        QTest::addColumn<int>("grid");
        QTest::addColumn<double>("t");
        QTest::addColumn<double>("tP");
        QTest::addColumn<double>("dz");
        QTest::addColumn<double>("w");
        QTest::addColumn<double>("wP");
        QTest::addColumn<int>("zeros");
        QTest::newRow("12, exact") << 12 << 1 << 0.05 << 0 << -1.4037388211944015 << 0.1879928797191095
                                   << -0.4052244931442578 << 17.0 << 0.09228515625 << 0;
        QTest::newRow("30, exact") << 30 << 2 << 0.1 << 0 << 2.064024379551099 << 0.048063873233257184
                                   << 0.37683757064024714 << 143.0 << 0.06666470877826214 << 0;
        QTest::newRow("200") << 200 << 3 << 0.02 << 0 << -0.30104756817293127 << 0.7636925369285452
                             << -0.021287277691479915 << 9675.0 << 0.6477043007627133 << 0;
        QTest::newRow("300, ties") << 300 << 4 << 0.02 << 8 << 0.452152240579669 << 0.6514871569825265
                                   << 0.026105021781336436 << 16418.5 << 0.6512860269620484 << 40;
        QTest::newRow("1000, ties") << 1000 << 5 << 0.0 << 4 << 1.4154692004944474 << 0.15724263311199624
                                    << 0.04476106631379988 << 132728.0 << 0.1467984615492338 << 249;
    }
    void testsAreScipys() {
        QFETCH(int, n);
        QFETCH(int, seed);
        QFETCH(double, shift);
        QFETCH(int, grid);
        QFETCH(double, t);
        QFETCH(double, tP);
        QFETCH(double, dz);
        QFETCH(double, w);
        QFETCH(double, wP);
        QFETCH(int, zeros);
        const auto d = differences(n, static_cast<std::uint64_t>(seed), shift, grid);
        const PairedT test = pairedT(d);
        QVERIFY2(near(test.t, t), std::to_string(test.t).c_str());
        QVERIFY2(near(test.p, tP), std::to_string(test.p).c_str());
        QVERIFY(near(test.t / std::sqrt(static_cast<double>(n)), dz));
        QCOMPARE(test.degrees, n - 1.0);
        const Wilcoxon ranks = wilcoxon(d);
        QCOMPARE(ranks.zeros, zeros);
        QCOMPARE(ranks.exact, n <= 50);
        QCOMPARE(ranks.statistic, w);
        QVERIFY2(near(ranks.p, wP), std::to_string(ranks.p).c_str());
    }

    void theExactWilcoxonTestCountsAllSigns() {
        // With ties: all 2^n signs of the shared ranks, by hand of a loop.
        const std::vector<double> d{0.5, -0.25, 0.5, 1.0, 0.25, 0.25, -0.75, 2.0, 0.0, 1.0};
        const Wilcoxon found = wilcoxon(d);
        const std::vector<double> ranks{4.5, -2, 4.5, 7.5, 2, 2, -6, 9, 7.5};
        double plus = 0.0;
        double total = 0.0;
        for (const double rank : ranks) {
            plus += rank > 0 ? rank : 0.0;
            total += std::abs(rank);
        }
        QCOMPARE(found.pairs, 9);
        QCOMPARE(found.zeros, 1);
        QCOMPARE(found.statistic, total - plus); // 8
        int extreme = 0;
        for (int signs = 0; signs < 512; ++signs) {
            double sum = 0.0;
            for (std::size_t n = 0; n < 9; ++n)
                sum += signs >> n & 1 ? std::abs(ranks[n]) : 0.0;
            extreme += sum <= total - plus;
        }
        QCOMPARE(found.p, 2.0 * extreme / 512.0);
    }

    void holmByHand() {
        // 0.01·4, then max with 0.02·3, 0.03·2, 0.04·1.
        QCOMPARE(holm(std::vector<double>{0.04, 0.01, 0.03, 0.02}),
                 (std::vector<double>{0.06, 0.04, 0.06, 0.06}));
        QCOMPARE(holm(std::vector<double>{0.5, 0.9}), (std::vector<double>{1.0, 1.0}));
        const auto withNone = holm(std::vector<double>{0.02, std::nan(""), 0.03});
        QCOMPARE(withNone[0], 0.04);
        QVERIFY(std::isnan(withNone[1]));
        QCOMPARE(withNone[2], 0.04);
    }

    void theBootstrapIntervalIsThatOfTheMean() {
        // 5,000 normal numbers: mean ± 1.96 sd/√n, within a few percent of its width.
        Rng rng(3);
        std::vector<double> values;
        for (int n = 0; n < 5000; ++n)
            values.push_back(0.3 + 2.0 * rng.normal());
        double mean = 0.0;
        for (const double value : values)
            mean += value / 5000.0;
        double squares = 0.0;
        for (const double value : values)
            squares += (value - mean) * (value - mean);
        const double half = 1.959964 * std::sqrt(squares / 4999.0 / 5000.0);
        const ConfidenceInterval found = bootstrapMean(values);
        QVERIFY(near(found.low, mean - half, 0.1 * half) && near(found.high, mean + half, 0.1 * half));
        const ConfidenceInterval again = bootstrapMean(values);
        QCOMPARE(again.low, found.low);
        const ConfidenceInterval other = bootstrapMean(values, {.seed = 7});
        QVERIFY(other.low != found.low);
        const ConfidenceInterval wider = bootstrapMean(values, {.level = 0.01});
        QVERIFY(wider.low < found.low && wider.high > found.high);
        const ConfidenceInterval constant = bootstrapMean(std::vector<double>(9, 0.5));
        QVERIFY(constant.low == 0.5 && constant.high == 0.5);
    }

    void aComparisonByHand() {
        const Evaluation a = evaluationOf({0, 1, 2, 4, 7}, {0.5, 0.4, 0.9, 0.1, 0.3});
        const Evaluation b = evaluationOf({0, 1, 3, 4, 7}, {0.3, 0.4, 0.2, 0.2, 0.1});
        const auto found = compareRuns({"A", &a}, {"B", &b}, "ndcg@10");
        QVERIFY(found);
        // Users 0, 1, 4, 7 are in both: differences 0.2, 0, −0.1, 0.2.
        QCOMPARE(found->users, 4);
        QCOMPARE(found->onlyInOne, 2);
        QCOMPARE(found->wins, 2);
        QCOMPARE(found->ties, 1);
        QCOMPARE(found->losses, 1);
        QVERIFY(near(found->meanA, 1.3 / 4) && near(found->meanB, 1.0 / 4) && near(found->difference, 0.075));
        // sd² = (0.125² + 0.075² + 0.175² + 0.125²)/3 = 0.0225
        QVERIFY(near(found->effect, 0.5));
        QVERIFY(near(found->t.t, 1.0));
        QVERIFY(near(found->t.p, 0.39100221895577053, 1e-9)); // 2·t.sf(1, 3)
        QVERIFY(!found->significant);
        QVERIFY2(found->claim.rfind("That A and B differ in NDCG@10 cannot be claimed from the 4 users", 0) ==
                     0,
                 found->claim.c_str());
        QVERIFY(found->claim.find("p = 0.391") != std::string::npos);
    }

    void claimsNameTheBetterRunAlsoWhereLowIsGood() {
        Rng rng(1);
        std::vector<double> good;
        std::vector<double> bad;
        for (int n = 0; n < 400; ++n) {
            good.push_back(0.2 + 0.1 * rng.uniform());
            bad.push_back(good.back() + 0.05 + 0.1 * rng.uniform());
        }
        const Evaluation low = evaluationOf(upTo(400), good, false);
        const Evaluation high = evaluationOf(upTo(400), bad, false);
        for (const bool swapped : {false, true}) {
            const auto found = swapped ? compareRuns({"high", &high}, {"low", &low}, "ndcg@10")
                                       : compareRuns({"low", &low}, {"high", &high}, "ndcg@10");
            QVERIFY(found->significant);
            QVERIFY2(found->claim.rfind("low has a better mean NDCG@10 than high over the 400 users", 0) == 0,
                     found->claim.c_str());
            QVERIFY(found->claim.find("better for 100 % of the users and worse for 0 %") !=
                    std::string::npos);
            QCOMPARE(found->wins, swapped ? 0 : 400);
            // Both ends of the interval have the sign of "by": no minus before a figure.
            QVERIFY2(found->claim.find(" -") == std::string::npos, found->claim.c_str());
        }
    }

    void aTableIsCorrectedOverItsPairs() {
        Rng rng(2);
        std::vector<Evaluation> evaluations;
        for (int run = 0; run < 4; ++run) {
            std::vector<double> values;
            for (int n = 0; n < 300; ++n)
                values.push_back(rng.uniform() + 0.02 * run);
            evaluations.push_back(evaluationOf(upTo(300), values));
        }
        std::vector<ComparedRun> runs;
        for (std::size_t n = 0; n < 4; ++n)
            runs.push_back({"run " + std::to_string(n), &evaluations[n]});
        const auto table = compareAll(runs, "ndcg@10");
        QVERIFY(table);
        QCOMPARE(table->size(), std::size_t{6});
        QCOMPARE((*table)[5].nameA, std::string("run 2"));
        std::vector<double> p;
        for (const Comparison& each : *table)
            p.push_back(each.t.p);
        const auto adjusted = holm(p);
        for (std::size_t n = 0; n < 6; ++n) {
            QCOMPARE((*table)[n].adjustedT, adjusted[n]);
            QCOMPARE((*table)[n].significant, adjusted[n] < 0.05);
            QCOMPARE((*table)[n].pairsInTable, 6);
        }
        const auto others = compareWithOthers(runs, 3, "ndcg@10");
        QCOMPARE(others->size(), std::size_t{3});
        QCOMPARE((*others)[0].nameA, std::string("run 3"));
        QCOMPARE((*others)[1].pairsInTable, 3);
    }

    void cancellingStopsTheBootstrapWithin200Milliseconds() {
        // Three pairs, 2,000 resamples of 300,000 users each: seconds, if nobody stops it.
        constexpr int users = 300'000;
        std::vector<Evaluation> evaluations;
        for (std::uint64_t run = 0; run < 3; ++run)
            evaluations.push_back(evaluationOf(upTo(users), lcg(run + 1, users)));
        std::vector<ComparedRun> runs;
        for (const Evaluation& each : evaluations)
            runs.push_back({"run " + std::to_string(runs.size()), &each});
        for (const bool all : {true, false}) {
            RunControl control;
            std::chrono::steady_clock::time_point asked;
            std::thread person([&] {
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                asked = std::chrono::steady_clock::now();
                control.cancel();
            });
            const auto table = all ? compareAll(runs, "ndcg@10", {}, &control)
                                   : compareWithOthers(runs, 1, "ndcg@10", {}, &control);
            const auto ended = std::chrono::steady_clock::now();
            person.join();
            QVERIFY(!table);
            QCOMPARE(table.error().code, ErrorCode::Cancelled);
            const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(ended - asked).count();
            QVERIFY2(took >= 0 && took < 200, std::to_string(took).c_str());
        }
    }

    void aControlThatNobodyUsesChangesNoNumber() {
        const auto values = lcg(5, 700);
        RunControl control;
        const auto with = bootstrapMean(values, {}, &control);
        const auto without = bootstrapMean(values);
        QCOMPARE(with.low, without.low);
        QCOMPARE(with.high, without.high);
    }

    void equalRunsAndUnclearOnesAreSaidSo() {
        const Evaluation a = evaluationOf(upTo(5), {0.1, 0.2, 0.3, 0.4, 0.5});
        const auto same = compareRuns({"A", &a}, {"B", &a}, "ndcg@10");
        QCOMPARE(same->t.p, 1.0);
        QCOMPARE(same->signedRank.p, 1.0);
        QVERIFY(!same->significant);
        QVERIFY(same->claim.find("the same NDCG@10 for every one") != std::string::npos);
        const Evaluation other = evaluationOf(upTo(5), {0.1, 0.2, 0.3, 0.4, 0.6}, true, "ndcg;k=10;ideal=R");
        QVERIFY(compareRuns({"A", &a}, {"B", &other}, "ndcg@10").error().message.find("different numbers") !=
                std::string::npos);
        QVERIFY(!compareRuns({"A", &a}, {"B", &a}, "rmse"));
        Evaluation whole = a;
        whole.metrics[0].perUser.clear();
        QVERIFY(!compareRuns({"A", &a}, {"B", &whole}, "ndcg@10"));
        const Evaluation stranger = evaluationOf({7, 8, 9, 10, 11}, {0.1, 0.2, 0.3, 0.4, 0.5});
        QVERIFY(!compareRuns({"A", &a}, {"B", &stranger}, "ndcg@10"));
    }

    void theRateOfFalseClaimsIsTheLevel() {
        // 2,000 pairs of equal runs: a two-sided test at 5 % claims a difference in about 5 % of them (one
        // that looks at the wrong tail, in 0 or 95 %).
        int t = 0;
        int ranks = 0;
        for (std::uint64_t seed = 0; seed < 2000; ++seed) {
            Rng rng(seed);
            std::vector<double> d;
            for (int n = 0; n < 60; ++n)
                d.push_back(rng.normal());
            t += pairedT(d).p < 0.05;
            ranks += wilcoxon(d).p < 0.05;
        }
        QVERIFY2(t > 70 && t < 130, std::to_string(t).c_str());
        QVERIFY2(ranks > 70 && ranks < 130, std::to_string(ranks).c_str());
    }
};

QTEST_APPLESS_MAIN(TestSignificance)
#include "tst_significance.moc"
