// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/dataset_service.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace recoscope {

namespace {

constexpr std::size_t maxCurvePoints = 1000;
constexpr std::int64_t maxTimeBins = 120;
constexpr std::size_t maxSingleBars = 20;

using Counts = std::vector<std::int32_t>;

template <class CsrType>
Counts rowSizesDescending(const CsrType& matrix) {
    Counts counts(static_cast<std::size_t>(matrix.rowCount()));
    const auto offsets = matrix.offsets();
    for (std::size_t row = 0; row < counts.size(); ++row)
        counts[row] = static_cast<std::int32_t>(offsets[row + 1] - offsets[row]);
    std::sort(counts.begin(), counts.end(), std::greater<>());
    return counts;
}

/// (rank, count) at ranks that are evenly spaced on a log axis; the first and the last are there.
std::vector<std::pair<double, double>> thinned(const Counts& descending) {
    const auto end = std::find(descending.begin(), descending.end(), 0);
    const auto n = static_cast<std::size_t>(end - descending.begin());
    std::vector<std::pair<double, double>> curve;
    const auto add = [&](std::size_t rank) {
        if (curve.empty() || curve.back().first < static_cast<double>(rank))
            curve.emplace_back(static_cast<double>(rank), static_cast<double>(descending[rank - 1]));
    };
    if (n <= maxCurvePoints) {
        for (std::size_t rank = 1; rank <= n; ++rank)
            add(rank);
        return curve;
    }
    const double step = std::log(static_cast<double>(n)) / static_cast<double>(maxCurvePoints - 1);
    for (std::size_t k = 0; k < maxCurvePoints; ++k)
        add(std::min(n, static_cast<std::size_t>(std::llround(std::exp(step * static_cast<double>(k))))));
    return curve;
}

double median(const Counts& sorted) {
    if (sorted.empty()) return 0.0;
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle]
                                  : (static_cast<double>(sorted[middle - 1]) + sorted[middle]) / 2.0;
}

double mean(const Counts& counts) {
    if (counts.empty()) return 0.0;
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0})) /
           static_cast<double>(counts.size());
}

/// Gini coefficient: 0 where all items are equally popular, towards 1 where one has everything.
double gini(const Counts& descending) {
    const auto n = static_cast<double>(descending.size());
    double total = 0.0;
    double weighted = 0.0; // sum of (rank from the smallest) * count
    for (std::size_t k = 0; k < descending.size(); ++k) {
        total += descending[k];
        weighted += (n - static_cast<double>(k)) * descending[k];
    }
    return total > 0.0 ? 2.0 * weighted / (n * total) - (n + 1.0) / n : 0.0;
}

QString numberText(double value) { return QString::number(value, 'g', 5); }

/// One bar a rating value while there are few values, else equal ranges.
std::vector<DatasetSummary::Bar> histogram(std::span<const float> values) {
    std::vector<std::pair<float, std::int64_t>> seen;
    std::size_t last = 0; // ratings repeat: look where the previous one was found first
    bool few = true;
    for (const float value : values) {
        if (last < seen.size() && seen[last].first == value) {
            ++seen[last].second;
            continue;
        }
        const auto found =
            std::find_if(seen.begin(), seen.end(), [value](const auto& s) { return s.first == value; });
        last = static_cast<std::size_t>(found - seen.begin());
        if (found != seen.end()) {
            ++found->second;
        } else if (seen.size() < maxSingleBars) {
            seen.emplace_back(value, 1);
        } else {
            few = false;
            break;
        }
    }
    std::vector<DatasetSummary::Bar> bars;
    if (few) {
        std::sort(seen.begin(), seen.end());
        for (const auto& [value, count] : seen)
            bars.push_back({numberText(static_cast<double>(value)), static_cast<double>(count)});
        return bars;
    }
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double from = static_cast<double>(*low);
    const double width = (static_cast<double>(*high) - from) / static_cast<double>(maxSingleBars);
    for (std::size_t bin = 0; bin < maxSingleBars; ++bin)
        bars.push_back({QStringLiteral("%1–%2").arg(numberText(from + width * static_cast<double>(bin)),
                                                    numberText(from + width * static_cast<double>(bin + 1))),
                        0.0});
    for (const float value : values) {
        const auto bin = static_cast<std::size_t>((static_cast<double>(value) - from) / width);
        bars[std::min(bin, maxSingleBars - 1)].value += 1.0;
    }
    return bars;
}

/// The shortest of the lengths people think in that needs no more than maxTimeBins bins.
std::int64_t binSeconds(std::int64_t range) {
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    for (const std::int64_t length : {std::int64_t{1}, std::int64_t{10}, minute, 10 * minute, hour, 6 * hour,
                                      day, 7 * day, 30 * day, 91 * day, 365 * day})
        if (range / length + 2 <= maxTimeBins) return length;
    return range / (maxTimeBins - 2) + 1;
}

void addTimes(std::span<const std::int64_t> times, DatasetSummary& summary) {
    const auto [first, last] = std::minmax_element(times.begin(), times.end());
    summary.firstTime = *first;
    summary.lastTime = *last;
    // Two absurd times (a column that is no time) must not overflow.
    constexpr std::int64_t sane = std::int64_t{1} << 60;
    if (*first < -sane || *last > sane) return;
    const std::int64_t length = binSeconds(*last - *first);
    std::int64_t start = *first - *first % length;
    if (start > *first) start -= length;
    summary.activityOverTime.resize(static_cast<std::size_t>((*last - start) / length + 1));
    for (std::size_t bin = 0; bin < summary.activityOverTime.size(); ++bin)
        summary.activityOverTime[bin].first = start + static_cast<std::int64_t>(bin) * length;
    for (const std::int64_t time : times)
        summary.activityOverTime[static_cast<std::size_t>((time - start) / length)].second += 1.0;
}

} // namespace

DatasetSummary summarise(const Dataset& dataset) {
    DatasetSummary summary;
    const auto values = dataset.byUser().values();
    summary.ratingHistogram = histogram(values);
    if (!values.empty())
        summary.meanRating =
            std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());

    const Counts items = rowSizesDescending(dataset.byItem());
    const Counts users = rowSizesDescending(dataset.byUser());
    summary.itemPopularity = thinned(items);
    summary.userActivity = thinned(users);
    summary.meanPerUser = mean(users);
    summary.medianPerUser = median(users);
    summary.meanPerItem = mean(items);
    summary.medianPerItem = median(items);
    summary.gini = gini(items);

    const bool realTimes =
        dataset.timeUnit() == TimeUnit::Seconds || dataset.timeUnit() == TimeUnit::Milliseconds;
    if (realTimes && !dataset.times().empty()) addTimes(dataset.times(), summary);
    return summary;
}

} // namespace recoscope
