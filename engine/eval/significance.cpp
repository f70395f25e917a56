// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/significance.h"

#include "engine/core/rng.h"
#include "engine/eval/distributions.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

namespace recoscope {

namespace {

double meanOf(std::span<const double> values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value;
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// Of the sample, with n − 1; exactly 0 where all values are equal.
double deviationOf(std::span<const double> values, double mean) {
    if (values.size() < 2 ||
        std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; }))
        return 0.0;
    double squares = 0.0;
    for (const double value : values)
        squares += (value - mean) * (value - mean);
    return std::sqrt(squares / (static_cast<double>(values.size()) - 1.0));
}

/// Two-sided p of a sum of signed ranks, over all 2^n signs: counts[s] is in how many of them the doubled
/// ranks with a plus add up to s. Counts are exact up to 2^53, which n <= 50 does not exceed.
double exactP(const std::vector<int>& doubledRanks, int doubledPlus) {
    const int total = std::accumulate(doubledRanks.begin(), doubledRanks.end(), 0);
    std::vector<double> counts(static_cast<std::size_t>(total) + 1, 0.0);
    counts[0] = 1.0;
    int reached = 0;
    for (const int rank : doubledRanks) {
        reached += rank;
        for (int s = reached; s >= rank; --s)
            counts[static_cast<std::size_t>(s)] += counts[static_cast<std::size_t>(s - rank)];
    }
    double below = 0.0;
    double above = 0.0;
    for (int s = 0; s <= total; ++s) {
        if (s <= doubledPlus) below += counts[static_cast<std::size_t>(s)];
        if (s >= doubledPlus) above += counts[static_cast<std::size_t>(s)];
    }
    return std::min(1.0, 2.0 * std::min(below, above) / std::exp2(static_cast<double>(doubledRanks.size())));
}

std::string percent(double share) {
    char text[16];
    std::snprintf(text, sizeof text, "%.0f %%", 100.0 * share);
    return text;
}

std::string figure(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

/// Cohen's words, for a paired difference.
const char* sizeInWords(double effect) {
    const double size = std::abs(effect);
    return size < 0.2 ? "very small" : size < 0.5 ? "small" : size < 0.8 ? "medium" : "large";
}

std::string claimOf(const Comparison& c, double level) {
    const std::string users = std::to_string(c.users) + " users of this split";
    if (c.ties == c.users)
        return c.nameA + " and " + c.nameB + " have the same " + c.label + " for every one of the " + users +
               ".";
    const std::string correction =
        c.pairsInTable > 1 ? " after Holm's correction over " + std::to_string(c.pairsInTable) + " pairs"
                           : "";
    // A claim tells the size of the difference, so its interval goes the same way.
    const bool turned = c.significant && c.difference < 0.0;
    const std::string interval = std::to_string(static_cast<int>(std::lround(100.0 * (1.0 - level)))) +
                                 " % interval of the difference " +
                                 figure(turned ? -c.interval.high : c.interval.low) + " to " +
                                 figure(turned ? -c.interval.low : c.interval.high);
    if (!c.significant)
        return "That " + c.nameA + " and " + c.nameB + " differ in " + c.label +
               " cannot be claimed from the " + users + " (paired t-test, two-sided, " + pText(c.adjustedT) +
               correction + "; " + interval + ").";
    const bool firstIsBetter = (c.difference > 0.0) == c.higherIsBetter;
    const std::string& better = firstIsBetter ? c.nameA : c.nameB;
    const std::string& other = firstIsBetter ? c.nameB : c.nameA;
    const double wins = static_cast<double>(firstIsBetter ? c.wins : c.losses) / static_cast<double>(c.users);
    const double losses =
        static_cast<double>(firstIsBetter ? c.losses : c.wins) / static_cast<double>(c.users);
    std::string text = better + " has a better mean " + c.label + " than " + other + " over the " + users +
                       ", by " + figure(std::abs(c.difference)) + " (paired t-test, two-sided, " +
                       pText(c.adjustedT) + correction + "; " + interval + "); the effect is " +
                       sizeInWords(c.effect) + " (d = " + figure(std::abs(c.effect)) + "), better for " +
                       percent(wins) + " of the users and worse for " + percent(losses);
    if (c.adjustedWilcoxon >= level)
        text += "; the Wilcoxon test does not agree (" + pText(c.adjustedWilcoxon) + ")";
    return text + ".";
}

void decide(std::vector<Comparison>& table, const SignificanceOptions& options) {
    std::vector<double> t;
    std::vector<double> ranks;
    for (const Comparison& each : table) {
        t.push_back(each.t.p);
        ranks.push_back(each.signedRank.p);
    }
    const auto adjustedT = holm(t);
    const auto adjustedRanks = holm(ranks);
    for (std::size_t n = 0; n < table.size(); ++n) {
        table[n].adjustedT = adjustedT[n];
        table[n].adjustedWilcoxon = adjustedRanks[n];
        table[n].pairsInTable = static_cast<int>(table.size());
        table[n].significant = adjustedT[n] < options.level;
        table[n].claim = claimOf(table[n], options.level);
    }
}

bool stopped(RunControl* control) { return control && !control->keepGoing(); }

Error cancelled() { return {ErrorCode::Cancelled, "Cancelled", ""}; }

Error invalid(std::string message) { return {ErrorCode::Invalid, std::move(message), "metric"}; }

Result<Comparison> measured(const ComparedRun& a, const ComparedRun& b, std::string_view metric,
                            const SignificanceOptions& options, RunControl* control) {
    if (stopped(control)) return cancelled();
    const MetricValue* valueA = a.evaluation->find(metric);
    const MetricValue* valueB = b.evaluation->find(metric);
    for (const auto& [run, value] : {std::pair(&a, valueA), std::pair(&b, valueB)}) {
        if (!value) return invalid(run->name + " has no " + std::string(metric));
        if (value->perUser.empty() || value->perUser.size() != run->evaluation->users.size())
            return invalid(run->name + " has no " + std::string(metric) +
                           " by user, which a test needs; evaluate it again and keep the values");
    }
    if (valueA->definition != valueB->definition)
        return invalid(a.name + " and " + b.name + " mean different numbers by " + std::string(metric) +
                       ": " + valueA->definition + " and " + valueB->definition);
    Comparison result{.metric = valueA->key,
                      .label = valueA->label,
                      .nameA = a.name,
                      .nameB = b.name,
                      .higherIsBetter = valueA->higherIsBetter};
    std::vector<double> differences;
    double sumA = 0.0;
    double sumB = 0.0;
    const auto& usersA = a.evaluation->users;
    const auto& usersB = b.evaluation->users;
    for (std::size_t n = 0, m = 0; n < usersA.size() || m < usersB.size();) {
        const bool inA = n < usersA.size() && (m == usersB.size() || usersA[n] <= usersB[m]);
        const bool inB = m < usersB.size() && (n == usersA.size() || usersB[m] <= usersA[n]);
        const double first = inA ? valueA->perUser[n] : std::numeric_limits<double>::quiet_NaN();
        const double second = inB ? valueB->perUser[m] : std::numeric_limits<double>::quiet_NaN();
        n += inA;
        m += inB;
        if (std::isnan(first) || std::isnan(second)) {
            result.onlyInOne += !(std::isnan(first) && std::isnan(second));
            continue;
        }
        sumA += first;
        sumB += second;
        const double difference = first - second;
        differences.push_back(difference);
        const bool better = result.higherIsBetter ? difference > 0.0 : difference < 0.0;
        (difference == 0.0 ? result.ties : better ? result.wins : result.losses) += 1;
    }
    result.users = static_cast<std::int64_t>(differences.size());
    if (result.users < 2)
        return invalid(a.name + " and " + b.name + " have fewer than two users with " + std::string(metric) +
                       " in common");
    result.meanA = sumA / static_cast<double>(result.users);
    result.meanB = sumB / static_cast<double>(result.users);
    result.difference = meanOf(differences);
    result.shareBetter = static_cast<double>(result.wins) / static_cast<double>(result.users);
    result.t = pairedT(differences);
    result.signedRank = wilcoxon(differences);
    const double deviation = deviationOf(differences, result.difference);
    result.effect = deviation > 0.0 ? result.difference / deviation : 0.0;
    if (stopped(control)) return cancelled(); // the ranks took a sort
    result.interval = bootstrapMean(differences, options, control);
    if (stopped(control)) return cancelled();
    return result;
}

} // namespace

PairedT pairedT(std::span<const double> differences) {
    PairedT result;
    if (differences.size() < 2) return result;
    const double mean = meanOf(differences);
    const double deviation = deviationOf(differences, mean);
    result.degrees = static_cast<double>(differences.size()) - 1.0;
    if (deviation == 0.0) {
        if (mean != 0.0) result.t = std::copysign(std::numeric_limits<double>::infinity(), mean);
        result.p = mean == 0.0 ? 1.0 : 0.0;
        return result;
    }
    result.t = mean / (deviation / std::sqrt(static_cast<double>(differences.size())));
    result.p = studentTwoSided(result.t, result.degrees);
    return result;
}

Wilcoxon wilcoxon(std::span<const double> differences) {
    constexpr std::size_t exactUpTo = 50;
    Wilcoxon result;
    std::vector<double> sorted; // by size
    for (const double difference : differences)
        if (difference != 0.0) sorted.push_back(difference);
    std::sort(sorted.begin(), sorted.end(), [](double a, double b) {
        return std::abs(a) != std::abs(b) ? std::abs(a) < std::abs(b) : a < b;
    });
    result.pairs = static_cast<std::int64_t>(sorted.size());
    result.zeros = static_cast<std::int64_t>(differences.size() - sorted.size());
    if (sorted.empty()) return result;

    double plus = 0.0;
    double minus = 0.0;
    double ties = 0.0; // Σ (t³ − t) over groups of equal size
    std::vector<int> doubledRanks;
    for (std::size_t first = 0; first < sorted.size();) {
        std::size_t last = first + 1;
        while (last < sorted.size() && std::abs(sorted[last]) == std::abs(sorted[first]))
            ++last;
        const double rank = 0.5 * static_cast<double>(first + 1 + last); // the mean of first + 1 … last
        const auto equal = static_cast<double>(last - first);
        ties += equal * equal * equal - equal;
        for (std::size_t n = first; n < last; ++n) {
            (sorted[n] > 0.0 ? plus : minus) += rank;
            if (sorted.size() <= exactUpTo) doubledRanks.push_back(static_cast<int>(first + 1 + last));
        }
        first = last;
    }
    result.statistic = std::min(plus, minus);
    result.exact = sorted.size() <= exactUpTo;
    if (result.exact) {
        result.p = exactP(doubledRanks, static_cast<int>(std::lround(2.0 * plus)));
        return result;
    }
    const auto n = static_cast<double>(sorted.size());
    const double mean = n * (n + 1.0) / 4.0;
    const double variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    const double distance = std::max(0.0, mean - result.statistic - 0.5);
    result.p = normalTwoSided(distance / std::sqrt(variance));
    return result;
}

ConfidenceInterval bootstrapMean(std::span<const double> values, const SignificanceOptions& options,
                                 RunControl* control) {
    constexpr std::size_t drawsBetweenLooks = 1 << 16; // about a millisecond where the values are not cached
    if (values.empty() || options.resamples < 1) return {};
    std::vector<double> means;
    Rng rng = Rng::stream(options.seed, "significance.bootstrap");
    for (int sample = 0; sample < options.resamples; ++sample) {
        double sum = 0.0;
        for (std::size_t n = 0; n < values.size();) {
            if (stopped(control)) return {};
            for (const std::size_t end = std::min(values.size(), n + drawsBetweenLooks); n < end; ++n)
                sum += values[rng.below(values.size())];
        }
        means.push_back(sum / static_cast<double>(values.size()));
    }
    std::sort(means.begin(), means.end());
    const auto quantile = [&](double share) {
        const double place = share * static_cast<double>(means.size() - 1);
        const auto low = static_cast<std::size_t>(place);
        const std::size_t high = std::min(low + 1, means.size() - 1);
        return means[low] + (place - static_cast<double>(low)) * (means[high] - means[low]);
    };
    return {quantile(0.5 * options.level), quantile(1.0 - 0.5 * options.level)};
}

std::vector<double> holm(std::span<const double> p) {
    std::vector<std::size_t> order;
    for (std::size_t n = 0; n < p.size(); ++n)
        if (!std::isnan(p[n])) order.push_back(n);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> adjusted(p.begin(), p.end());
    double largest = 0.0;
    for (std::size_t n = 0; n < order.size(); ++n) {
        largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - n) * p[order[n]]));
        adjusted[order[n]] = largest;
    }
    return adjusted;
}

std::string pText(double p) {
    if (p < 0.001) return "p < 0.001";
    char text[32];
    std::snprintf(text, sizeof text, p < 0.01 ? "p = %.4f" : "p = %.3f", p);
    return text;
}

Result<Comparison> compareRuns(const ComparedRun& a, const ComparedRun& b, std::string_view metric,
                               const SignificanceOptions& options, RunControl* control) {
    auto result = measured(a, b, metric, options, control);
    if (!result) return result;
    std::vector<Comparison> table{std::move(*result)};
    decide(table, options);
    return std::move(table.front());
}

Result<std::vector<Comparison>> compareAll(std::span<const ComparedRun> runs, std::string_view metric,
                                           const SignificanceOptions& options, RunControl* control) {
    std::vector<Comparison> table;
    for (std::size_t a = 0; a < runs.size(); ++a)
        for (std::size_t b = a + 1; b < runs.size(); ++b) {
            auto result = measured(runs[a], runs[b], metric, options, control);
            if (!result) return result.error();
            table.push_back(std::move(*result));
        }
    decide(table, options);
    return table;
}

Result<std::vector<Comparison>> compareWithOthers(std::span<const ComparedRun> runs, std::size_t which,
                                                  std::string_view metric, const SignificanceOptions& options,
                                                  RunControl* control) {
    std::vector<Comparison> table;
    for (std::size_t other = 0; other < runs.size(); ++other) {
        if (other == which) continue;
        auto result = measured(runs[which], runs[other], metric, options, control);
        if (!result) return result.error();
        table.push_back(std::move(*result));
    }
    decide(table, options);
    return table;
}

} // namespace recoscope
