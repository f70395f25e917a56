// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/naive_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope::test {

namespace {

constexpr double lowest = -std::numeric_limits<double>::infinity();

bool usable(double score) { return !std::isnan(score) && score != lowest; }

std::vector<int> firstOf(const NaiveUser& user, int k) {
    std::vector<int> ranking = naiveRanking(user);
    if (static_cast<int>(ranking.size()) > k) ranking.resize(static_cast<std::size_t>(k));
    return ranking;
}

int hitsIn(const std::vector<int>& list, const std::set<int>& relevant) {
    int hits = 0;
    for (const int item : list)
        if (relevant.count(item) > 0) ++hits;
    return hits;
}

double relevantOrK(const NaiveUser& user, int k, bool capped) {
    const int R = static_cast<int>(user.relevant.size());
    return capped ? std::min(k, R) : R;
}

} // namespace

std::vector<int> naiveRanking(const NaiveUser& user) {
    std::vector<int> items;
    for (int i = 0; i < static_cast<int>(user.scores.size()); ++i)
        if (user.excluded.count(i) == 0 && usable(user.scores[static_cast<std::size_t>(i)]))
            items.push_back(i);
    if (!user.ids.empty())
        std::sort(items.begin(), items.end(), [&](int a, int b) {
            return user.ids[static_cast<std::size_t>(a)] > user.ids[static_cast<std::size_t>(b)];
        });
    std::stable_sort(items.begin(), items.end(), [&](int a, int b) {
        return user.scores[static_cast<std::size_t>(a)] > user.scores[static_cast<std::size_t>(b)];
    });
    return items;
}

double naiveNdcg(const NaiveUser& user, int k, bool idealCutAtK) {
    const std::vector<int> list = firstOf(user, k);
    double dcg = 0.0;
    for (int i = 1; i <= static_cast<int>(list.size()); ++i)
        if (user.relevant.count(list[static_cast<std::size_t>(i - 1)]) > 0)
            dcg += std::log(2.0) / std::log(i + 1.0);
    const int R = static_cast<int>(user.relevant.size());
    double ideal = 0.0;
    for (int i = 1; i <= (idealCutAtK ? std::min(k, R) : R); ++i)
        ideal += std::log(2.0) / std::log(i + 1.0);
    return dcg / ideal;
}

double naiveRecall(const NaiveUser& user, int k, bool capped) {
    return hitsIn(firstOf(user, k), user.relevant) / relevantOrK(user, k, capped);
}

double naivePrecision(const NaiveUser& user, int k) {
    return hitsIn(firstOf(user, k), user.relevant) / static_cast<double>(k);
}

double naiveF1(const NaiveUser& user, int k, bool capped) {
    const double p = naivePrecision(user, k);
    const double r = naiveRecall(user, k, capped);
    return p == 0.0 || r == 0.0 ? 0.0 : 2.0 / (1.0 / p + 1.0 / r);
}

double naiveMap(const NaiveUser& user, int k, bool capped) {
    double sum = 0.0;
    const std::vector<int> list = firstOf(user, k);
    for (int i = 1; i <= static_cast<int>(list.size()); ++i)
        if (user.relevant.count(list[static_cast<std::size_t>(i - 1)]) > 0)
            sum += hitsIn(firstOf(user, i), user.relevant) / static_cast<double>(i);
    return sum / relevantOrK(user, k, capped);
}

double naiveMrr(const NaiveUser& user, int k) {
    const std::vector<int> list = firstOf(user, k);
    for (int i = 1; i <= static_cast<int>(list.size()); ++i)
        if (user.relevant.count(list[static_cast<std::size_t>(i - 1)]) > 0) return 1.0 / i;
    return 0.0;
}

double naiveHitRate(const NaiveUser& user, int k) {
    return hitsIn(firstOf(user, k), user.relevant) > 0 ? 1.0 : 0.0;
}

double naiveAuc(const NaiveUser& user) {
    const auto value = [&](int item) {
        const double score = user.scores[static_cast<std::size_t>(item)];
        return usable(score) ? score : lowest;
    };
    double won = 0.0;
    double pairs = 0.0;
    for (const int good : user.relevant)
        for (int other = 0; other < static_cast<int>(user.scores.size()); ++other) {
            if (user.excluded.count(other) > 0 || user.relevant.count(other) > 0) continue;
            pairs += 1.0;
            if (value(good) == lowest) continue;
            if (value(good) > value(other)) won += 1.0;
            if (value(good) == value(other)) won += 0.5;
        }
    return pairs > 0.0 ? won / pairs : 0.5;
}

namespace {

double naiveGain(const NaiveUser& user, int item, const EvaluationOptions& options) {
    if (user.relevant.count(item) == 0) return 0.0;
    if (options.gain == Gain::Binary) return 1.0;
    const double r = user.ratings.at(item);
    double gain = r;
    if (options.gain == Gain::Exponential) gain = std::pow(2.0, r) - 1.0;
    if (options.gain == Gain::ExponentialAboveThreshold)
        gain = std::pow(2.0, r - options.relevanceThreshold + 1.0) - 1.0;
    return gain < 0.0 ? 0.0 : gain;
}

double naiveDcg(const std::vector<double>& gains, const EvaluationOptions& options) {
    double sum = 0.0;
    for (std::size_t n = 0; n < gains.size(); ++n) {
        const double i = static_cast<double>(n) + 1.0;
        const double of = options.discount == Discount::LogRankPlusOne ? i + 1.0 : (i < 2.0 ? 2.0 : i);
        sum += gains[n] / (std::log(of) / std::log(2.0));
    }
    return sum;
}

double naiveDialectNdcg(const NaiveUser& user, int k, const EvaluationOptions& options) {
    std::vector<double> gains;
    for (const int item : firstOf(user, k))
        gains.push_back(naiveGain(user, item, options));
    std::vector<double> ideal;
    for (const int item : user.relevant)
        ideal.push_back(naiveGain(user, item, options));
    std::sort(ideal.rbegin(), ideal.rend());
    if (options.ideal == IdealList::CutAtK && static_cast<int>(ideal.size()) > k)
        ideal.resize(static_cast<std::size_t>(k));
    if (options.ideal == IdealList::AllK) ideal.assign(static_cast<std::size_t>(k), 1.0);
    const double best = naiveDcg(ideal, options);
    return best > 0.0 ? naiveDcg(gains, options) / best : 0.0;
}

double naivePrecisionOver(const NaiveUser& user, int k, PrecisionDenominator denominator) {
    if (denominator == PrecisionDenominator::K) return k;
    if (denominator == PrecisionDenominator::PooledCapped) return relevantOrK(user, k, true);
    return static_cast<double>(firstOf(user, k).size());
}

} // namespace

double naiveMetric(const std::string& name, const NaiveUser& user, int k, const EvaluationOptions& options) {
    const bool capped = options.recall == RecallDenominator::Capped;
    const int hits = hitsIn(firstOf(user, k), user.relevant);
    const double over = naivePrecisionOver(user, k, options.precision);
    const double precision = over > 0.0 ? hits / over : 0.0;
    if (name == "ndcg") return naiveDialectNdcg(user, k, options);
    if (name == "recall") return naiveRecall(user, k, capped);
    if (name == "precision") return precision;
    if (name == "f1") {
        const double recall = naiveRecall(user, k, capped);
        return precision == 0.0 || recall == 0.0 ? 0.0 : 2.0 / (1.0 / precision + 1.0 / recall);
    }
    if (name == "map") {
        if (options.map != MapDenominator::MeanPrecision)
            return naiveMap(user, k, options.map == MapDenominator::Capped);
        double sum = 0.0;
        for (int n = 1; n <= k; ++n)
            sum += hitsIn(firstOf(user, n), user.relevant) / static_cast<double>(n);
        return sum / k;
    }
    if (name == "mrr")
        return naiveMrr(user, options.reciprocalRank == ReciprocalRank::WithinK
                                  ? k
                                  : static_cast<int>(user.scores.size()));
    if (name == "hr") return naiveHitRate(user, k);
    return naiveAuc(user);
}

double naiveMean(const std::string& name, const std::vector<NaiveUser>& users, int k,
                 const EvaluationOptions& options) {
    if (name == "precision" && options.precision == PrecisionDenominator::PooledCapped) {
        double hits = 0.0;
        double over = 0.0;
        for (const NaiveUser& user : users) {
            hits += hitsIn(firstOf(user, k), user.relevant);
            over += relevantOrK(user, k, true);
        }
        return hits / over;
    }
    const auto othersOf = [](const NaiveUser& user) {
        std::vector<int> others;
        for (int item = 0; item < static_cast<int>(user.scores.size()); ++item)
            if (user.excluded.count(item) == 0 && user.relevant.count(item) == 0) others.push_back(item);
        return others;
    };
    if (name == "auc" && options.auc == AucForm::Weighted) {
        double sum = 0.0;
        double weight = 0.0;
        for (const NaiveUser& user : users) {
            if (othersOf(user).empty()) continue;
            sum += naiveAuc(user) * static_cast<double>(user.relevant.size());
            weight += static_cast<double>(user.relevant.size());
        }
        return weight > 0.0 ? sum / weight : 0.5;
    }
    if (name == "auc" && options.auc == AucForm::Pooled) {
        // One made-up user who has everyone's candidates.
        NaiveUser all;
        for (const NaiveUser& user : users) {
            const auto add = [&](int item) {
                all.scores.push_back(user.scores[static_cast<std::size_t>(item)]);
                return static_cast<int>(all.scores.size()) - 1;
            };
            for (const int item : user.relevant)
                all.relevant.insert(add(item));
            for (const int item : othersOf(user))
                add(item);
        }
        return naiveAuc(all);
    }
    double sum = 0.0;
    for (const NaiveUser& user : users)
        sum += naiveMetric(name, user, k, options);
    return sum / static_cast<double>(users.size());
}

std::vector<int> naiveTopK(const std::vector<float>& scores, int k) {
    NaiveUser user;
    user.scores.assign(scores.begin(), scores.end());
    return firstOf(user, k);
}

} // namespace recoscope::test
