// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluation_options.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace recoscope::test {

/// One user as the slow reference sees it: a score for each item, what is no candidate, what is relevant.
struct NaiveUser {
    std::vector<double> scores;
    std::set<int> excluded;
    std::set<int> relevant;
    std::map<int, double> ratings; // of the relevant, where gains are graded
    std::vector<std::string> ids;  // of the items: of equal scores the later one wins; empty: the lower index
};

/// All candidates, best first, by a full stable sort. Items that score -infinity or NaN are left out.
std::vector<int> naiveRanking(const NaiveUser& user);

/// Metrics straight from their formulas over sets and the full ranking. `capped`: the denominator is min(k,
/// R).
double naiveNdcg(const NaiveUser& user, int k, bool idealCutAtK);
double naiveRecall(const NaiveUser& user, int k, bool capped);
double naivePrecision(const NaiveUser& user, int k);
double naiveF1(const NaiveUser& user, int k, bool capped);
double naiveMap(const NaiveUser& user, int k, bool capped);
double naiveMrr(const NaiveUser& user, int k);
double naiveHitRate(const NaiveUser& user, int k);
/// Over all pairs of a relevant and another candidate; NaN and -infinity are below everything and lose. 0.5
/// without pairs.
double naiveAuc(const NaiveUser& user);

/// One user's metric ("ndcg", "auc", …) in any dialect, from the formulas. The pooled forms give the user's
/// own part.
double naiveMetric(const std::string& name, const NaiveUser& user, int k, const EvaluationOptions& options);
/// The mean over users as the options have it; pooled and weighted forms from all users' lists and scores.
double naiveMean(const std::string& name, const std::vector<NaiveUser>& users, int k,
                 const EvaluationOptions& options);

/// Indices of the k largest by a full stable sort; -infinity and NaN are never among them.
std::vector<int> naiveTopK(const std::vector<float>& scores, int k);

} // namespace recoscope::test
