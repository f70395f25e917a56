// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// How one framework or paper reads the names of metrics.
struct Dialect {
    std::string_view id;        // "recbole"
    std::string_view title;     // "RecBole"
    std::string_view differs;   // what is not as in Recoscope, one sentence
    std::string_view reference; // software or paper
    void (*apply)(EvaluationOptions& options, const Split& split);
};

/// "recoscope" first.
std::span<const Dialect> dialects();
/// Null when unknown.
const Dialect* findDialect(std::string_view id);
/// Ids of a text such as "recbole,lenskit" or "all", each once; an unknown one is an error that lists the
/// known.
Result<std::vector<std::string>> dialectIds(std::string_view text);

/// The options with everything that dialects differ in (evaluationChoices()) as the dialect has it. Cutoffs,
/// metrics, the threshold and what is excluded stay as they are. The split says whether negatives came with
/// the data.
EvaluationOptions inDialect(EvaluationOptions options, const Dialect& dialect, const Split& split);

/// How one model reads in one dialect.
struct DialectReading {
    const Dialect* dialect = nullptr;
    EvaluationOptions options;
    Evaluation evaluation;
};

/// The same model on the same users in several dialects; users are scored once for all of them (twice where a
/// pooled AUC is among them). In the order of `ids`. Metrics, cutoffs and threshold are those of `options`.
Result<std::vector<DialectReading>>
evaluateDialects(const Recommender& model, const Split& split, Target target,
                 const EvaluationOptions& options, std::span<const std::string> ids, ThreadPool& pool,
                 RunControl& control, const std::function<void(double fraction)>& progress = {});

} // namespace recoscope
