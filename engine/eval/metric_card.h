// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// One line of a calculation.
struct CardTerm {
    std::string symbol; // "i = 3", "IDCG", "min(k, R)"
    double value = 0.0;
    std::string text; // how the value comes about: "1 / log2(3 + 1)"; the rest of the sentence in words
    std::optional<ItemIndex> item = {}; // that the line is about
    int rank = 0;                       // of the item in the list, from 1; 0: not about a rank
    bool hit = false;
    bool result = false; // a sum or quotient of lines above
};

/// One metric of one user with every number in it, so that it can be done again on paper.
struct MetricCard {
    std::string key;        // "ndcg@10"
    std::string label;      // "NDCG@10"
    std::string definition; // as of the evaluation
    std::string formula;    // of the metric in general; empty where the options define it otherwise
    std::string meaning;    // one sentence
    UserIndex user{};
    int k = 0;                       // 0 where the metric has no cutoff
    std::int64_t candidates = 0;     // ranked for the user
    std::vector<ItemIndex> relevant; // held out, ascending
    std::vector<ItemIndex> list;     // the first k, best first
    std::vector<CardTerm> terms;     // in the order of the calculation
    std::string equation;            // "NDCG@10 = DCG / IDCG = 1.6309 / 2.1309 = 0.7654"
    double value = 0.0;              // the user's value in an evaluation with these options, to the last bit
    std::string note; // how the users' values become the metric where that is no plain mean; may be empty
};

/// The calculation of a metric that is computed for each user: all of kind Ranking, RMSE and MAE over this
/// user's pairs, of kind List those that a single list has. ErrorCode::NotFound for a user with nothing
/// relevant held out (or, for RMSE and MAE, nothing at all), Invalid for a metric that only all users
/// together have.
/// @param key  "ndcg@10", "auc"; the cutoff need not be among options.cutoffs.
/// Scores a block of users, as the evaluation does; personalisation runs the whole evaluation.
Result<MetricCard> explainMetric(const Recommender& model, const Split& split, Target target,
                                 const EvaluationOptions& options, UserIndex user, std::string_view key,
                                 ThreadPool& pool, RunControl& control);

} // namespace recoscope
