// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/candidates.h"
#include "engine/eval/ranking_metrics.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// One user's candidates ranked against the relevant items. Filled by UserRanker, used again for user after
/// user.
struct UserRanking {
    UserIndex user{};
    std::vector<ItemIndex> relevant;   // ascending
    std::vector<float> ratings;        // of the relevant
    std::vector<ItemIndex> top;        // best first; shorter where candidates end
    std::vector<std::uint8_t> hits;    // by rank
    std::vector<double> gains;         // by rank, 0 without a hit; empty for binary gain
    std::vector<double> idealGains;    // of the relevant, largest first; empty for binary gain
    std::span<const float> scores;     // by place; -infinity for what is no candidate
    std::span<const ItemIndex> items;  // by place; empty: the place is the item
    std::span<const ItemIndex> places; // of the relevant, ascending; of equal scores the lower place wins
    mutable std::optional<double> auc; // kept once it is computed
    std::int64_t candidates = 0;       // the relevant included

    RankedHits list() const { return {hits, static_cast<std::int64_t>(relevant.size())}; }
    ItemIndex itemAt(std::size_t place) const {
        return items.empty() ? ItemIndex{static_cast<std::int32_t>(place)} : items[place];
    }

    struct Buffers {
        std::vector<float> scores;
        std::vector<ItemIndex> items;
        std::vector<ItemIndex> places;
        std::vector<ItemIndex> drawn;
        std::vector<ItemIndex> takenOnes;
        std::vector<std::uint8_t> taken;
        std::vector<std::int32_t> top;
        std::vector<std::int32_t> order;
        std::vector<ItemIndex> orderedItems;
        std::vector<float> orderedScores;
    } buffers;
};

/// Ranks one user's candidates as the options say. Immutable; any thread; the split and the options must stay
/// alive.
class UserRanker final {
public:
    /// @param length  of the list.
    UserRanker(const Split& split, Target target, const EvaluationOptions& options, int length);

    /// Whether anything relevant is held out for the user.
    bool hasRelevant(UserIndex user) const;
    /// The most relevant items that any user could have.
    std::int64_t mostRelevant() const { return m_mostRelevant; }
    /// The user's relevant items alone, without a ranking.
    void findRelevant(UserIndex user, UserRanking& out) const;
    /// @param scores  of all items, overwritten; `out` refers to them.
    void rank(UserIndex user, std::span<float> scores, UserRanking& out) const;
    /// What the hits of a ranking are worth, as these options have it; rank() has done it for its own.
    void grade(UserRanking& ranking) const;

private:
    void keepAll(UserIndex user, std::span<float> scores, UserRanking& out) const;
    void keepSome(UserIndex user, std::span<const float> scores, UserRanking& out) const;
    void breakTies(UserIndex user, UserRanking& out) const;

    const Split& m_split;
    const EvaluationOptions& m_options;
    const UserItemCsr& m_held;
    Relevance m_relevance;
    Exclusions m_exclusions;
    std::optional<NegativeDraw> m_draw;
    std::vector<ItemIndex> m_cold; // candidates Cold: items without training interactions
    // Ties::LaterId: all items, the latest identifier first, and where each item stands there.
    std::vector<std::int32_t> m_byId;
    std::vector<std::int32_t> m_idRank;
    std::size_t m_length;
    std::int64_t m_mostRelevant = 0;
};

/// Metrics of MetricKind::Ranking that a ranking alone decides.
enum class RankMetric { Ndcg, Recall, Precision, F1, Map, Mrr, HitRate, Auc };
/// Nothing for other names.
std::optional<RankMetric> rankMetricOf(std::string_view name);

/// One user's value as the options define it: what a metric card shows and the evaluator averages.
double userMetric(RankMetric metric, int k, const UserRanking& ranking, const EvaluationOptions& options,
                  const Discounts& discounts);

} // namespace recoscope
