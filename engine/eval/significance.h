// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"
#include "engine/core/result.h"
#include "engine/core/run_control.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// Two-sided paired t-test of the hypothesis that the mean difference is 0.
struct PairedT {
    double t = 0.0;
    double degrees = 0.0; // pairs − 1
    double p = 1.0;       // 1 where all differences are 0; 0 where all are the same other number
};
PairedT pairedT(std::span<const double> differences);

/// Two-sided Wilcoxon signed-rank test. Pairs without a difference are left out (Wilcoxon's way, not
/// Pratt's); equal sizes share their mean rank. Exact for 50 pairs or fewer, over all signs of the ranks as
/// they are; above, the normal approximation with continuity correction and the variance corrected for ties.
struct Wilcoxon {
    double statistic = 0.0; // the smaller of the sums of positive and negative ranks
    double p = 1.0;
    std::int64_t pairs = 0; // with a difference
    std::int64_t zeros = 0;
    bool exact = true;
};
Wilcoxon wilcoxon(std::span<const double> differences);

struct SignificanceOptions {
    double level = 0.05;  // a difference is claimed below
    int resamples = 2000; // of the bootstrap
    std::uint64_t seed = 42;
    bool operator==(const SignificanceOptions&) const = default;
};

struct ConfidenceInterval {
    double low = 0.0;
    double high = 0.0;
};
/// Percentile bootstrap interval of the mean, resampling users: the (1 − level) middle share of the
/// resamples' means, linear between them. Cancelled through `control`, where there is one: {0, 0}.
/// O(resamples * values).
ConfidenceInterval bootstrapMean(std::span<const double> values, const SignificanceOptions& options = {},
                                 RunControl* control = nullptr);

/// Holm's step-down adjusted p-values, in the order given. NaN stays NaN and does not count.
std::vector<double> holm(std::span<const double> p);

/// Run A against run B in one metric, user by user.
struct Comparison {
    std::string metric; // "ndcg@10"
    std::string label;  // "NDCG@10"
    std::string nameA;
    std::string nameB;
    bool higherIsBetter = true;
    std::int64_t users = 0;     // in both, with the number in both
    std::int64_t onlyInOne = 0; // left out
    double meanA = 0.0;
    double meanB = 0.0;
    double difference = 0.0;     // A − B
    ConfidenceInterval interval; // of the difference
    PairedT t;
    Wilcoxon signedRank;
    double effect = 0.0;   // Cohen's d_z: mean difference / its standard deviation; 0 where that is 0
    std::int64_t wins = 0; // users for whom A is better
    std::int64_t ties = 0;
    std::int64_t losses = 0;
    double shareBetter = 0.0; // wins / users
    double adjustedT = 1.0;   // p-values after Holm's correction over the table's pairs
    double adjustedWilcoxon = 1.0;
    int pairsInTable = 1;
    bool significant = false; // adjustedT below the level
    std::string claim;        // one sentence: what may be said
};

/// One run of a table. The evaluations belong to one split, so that equal indices are equal users.
struct ComparedRun {
    std::string name;
    const Evaluation* evaluation = nullptr;
};

/// Two runs. Different definitions of the metric, a metric without values a user, or fewer than two users in
/// common: ErrorCode::Invalid. Not adjusted: a table of one pair. This and the two below are cancelled
/// through `control`, where there is one: ErrorCode::Cancelled within a few milliseconds.
Result<Comparison> compareRuns(const ComparedRun& a, const ComparedRun& b, std::string_view metric,
                               const SignificanceOptions& options = {}, RunControl* control = nullptr);

/// All pairs of a table of runs, (0,1), (0,2), …, (1,2), …, with Holm's correction over them.
Result<std::vector<Comparison>> compareAll(std::span<const ComparedRun> runs, std::string_view metric,
                                           const SignificanceOptions& options = {},
                                           RunControl* control = nullptr);

/// One run against each of the others, with Holm's correction over those.
Result<std::vector<Comparison>> compareWithOthers(std::span<const ComparedRun> runs, std::size_t which,
                                                  std::string_view metric,
                                                  const SignificanceOptions& options = {},
                                                  RunControl* control = nullptr);

/// "p < 0.001", "p = 0.042"
std::string pText(double p);

} // namespace recoscope
