// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/naive_list_metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

namespace recoscope::test {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

int inBoth(const std::set<int>& a, const std::set<int>& b) {
    std::vector<int> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return static_cast<int>(both.size());
}

double cosine(const std::set<int>& a, const std::set<int>& b) {
    if (a.empty() || b.empty()) return 0.0;
    return inBoth(a, b) /
           (std::sqrt(static_cast<double>(a.size())) * std::sqrt(static_cast<double>(b.size())));
}

const std::set<int>& at(const std::vector<std::set<int>>& sets, int index) {
    return sets[static_cast<std::size_t>(index)];
}

std::vector<double> forLists(const NaiveLists& data,
                             const std::function<double(std::size_t, const std::vector<int>&)>& number) {
    std::vector<double> values;
    for (std::size_t u = 0; u < data.lists.size(); ++u)
        values.push_back(number(u, data.lists[u]));
    return values;
}

std::vector<double> meanOverItems(const NaiveLists& data, const std::function<double(int)>& number) {
    return forLists(data, [&](std::size_t, const std::vector<int>& list) {
        double sum = 0.0;
        for (const int item : list)
            sum += number(item);
        return sum / static_cast<double>(list.size()); // 0/0 of an empty list is no number
    });
}

std::vector<double> meanDistance(const NaiveLists& data, const std::vector<std::set<int>>& sets,
                                 bool leaveOutEmpty) {
    return forLists(data, [&](std::size_t, const std::vector<int>& list) {
        double sum = 0.0;
        int pairs = 0;
        for (const int a : list)
            for (const int b : list) {
                if (a == b || (leaveOutEmpty && (at(sets, a).empty() || at(sets, b).empty()))) continue;
                sum += 1.0 - cosine(at(sets, a), at(sets, b));
                ++pairs;
            }
        return pairs > 0 ? sum / pairs : none;
    });
}

template <class Items>
std::map<int, double> mix(const NaiveLists& data, const Items& items) {
    std::map<int, double> share;
    double total = 0.0;
    for (const int item : items)
        for (const int category : at(data.categories, item)) {
            share[category] += 1.0 / static_cast<double>(at(data.categories, item).size());
            total += 1.0 / static_cast<double>(at(data.categories, item).size());
        }
    for (auto& each : share)
        each.second /= total;
    return share;
}

} // namespace

double naiveGini(const NaiveLists& data) {
    std::vector<double> counts;
    for (int item = 0; item < data.items; ++item) {
        bool candidate = false;
        double count = 0.0;
        for (std::size_t u = 0; u < data.lists.size(); ++u) {
            candidate = candidate || data.excluded[u].count(item) == 0;
            count += static_cast<double>(std::count(data.lists[u].begin(), data.lists[u].end(), item));
        }
        if (candidate) counts.push_back(count);
    }
    double difference = 0.0;
    double sum = 0.0;
    for (const double a : counts) {
        sum += a;
        for (const double b : counts)
            difference += std::abs(a - b);
    }
    return sum > 0.0 ? difference / (2.0 * static_cast<double>(counts.size()) * sum) : 0.0;
}

std::vector<double> naiveNovelty(const NaiveLists& data) {
    return meanOverItems(data, [&](int item) {
        const double users = std::max<double>(1.0, static_cast<double>(at(data.takers, item).size()));
        return -std::log(users / data.trainingUsers) / std::log(2.0);
    });
}

std::vector<double> naivePopularity(const NaiveLists& data) {
    return meanOverItems(data, [&](int item) { return static_cast<double>(at(data.takers, item).size()); });
}

std::vector<double> naiveTailShare(const NaiveLists& data, bool leastPopularTenth) {
    double all = 0.0;
    int trained = 0;
    for (const auto& users : data.takers) {
        all += static_cast<double>(users.size());
        trained += users.empty() ? 0 : 1;
    }
    // An item's place follows from the items that stand before it; no sorting.
    const auto inTail = [&](int item) {
        const std::size_t own = at(data.takers, item).size();
        double before = 0.0; // interactions of more popular items
        int rarer = 0;
        for (int other = 0; other < data.items; ++other) {
            const std::size_t users = at(data.takers, other).size();
            if (users > own || (users == own && other < item)) before += static_cast<double>(users);
            if (users > 0 && (users < own || (users == own && other < item))) ++rarer;
        }
        if (leastPopularTenth) return own > 0 && rarer < std::max(1, trained / 10);
        return before >= 0.8 * all - 1e-9;
    };
    return meanOverItems(data, [&](int item) { return inTail(item) ? 1.0 : 0.0; });
}

std::vector<double> naiveDiversity(const NaiveLists& data) {
    return meanDistance(data, data.categories, true);
}

std::vector<double> naiveDiversityByUsers(const NaiveLists& data) {
    return meanDistance(data, data.takers, false);
}

std::vector<double> naivePersonalisation(const NaiveLists& data, int k) {
    std::vector<std::set<int>> sets;
    for (const auto& list : data.lists)
        sets.emplace_back(list.begin(), list.end());
    std::vector<double> values;
    for (std::size_t u = 0; u < sets.size(); ++u) {
        double sum = 0.0;
        for (std::size_t v = 0; v < sets.size(); ++v)
            if (u != v) sum += 1.0 - inBoth(sets[u], sets[v]) / static_cast<double>(k);
        values.push_back(sum / (static_cast<double>(sets.size()) - 1.0));
    }
    return values;
}

std::vector<double> naiveCalibration(const NaiveLists& data) {
    return forLists(data, [&](std::size_t u, const std::vector<int>& list) {
        const auto p = mix(data, data.history[u]);
        auto q = mix(data, list);
        if (p.empty() || q.empty()) return none;
        double divergence = 0.0;
        for (const auto& [category, share] : p)
            divergence += share * (std::log(share) - std::log(0.99 * q[category] + 0.01 * share));
        return divergence;
    });
}

double naiveMean(const std::vector<double>& values) {
    double sum = 0.0;
    int count = 0;
    for (const double value : values)
        if (!std::isnan(value)) {
            sum += value;
            ++count;
        }
    return count > 0 ? sum / count : 0.0;
}

} // namespace recoscope::test
