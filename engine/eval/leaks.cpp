// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/leaks.h"

#include "engine/eval/metric_definition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

namespace recoscope {

namespace {

constexpr std::size_t examplesKept = 3;

std::string counted(std::int64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// Counts what breaks a rule, and keeps the first examples.
class Finding final {
public:
    explicit Finding(const Dataset& data)
        : m_data(data) {}

    void add(UserIndex user, ItemIndex item, const std::string& more = {}) {
        ++m_count;
        if (m_examples.size() < examplesKept)
            m_examples.push_back(userText(user) + ", " + itemText(item) + more);
    }
    void add(UserIndex user) {
        ++m_count;
        if (m_examples.size() < examplesKept) m_examples.push_back(userText(user));
    }
    void add(ItemIndex item) {
        ++m_count;
        if (m_examples.size() < examplesKept) m_examples.push_back(itemText(item));
    }
    std::int64_t count() const { return m_count; }
    void report(std::vector<Leak>& leaks, const char* kind, std::string message, bool hint = false) {
        if (m_count > 0) leaks.push_back({kind, std::move(message), m_count, std::move(m_examples), hint});
    }

private:
    std::string userText(UserIndex user) const { return "user " + std::string(m_data.userId(user)); }
    std::string itemText(ItemIndex item) const { return "item " + std::string(m_data.itemId(item)); }

    const Dataset& m_data;
    std::int64_t m_count = 0;
    std::vector<std::string> m_examples;
};

void findOverlaps(const Split& split, std::vector<Leak>& leaks) {
    if (split.spec().kind != SplitKind::Premade) return; // other splits do not look at the files' parts
    for (const PartOverlap& overlap : split.dataset()->overlaps()) {
        Leak leak{"pair-in-two-parts",
                  counted(overlap.count, "pair of user and item stands", "pairs of user and item stand") +
                      " in both the " + partName(overlap.lost) + " and the " + partName(overlap.kept) +
                      " file; here they count in the " + partName(overlap.kept) +
                      " part only, elsewhere they may not",
                  overlap.count,
                  {},
                  false};
        for (const auto& [user, item] : overlap.examples)
            leak.examples.push_back("user " + user + ", item " + item);
        leaks.push_back(std::move(leak));
    }
}

/// A title without case and outer blanks.
std::string plainTitle(const std::string& title) {
    const auto first = title.find_first_not_of(" \t");
    if (first == std::string::npos) return {};
    std::string plain = title.substr(first, title.find_last_not_of(" \t") - first + 1);
    for (char& c : plain)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return plain;
}

void findSameTitles(const Split& split, std::vector<Leak>& leaks) {
    constexpr std::size_t mostNamesakes = 4;
    const Dataset& data = *split.dataset();
    const FeatureColumn* titles = data.itemFeatures().find("title");
    if (!titles || titles->kind != FeatureKind::Text) return;
    std::unordered_map<std::string, std::vector<ItemIndex>> byTitle;
    for (std::int32_t item = 0; item < data.itemCount(); ++item)
        if (std::string title = plainTitle(titles->texts[static_cast<std::size_t>(item)]); !title.empty())
            byTitle[std::move(title)].push_back(ItemIndex{item});
    std::unordered_map<std::int32_t, const std::vector<ItemIndex>*> namesakes;
    for (const auto& [title, items] : byTitle) {
        if (items.size() < 2 || items.size() > mostNamesakes) continue;
        for (const ItemIndex item : items)
            namesakes[toInt(item)] = &items;
    }
    if (namesakes.empty()) return;
    Finding finding(data);
    for (const Target target : {Target::Test, Target::Validation}) {
        const UserItemCsr& held = heldOut(split, target);
        const UserItemCsr& history = historyOf(split, target);
        for (std::int32_t u = 0; u < held.rowCount(); ++u)
            for (const ItemIndex item : held.cols(UserIndex{u})) {
                const auto same = namesakes.find(toInt(item));
                if (same == namesakes.end()) continue;
                for (const ItemIndex other : *same->second)
                    if (other != item && history.contains(UserIndex{u}, other)) {
                        finding.add(UserIndex{u}, item,
                                    ", known as item " + std::string(data.itemId(other)) + " '" +
                                        data.itemTitle(other) + "'");
                        break;
                    }
            }
    }
    finding.report(leaks, "same-title",
                   counted(finding.count(), "held-out interaction is", "held-out interactions are") +
                       " with an item that the user's history has under another id with the same title",
                   true);
}

void findOwnNegatives(const Split& split, std::vector<Leak>& leaks) {
    const Dataset& data = *split.dataset();
    const UserItemCsr& negatives = data.negatives();
    if (negatives.empty()) return;
    Finding finding(data);
    for (std::int32_t u = 0; u < split.test().rowCount(); ++u)
        for (const ItemIndex item : split.test().cols(UserIndex{u}))
            if (negatives.contains(UserIndex{u}, item)) finding.add(UserIndex{u}, item);
    finding.report(leaks, "own-negative",
                   counted(finding.count(), "test item is", "test items are") +
                       " among the given negatives of the same user");
}

/// Calls body(user, item, time, part) for training and test interactions, in order.
template <class Body>
void forTimes(const Split& split, Body&& body) {
    const UserItemCsr& all = split.dataset()->byUser();
    const auto times = split.dataset()->times();
    for (std::int32_t u = 0; u < all.rowCount(); ++u) {
        const UserIndex user{u};
        const auto test = split.test().cols(user);
        const auto train = split.train().cols(user);
        auto nextTest = test.begin();
        auto nextTrain = train.begin();
        for (std::int64_t n = all.rowBegin(user); n < all.rowEnd(user); ++n) {
            const auto at = static_cast<std::size_t>(n);
            const ItemIndex item = all.columns()[at]; // ascending, as in the parts
            if (nextTest != test.end() && *nextTest == item) {
                body(user, item, times[at], Part::Test);
                ++nextTest;
            } else if (nextTrain != train.end() && *nextTrain == item) {
                body(user, item, times[at], Part::Train);
                ++nextTrain;
            }
        }
    }
}

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();

/// Users with a training interaction that is newer than all their test interactions.
void findOwnFuture(const Split& split, std::vector<Leak>& leaks) {
    const auto users = static_cast<std::size_t>(split.dataset()->userCount());
    std::vector<std::int64_t> newestTest(users, never);
    forTimes(split, [&](UserIndex user, ItemIndex, std::int64_t time, Part part) {
        auto& newest = newestTest[static_cast<std::size_t>(user)];
        if (part == Part::Test) newest = std::max(newest, time);
    });
    Finding finding(*split.dataset());
    std::vector<bool> breaks(users, false);
    forTimes(split, [&](UserIndex user, ItemIndex item, std::int64_t time, Part part) {
        const std::int64_t newest = newestTest[static_cast<std::size_t>(user)];
        if (part != Part::Train || newest == never || time <= newest) return;
        finding.add(user, item);
        breaks[static_cast<std::size_t>(user)] = true;
    });
    std::int64_t tested = 0;
    for (std::size_t u = 0; u < users; ++u)
        tested +=
            newestTest[u] != never && split.train().rowSize(UserIndex{static_cast<std::int32_t>(u)}) > 0;
    const auto broken = std::count(breaks.begin(), breaks.end(), true);
    if (split.spec().kind == SplitKind::Premade && broken * 10 > tested) return; // no protocol of time
    finding.report(leaks, "future-in-training",
                   counted(finding.count(), "training interaction of ", "training interactions of ") +
                       counted(broken, "user is", "users are") +
                       " newer than everything the same user is tested on");
}

/// One date for all: the one that the fewest interactions break.
void findFuture(const Split& split, std::vector<Leak>& leaks) {
    std::vector<std::pair<std::int64_t, bool>> times; // with "is training"
    forTimes(split, [&](UserIndex, ItemIndex, std::int64_t time, Part part) {
        times.emplace_back(time, part == Part::Train);
    });
    std::sort(times.begin(), times.end());
    const auto tests =
        std::count_if(times.begin(), times.end(), [](const auto& each) { return !each.second; });
    if (tests == 0) return;
    // A date breaks the training interactions from it on and the test interactions before it.
    auto breaking = static_cast<std::int64_t>(times.size()) - tests;
    std::int64_t least = breaking;
    std::int64_t date = times.front().first;
    for (std::size_t n = 0; n < times.size();) {
        const std::int64_t time = times[n].first;
        for (; n < times.size() && times[n].first == time; ++n)
            breaking += times[n].second ? -1 : 1;
        if (breaking < least && n < times.size()) {
            least = breaking;
            date = times[n].first;
        }
    }
    const bool mustHold = split.spec().kind == SplitKind::TimeCut;
    if (least == 0 || (!mustHold && least * 10 > tests)) return;
    Finding finding(*split.dataset());
    forTimes(split, [&](UserIndex user, ItemIndex item, std::int64_t time, Part part) {
        if (part == Part::Train && time >= date) finding.add(user, item);
    });
    finding.report(leaks, "future-in-training",
                   counted(finding.count(), "training interaction is", "training interactions are") +
                       " from after the date that parts training from test");
}

void findTimeLeaks(const Split& split, std::vector<Leak>& leaks) {
    if (split.dataset()->times().empty()) return;
    const SplitKind kind = split.spec().kind;
    if (kind == SplitKind::TimeCut) return findFuture(split, leaks);
    if (kind == SplitKind::LeaveLastOut) return findOwnFuture(split, leaks);
    if (kind != SplitKind::Premade) return;
    const std::size_t before = leaks.size();
    findFuture(split, leaks);
    if (leaks.size() == before) findOwnFuture(split, leaks);
}

void findHeldOutUsers(const Split& split, std::vector<Leak>& leaks) {
    const Dataset& data = *split.dataset();
    const SplitKind kind = split.spec().kind;
    Finding folded(data);
    Finding coldUsers(data);
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        const UserIndex user{u};
        if (!split.trainedUser(user)) continue;
        const auto held = [&](Target target) { return heldOut(split, target).rowSize(user) > 0; };
        if (kind == SplitKind::ColdUsers && (held(Target::Test) || held(Target::Validation)))
            coldUsers.add(user);
        const bool foldedIn = kind != SplitKind::ColdUsers &&
                              ((held(Target::Test) && &split.testHistory() != &split.train()) ||
                               (held(Target::Validation) && &split.validationHistory() != &split.train()));
        if (foldedIn) folded.add(user);
    }
    folded.report(leaks, "held-out-user-in-training",
                  counted(folded.count(), "user whose history is folded in is",
                          "users whose histories are folded in are") +
                      " in training, too");
    coldUsers.report(leaks, "cold-in-training",
                     counted(coldUsers.count(), "user held out whole is", "users held out whole are") +
                         " in training, too");
    if (kind != SplitKind::ColdItems) return;
    Finding coldItems(data);
    const ItemUserCsr tested = split.test().transposed();
    for (std::int32_t item = 0; item < data.itemCount(); ++item)
        if (tested.rowSize(ItemIndex{item}) > 0 && split.trainByItem().rowSize(ItemIndex{item}) > 0)
            coldItems.add(ItemIndex{item});
    coldItems.report(leaks, "cold-in-training",
                     counted(coldItems.count(), "item held out whole is", "items held out whole are") +
                         " in training, too");
}

/// Whether a number is as good as it can hardly be.
bool tooGood(const MetricValue& metric, const Split& split) {
    const std::string name = metric.key.substr(0, metric.key.find('@'));
    if (name == "ndcg" || name == "map" || name == "precision" || name == "f1") return metric.value >= 0.95;
    if (name == "mrr" || name == "recall") return metric.value >= 0.99;
    if (name == "auc") return metric.value >= 0.9995;
    const RatingScale& scale = split.dataset()->scale();
    if (name == "rmse" || name == "mae")
        return metric.value <= 0.02 * static_cast<double>(scale.max - scale.min);
    return false;
}

} // namespace

std::string leakText(const Leak& leak) {
    std::string text = leak.message;
    for (std::size_t n = 0; n < leak.examples.size(); ++n)
        text += (n == 0 ? " (" : "; ") + leak.examples[n];
    if (static_cast<std::int64_t>(leak.examples.size()) < leak.count && !leak.examples.empty()) text += "; …";
    return leak.examples.empty() ? text : text + ")";
}

std::vector<Leak> findLeaks(const Split& split) {
    std::vector<Leak> leaks;
    findOverlaps(split, leaks);
    findSameTitles(split, leaks);
    findOwnNegatives(split, leaks);
    findTimeLeaks(split, leaks);
    findHeldOutUsers(split, leaks);
    return leaks;
}

std::vector<Leak> findEvaluationLeaks(const Evaluation& evaluation, const Split& split, Target target,
                                      const EvaluationOptions&) {
    std::vector<Leak> leaks;
    const UserItemCsr& history = historyOf(split, target);
    const auto length = static_cast<std::size_t>(std::max(0, evaluation.listLength));
    if (length > 0 && evaluation.topItems.size() == evaluation.users.size() * length) {
        Finding finding(*split.dataset());
        for (std::size_t place = 0; place < evaluation.topItems.size(); ++place) {
            const UserIndex user = evaluation.users[place / length];
            const ItemIndex item = evaluation.topItems[place];
            if (toInt(item) >= 0 && history.contains(user, item)) finding.add(user, item);
        }
        finding.report(
            leaks, "history-recommended",
            counted(finding.count(), "place of the lists is", "places of the lists are") +
                " taken by items of the user's own history, which is not left out of the candidates",
            true);
    }
    constexpr std::int64_t enough = 20;
    constexpr std::int32_t enoughItems = 50;
    for (const MetricValue& metric : evaluation.metrics) {
        if (metric.count < enough || split.dataset()->itemCount() < enoughItems || !tooGood(metric, split))
            continue;
        char value[32];
        std::snprintf(value, sizeof value, "%.4f", metric.value);
        leaks.push_back(
            {"too-good",
             metric.label + " is " + value +
                 ": so good a number is rarer than a test part that the model has seen, or a feature "
                 "that gives the answer away",
             metric.count,
             {},
             true});
    }
    return leaks;
}

std::vector<Leak> findChoiceLeaks(const RunChoice& run, std::span<const RunChoice> others) {
    std::vector<Leak> leaks;
    if (run.validated || !run.tested) return leaks;
    Leak chosen{"tuned-on-test", "", 1, {}, true};
    std::vector<ParamMap> different{run.params};
    for (const RunChoice& other : others) {
        if (other.algorithm != run.algorithm || other.splitFingerprint != run.splitFingerprint ||
            other.validated || !other.tested)
            continue;
        if (std::find(different.begin(), different.end(), other.params) != different.end()) continue;
        different.push_back(other.params);
        ++chosen.count;
        if (chosen.examples.size() < examplesKept) chosen.examples.push_back("run " + other.name);
    }
    if (chosen.count < 2) return leaks;
    chosen.message = std::to_string(chosen.count) + " runs of " + run.algorithm +
                     " with different parameters have numbers on this test part and none on validation; the "
                     "best of them is chosen by the test part";
    leaks.push_back(std::move(chosen));
    return leaks;
}

} // namespace recoscope
