// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <set>
#include <vector>

namespace recoscope::test {

/// Everything the slow references of list metrics look at, in plain sets.
struct NaiveLists {
    int items = 0;
    std::vector<std::vector<int>> lists;   // by user, best first, at most k
    std::vector<std::set<int>> excluded;   // by user: what is no candidate
    std::vector<std::set<int>> history;    // by user
    std::vector<std::set<int>> takers;     // by item: users in training
    std::vector<std::set<int>> categories; // by item
    int trainingUsers = 0;
};

/// Mean absolute difference of two random items' counts over twice the mean count; items that are a candidate
/// for nobody left out.
double naiveGini(const NaiveLists& data);
// One number for each user; NaN where there is none.
std::vector<double> naiveNovelty(const NaiveLists& data);
std::vector<double> naivePopularity(const NaiveLists& data);
std::vector<double> naiveTailShare(const NaiveLists& data, bool leastPopularTenth);
std::vector<double> naiveDiversity(const NaiveLists& data);
std::vector<double> naiveDiversityByUsers(const NaiveLists& data);
/// By intersecting the lists of all pairs of users.
std::vector<double> naivePersonalisation(const NaiveLists& data, int k);
std::vector<double> naiveCalibration(const NaiveLists& data);
/// The mean of those that are numbers.
double naiveMean(const std::vector<double>& values);

} // namespace recoscope::test
