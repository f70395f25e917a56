// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/card_terms.h"

#include "engine/eval/rating_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace recoscope {

std::string cardNumber(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

namespace {

std::string num(double value) { return cardNumber(value); }

/// The lines of one ranking metric, written with the numbers as they are computed, independently of the
/// evaluator.
class RankingCard final {
public:
    RankingCard(MetricCard& card, const UserRanking& ranking, const EvaluationOptions& options)
        : m_card(card)
        , m_ranking(ranking)
        , m_options(options)
        , m_k(static_cast<std::size_t>(card.k))
        , m_length(std::min(m_k, ranking.hits.size()))
        , m_relevant(static_cast<double>(ranking.relevant.size())) {}

    void ndcg();
    void recall() { finish(recallOf(), "hits / " + m_recallOver); }
    void precision();
    void f1();
    void map();
    void mrr();
    void hitRate();
    void auc();

private:
    CardTerm& add(std::string symbol, double value, std::string text) {
        m_card.terms.push_back({std::move(symbol), value, std::move(text)});
        return m_card.terms.back();
    }
    void addResult(std::string symbol, double value, std::string text) {
        add(std::move(symbol), value, std::move(text)).result = true;
    }
    CardTerm& addRank(std::size_t i, double value, std::string text) {
        CardTerm& term = add("i = " + std::to_string(i + 1), value, std::move(text));
        term.rank = static_cast<int>(i) + 1;
        if (i < m_length) {
            term.item = m_ranking.top[i];
            term.hit = m_ranking.hits[i] != 0;
        }
        return term;
    }
    void finish(double value, const std::string& right) {
        m_card.value = value;
        m_card.equation = m_card.label + " = " + right + " = " + num(value);
    }
    double hits();
    double recallOf();
    double precisionOf();
    double cappedOrAll(bool capped, std::string& name) {
        const double kOrR = std::min(static_cast<double>(m_k), m_relevant);
        name = capped ? "min(k, R)" : "R";
        add("R", m_relevant, "relevant held-out items");
        if (capped) add("min(k, R)", kOrR, "min(" + std::to_string(m_k) + ", " + num(m_relevant) + ")");
        return capped ? kOrR : m_relevant;
    }
    double discount(std::size_t i, std::string& text) const {
        const auto rank = static_cast<double>(i + 1);
        const bool plusOne = m_options.discount == Discount::LogRankPlusOne;
        text = plusOne ? "1 / log2(" + num(rank) + " + 1)" : "1 / log2(max(" + num(rank) + ", 2))";
        return 1.0 / std::log2(plusOne ? rank + 1.0 : std::max(rank, 2.0));
    }

    MetricCard& m_card;
    const UserRanking& m_ranking;
    const EvaluationOptions& m_options;
    std::size_t m_k;
    std::size_t m_length;
    double m_relevant;
    std::string m_recallOver;
    std::string m_precisionOver;
    bool m_hitsShown = false;
    double m_hits = 0.0;
};

double RankingCard::hits() {
    if (m_hitsShown) return m_hits;
    m_hitsShown = true;
    for (std::size_t i = 0; i < m_length; ++i) {
        m_hits += m_ranking.hits[i];
        addRank(i, m_ranking.hits[i], m_ranking.hits[i] ? "relevant: a hit" : "not relevant");
    }
    addResult("hits", m_hits, "in the first " + std::to_string(m_k));
    return m_hits;
}

void RankingCard::ndcg() {
    const bool graded = m_options.gain != Gain::Binary;
    double dcg = 0.0;
    std::string shown;
    for (std::size_t i = 0; i < m_length; ++i) {
        if (!m_ranking.hits[i]) {
            addRank(i, 0.0, "not relevant");
            continue;
        }
        const double d = discount(i, shown);
        const double gain = graded ? m_ranking.gains[i] : 1.0;
        const double worth = discountedGain(gain, d);
        dcg += worth;
        addRank(i, worth,
                graded ? "a hit worth " + num(gain) + ": " + num(gain) + " · " + shown : "a hit: " + shown);
    }
    addResult("DCG", dcg, "their sum");
    auto length = static_cast<std::size_t>(m_relevant);
    if (m_options.ideal == IdealList::CutAtK) length = std::min(length, m_k);
    if (m_options.ideal == IdealList::AllK) length = m_k;
    double ideal = 0.0;
    for (std::size_t i = 0; i < length; ++i) {
        const double d = discount(i, shown);
        const double gain = graded ? m_ranking.idealGains[i] : 1.0;
        const double worth = discountedGain(gain, d);
        ideal += worth;
        add("best i = " + std::to_string(i + 1), worth, graded ? num(gain) + " · " + shown : shown).rank =
            static_cast<int>(i) + 1;
    }
    addResult("IDCG", ideal, "of the best possible list");
    finish(ideal > 0.0 ? dcg / ideal : 0.0, "DCG / IDCG = " + num(dcg) + " / " + num(ideal));
}

double RankingCard::recallOf() {
    const double found = hits();
    const double over = cappedOrAll(m_options.recall == RecallDenominator::Capped, m_recallOver);
    m_recallOver += " = " + num(found) + " / " + num(over);
    return found / over;
}

double RankingCard::precisionOf() {
    const double found = hits();
    auto over = static_cast<double>(m_k);
    m_precisionOver = "k";
    if (m_options.precision == PrecisionDenominator::ListLength) {
        over = static_cast<double>(m_length);
        m_precisionOver = "list length";
        add(m_precisionOver, over, "items in the list, at most k");
    } else if (m_options.precision == PrecisionDenominator::PooledCapped) {
        over = cappedOrAll(true, m_precisionOver);
        m_card.note =
            "The metric is not the mean of the users' values but the hits of all users over the sum of "
            "their min(k, R).";
    } else {
        add("k", over, "length of the list that is asked for");
    }
    m_precisionOver += " = " + num(found) + " / " + num(over);
    return over > 0.0 ? found / over : 0.0;
}

void RankingCard::precision() {
    const double value = precisionOf();
    finish(value, "hits / " + m_precisionOver);
}

void RankingCard::f1() {
    const double p = precisionOf();
    addResult("P", p, "hits / " + m_precisionOver);
    const double r = recallOf();
    addResult("Q", r, "recall: hits / " + m_recallOver);
    m_card.note.clear();
    finish(p + r > 0.0 ? 2.0 * p * r / (p + r) : 0.0,
           "2 · P · Q / (P + Q) = 2 · " + num(p) + " · " + num(r) + " / " + num(p + r));
}

void RankingCard::map() {
    double sum = 0.0;
    int found = 0;
    if (m_options.map == MapDenominator::MeanPrecision) {
        for (std::size_t i = 0; i < m_k; ++i) {
            if (i < m_length) found += m_ranking.hits[i];
            const double p = static_cast<double>(found) / static_cast<double>(i + 1);
            sum += p;
            addRank(i, p,
                    "precision@" + std::to_string(i + 1) + " = " + std::to_string(found) + " / " +
                        std::to_string(i + 1));
        }
        addResult("Σ", sum, "over ranks 1 to k, hit or not");
        finish(sum / static_cast<double>(m_k), "Σ / k = " + num(sum) + " / " + std::to_string(m_k));
        return;
    }
    for (std::size_t i = 0; i < m_length; ++i) {
        if (!m_ranking.hits[i]) {
            addRank(i, 0.0, "not relevant");
            continue;
        }
        const double p = static_cast<double>(++found) / static_cast<double>(i + 1);
        sum += p;
        addRank(i, p,
                "a hit: precision@" + std::to_string(i + 1) + " = " + std::to_string(found) + " / " +
                    std::to_string(i + 1));
    }
    addResult("Σ", sum, "precision at the hits");
    std::string name;
    const double over = cappedOrAll(m_options.map == MapDenominator::Capped, name);
    finish(sum / over, "Σ / " + name + " = " + num(sum) + " / " + num(over));
}

void RankingCard::mrr() {
    for (std::size_t i = 0; i < m_length; ++i) {
        addRank(i, m_ranking.hits[i], m_ranking.hits[i] ? "the first hit" : "not relevant");
        if (!m_ranking.hits[i]) continue;
        const double value = 1.0 / static_cast<double>(i + 1);
        finish(value, "1 / rank = 1 / " + std::to_string(i + 1));
        return;
    }
    if (m_options.reciprocalRank == ReciprocalRank::WithinK) {
        finish(0.0, "no hit within k");
        return;
    }
    // Counted anew, for each relevant item, instead of from the best one.
    std::int64_t first = 0;
    for (const ItemIndex place : m_ranking.places) {
        const auto at = static_cast<std::size_t>(place);
        const float score = m_ranking.scores[at];
        if (!(score > -std::numeric_limits<float>::infinity())) continue;
        std::int64_t rank = 1;
        for (std::size_t n = 0; n < m_ranking.scores.size(); ++n)
            if (m_ranking.scores[n] > score || (m_ranking.scores[n] == score && n < at)) ++rank;
        CardTerm& term = add("rank", static_cast<double>(rank), "in the whole ranking");
        term.item = m_ranking.itemAt(at);
        term.hit = true;
        if (first == 0 || rank < first) first = rank;
    }
    finish(first > 0 ? 1.0 / static_cast<double>(first) : 0.0,
           first > 0 ? "1 / least rank = 1 / " + std::to_string(first) : "no relevant item is ranked");
}

void RankingCard::hitRate() {
    const double found = hits();
    finish(found > 0.0 ? 1.0 : 0.0, found > 0.0 ? "1, because there is a hit" : "0, because there is none");
}

void RankingCard::auc() {
    constexpr float lowest = -std::numeric_limits<float>::infinity();
    const std::int64_t others = m_ranking.candidates - static_cast<std::int64_t>(m_ranking.relevant.size());
    add("N", static_cast<double>(others), "candidates that are not relevant");
    if (m_options.auc == AucForm::Pooled)
        m_card.note = "The metric is not a mean over users: it counts the pairs of all users' items in one.";
    if (m_options.auc == AucForm::Weighted)
        m_card.note =
            "The metric is the mean over users weighted by their relevant items; users without other "
            "candidates are left out.";
    if (others <= 0) {
        finish(0.5, "there are no pairs");
        return;
    }
    std::vector<bool> relevant(m_ranking.scores.size(), false);
    for (const ItemIndex place : m_ranking.places)
        relevant[static_cast<std::size_t>(place)] = true;
    double lost = 0.0;
    for (const ItemIndex place : m_ranking.places) {
        const float score = m_ranking.scores[static_cast<std::size_t>(place)];
        std::int64_t above = 0;
        std::int64_t equal = 0;
        if (!(score > lowest)) {
            above = others; // no usable score: it loses every pair
        } else {
            for (std::size_t n = 0; n < m_ranking.scores.size(); ++n) {
                if (relevant[n]) continue;
                above += m_ranking.scores[n] > score ? 1 : 0;
                equal += m_ranking.scores[n] == score ? 1 : 0;
            }
        }
        const double loses = static_cast<double>(above) + 0.5 * static_cast<double>(equal);
        lost += loses;
        CardTerm& term = add("lost", loses,
                             std::to_string(above) + " others above it, " + std::to_string(equal) +
                                 " equal: " + std::to_string(above) + " + " + std::to_string(equal) + " / 2");
        term.item = m_ranking.itemAt(static_cast<std::size_t>(place));
        term.hit = true;
    }
    addResult("Σ", lost, "pairs lost by the relevant items");
    const double pairs = m_relevant * static_cast<double>(others);
    addResult("pairs", pairs, "R · N = " + num(m_relevant) + " · " + std::to_string(others));
    finish(1.0 - lost / pairs, "1 − Σ / pairs = 1 − " + num(lost) + " / " + num(pairs));
}

} // namespace

void fillRankingCard(MetricCard& card, RankMetric metric, const UserRanking& ranking,
                     const EvaluationOptions& options) {
    RankingCard lines(card, ranking, options);
    switch (metric) {
    case RankMetric::Ndcg:
        return lines.ndcg();
    case RankMetric::Recall:
        return lines.recall();
    case RankMetric::Precision:
        return lines.precision();
    case RankMetric::F1:
        return lines.f1();
    case RankMetric::Map:
        return lines.map();
    case RankMetric::Mrr:
        return lines.mrr();
    case RankMetric::HitRate:
        return lines.hitRate();
    case RankMetric::Auc:
        return lines.auc();
    }
}

void fillRatingCard(MetricCard& card, bool squared, std::span<const float> scores, const UserItemCsr& held,
                    const RatingScale& scale, bool clip) {
    const auto items = held.cols(card.user);
    const auto ratings = held.values(card.user);
    RatingErrors errors;
    for (std::size_t n = 0; n < items.size(); ++n) {
        const float raw = scores[static_cast<std::size_t>(items[n])];
        const float prediction = clip ? std::min(std::max(raw, scale.min), scale.max) : raw;
        const double error = static_cast<double>(prediction) - static_cast<double>(ratings[n]);
        const double part = squared ? error * error : std::abs(error);
        errors.add(static_cast<double>(prediction), static_cast<double>(ratings[n]));
        std::string text = num(static_cast<double>(prediction)) + " − " +
                           num(static_cast<double>(ratings[n])) + " = " + num(error) +
                           (squared ? ", squared" : ", without sign");
        if (prediction != raw) text += " (predicted " + num(static_cast<double>(raw)) + ", clipped)";
        card.terms.push_back({"pair", part, std::move(text), items[n]});
    }
    const double sum = squared ? errors.squared : errors.absolute;
    card.terms.push_back({"Σ", sum, "over the user's pairs", {}, 0, false, true});
    const auto pairs = static_cast<double>(items.size());
    card.terms.push_back({"pairs", pairs, "held-out ratings of the user"});
    card.value = squared ? errors.rmse() : errors.mae();
    card.equation = card.label + " = " + (squared ? "√(Σ / pairs) = √(" : "Σ / pairs = ") + num(sum) + " / " +
                    num(pairs) + (squared ? ")" : "") + " = " + num(card.value);
}

} // namespace recoscope
