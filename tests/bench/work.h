// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/train.h"

#include "tests/bench/report.h"

#include <map>
#include <set>
#include <string>

namespace recoscope::bench {

struct Options {
    bool smoke = false; // a tiny generated set instead of MovieLens 1M, once: does everything run?
    bool scale = false; // twenty million generated interactions instead
    bool growth = false; // every algorithm at 1, 5 and 20 million interactions instead
    int threads = 0;    // 0: all cores
    int repeats = 5;
    int millions = 0;        // of interactions of growth; 0: all sizes
    double patience = 150.0; // seconds a line of growth may take
    std::string data;                                              // ratings.dat; empty: the usual places
    std::string jsonPath;                                          // empty: none
    std::set<std::string> only;                                    // names of measures; empty: all
    std::map<std::string, std::map<std::string, std::string>> set; // algorithm -> parameter -> text
};

/// One finished run, and the seconds of its epochs.
struct Timed {
    RunEnded ended;
    std::vector<double> epochSeconds;
    /// The share of an epoch after which it was cut off; `epochSeconds` then has what a whole one takes at
    /// that rate.
    double cutAt = 1.0;
};

/// Trains with the plan's parameters overlaid with the command line's; the algorithm must be there. The first
/// epoch is cut off after `patience` seconds; 0: never.
Result<Timed> trainTimed(TrainingPlan plan, const SplitPtr& split, ThreadPool& pool, const Options& options,
                         double patience = 0.0);

/// A plan without validation and early stopping: the time is training only.
TrainingPlan plainPlan(const std::string& algorithm, ParamMap params);

/// "user::item::rating::time" or "user,item,rating,time" lines as MovieLens has them.
Status writeRatings(const Dataset& data, const std::string& path, bool dat);

/// The measures of MovieLens 1M (or of the tiny set).
Status measureMovieLens(Report& report, ThreadPool& pool, const Options& options);
/// Fits of EASE and SLIM on `timed`, and how they rank on `ranked`.
Status measureLinear(const SplitPtr& timed, const SplitPtr& ranked, Report& report, ThreadPool& pool,
                     const Options& options);
/// An epoch of BPR-MF, and of LightGCN beside PyTorch where it is installed.
Status measureRanking(const SplitPtr& timed, const SplitPtr& ranked, Report& report, ThreadPool& pool,
                      const Options& options);
/// An epoch of Mult-VAE on training data, beside PyTorch where it is installed.
Status measureNeural(const SplitPtr& split, Report& report, ThreadPool& pool, const Options& options);
/// Twenty million interactions: generated, written, imported, split, trained; times and peak memory.
Status measureScale(Report& report, ThreadPool& pool, const Options& options);
/// What an epoch (or the fit) of every algorithm takes with 1, 5 and 20 million interactions, beside its
/// forecast; with --only, of the algorithms named by id; with --millions, at one size. An epoch that takes
/// longer than `patience` is cut off and told at the rate so far; a fit that is expected to is not run.
Status measureGrowth(Report& report, ThreadPool& pool, const Options& options);

} // namespace recoscope::bench
