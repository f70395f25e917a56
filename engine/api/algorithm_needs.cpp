// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/algorithm_needs.h"

#include "engine/data/split.h"

#include <algorithm>
#include <array>

namespace recoscope {

namespace {

struct Need {
    bool AlgorithmNeeds::*flag;
    const char* name;
    bool (*met)(const Split& split);
};

bool hasItemFeatures(const Split& split) { return !split.dataset()->itemFeatures().empty(); }
bool hasUserFeatures(const Split& split) { return !split.dataset()->userFeatures().empty(); }

constexpr std::array<Need, 5> needList{{
    {&AlgorithmNeeds::ratings, "ratings",
     [](const Split& split) { return !split.dataset()->scale().implicit; }},
    {&AlgorithmNeeds::itemFeatures, "item features", &hasItemFeatures},
    {&AlgorithmNeeds::userFeatures, "user features", &hasUserFeatures},
    {&AlgorithmNeeds::someFeatures, "item or user features",
     [](const Split& split) { return hasItemFeatures(split) || hasUserFeatures(split); }},
    {&AlgorithmNeeds::times, "times of interactions",
     [](const Split& split) { return !split.trainTimes().empty(); }},
}};

} // namespace

std::vector<std::string> namesOf(const AlgorithmNeeds& needs) {
    std::vector<std::string> names;
    for (const Need& need : needList)
        if (needs.*need.flag) names.emplace_back(need.name);
    return names;
}

std::optional<std::string> missingNeed(const AlgorithmNeeds& needs, const Split& split) {
    for (const Need& need : needList)
        if (needs.*need.flag && !need.met(split)) return need.name;
    return std::nullopt;
}

bool enoughFor(const AlgorithmNeeds& other, const AlgorithmNeeds& asked) {
    AlgorithmNeeds given = asked;
    given.someFeatures = asked.someFeatures || asked.itemFeatures || asked.userFeatures;
    return std::all_of(needList.begin(), needList.end(),
                       [&](const Need& need) { return !(other.*need.flag) || given.*need.flag; });
}

} // namespace recoscope
