// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/list_metrics.h"

#include "engine/core/check.h"
#include "engine/eval/candidates.h"
#include "engine/eval/co_occurrence.h"
#include "engine/eval/item_categories.h"
#include "engine/eval/metric_definition.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

namespace recoscope {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// Items by training users, most first; the lower index first among equals.
std::vector<std::int32_t> byPopularity(const Split& split) {
    const ItemUserCsr& columns = split.trainByItem();
    std::vector<std::int32_t> order(static_cast<std::size_t>(columns.rowCount()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return columns.rowSize(ItemIndex{a}) > columns.rowSize(ItemIndex{b});
    });
    return order;
}

/// Scratch memory of one thread; never of influence on a result.
struct Scratch {
    CoOccurrence::Memo memo;
    std::vector<double> history;
    std::vector<double> list;
};

/// All metrics of one evaluation's lists. What several metrics need is made once, when first needed.
class Lists final {
public:
    Lists(const RankedLists& lists, ThreadPool& pool, RunControl& control)
        : m_lists(lists)
        , m_data(*lists.split.dataset())
        , m_history(historyOf(lists.split, lists.target))
        , m_columns(lists.split.trainByItem())
        , m_pool(pool)
        , m_control(control)
        , m_scratch(static_cast<std::size_t>(pool.threadCount())) {}

    ListMetricValue compute(std::string_view name, int k);
    bool cancelled() const { return m_cancelled.load(); }

private:
    using List = std::span<const ItemIndex>;
    List first(std::size_t row, int k) const;
    /// One number a user, from the first k of the list; its mean over the users that have it.
    template <class Number>
    ListMetricValue perUser(int k, Number&& number);
    std::vector<std::int64_t> timesRecommended(int k) const;
    std::vector<bool> possibleItems() const;

    double coverage(int k) const;
    double gini(int k) const;
    ListMetricValue personalisation(int k);
    ListMetricValue novelty(int k);
    ListMetricValue popularity(int k);
    ListMetricValue tailShare(int k);
    ListMetricValue diversity(int k);
    ListMetricValue diversityByUsers(int k);
    ListMetricValue calibration(int k);
    bool mix(List items, std::vector<double>& share) const;

    const RankedLists& m_lists;
    const Dataset& m_data;
    const UserItemCsr& m_history;
    const ItemUserCsr& m_columns;
    ThreadPool& m_pool;
    RunControl& m_control;
    std::vector<Scratch> m_scratch;
    std::atomic<bool> m_cancelled{false};
    std::unique_ptr<const ItemCategories> m_categories;
    std::unique_ptr<const CoOccurrence> m_common;
    std::vector<double> m_bits; // by item: −log2 of the share of users who took it
    std::vector<bool> m_tail;
};

Lists::List Lists::first(std::size_t row, int k) const {
    const List list = m_lists.topItems.subspan(row * static_cast<std::size_t>(m_lists.listLength),
                                               static_cast<std::size_t>(k));
    std::size_t length = list.size();
    while (length > 0 && toInt(list[length - 1]) < 0)
        --length; // candidates ended before
    return list.first(length);
}

template <class Number>
ListMetricValue Lists::perUser(int k, Number&& number) {
    constexpr std::int64_t block = 64;
    ListMetricValue result;
    result.perUser.assign(m_lists.users.size(), undefined);
    m_pool.forChunks(static_cast<std::int64_t>(m_lists.users.size()), block, [&](const Chunk& chunk) {
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
            if (cancelled()) return;
            if (!m_control.keepGoing()) {
                m_cancelled.store(true);
                return;
            }
            const auto row = static_cast<std::size_t>(n);
            result.perUser[row] =
                number(row, first(row, k), m_scratch[static_cast<std::size_t>(chunk.thread)]);
        }
    });
    double sum = 0.0;
    for (const double value : result.perUser) {
        if (std::isnan(value)) continue;
        sum += value;
        ++result.users;
    }
    result.value = result.users > 0 ? sum / static_cast<double>(result.users) : 0.0;
    return result;
}

std::vector<std::int64_t> Lists::timesRecommended(int k) const {
    std::vector<std::int64_t> times(static_cast<std::size_t>(m_data.itemCount()), 0);
    for (std::size_t row = 0; row < m_lists.users.size(); ++row)
        for (const ItemIndex item : first(row, k))
            ++times[static_cast<std::size_t>(item)];
    return times;
}

/// Items that are candidates for at least one of the users.
std::vector<bool> Lists::possibleItems() const {
    const UserItemCsr& validation = m_lists.split.validation();
    const bool alsoValidation = m_lists.target == Target::Test && m_lists.options.excludeValidationAtTest;
    std::vector<std::size_t> excludedFor(static_cast<std::size_t>(m_data.itemCount()), 0);
    for (const UserIndex user : m_lists.users) {
        if (m_lists.options.excludeTrain)
            for (const ItemIndex item : m_history.cols(user))
                ++excludedFor[static_cast<std::size_t>(item)];
        if (!alsoValidation) continue;
        for (const ItemIndex item : validation.cols(user))
            if (!m_lists.options.excludeTrain || !m_history.contains(user, item))
                ++excludedFor[static_cast<std::size_t>(item)];
    }
    const CandidateKind kind = m_lists.options.candidates.kind;
    std::vector<bool> possible(excludedFor.size());
    for (std::size_t item = 0; item < possible.size(); ++item) {
        const bool trained = m_columns.rowSize(ItemIndex{static_cast<std::int32_t>(item)}) > 0;
        possible[item] = excludedFor[item] < m_lists.users.size() && kind != CandidateKind::Given &&
                         (kind != CandidateKind::Popular || trained) &&
                         (kind != CandidateKind::Cold || !trained);
    }
    if (kind != CandidateKind::Given && kind != CandidateKind::Popular) return possible;
    // What is relevant to a user is ranked for the user, and negatives that are given.
    const Relevance isRelevantItem(m_lists.options, m_lists.split);
    const UserItemCsr& held = heldOut(m_lists.split, m_lists.target);
    for (const UserIndex user : m_lists.users) {
        for (std::size_t n = 0; n < held.cols(user).size(); ++n)
            if (isRelevantItem(user, held.cols(user)[n], held.values(user)[n]))
                possible[static_cast<std::size_t>(held.cols(user)[n])] = true;
        if (kind != CandidateKind::Given) continue;
        for (const ItemIndex item : m_data.negatives().cols(user))
            possible[static_cast<std::size_t>(item)] = true;
    }
    return possible;
}

double Lists::coverage(int k) const {
    const auto times = timesRecommended(k);
    const auto distinct = std::count_if(times.begin(), times.end(), [](std::int64_t n) { return n > 0; });
    const auto possible = possibleItems();
    const auto count = std::count(possible.begin(), possible.end(), true);
    return count > 0 ? static_cast<double>(distinct) / static_cast<double>(count) : 0.0;
}

double Lists::gini(int k) const {
    const auto times = timesRecommended(k);
    const auto possible = possibleItems();
    std::vector<std::int64_t> sorted;
    for (std::size_t item = 0; item < times.size(); ++item)
        if (possible[item]) sorted.push_back(times[item]);
    std::sort(sorted.begin(), sorted.end());
    const auto items = static_cast<double>(sorted.size());
    double weighted = 0.0;
    double total = 0.0;
    for (std::size_t j = 0; j < sorted.size(); ++j) {
        weighted += (2.0 * static_cast<double>(j + 1) - items - 1.0) * static_cast<double>(sorted[j]);
        total += static_cast<double>(sorted[j]);
    }
    return total > 0.0 ? weighted / (items * total) : 0.0;
}

ListMetricValue Lists::personalisation(int k) {
    // A user's list meets those of all others once for each other list that has the item, so that counts by
    // item replace the pairs of users.
    const auto times = timesRecommended(k);
    const double others = static_cast<double>(m_lists.users.size()) - 1.0;
    return perUser(k, [&, others](std::size_t, List list, Scratch&) {
        std::int64_t met = 0;
        for (const ItemIndex item : list)
            met += times[static_cast<std::size_t>(item)] - 1;
        return 1.0 - static_cast<double>(met) / (others * k);
    });
}

ListMetricValue Lists::novelty(int k) {
    if (m_bits.empty()) {
        double users = 0.0;
        for (std::int32_t u = 0; u < m_data.userCount(); ++u)
            users += m_lists.split.trainedUser(UserIndex{u}) ? 1.0 : 0.0;
        for (std::int32_t item = 0; item < m_data.itemCount(); ++item)
            m_bits.push_back(std::log2(users / std::max(1, m_columns.rowSize(ItemIndex{item}))));
    }
    return perUser(k, [this](std::size_t, List list, Scratch&) {
        double sum = 0.0;
        for (const ItemIndex item : list)
            sum += m_bits[static_cast<std::size_t>(item)];
        return list.empty() ? undefined : sum / static_cast<double>(list.size());
    });
}

ListMetricValue Lists::popularity(int k) {
    return perUser(k, [this](std::size_t, List list, Scratch&) {
        std::int64_t sum = 0;
        for (const ItemIndex item : list)
            sum += m_columns.rowSize(item);
        return list.empty() ? undefined : static_cast<double>(sum) / static_cast<double>(list.size());
    });
}

ListMetricValue Lists::tailShare(int k) {
    if (m_tail.empty()) m_tail = tailItems(m_lists.split, m_lists.options.tail);
    return perUser(k, [this](std::size_t, List list, Scratch&) {
        std::int64_t sum = 0;
        for (const ItemIndex item : list)
            sum += m_tail[static_cast<std::size_t>(item)] ? 1 : 0;
        return list.empty() ? undefined : static_cast<double>(sum) / static_cast<double>(list.size());
    });
}

ListMetricValue Lists::diversity(int k) {
    if (!m_categories) m_categories = std::make_unique<const ItemCategories>(m_data);
    return perUser(k, [this](std::size_t, List list, Scratch& scratch) {
        // Σ over pairs of cosines = (|Σ v|² − Σ |v|²) / 2, with v the items' vectors of length 1.
        std::vector<double>& sum = scratch.list;
        sum.assign(static_cast<std::size_t>(m_categories->categoryCount()), 0.0);
        double items = 0.0;
        for (const ItemIndex item : list) {
            const auto categories = m_categories->of(item);
            if (categories.empty()) continue;
            items += 1.0;
            const double entry = 1.0 / std::sqrt(static_cast<double>(categories.size()));
            for (const std::int32_t category : categories)
                sum[static_cast<std::size_t>(category)] += entry;
        }
        if (items < 2.0) return undefined;
        double square = 0.0;
        for (const double entry : sum)
            square += entry * entry;
        return 1.0 - (square - items) / (items * (items - 1.0));
    });
}

ListMetricValue Lists::diversityByUsers(int k) {
    if (!m_common) {
        std::vector<bool> listed(static_cast<std::size_t>(m_data.itemCount()), false);
        for (const ItemIndex item : m_lists.topItems)
            if (toInt(item) >= 0) listed[static_cast<std::size_t>(item)] = true;
        std::vector<ItemIndex> items;
        for (std::int32_t item = 0; item < m_data.itemCount(); ++item)
            if (listed[static_cast<std::size_t>(item)]) items.push_back(ItemIndex{item});
        m_common = std::make_unique<const CoOccurrence>(m_columns, items);
    }
    return perUser(k, [this](std::size_t, List list, Scratch& scratch) {
        if (list.size() < 2) return undefined;
        double sum = 0.0;
        for (std::size_t a = 1; a < list.size(); ++a)
            for (std::size_t b = 0; b < a; ++b)
                sum += m_common->cosine(list[a], list[b], scratch.memo);
        const auto pairs = static_cast<double>(list.size() * (list.size() - 1) / 2);
        return 1.0 - sum / pairs;
    });
}

/// The shares of the categories in some items, each item weighing 1; false where none has a category.
bool Lists::mix(List items, std::vector<double>& share) const {
    share.assign(static_cast<std::size_t>(m_categories->categoryCount()), 0.0);
    double weight = 0.0;
    for (const ItemIndex item : items) {
        const auto categories = m_categories->of(item);
        for (const std::int32_t category : categories)
            share[static_cast<std::size_t>(category)] += 1.0 / static_cast<double>(categories.size());
        weight += categories.empty() ? 0.0 : 1.0;
    }
    for (double& each : share)
        each /= std::max(1.0, weight);
    return weight > 0.0;
}

ListMetricValue Lists::calibration(int k) {
    if (!m_categories) m_categories = std::make_unique<const ItemCategories>(m_data);
    return perUser(k, [this](std::size_t row, List list, Scratch& scratch) {
        if (!mix(m_history.cols(m_lists.users[row]), scratch.history) || !mix(list, scratch.list))
            return undefined;
        double divergence = 0.0;
        for (std::size_t category = 0; category < scratch.history.size(); ++category) {
            const double p = scratch.history[category];
            if (p <= 0.0) continue;
            const double q = (1.0 - calibrationSmoothing) * scratch.list[category] + calibrationSmoothing * p;
            divergence += p * std::log(p / q);
        }
        return divergence;
    });
}

ListMetricValue Lists::compute(std::string_view name, int k) {
    const auto all = static_cast<std::int64_t>(m_lists.users.size());
    if (name == "coverage") return {coverage(k), all, {}};
    if (name == "gini") return {gini(k), all, {}};
    if (name == "personalisation") return personalisation(k);
    if (name == "novelty") return novelty(k);
    if (name == "arp") return popularity(k);
    if (name == "tail_share") return tailShare(k);
    if (name == "ild") return diversity(k);
    if (name == "ild_cooccurrence") return diversityByUsers(k);
    RECOSCOPE_CHECK(name == "calibration", "a metric of kind List");
    return calibration(k);
}

} // namespace

std::string whyNoListMetric(std::string_view name, int k, const Split& split, Target target,
                            std::int64_t users) {
    if ((name == "ild" || name == "calibration") && !categoryColumn(*split.dataset()))
        return "the items have no genres, categories or other feature of a kind";
    if ((name == "ild" || name == "ild_cooccurrence") && k < 2) return "a list of one item has no pairs";
    if (name == "calibration" && historyOf(split, target).empty()) return "no user has a history";
    if (name == "personalisation" && users < 2) return "there is one user only, and so no pair of lists";
    return {};
}

Result<std::vector<ListMetricValue>> listMetrics(std::span<const ListMetricRequest> requests,
                                                 const RankedLists& lists, ThreadPool& pool,
                                                 RunControl& control) {
    Lists computed(lists, pool, control);
    std::vector<ListMetricValue> values;
    for (const ListMetricRequest& request : requests) {
        RECOSCOPE_CHECK(request.k >= 1 && request.k <= lists.listLength, "a cutoff within the lists");
        values.push_back(computed.compute(request.name, request.k));
        if (computed.cancelled()) return Error{ErrorCode::Cancelled, "The evaluation was cancelled", ""};
    }
    return values;
}

std::vector<bool> tailItems(const Split& split, TailItems tail) {
    const ItemUserCsr& columns = split.trainByItem();
    const auto order = byPopularity(split);
    std::vector<bool> inTail(order.size(), tail == TailItems::BeyondMostInteractions);
    if (tail == TailItems::BeyondMostInteractions) {
        std::int64_t carried = 0;
        for (const std::int32_t item : order) {
            if (carried * 5 >= columns.size() * 4) break; // 80 %
            inTail[static_cast<std::size_t>(item)] = false;
            carried += columns.rowSize(ItemIndex{item});
        }
        return inTail;
    }
    std::vector<std::int32_t> trained;
    for (const std::int32_t item : order)
        if (columns.rowSize(ItemIndex{item}) > 0) trained.push_back(item);
    std::stable_sort(trained.begin(), trained.end(), [&](std::int32_t a, std::int32_t b) {
        const auto usersA = columns.rowSize(ItemIndex{a});
        const auto usersB = columns.rowSize(ItemIndex{b});
        return usersA != usersB ? usersA < usersB : a < b;
    });
    const std::size_t tenth = std::max<std::size_t>(1, trained.size() / 10);
    for (std::size_t n = 0; n < std::min(tenth, trained.size()); ++n)
        inTail[static_cast<std::size_t>(trained[n])] = true;
    return inTail;
}

} // namespace recoscope
