// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/nn/schedule.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

constexpr double kPi = 3.14159265358979323846;

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

/// Rates at the first step of each epoch.
std::vector<double> byEpoch(const ScheduleOptions& options, double base, int epochs) {
    std::vector<double> rates;
    for (int epoch = 0; epoch < epochs; ++epoch)
        rates.push_back(scheduledRate(options, base, {epoch * 10, 10, static_cast<double>(epochs)}));
    return rates;
}

bool near(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t n = 0; n < a.size(); ++n)
        if (!near(a[n], b[n])) return false;
    return true;
}

} // namespace

class TestSchedule : public QObject {
    Q_OBJECT

private slots:
    void constantStays() { QVERIFY(near(byEpoch({}, 0.3, 4), {0.3, 0.3, 0.3, 0.3})); }

    void stepFallsEveryNEpochs() {
        const ScheduleOptions options{.kind = ScheduleKind::Step, .gamma = 0.1, .stepEpochs = 2};
        QVERIFY(near(byEpoch(options, 1.0, 5), {1.0, 1.0, 0.1, 0.1, 0.01}));
        QVERIFY(near(scheduledRate(options, 1.0, {19, 10, 5}), 1.0)); // the last step before
    }

    void exponentialFallsEvenlyAlsoWithinAnEpoch() {
        const ScheduleOptions options{.kind = ScheduleKind::Exponential, .gamma = 0.25};
        QVERIFY(near(byEpoch(options, 1.0, 4), {1.0, 0.25, 0.0625, 0.015625}));
        QVERIFY(near(scheduledRate(options, 1.0, {5, 10, 4}), 0.5));
    }

    // CosineAnnealingLR of PyTorch 1.13.1: SGD with lr 0.4, T_max 8, eta_min 0.05; the rate before each of 8
    // epochs.
    void cosineEqualsPyTorch() {
        const ScheduleOptions options{.kind = ScheduleKind::Cosine, .minimum = 0.05};
        QVERIFY(near(byEpoch(options, 0.4, 8),
                     {0.4, 0.3866789181894752, 0.34874368670764583, 0.29196960066389077, 0.225,
                      0.15803039933610932, 0.10125631329235421, 0.06332108181052483}));
        QVERIFY(near(scheduledRate(options, 0.4, {80, 10, 8}), 0.05));
        QVERIFY(
            near(scheduledRate(options, 0.4, {500, 10, 8}), 0.05)); // beyond the plan it does not rise again
    }

    void warmUpRisesToTheBaseAndTheRestFollowsAsIfItBeganThere_data() {
        QTest::addColumn<int>("kind");
        for (const auto& [kind, choice] : scheduleChoices())
            QTest::newRow(choice.key.c_str()) << static_cast<int>(kind);
    }
    void warmUpRisesToTheBaseAndTheRestFollowsAsIfItBeganThere() {
        QFETCH(int, kind);
        const ScheduleOptions without{.kind = ScheduleKind{kind}, .gamma = 0.5, .stepEpochs = 3};
        ScheduleOptions with = without;
        with.warmUpEpochs = 2;
        for (int step = 0; step < 20; ++step)
            QVERIFY(near(scheduledRate(with, 0.8, {step, 10, 12}), 0.8 * (step + 1) / 20));
        for (int step = 0; step <= 100; ++step)
            QVERIFY(near(scheduledRate(with, 0.8, {step + 20, 10, 12}),
                         scheduledRate(without, 0.8, {step, 10, 10})));
    }

    void warmUpMayBeAFractionOfAnEpochOrTheWholeRun() {
        ScheduleOptions options{.kind = ScheduleKind::Cosine, .warmUpEpochs = 0.5};
        QVERIFY(near(scheduledRate(options, 1.0, {0, 10, 3}), 0.2));
        QVERIFY(near(scheduledRate(options, 1.0, {4, 10, 3}), 1.0));
        options.warmUpEpochs = 3;
        QVERIFY(near(scheduledRate(options, 1.0, {29, 10, 3}), 1.0));
        QVERIFY(std::isfinite(scheduledRate(options, 1.0, {30, 10, 3})));
    }

    // ReduceLROnPlateau of PyTorch 1.13.1: lr 1, factor 0.5, patience 1, threshold 1e-2, cooldown 1, min_lr
    // 0.2.
    void plateauEqualsPyTorch() {
        LearningRate rate({.kind = ScheduleKind::Plateau,
                           .gamma = 0.5,
                           .minimum = 0.2,
                           .patience = 1,
                           .threshold = 1e-2,
                           .coolDown = 1},
                          1.0, 100, 10);
        const std::vector<double> losses{5, 4, 3.99, 3.98, 3.97, 3, 3, 3, 3, 3, 3, 3, 3};
        const std::vector<double> expected{1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2};
        for (std::size_t n = 0; n < losses.size(); ++n) {
            const double before = rate.at(7);
            const bool reduced = rate.report(losses[n]);
            QVERIFY2(near(rate.at(7), expected[n]), qPrintable(QString("%1: %2").arg(n).arg(rate.at(7))));
            if (rate.at(7) < before) QVERIFY(reduced);
        }
    }

    // The same with mode "max", patience 0 and threshold 0.
    void plateauOfAMetricThatShouldRise() {
        LearningRate rate({.kind = ScheduleKind::Plateau, .gamma = 0.5, .patience = 0, .threshold = 0.0}, 1.0,
                          100, 10, Watch::Higher);
        const std::vector<double> values{0.1, 0.2, 0.2, 0.3, 0.25, 0.31};
        const std::vector<double> expected{1, 1, 0.5, 0.5, 0.25, 0.25};
        for (std::size_t n = 0; n < values.size(); ++n) {
            rate.report(values[n]);
            QVERIFY(near(rate.at(0), expected[n]));
        }
    }

    void plateauOfNegativeValuesNeedsAnImprovementToo() {
        // A log-likelihood: from -10 to -10.5 is better than the tenth of a percent asked for, to -10.001 is
        // not.
        const ScheduleOptions options{.kind = ScheduleKind::Plateau, .threshold = 1e-3};
        PlateauState state = plateauAfter({}, options, Watch::Lower, -10.0);
        QCOMPARE(plateauAfter(state, options, Watch::Lower, -10.001).bad, 1);
        QCOMPARE(plateauAfter(state, options, Watch::Lower, -10.5), (PlateauState{.best = -10.5}));
    }

    void nanIsNeverBetter() {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const ScheduleOptions options{.kind = ScheduleKind::Plateau, .patience = 0};
        PlateauState state = plateauAfter({}, options, Watch::Lower, nan);
        QVERIFY(!state.best && state.reductions == 1);
        state = plateauAfter(state, options, Watch::Lower, 3.0);
        QVERIFY(state.best == 3.0 && state.reductions == 1);
        state = plateauAfter(state, options, Watch::Lower, nan);
        QVERIFY(state.best == 3.0 && state.reductions == 2);
    }

    void reportsOnlyMatterToPlateau() {
        LearningRate rate({.kind = ScheduleKind::Step, .patience = 0}, 1.0, 10, 10);
        for (int n = 0; n < 5; ++n)
            QVERIFY(!rate.report(1.0));
        QCOMPARE(rate.at(0), 1.0);
    }

    void impossibleClocksAreRefused() {
        QVERIFY_THROWS_EXCEPTION(CheckFailed, LearningRate({}, 1.0, 10, 0));
        QVERIFY_THROWS_EXCEPTION(CheckFailed,
                                 LearningRate({.kind = ScheduleKind::Step, .stepEpochs = 0}, 1.0, 10, 1));
    }

    void linearAnnealingHasSlopeOneAndStopsAtTheCap() {
        // min(anneal_cap, update / total_anneal_steps), as in the program of Liang et al.
        const AnnealingOptions options{.cap = 0.2, .steps = 1000};
        QCOMPARE(annealedWeight(options, 0), 0.0);
        QVERIFY(near(annealedWeight(options, 100), 0.1));
        QVERIFY(near(annealedWeight(options, 199), 0.199));
        for (const int step : {200, 500, 1000, 100000})
            QCOMPARE(annealedWeight(options, step), 0.2);
    }

    void aCapAboveOneIsReachedAtTheEnd() {
        const AnnealingOptions options{.cap = 4.0, .steps = 100};
        QVERIFY(near(annealedWeight(options, 25), 1.0));
        QVERIFY(near(annealedWeight(options, 100), 4.0));
        QVERIFY(near(annealedWeight(options, 200), 4.0));
    }

    void constantAnnealingIsTheCap() {
        for (const int step : {0, 10, 1000})
            QCOMPARE(annealedWeight({.kind = AnnealingKind::Constant, .cap = 0.7}, step), 0.7);
        QCOMPARE(annealedWeight({.cap = 0.7, .steps = 0}, 0), 0.7);
        QCOMPARE(annealedWeight({.cap = 0.0, .steps = 10}, 5), 0.0);
    }

    void cosineAnnealingFollowsItsFormula() {
        const AnnealingOptions options{.kind = AnnealingKind::Cosine, .cap = 1.0, .steps = 80};
        for (int step = 0; step <= 80; ++step)
            QVERIFY(near(annealedWeight(options, step), (1.0 - std::cos(kPi * step / 80.0)) / 2.0));
        QVERIFY(near(annealedWeight(options, 120), 1.0));
        AnnealingOptions capped = options;
        capped.cap = 0.5;
        QVERIFY(near(annealedWeight(capped, 40), 0.5));
        QVERIFY(near(annealedWeight(capped, 60), 0.5));
    }

    void cyclicalAnnealingFollowsFuAndOthers() {
        // T = 100, M = 4, R = 0.5, and t = step + 1: tau = mod(t - 1, T/M) / (T/M), beta = min(1, tau / R).
        const AnnealingOptions options{.kind = AnnealingKind::Cyclical, .cap = 1.0, .steps = 100};
        for (int step = 0; step < 100; ++step) {
            const double tau = (step % 25) / 25.0;
            QVERIFY2(near(annealedWeight(options, step), tau <= 0.5 ? tau / 0.5 : 1.0),
                     qPrintable(QString::number(step)));
        }
        for (const int step : {100, 101, 5000})
            QCOMPARE(annealedWeight(options, step), 1.0);
        AnnealingOptions capped = options;
        capped.cap = 0.3;
        QVERIFY(near(annealedWeight(capped, 25 + 3), 0.24));
        QVERIFY(near(annealedWeight(capped, 25 + 8), 0.3));
    }

    void choicesNameEveryKindOnce() {
        std::set<std::string> keys;
        for (const auto& [kind, choice] : scheduleChoices())
            keys.insert(choice.key);
        QCOMPARE(keys.size(), std::size_t{5});
        keys.clear();
        for (const auto& [kind, choice] : annealingChoices())
            keys.insert(choice.key);
        QCOMPARE(keys.size(), std::size_t{4});
    }
};

QTEST_APPLESS_MAIN(TestSchedule)
#include "tst_schedule.moc"
