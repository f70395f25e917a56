// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"
#include "engine/data/synthetic.h"
#include "engine/models/registry.h"
#include "engine/train/forecast.h"

#include "tests/bench/work.h"

#include <cstdio>

namespace recoscope::bench {

namespace {

struct Size {
    std::int32_t users;
    std::int32_t items;
    std::int64_t interactions;
};

std::string secondsText(double seconds) {
    char text[40];
    std::snprintf(text, sizeof text, "%.2g s", seconds);
    return text;
}

/// Training alone, a single epoch where there are epochs: what grows with the data.
TrainingPlan oneEpoch(const AlgorithmInfo& algorithm) {
    TrainingPlan plan = plainPlan(std::string(algorithm.id), {});
    if (algorithm.schema().find("epochs")) plan.params["epochs"] = std::int64_t{1};
    plan.evaluateTest = false;
    return plan;
}

bool isMeasured(const AlgorithmInfo& algorithm, const Options& options) {
    if (!options.only.empty()) return options.only.count(std::string(algorithm.id)) > 0;
    return algorithm.cost && !algorithm.needs.itemFeatures && !algorithm.needs.userFeatures &&
           algorithm.family != "Hybrid";
}

std::string perInteraction(double seconds, double interactions, double cutAt) {
    char text[80];
    const int used = std::snprintf(text, sizeof text, "%.3g us an interaction", 1e6 * seconds / interactions);
    if (cutAt < 1.0 && used > 0)
        std::snprintf(text + used, sizeof text - static_cast<std::size_t>(used), ", from %.2g %% of it",
                      100.0 * cutAt);
    return text;
}

Status measureSize(const Size& size, const MachineRates& rates, Report& report, ThreadPool& pool,
                   const Options& options) {
    const auto data = generateDataset({.users = size.users,
                                       .items = size.items,
                                       .interactions = size.interactions,
                                       .seed = 11,
                                       .keepTruth = false});
    if (!data) return data.error();
    const auto split = makeSplit(*data, {.testFraction = 0.1, .validationFraction = 0.0});
    if (!split) return split.error();
    report.section(std::to_string((*split)->train().size()) + " training interactions, " +
                   std::to_string(size.users) + " users, " + std::to_string(size.items) + " items");
    const DataShape shape = shapeOf(**split);
    for (const AlgorithmInfo& algorithm : algorithms()) {
        if (!isMeasured(algorithm, options)) continue;
        const TrainingPlan plan = oneEpoch(algorithm);
        const Forecast ahead = forecast(algorithm, shape, plan.params, rates, availableBytes());
        const bool epoch = plan.params.count("epochs") > 0;
        const std::string what = std::string(algorithm.title) +
                                 (epoch ? ", one epoch" : ", the whole fit");
        if ((!epoch && ahead.seconds > options.patience) || ahead.verdict == FitVerdict::Cannot) {
            report.missing(what, "the forecast says " + roughDuration(ahead.seconds) + " and " +
                                     bytesText(ahead.bytes));
            continue;
        }
        const auto timed = trainTimed(plan, *split, pool, options, epoch ? options.patience : 0.0);
        if (!timed) {
            report.missing(what, timed.error().text());
            continue;
        }
        const double seconds = timed->cutAt < 1.0 ? timed->epochSeconds.front() : timed->ended.trainSeconds;
        report.add({.what = what,
                    .ours = seconds,
                    .note = perInteraction(seconds, shape.interactions, timed->cutAt) + "; forecast " +
                            secondsText(ahead.seconds) + ", " + bytesText(ahead.bytes)});
    }
    return {};
}

} // namespace

Status measureGrowth(Report& report, ThreadPool& pool, const Options& options) {
    const std::vector<Size> sizes = options.smoke ? std::vector<Size>{{300, 200, 10'000}}
                                                  : std::vector<Size>{{6'040, 3'700, 1'000'000},
                                                                      {35'000, 10'000, 5'000'000},
                                                                      {138'000, 27'000, 20'000'000}};
    const MachineRates rates = measureRates(pool);
    for (const Size& size : sizes) {
        if (options.millions > 0 && size.interactions != options.millions * std::int64_t{1'000'000}) continue;
        if (Status done = measureSize(size, rates, report, pool, options); !done) return done;
    }
    return {};
}

} // namespace recoscope::bench
