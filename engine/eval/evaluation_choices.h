// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluation_options.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace recoscope {

struct ChoiceValue {
    std::string_view key;   // in files and commands: "cut_at_k"
    std::string_view title; // as a person reads it: "min(k, R)"
};

/// One part of EvaluationOptions that frameworks disagree on.
struct EvaluationChoice {
    std::string_view key;                // in files: "ideal_list"
    std::string_view title;              // "NDCG's ideal list"
    std::string_view option;             // on the command line: "--ideal"
    std::span<const ChoiceValue> values; // by the enumerator's number; the first is the default
    int (*get)(const EvaluationOptions&);
    void (*set)(EvaluationOptions&, int);
};

inline constexpr std::size_t evaluationChoiceCount = 13;
/// All of them, in the order in which they are shown. Readers, writers, commands and forms come from here.
std::span<const EvaluationChoice> evaluationChoices();
/// Null when unknown.
const EvaluationChoice* findEvaluationChoice(std::string_view key);
/// Key of what is chosen.
std::string_view chosenKey(const EvaluationChoice& choice, const EvaluationOptions& options);

} // namespace recoscope
