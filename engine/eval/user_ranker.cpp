// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/user_ranker.h"

#include "engine/core/rng.h"
#include "engine/eval/metric_definition.h"
#include "engine/linalg/top_k.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace recoscope {

UserRanker::UserRanker(const Split& split, Target target, const EvaluationOptions& options, int length)
    : m_split(split)
    , m_options(options)
    , m_held(heldOut(split, target))
    , m_relevance(options, split)
    , m_exclusions(options, split, target)
    , m_length(static_cast<std::size_t>(length)) {
    const CandidateKind kind = options.candidates.kind;
    if (kind == CandidateKind::Uniform || kind == CandidateKind::Popular)
        m_draw.emplace(options.candidates, split);
    if (kind == CandidateKind::Cold)
        for (std::int32_t item = 0; item < m_held.colCount(); ++item)
            if (split.trainByItem().rowSize(ItemIndex{item}) == 0) m_cold.push_back(ItemIndex{item});
    if (options.ties == Ties::LaterId) {
        const IdMap& ids = split.dataset()->items();
        m_byId.resize(static_cast<std::size_t>(ids.size()));
        std::iota(m_byId.begin(), m_byId.end(), 0);
        std::sort(m_byId.begin(), m_byId.end(),
                  [&](std::int32_t a, std::int32_t b) { return ids.id(a) > ids.id(b); });
        m_idRank.resize(m_byId.size());
        for (std::size_t rank = 0; rank < m_byId.size(); ++rank)
            m_idRank[static_cast<std::size_t>(m_byId[rank])] = static_cast<std::int32_t>(rank);
    }
    for (std::int32_t user = 0; user < m_held.rowCount(); ++user)
        m_mostRelevant = std::max<std::int64_t>(m_mostRelevant, m_held.rowSize(UserIndex{user}));
}

bool UserRanker::hasRelevant(UserIndex user) const {
    const auto items = m_held.cols(user);
    const auto ratings = m_held.values(user);
    for (std::size_t n = 0; n < items.size(); ++n)
        if (m_relevance(user, items[n], ratings[n])) return true;
    return false;
}

void UserRanker::findRelevant(UserIndex user, UserRanking& out) const {
    out.user = user;
    out.relevant.clear();
    out.ratings.clear();
    const auto items = m_held.cols(user);
    const auto ratings = m_held.values(user);
    for (std::size_t n = 0; n < items.size(); ++n) {
        if (!m_relevance(user, items[n], ratings[n])) continue;
        out.relevant.push_back(items[n]);
        out.ratings.push_back(ratings[n]);
    }
}

void UserRanker::keepAll(UserIndex user, std::span<float> scores, UserRanking& out) const {
    constexpr float excluded = -std::numeric_limits<float>::infinity();
    out.candidates = static_cast<std::int64_t>(scores.size());
    m_exclusions.forEach(user, [&](ItemIndex item) {
        scores[static_cast<std::size_t>(item)] = excluded;
        --out.candidates;
    });
    out.scores = scores;
    out.items = {};
    out.places = out.relevant;
}

void UserRanker::keepSome(UserIndex user, std::span<const float> scores, UserRanking& out) const {
    UserRanking::Buffers& buffers = out.buffers;
    buffers.taken.resize(scores.size(), 0);
    buffers.takenOnes.clear();
    const auto take = [&](ItemIndex item) {
        std::uint8_t& taken = buffers.taken[static_cast<std::size_t>(item)];
        if (!taken) buffers.takenOnes.push_back(item);
        taken = 1;
    };
    for (const ItemIndex item : out.relevant)
        take(item);
    buffers.drawn.clear();
    const CandidateKind kind = m_options.candidates.kind;
    if (kind == CandidateKind::Given) {
        // Given is given, also where it is in the history; only the relevant are not taken twice.
        for (const ItemIndex item : m_split.dataset()->negatives().cols(user))
            if (!buffers.taken[static_cast<std::size_t>(item)]) buffers.drawn.push_back(item);
        const auto most = static_cast<std::size_t>(m_options.candidates.ofGiven);
        if (most > 0 && most < buffers.drawn.size()) {
            Rng rng = Rng::stream(m_options.candidates.seed, "given-negatives", 0,
                                  static_cast<std::uint64_t>(user));
            rng.drawToFront(std::span(buffers.drawn), most);
            buffers.drawn.resize(most);
        }
    } else {
        m_exclusions.forEach(user, take);
        if (m_draw)
            m_draw->draw(user, buffers.taken, buffers.takenOnes, buffers.drawn);
        else
            for (const ItemIndex item : m_cold)
                if (!buffers.taken[static_cast<std::size_t>(item)]) buffers.drawn.push_back(item);
    }
    for (const ItemIndex item : buffers.takenOnes)
        buffers.taken[static_cast<std::size_t>(item)] = 0;

    buffers.items = buffers.drawn;
    buffers.items.insert(buffers.items.end(), out.relevant.begin(), out.relevant.end());
    std::sort(buffers.items.begin(), buffers.items.end());
    buffers.scores.clear();
    buffers.places.clear();
    for (std::size_t place = 0; place < buffers.items.size(); ++place) {
        const ItemIndex item = buffers.items[place];
        buffers.scores.push_back(scores[static_cast<std::size_t>(item)]);
        if (buffers.places.size() < out.relevant.size() && out.relevant[buffers.places.size()] == item)
            buffers.places.push_back(ItemIndex{static_cast<std::int32_t>(place)});
    }
    out.candidates = static_cast<std::int64_t>(buffers.items.size());
    out.scores = buffers.scores;
    out.items = buffers.items;
    out.places = buffers.places;
}

// The lower place wins, so the places themselves are dealt anew.
void UserRanker::breakTies(UserIndex user, UserRanking& out) const {
    UserRanking::Buffers& buffers = out.buffers;
    std::vector<std::int32_t>& order = buffers.order; // by new place: the old one
    if (m_options.ties == Ties::LaterId && out.items.empty()) {
        order = m_byId;
    } else {
        order.resize(out.scores.size());
        std::iota(order.begin(), order.end(), 0);
        if (m_options.ties == Ties::LaterId) {
            const auto rank = [&](std::int32_t place) {
                return m_idRank[static_cast<std::size_t>(out.items[static_cast<std::size_t>(place)])];
            };
            std::sort(order.begin(), order.end(),
                      [&](std::int32_t a, std::int32_t b) { return rank(a) < rank(b); });
        } else {
            Rng rng = Rng::stream(m_options.candidates.seed, "ties", 0, static_cast<std::uint64_t>(user));
            rng.shuffle(std::span(order));
        }
    }
    buffers.orderedItems.clear();
    buffers.orderedScores.clear();
    buffers.places.clear();
    for (std::size_t place = 0; place < order.size(); ++place) {
        const auto old = static_cast<std::size_t>(order[place]);
        buffers.orderedItems.push_back(out.itemAt(old));
        buffers.orderedScores.push_back(out.scores[old]);
        if (std::binary_search(out.relevant.begin(), out.relevant.end(), buffers.orderedItems.back()))
            buffers.places.push_back(ItemIndex{static_cast<std::int32_t>(place)});
    }
    out.items = buffers.orderedItems;
    out.scores = buffers.orderedScores;
    out.places = buffers.places;
}

void UserRanker::rank(UserIndex user, std::span<float> scores, UserRanking& out) const {
    findRelevant(user, out);
    if (m_options.candidates.kind == CandidateKind::All)
        keepAll(user, scores, out);
    else
        keepSome(user, scores, out);
    if (m_options.ties != Ties::LowerIndex) breakTies(user, out);

    std::vector<std::int32_t>& top = out.buffers.top;
    top.resize(m_length);
    const auto found = static_cast<std::size_t>(topK(out.scores, top));
    out.top.resize(found);
    out.hits.assign(found, 0);
    for (std::size_t i = 0; i < found; ++i) {
        out.top[i] = out.itemAt(static_cast<std::size_t>(top[i]));
        out.hits[i] = std::binary_search(out.relevant.begin(), out.relevant.end(), out.top[i]) ? 1 : 0;
    }
    out.auc.reset();
    grade(out);
}

void UserRanker::grade(UserRanking& ranking) const {
    ranking.gains.clear();
    ranking.idealGains.clear();
    if (m_options.gain == Gain::Binary) return;
    for (const float rating : ranking.ratings)
        ranking.idealGains.push_back(gainOf(rating, m_options.gain, m_options.relevanceThreshold));
    ranking.gains.assign(ranking.hits.size(), 0.0);
    for (std::size_t i = 0; i < ranking.hits.size(); ++i) {
        if (!ranking.hits[i]) continue;
        const auto at = std::lower_bound(ranking.relevant.begin(), ranking.relevant.end(), ranking.top[i]);
        ranking.gains[i] = ranking.idealGains[static_cast<std::size_t>(at - ranking.relevant.begin())];
    }
    std::sort(ranking.idealGains.begin(), ranking.idealGains.end(), std::greater<>());
}

std::optional<RankMetric> rankMetricOf(std::string_view name) {
    if (name == "ndcg") return RankMetric::Ndcg;
    if (name == "recall") return RankMetric::Recall;
    if (name == "precision") return RankMetric::Precision;
    if (name == "f1") return RankMetric::F1;
    if (name == "map") return RankMetric::Map;
    if (name == "mrr") return RankMetric::Mrr;
    if (name == "hr") return RankMetric::HitRate;
    if (name == "auc") return RankMetric::Auc;
    return std::nullopt;
}

double userMetric(RankMetric metric, int k, const UserRanking& ranking, const EvaluationOptions& options,
                  const Discounts& discounts) {
    const RankedHits list = ranking.list();
    switch (metric) {
    case RankMetric::Ndcg:
        return options.gain == Gain::Binary
                   ? ndcg(list, k, options.ideal, discounts)
                   : gradedNdcg(ranking.gains, ranking.idealGains, k, options.ideal, discounts);
    case RankMetric::Recall:
        return recall(list, k, options.recall);
    case RankMetric::Precision:
        return precision(list, k, options.precision);
    case RankMetric::F1:
        return f1(precision(list, k, options.precision), recall(list, k, options.recall));
    case RankMetric::Map:
        return averagePrecision(list, k, options.map);
    case RankMetric::Mrr: {
        if (options.reciprocalRank == ReciprocalRank::WithinK) return reciprocalRank(list, k);
        if (const double within = reciprocalRank(list, static_cast<int>(list.hits.size())); within > 0.0)
            return within;
        const std::int64_t rank = firstRelevantRank(ranking.scores, ranking.places);
        return rank > 0 ? 1.0 / static_cast<double>(rank) : 0.0;
    }
    case RankMetric::HitRate:
        return hitRate(list, k);
    case RankMetric::Auc:
        break;
    }
    if (!ranking.auc) ranking.auc = areaUnderCurve(ranking.scores, ranking.places, ranking.candidates);
    return *ranking.auc;
}

} // namespace recoscope
