// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/eval/evaluator.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace recoscope {

/// One way in which the answer may have got into the question.
struct Leak {
    std::string kind;    // stable key: "future-in-training"
    std::string message; // one sentence with the count
    std::int64_t count = 0;
    std::vector<std::string> examples; // the first few, in the ids of the files: "user 12, item 345"
    bool hint = false;                 // may have an innocent reason
    bool operator==(const Leak&) const = default;
};

/// "message (user 12, item 345; …)"
std::string leakText(const Leak& leak);

/// What can be seen before training, from the split alone; empty where nothing is wrong:
/// * "pair-in-two-parts": the files had the same user and item in two parts (they count in the one held out
/// furthest);
/// * "same-title" (a hint): a held-out item that the user is known to have under another id, by the title.
/// Titles of more
///   than four items are no names and are passed over;
/// * "own-negative": a held-out item among the user's given negatives;
/// * "future-in-training": training interactions newer than held-out ones where parts follow the time.
/// LeaveLastOut and
///   TimeCut must; pre-made parts do when at most a tenth of the users (of the test interactions) break the
///   order;
/// * "held-out-user-in-training": users whose histories are folded in, and whom training sees nevertheless;
/// * "cold-in-training": users or items held out whole that training sees nevertheless.
/// O(interactions), and a sort of the times for pre-made parts.
std::vector<Leak> findLeaks(const Split& split);

/// What can be seen in the numbers and lists of one model:
/// * "history-recommended" (a hint): lists that contain what the user is known by;
/// * "too-good" (a hint): numbers that nearly every user or rating has perfect, over enough users and
/// candidates. Works on stored evaluations, too, without lists.
std::vector<Leak> findEvaluationLeaks(const Evaluation& evaluation, const Split& split, Target target,
                                      const EvaluationOptions& options);

/// What is known of a run when one asks how its parameters were chosen.
struct RunChoice {
    std::string name;
    std::string algorithm;
    std::string splitFingerprint;
    ParamMap params; // complete, so that equal runs are equal
    std::uint64_t seed = 0;
    bool validated = false; // it has numbers on validation
    bool tested = false;    // it has numbers on test
};

/// How parameters may have been tuned on the test part:
/// * "tuned-on-test" (a hint): several runs of the same algorithm with different parameters on the same
/// split have
///   numbers on test and none on validation, so the better one can only have been chosen by the test part.
/// @param others  all runs; `run` may be among them.
std::vector<Leak> findChoiceLeaks(const RunChoice& run, std::span<const RunChoice> others);

} // namespace recoscope
