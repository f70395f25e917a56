// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/ranking_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

std::int64_t hitsWithin(const RankedHits& list, int k) {
    const std::size_t end = std::min(list.hits.size(), static_cast<std::size_t>(k));
    std::int64_t hits = 0;
    for (std::size_t i = 0; i < end; ++i)
        hits += list.hits[i];
    return hits;
}

/// Adds to halves[t], for each of four thresholds, 2 for a score above it and 1 for an equal one.
void countHalves(std::span<const float> scores, const std::array<float, 4>& thresholds,
                 std::array<std::int64_t, 4>& halves) {
    // Blocks keep the counters in 32 bits, where the compiler has one lane a score.
    constexpr std::size_t block = 1u << 20;
    for (std::size_t begin = 0; begin < scores.size(); begin += block) {
        const float* s = scores.data() + begin;
        const std::size_t count = std::min(block, scores.size() - begin);
        const float t0 = thresholds[0];
        const float t1 = thresholds[1];
        const float t2 = thresholds[2];
        const float t3 = thresholds[3];
        std::int32_t c0 = 0;
        std::int32_t c1 = 0;
        std::int32_t c2 = 0;
        std::int32_t c3 = 0;
        for (std::size_t n = 0; n < count; ++n) {
            c0 += static_cast<std::int32_t>(s[n] > t0) + static_cast<std::int32_t>(s[n] >= t0);
            c1 += static_cast<std::int32_t>(s[n] > t1) + static_cast<std::int32_t>(s[n] >= t1);
            c2 += static_cast<std::int32_t>(s[n] > t2) + static_cast<std::int32_t>(s[n] >= t2);
            c3 += static_cast<std::int32_t>(s[n] > t3) + static_cast<std::int32_t>(s[n] >= t3);
        }
        halves[0] += c0;
        halves[1] += c1;
        halves[2] += c2;
        halves[3] += c3;
    }
}

/// 2 x (values above) + (values equal) in an ascending range.
std::int64_t halvesAbove(std::span<const float> ascending, float threshold) {
    const auto end = ascending.end();
    const auto notBelow = std::lower_bound(ascending.begin(), end, threshold);
    const auto above = std::upper_bound(notBelow, end, threshold);
    return (end - notBelow) + (end - above);
}

} // namespace

Discounts::Discounts(std::int64_t ranks, Discount form)
    : m_discount(static_cast<std::size_t>(ranks) + 1, 0.0)
    , m_sum(static_cast<std::size_t>(ranks) + 1, 0.0) {
    for (std::size_t i = 1; i < m_discount.size(); ++i) {
        const double of = form == Discount::LogRankPlusOne ? static_cast<double>(i) + 1.0
                                                           : std::max(static_cast<double>(i), 2.0);
        m_discount[i] = 1.0 / std::log2(of);
        m_sum[i] = m_sum[i - 1] + m_discount[i];
    }
}

double gainOf(float rating, Gain gain, double threshold) {
    const auto r = static_cast<double>(rating);
    switch (gain) {
    case Gain::Binary:
        break;
    case Gain::Linear:
        return std::max(0.0, r);
    case Gain::Exponential:
        return std::max(0.0, std::exp2(r) - 1.0);
    case Gain::ExponentialAboveThreshold:
        return std::max(0.0, std::exp2(r - threshold + 1.0) - 1.0);
    }
    return 1.0;
}

[[gnu::noinline]] double discountedGain(double gain, double discount) { return gain * discount; }

double ndcg(const RankedHits& list, int k, IdealList ideal, const Discounts& discounts) {
    const std::size_t end = std::min(list.hits.size(), static_cast<std::size_t>(k));
    double gain = 0.0;
    for (std::size_t i = 0; i < end; ++i)
        if (list.hits[i]) gain += discounts.at(static_cast<std::int64_t>(i) + 1);
    std::int64_t best = k;
    if (ideal == IdealList::CutAtK) best = std::min<std::int64_t>(k, list.relevant);
    if (ideal == IdealList::AllRelevant) best = list.relevant;
    return gain / discounts.ideal(best);
}

double gradedNdcg(std::span<const double> gains, std::span<const double> idealGains, int k, IdealList ideal,
                  const Discounts& discounts) {
    const auto discounted = [&](std::span<const double> list, std::size_t length) {
        double sum = 0.0;
        for (std::size_t i = 0; i < std::min(list.size(), length); ++i)
            sum += discountedGain(list[i], discounts.at(static_cast<std::int64_t>(i) + 1));
        return sum;
    };
    const double best =
        discounted(idealGains, ideal == IdealList::CutAtK ? static_cast<std::size_t>(k) : idealGains.size());
    return best > 0.0 ? discounted(gains, static_cast<std::size_t>(k)) / best : 0.0;
}

double recall(const RankedHits& list, int k, RecallDenominator denominator) {
    const std::int64_t over =
        denominator == RecallDenominator::Capped ? std::min<std::int64_t>(k, list.relevant) : list.relevant;
    return static_cast<double>(hitsWithin(list, k)) / static_cast<double>(over);
}

double precision(const RankedHits& list, int k, PrecisionDenominator denominator) {
    auto over = static_cast<double>(k);
    if (denominator == PrecisionDenominator::ListLength)
        over = static_cast<double>(std::min(list.hits.size(), static_cast<std::size_t>(k)));
    if (denominator == PrecisionDenominator::PooledCapped)
        over = static_cast<double>(std::min<std::int64_t>(k, list.relevant));
    return over > 0.0 ? static_cast<double>(hitsWithin(list, k)) / over : 0.0;
}

double f1(double precision, double recall) {
    const double sum = precision + recall;
    return sum > 0.0 ? 2.0 * precision * recall / sum : 0.0;
}

double averagePrecision(const RankedHits& list, int k, MapDenominator denominator) {
    const std::size_t end = std::min(list.hits.size(), static_cast<std::size_t>(k));
    double sum = 0.0;
    int hits = 0;
    if (denominator == MapDenominator::MeanPrecision) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) {
            if (i < end) hits += list.hits[i];
            sum += static_cast<double>(hits) / static_cast<double>(i + 1);
        }
        return sum / k;
    }
    for (std::size_t i = 0; i < end; ++i)
        if (list.hits[i]) sum += static_cast<double>(++hits) / static_cast<double>(i + 1);
    const std::int64_t over =
        denominator == MapDenominator::Capped ? std::min<std::int64_t>(k, list.relevant) : list.relevant;
    return sum / static_cast<double>(over);
}

double reciprocalRank(const RankedHits& list, int k) {
    const std::size_t end = std::min(list.hits.size(), static_cast<std::size_t>(k));
    for (std::size_t i = 0; i < end; ++i)
        if (list.hits[i]) return 1.0 / static_cast<double>(i + 1);
    return 0.0;
}

std::int64_t firstRelevantRank(std::span<const float> scores, std::span<const ItemIndex> relevant) {
    float best = -std::numeric_limits<float>::infinity();
    std::size_t place = scores.size();
    for (const ItemIndex item : relevant)
        if (const auto at = static_cast<std::size_t>(item); scores[at] > best) {
            best = scores[at];
            place = at;
        }
    if (place == scores.size()) return 0;
    std::int64_t above = 0;
    for (std::size_t n = 0; n < scores.size(); ++n)
        above += static_cast<std::int64_t>(scores[n] > best || (scores[n] == best && n < place));
    return above + 1;
}

double hitRate(const RankedHits& list, int k) { return hitsWithin(list, k) > 0 ? 1.0 : 0.0; }

double areaUnderCurve(std::span<const float> scores, std::span<const ItemIndex> relevant,
                      std::int64_t candidates) {
    constexpr float lowest = -std::numeric_limits<float>::infinity();
    const auto relevantCount = static_cast<std::int64_t>(relevant.size());
    const std::int64_t others = candidates - relevantCount;
    if (others <= 0 || relevantCount == 0) return 0.5;

    thread_local std::vector<float> positives; // scores of the relevant, ascending
    positives.clear();
    std::int64_t lost = 0; // relevant items that the model gave no usable score
    for (const ItemIndex item : relevant) {
        const float score = scores[static_cast<std::size_t>(item)];
        if (score > lowest) {
            positives.push_back(score);
        } else {
            ++lost;
        }
    }
    std::sort(positives.begin(), positives.end());

    // Pairs lost by each relevant item, in halves: 2 for a non-relevant candidate above it, 1 for an equal
    // one.
    std::int64_t lostHalves = lost * 2 * others;
    // One threshold costs about a vector of compares per 16 scores; a sort about 40 compares a score.
    constexpr std::size_t sortFrom = 800;
    if (positives.size() < sortFrom) {
        for (std::size_t p = 0; p < positives.size(); p += 4) {
            std::array<float, 4> thresholds;
            std::array<std::int64_t, 4> halves{};
            const std::size_t here = std::min<std::size_t>(4, positives.size() - p);
            for (std::size_t t = 0; t < 4; ++t)
                thresholds[t] = positives[p + std::min(t, here - 1)];
            countHalves(scores, thresholds, halves);
            for (std::size_t t = 0; t < here; ++t)
                lostHalves += halves[t] - halvesAbove(positives, thresholds[t]);
        }
    } else {
        thread_local std::vector<float> sorted;
        sorted.clear();
        for (const float score : scores)
            if (score > lowest) sorted.push_back(score);
        std::sort(sorted.begin(), sorted.end());
        for (const float threshold : positives)
            lostHalves += halvesAbove(sorted, threshold) - halvesAbove(positives, threshold);
    }
    return 1.0 - static_cast<double>(lostHalves) /
                     (2.0 * static_cast<double>(relevantCount) * static_cast<double>(others));
}

} // namespace recoscope
