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

std::vector<int> naiveTopK(const std::vector<float>& scores, int k) {
    NaiveUser user;
    user.scores.assign(scores.begin(), scores.end());
    return firstOf(user, k);
}

} // namespace recoscope::test
