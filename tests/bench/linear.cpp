// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "tests/bench/work.h"

#include <cstdio>

namespace recoscope::bench {

namespace {

/// One linear model: the time of its fit on nearly all data, and how well it ranks on the other split.
struct Measure {
    const char* what;
    const char* algorithm;
    std::optional<double> peer;
    double limit; // seconds
};

Status measure(const Measure& one, const SplitPtr& timed, const SplitPtr& ranked, Report& report,
               ThreadPool& pool, const Options& options) {
    if (!findAlgorithm(one.algorithm)) {
        report.missing(one.what, std::string("not there yet: no algorithm '") + one.algorithm + "'");
        return {};
    }
    TrainingPlan plan = plainPlan(one.algorithm, {});
    plan.evaluateTest = false;
    std::vector<double> seconds;
    const int repeats = options.smoke ? 1 : options.repeats;
    for (int n = 0; n < repeats; ++n) {
        const auto run = trainTimed(plan, timed, pool, options);
        if (!run) return run.error();
        seconds.push_back(run->ended.trainSeconds);
    }
    plan.evaluateTest = true;
    const auto run = trainTimed(plan, ranked, pool, options);
    if (!run) return run.error();
    Line line = repeated(one.what, seconds);
    if (!options.smoke) {
        line.peer = one.peer;
        if (one.peer) line.peerName = "NumPy";
        line.limit = one.limit;
    }
    char note[80];
    std::snprintf(note, sizeof note, "NDCG@10 %.4f (random 80/20 per user)",
                  run->ended.test->find("ndcg@10")->value);
    line.note = note;
    report.add(std::move(line));
    return {};
}

} // namespace

Status measureLinear(const SplitPtr& timed, const SplitPtr& ranked, Report& report, ThreadPool& pool,
                     const Options& options) {
    const Measure measures[] = {{"EASE, Gram and solve", "ease", 3.4, 3.4},
                                {"SLIM, elastic net of every item", "slim", std::nullopt, 60.0}};
    for (const Measure& one : measures) {
        if (!options.only.empty() && options.only.count(one.algorithm) == 0) continue;
        if (const Status done = measure(one, timed, ranked, report, pool, options); !done) return done;
    }
    return {};
}

} // namespace recoscope::bench
