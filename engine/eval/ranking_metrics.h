// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"
#include "engine/eval/evaluator.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// One user's list against the relevant held-out items: hits[i] is 1 where the item at rank i + 1 is
/// relevant. The list may be shorter than a cutoff, where candidates end.
struct RankedHits {
    std::span<const std::uint8_t> hits;
    std::int64_t relevant = 0; // R, at least 1
};

/// Discounts 1/log2(i + 1) or 1/log2(max(i, 2)) for ranks i from 1, and their running sums. Immutable; any thread.
class Discounts final {
public:
    /// @param ranks  the highest rank asked for.
    explicit Discounts(std::int64_t ranks, Discount form = Discount::LogRankPlusOne);
    double at(std::int64_t rank) const { return m_discount[static_cast<std::size_t>(rank)]; }
    /// Sum of the discounts of ranks 1..count: the gain of a list that starts with `count` relevant items.
    double ideal(std::int64_t count) const { return m_sum[static_cast<std::size_t>(count)]; }

private:
    std::vector<double> m_discount; // [0] is unused
    std::vector<double> m_sum;
};

/// What a hit on an item with that held-out rating is worth; never below 0.
/// @param threshold  the relevance threshold.
double gainOf(float rating, Gain gain, double threshold);

/// The product, rounded on its own also where a compiler would fuse it with the sum: the same bits in every place.
double discountedGain(double gain, double discount);

/// Sum over hits within k of the discounts, divided by that of the ideal list. Discounts up to max(k, R).
double ndcg(const RankedHits& list, int k, IdealList ideal, const Discounts& discounts);
/// The same where hits are worth more or less: 0 where nothing is worth anything.
/// @param gains       by rank; 0 where there is no hit.
/// @param idealGains  of all relevant items, largest first.
/// @param ideal       CutAtK or AllRelevant.
double gradedNdcg(std::span<const double> gains, std::span<const double> idealGains, int k, IdealList ideal,
                  const Discounts& discounts);
/// Hits within k over R, or over min(k, R).
double recall(const RankedHits& list, int k, RecallDenominator denominator);
/// Hits within k over k, also where the list is shorter; or over its length (0 for an empty list), or over min(k, R).
double precision(const RankedHits& list, int k, PrecisionDenominator denominator = PrecisionDenominator::K);
/// Harmonic mean of the two; 0 where both are 0.
double f1(double precision, double recall);
/// Sum over hits i within k of precision@i, over min(k, R) or R; or the mean of precision@1 … precision@k.
double averagePrecision(const RankedHits& list, int k, MapDenominator denominator);
/// 1 / rank of the first hit within k; 0 without one.
double reciprocalRank(const RankedHits& list, int k);
/// The rank of the first relevant candidate among all, from 1; 0 where no relevant one has a usable score. Ties go to the
/// lower place. O(items).
/// @param scores  as for areaUnderCurve().
std::int64_t firstRelevantRank(std::span<const float> scores, std::span<const ItemIndex> relevant);
/// 1 with any hit within k, else 0.
double hitRate(const RankedHits& list, int k);

/// P(a relevant candidate scores above a non-relevant one), ties count half; 0.5 where there are no pairs.
/// @param scores      of all items; -infinity for items that are no candidates. NaN counts as the lowest
/// score.
/// @param relevant    candidates, at least one.
/// @param candidates  how many items are candidates, the relevant ones included.
/// O(relevant x items) vector compares, or a sort of the candidates where that is less work. Exact counts
/// either way.
double areaUnderCurve(std::span<const float> scores, std::span<const ItemIndex> relevant,
                      std::int64_t candidates);

} // namespace recoscope
