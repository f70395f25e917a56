// SPDX-License-Identifier: GPL-3.0-or-later
// Reading of experiment files: one table of keys a nesting level, each with the function that takes its
// value.
#include "engine/eval/candidates.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/models/registry.h"

#include "app/storage/experiment.h"
#include "app/storage/nearest_text.h"
#include "app/storage/study.h"
#include "app/storage/yaml_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <yaml-cpp/yaml.h>

namespace recoscope {

namespace {

struct State : YamlContext {
    Experiment experiment;
    std::string baseAlgorithm;
    std::map<std::string, YAML::Node> parameters; // checked at the end, when the algorithm is known
    bool seedGiven = false;
    bool splitSeedGiven = false;
    bool candidatesGiven = false;
    // eval_args, put together at the end
    std::string splitKey; // "RS", "LS" or a split kind
    YAML::Node groupNode;
    YAML::Node orderNode;
    std::string group;
    std::string order;
};

Status takeMinimumCount(const State& state, const YAML::Node& node, std::string_view key, std::int32_t& out) {
    Interval interval;
    if (Status status = takeInterval(state, node, key, interval); !status) return status;
    if (std::isfinite(interval.high))
        return yamlFault(state, node, key, "only a lower bound is supported, as in \"[5,inf)\"",
                         ErrorCode::Unsupported);
    double low = std::max(interval.low, 0.0);
    if (low != std::floor(low) || low > 1e9)
        return yamlFault(state, node, key, "expected a whole number in " + yamlShown(node));
    if (interval.lowOpen && std::isfinite(interval.low)) low += 1.0;
    out = static_cast<std::int32_t>(low);
    return {};
}

using Take = Status (*)(State& state, const YAML::Node& node, std::string_view key);
struct Key {
    const char* name;
    Take take;
};

/// Walks a map: every key must be in `keys` (or be taken by `other`), none twice.
Status readMap(State& state, const YAML::Node& node, const std::string& prefix, std::span<const Key> keys,
               Status (*other)(State& state, const std::string& key, const YAML::Node& value) = nullptr) {
    if (!node.IsMap())
        return yamlFault(state, node, prefix.empty() ? "file" : prefix,
                         "expected keys with values, got " + yamlShown(node));
    std::set<std::string> seen;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            return yamlFault(state, entry.first, prefix.empty() ? "file" : prefix, "a key must be text",
                             ErrorCode::Parse);
        const std::string& name = entry.first.Scalar();
        const std::string full = prefix.empty() ? name : prefix + "." + name;
        if (!seen.insert(name).second)
            return yamlFault(state, entry.first, full, "this key is given twice", ErrorCode::Parse);
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
        if (key != keys.end()) {
            if (Status status = key->take(state, entry.second, full); !status) return status;
        } else if (other) {
            if (Status status = other(state, name, entry.second); !status) return status;
        } else {
            std::vector<std::string> known;
            for (const Key& k : keys)
                known.emplace_back(k.name);
            return yamlFault(state, entry.first, full, "unknown key" + didYouMean(name, known));
        }
    }
    return {};
}

Status takeColumn(const State& state, const YAML::Node& node, std::string_view key, int& out, int min) {
    return takeNumber<int>(state, node, key, out, min, 9999);
}

Status takeDelimiter(State& state, const YAML::Node& node, std::string_view key) {
    std::string text;
    if (Status status = takeText(state, node, key, text); !status) return status;
    static const std::map<std::string, char> words{
        {"tab", '\t'}, {"comma", ','}, {"semicolon", ';'}, {"space", ' '}, {"pipe", '|'}};
    if (const auto word = words.find(text); word != words.end()) text = std::string(1, word->second);
    if (text.size() != 1)
        return yamlFault(state, node, key, "expected one character or tab, comma, semicolon, space, pipe");
    state.experiment.import.mapping->delimiter = text.front();
    return {};
}

Status takeQuote(State& state, const YAML::Node& node, std::string_view key) {
    std::string text;
    if (Status status = takeText(state, node, key, text); !status) return status;
    if (text.size() > 1) return yamlFault(state, node, key, "expected one character, or \"\" for none");
    state.experiment.import.mapping->quote = text.empty() ? '\0' : text.front();
    return {};
}

constexpr Key columnKeys[] = {
    {"delimiter", takeDelimiter},
    {"quote", takeQuote},
    {"header", [](State& s, const YAML::Node& n,
                  std::string_view k) { return takeFlag(s, n, k, s.experiment.import.mapping->header); }},
    {"user", [](State& s, const YAML::Node& n,
                std::string_view k) { return takeColumn(s, n, k, s.experiment.import.mapping->user, 0); }},
    {"item", [](State& s, const YAML::Node& n,
                std::string_view k) { return takeColumn(s, n, k, s.experiment.import.mapping->item, 0); }},
    {"rating",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeColumn(s, n, k, s.experiment.import.mapping->rating, -1);
     }},
    {"time", [](State& s, const YAML::Node& n,
                std::string_view k) { return takeColumn(s, n, k, s.experiment.import.mapping->time, -1); }},
};

Status takeRatingInterval(State& state, const YAML::Node& node, std::string_view key) {
    Interval interval;
    if (Status status = takeInterval(state, node, key, interval); !status) return status;
    if (std::isfinite(interval.high) || interval.lowOpen)
        return yamlFault(state, node, key, "only an inclusive lower bound is supported, as in \"[3,inf)\"",
                         ErrorCode::Unsupported);
    if (std::isfinite(interval.low)) state.experiment.split.filter.minRating = interval.low;
    return {};
}

Status takeTimeInterval(State& state, const YAML::Node& node, std::string_view key) {
    Interval interval;
    if (Status status = takeInterval(state, node, key, interval); !status) return status;
    FilterSpec& filter = state.experiment.split.filter;
    const auto whole = [](double value) { return value == std::floor(value) && std::abs(value) < 9e15; };
    if (std::isfinite(interval.low)) {
        if (!whole(interval.low))
            return yamlFault(state, node, key, "expected whole seconds in " + yamlShown(node));
        filter.fromTime = static_cast<std::int64_t>(interval.low) + (interval.lowOpen ? 1 : 0);
    }
    if (std::isfinite(interval.high)) {
        if (!whole(interval.high))
            return yamlFault(state, node, key, "expected whole seconds in " + yamlShown(node));
        filter.toTime = static_cast<std::int64_t>(interval.high) - (interval.highOpen ? 1 : 0);
    }
    return {};
}

constexpr Key intervalKeys[] = {
    {"rating", takeRatingInterval},
    {"timestamp", takeTimeInterval},
};

Status takeSplit(State& state, const YAML::Node& node, std::string_view key) {
    if (node.IsScalar()) {
        const auto kind = splitKindFromKey(node.Scalar());
        if (!kind) return yamlFault(state, node, key, kind.error().message);
        state.splitKey = node.Scalar();
        state.experiment.split.kind = *kind;
        return {};
    }
    if (!node.IsMap() || node.size() != 1)
        return yamlFault(state, node, key,
                         "expected {RS: [0.7, 0.1, 0.2]}, {LS: valid_and_test} or a split kind, got " +
                             yamlShown(node));
    const auto entry = *node.begin();
    state.splitKey = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    SplitSpec& split = state.experiment.split;
    if (state.splitKey == "LS") {
        const std::string which = entry.second.IsScalar() ? entry.second.Scalar() : std::string();
        if (which == "test_only")
            split.validationFraction = 0.0;
        else if (which != "valid_and_test")
            return yamlFault(state, entry.second, "eval_args.split.LS",
                             "expected valid_and_test or test_only, got " + yamlShown(entry.second),
                             which == "valid_only" ? ErrorCode::Unsupported : ErrorCode::Invalid);
        return {};
    }
    if (state.splitKey != "RS")
        return yamlFault(state, entry.first, key, "expected RS or LS, got " + yamlShown(entry.first));
    if (!entry.second.IsSequence() || entry.second.size() != 3)
        return yamlFault(state, entry.second, "eval_args.split.RS",
                         "expected three shares [train, validation, test], got " + yamlShown(entry.second));
    double shares[3] = {};
    for (std::size_t n = 0; n < 3; ++n)
        if (Status status =
                takeNumber<double>(state, entry.second[n], "eval_args.split.RS", shares[n], 0.0, 1e12);
            !status)
            return status;
    const double sum = shares[0] + shares[1] + shares[2];
    if (shares[0] <= 0.0)
        return yamlFault(state, entry.second, "eval_args.split.RS", "the training share must be above 0");
    const double whole = std::abs(sum - 1.0) < 1e-9 ? 1.0 : sum; // [8, 1, 1] means shares, too
    split.validationFraction = shares[1] / whole;
    split.testFraction = shares[2] / whole;
    return {};
}

Status takeMode(State& state, const YAML::Node& node, std::string_view key) {
    if (node.IsScalar() && node.Scalar() == "full") return {};
    return yamlFault(state, node, key,
                     "only full (all candidates are ranked) is supported, got " + yamlShown(node),
                     ErrorCode::Unsupported);
}

Status takeShare(State& state, const YAML::Node& node, std::string_view key, double& out) {
    return takeNumber<double>(state, node, key, out, 0.0, 1.0);
}

constexpr Key evalArgsKeys[] = {
    {"split", takeSplit},
    {"group_by",
     [](State& s, const YAML::Node& n, std::string_view k) {
         s.groupNode = n;
         return takeChoice<std::string>(
             s, n, k, s.group, {{"user", "user"}, {"none", "none"}, {"null", "none"}, {"~", "none"}});
     }},
    {"order",
     [](State& s, const YAML::Node& n, std::string_view k) {
         s.orderNode = n;
         return takeChoice<std::string>(s, n, k, s.order, {{"ro", "RO"}, {"to", "TO"}});
     }},
    {"mode", takeMode},
    {"test_fraction", [](State& s, const YAML::Node& n,
                         std::string_view k) { return takeShare(s, n, k, s.experiment.split.testFraction); }},
    {"validation_fraction",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeShare(s, n, k, s.experiment.split.validationFraction);
     }},
    {"folds", [](State& s, const YAML::Node& n,
                 std::string_view k) { return takeNumber<int>(s, n, k, s.experiment.split.folds, 2, 1000); }},
    {"fold", [](State& s, const YAML::Node& n, std::string_view k) { return takeFold(s, n, k, s.experiment); }},
    {"fold_in_fraction",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeShare(s, n, k, s.experiment.split.foldInFraction);
     }},
    {"split_seed",
     [](State& s, const YAML::Node& n, std::string_view k) {
         s.splitSeedGiven = true;
         return takeNumber<std::uint64_t>(s, n, k, s.experiment.split.seed, 0, UINT64_MAX);
     }},
};

constexpr Key plainEvaluationKeys[] = {
    {"relevance_threshold",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<double>(s, n, k, s.experiment.plan.evaluation.relevanceThreshold, -1e9, 1e9);
     }},
    {"exclude_train",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.evaluation.excludeTrain);
     }},
    {"exclude_validation_at_test",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.evaluation.excludeValidationAtTest);
     }},
    {"predicts_ratings",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.evaluation.predictsRatings);
     }},
    {"clip_ratings",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.evaluation.clipRatings);
     }},
    {"keep_per_user",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.evaluation.keepPerUser);
     }},
    {"candidate_negatives",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<int>(s, n, k, s.experiment.plan.evaluation.candidates.negatives, 1, 100'000'000);
     }},
    {"candidate_seed",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<std::uint64_t>(s, n, k, s.experiment.plan.evaluation.candidates.seed, 0, UINT64_MAX);
     }},
};

/// What frameworks disagree on: one key a choice, its values by their keys.
template <std::size_t Choice>
Status takeEvaluationChoice(State& state, const YAML::Node& node, std::string_view key) {
    const EvaluationChoice& choice = evaluationChoices()[Choice];
    std::string all;
    for (std::size_t n = 0; n < choice.values.size(); ++n) {
        if (node.IsScalar() && lowered(node.Scalar()) == choice.values[n].key) {
            choice.set(state.experiment.plan.evaluation, static_cast<int>(n));
            state.candidatesGiven = state.candidatesGiven || choice.key == "candidates";
            return {};
        }
        all.append(all.empty() ? "" : ", ").append(choice.values[n].key);
    }
    return yamlFault(state, node, key, "expected one of " + all + "; got " + yamlShown(node));
}

template <std::size_t... Choice>
std::vector<Key> withChoices(std::span<const Key> plain, std::index_sequence<Choice...>) {
    std::vector<Key> keys(plain.begin(), plain.end());
    (keys.push_back({evaluationChoices()[Choice].key.data(), takeEvaluationChoice<Choice>}), ...);
    return keys;
}

std::span<const Key> evaluationKeys() {
    static const std::vector<Key> keys =
        withChoices(plainEvaluationKeys, std::make_index_sequence<evaluationChoiceCount>());
    return keys;
}

Status takeCutoffs(State& state, const YAML::Node& node, std::string_view key) {
    std::vector<int> cutoffs;
    const auto one = [&](const YAML::Node& value) {
        int cutoff = 0;
        Status status = takeNumber<int>(state, value, key, cutoff, 1, 10'000);
        cutoffs.push_back(cutoff);
        return status;
    };
    if (!node.IsSequence()) {
        if (Status status = one(node); !status) return status;
    } else {
        if (node.size() == 0 || node.size() > 100)
            return yamlFault(state, node, key, "expected 1 to 100 cutoffs");
        for (const auto& value : node)
            if (Status status = one(value); !status) return status;
    }
    state.experiment.plan.evaluation.cutoffs = std::move(cutoffs);
    return {};
}

/// Our name of a metric; RecBole's are understood.
std::string metricName(const std::string& given) {
    const std::string name = lowered(given);
    const std::size_t at = name.find('@');
    const std::string stem = name.substr(0, at);
    const std::string rest = at == std::string::npos ? std::string() : name.substr(at);
    if (stem == "hit") return "hr" + rest;
    if (stem == "itemcoverage") return "coverage" + rest;
    return name;
}

Status checkMetric(const State& state, const YAML::Node& node, std::string_view key,
                   const std::string& name) {
    if (findMetric(name)) return {};
    std::vector<std::string> known;
    std::string all;
    for (const MetricInfo& info : metricInfos()) {
        known.emplace_back(info.name);
        all += (all.empty() ? "" : ", ") + known.back();
    }
    return yamlFault(state, node, key, "unknown metric " + yamlShown(node) + "; known are " + all);
}

Status takeMetrics(State& state, const YAML::Node& node, std::string_view key) {
    std::vector<std::string> metrics;
    const auto one = [&](const YAML::Node& value) -> Status {
        std::string name;
        if (Status status = takeText(state, value, key, name); !status) return status;
        metrics.push_back(metricName(name));
        return checkMetric(state, value, key, metrics.back());
    };
    if (!node.IsSequence()) {
        if (Status status = one(node); !status) return status;
    } else {
        if (node.size() > 100) return yamlFault(state, node, key, "more than 100 metrics");
        for (const auto& value : node)
            if (Status status = one(value); !status) return status;
    }
    state.experiment.plan.evaluation.metrics = std::move(metrics);
    return {};
}

Status takeValidMetric(State& state, const YAML::Node& node, std::string_view key) {
    std::string name;
    if (Status status = takeText(state, node, key, name); !status) return status;
    name = metricName(name);
    if (name != "validation_loss")
        if (Status status = checkMetric(state, node, key, name); !status) return status;
    state.experiment.plan.earlyStopping.metric = name;
    return {};
}

Status keepParameter(State& state, const std::string& name, const YAML::Node& value) {
    if (!state.parameters.emplace(name, value).second)
        return yamlFault(state, value, name, "this parameter is given twice", ErrorCode::Parse);
    return {};
}

Status takeParameters(State& state, const YAML::Node& node, std::string_view key) {
    return readMap(state, node, std::string(key), {}, keepParameter);
}

constexpr Key topKeys[] = {
    {"name",
     [](State& s, const YAML::Node& n, std::string_view k) { return takeText(s, n, k, s.experiment.name); }},
    {"data_path", [](State& s, const YAML::Node& n,
                     std::string_view k) { return takeText(s, n, k, s.experiment.dataPath); }},
    {"format", [](State& s, const YAML::Node& n,
                  std::string_view k) { return takeText(s, n, k, s.experiment.import.format); }},
    {"duplicates",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeChoice<DuplicatePolicy>(s, n, k, s.experiment.import.duplicates,
                                            {{"last", DuplicatePolicy::KeepLast},
                                             {"first", DuplicatePolicy::KeepFirst},
                                             {"mean", DuplicatePolicy::Mean},
                                             {"sum", DuplicatePolicy::Sum},
                                             {"max", DuplicatePolicy::Max}});
     }},
    {"validation_path",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeText(s, n, k, s.experiment.import.validationPath);
     }},
    {"test_path", [](State& s, const YAML::Node& n,
                     std::string_view k) { return takeText(s, n, k, s.experiment.import.testPath); }},
    {"features_path",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeText(s, n, k, s.experiment.import.featuresPath);
     }},
    {"columns",
     [](State& s, const YAML::Node& n, std::string_view k) {
         s.experiment.import.mapping = ColumnMapping{};
         return readMap(s, n, std::string(k), columnKeys);
     }},
    {"val_interval", [](State& s, const YAML::Node& n,
                        std::string_view k) { return readMap(s, n, std::string(k), intervalKeys); }},
    {"implicit_threshold",
     [](State& s, const YAML::Node& n, std::string_view k) {
         double value = 0.0;
         Status status = takeNumber<double>(s, n, k, value, -1e9, 1e9);
         s.experiment.split.filter.implicitThreshold = value;
         return status;
     }},
    {"user_inter_num_interval",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeMinimumCount(s, n, k, s.experiment.split.filter.minUserInteractions);
     }},
    {"item_inter_num_interval",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeMinimumCount(s, n, k, s.experiment.split.filter.minItemInteractions);
     }},
    {"seed",
     [](State& s, const YAML::Node& n, std::string_view k) {
         s.seedGiven = true;
         return takeNumber<std::uint64_t>(s, n, k, s.experiment.plan.seed, 0, UINT64_MAX);
     }},
    {"seeds", [](State& s, const YAML::Node& n,
                 std::string_view k) { return takeSeeds(s, n, k, s.experiment.study); }},
    {"seeds_vary", [](State& s, const YAML::Node& n,
                      std::string_view k) { return takeSeedsVary(s, n, k, s.experiment.study); }},
    {"search", [](State& s, const YAML::Node& n,
                  std::string_view k) { return takeSearch(s, n, k, s.experiment.study); }},
    {"eval_args", [](State& s, const YAML::Node& n,
                     std::string_view k) { return readMap(s, n, std::string(k), evalArgsKeys); }},
    {"model", [](State& s, const YAML::Node& n,
                 std::string_view k) { return takeText(s, n, k, s.experiment.plan.algorithm); }},
    {"parameters", takeParameters},
    {"topk", takeCutoffs},
    {"metrics", takeMetrics},
    {"valid_metric", takeValidMetric},
    {"stopping_step",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<int>(s, n, k, s.experiment.plan.earlyStopping.patience, 0, 1'000'000);
     }},
    {"early_stopping",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeFlag(s, n, k, s.experiment.plan.earlyStopping.enabled);
     }},
    {"stopping_min_delta",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<double>(s, n, k, s.experiment.plan.earlyStopping.minDelta, 0.0, 1e9);
     }},
    {"eval_step",
     [](State& s, const YAML::Node& n, std::string_view k) {
         return takeNumber<int>(s, n, k, s.experiment.plan.evaluateEvery, 0, 1'000'000);
     }},
    {"evaluate_test", [](State& s, const YAML::Node& n,
                         std::string_view k) { return takeFlag(s, n, k, s.experiment.plan.evaluateTest); }},
    {"evaluation", [](State& s, const YAML::Node& n,
                      std::string_view k) { return readMap(s, n, std::string(k), evaluationKeys()); }},
};

/// group_by and order choose among the kinds that RecBole knows.
Status finishSplit(State& state) {
    SplitSpec& split = state.experiment.split;
    if (state.seedGiven && !state.splitSeedGiven) split.seed = state.experiment.plan.seed;
    if (split.kind != SplitSpec{}.kind ||
        (!state.splitKey.empty() && state.splitKey != "RS" && state.splitKey != "LS")) {
        if (!state.group.empty())
            return yamlFault(state, state.groupNode, "eval_args.group_by",
                             "this has no meaning for the split '" + state.splitKey + "'");
        if (!state.order.empty())
            return yamlFault(state, state.orderNode, "eval_args.order",
                             "this has no meaning for the split '" + state.splitKey + "'");
        return {};
    }
    if (state.splitKey == "LS") {
        if (state.group == "none")
            return yamlFault(state, state.groupNode, "eval_args.group_by",
                             "leave-one-out needs group_by: user", ErrorCode::Unsupported);
        if (state.order == "RO")
            return yamlFault(state, state.orderNode, "eval_args.order",
                             "leave-one-out takes the newest: it needs order: TO", ErrorCode::Unsupported);
        split.kind = SplitKind::LeaveLastOut;
        return {};
    }
    const bool byTime = state.order == "TO";
    if (byTime && state.group != "none")
        return yamlFault(state, state.orderNode, "eval_args.order",
                         "a time cut is one date for all users: it needs group_by: none",
                         ErrorCode::Unsupported);
    if (byTime)
        split.kind = SplitKind::TimeCut;
    else
        split.kind = state.group == "none" ? SplitKind::RandomGlobal : SplitKind::RandomPerUser;
    return {};
}

Status finishParameters(State& state, const YAML::Node& root) {
    TrainingPlan& plan = state.experiment.plan;
    const YAML::Node model = root["model"];
    const auto info = requireAlgorithm(plan.algorithm);
    if (!info) return yamlFault(state, model ? model : root, "model", info.error().message);
    const ParamSchema& schema = (*info)->schema();
    if (plan.algorithm != state.baseAlgorithm) plan.params.clear();
    for (const auto& [key, node] : state.parameters) {
        if (!schema.find(key)) {
            std::vector<std::string> known;
            for (const ParamSpec& spec : schema.specs())
                known.push_back(spec.key);
            for (const std::string& name : experimentKeys())
                known.push_back(name);
            return yamlFault(state, node, key,
                             "unknown key, neither of experiment files nor of the algorithm '" +
                                 plan.algorithm + "'" + didYouMean(key, known));
        }
        if (!node.IsScalar())
            return yamlFault(state, node, key, "expected one value, got " + yamlShown(node));
        const auto value = schema.parse(key, node.Scalar());
        if (!value) return yamlFault(state, node, key, value.error().message);
        plan.params[key] = *value;
    }
    return {};
}

} // namespace

std::vector<std::string> experimentKeys() {
    std::vector<std::string> keys;
    for (const Key& key : topKeys)
        keys.emplace_back(key.name);
    const auto nested = [&](const char* prefix, std::span<const Key> inner) {
        for (const Key& key : inner)
            keys.push_back(std::string(prefix) + "." + key.name);
    };
    nested("columns", columnKeys);
    nested("val_interval", intervalKeys);
    nested("eval_args", evalArgsKeys);
    nested("evaluation", evaluationKeys());
    for (const char* name : {"method", "trials", "metric", "seed", "space"})
        keys.push_back(std::string("search.") + name);
    return keys;
}

Result<Experiment> experimentFromYaml(const std::string& yaml, const std::string& fileName) {
    return overlayYaml({}, yaml, fileName);
}

Result<Experiment> overlayYaml(const Experiment& base, const std::string& yaml, const std::string& fileName) {
    State state;
    state.experiment = base;
    state.baseAlgorithm = base.plan.algorithm;
    state.file = fileName;
    if (yaml.find('\0') != std::string::npos)
        return Error{ErrorCode::Parse, "This is a binary file, not an experiment in YAML", fileName};
    try {
        const YAML::Node root = YAML::Load(yaml);
        if (!root.IsDefined() || root.IsNull())
            return Error{ErrorCode::Parse,
                         "The file is empty; an experiment needs at least data_path and model", fileName};
        if (Status status = readMap(state, root, "", topKeys, keepParameter); !status) return status.error();
        if (Status status = finishSplit(state); !status) return status.error();
        if (!state.candidatesGiven)
            followSplit(state.experiment.plan.evaluation.candidates, base.split.kind,
                        state.experiment.split.kind);
        if (Status status = finishParameters(state, root); !status) return status.error();
    } catch (const YAML::Exception& error) {
        return Error{ErrorCode::Parse, "This is not valid YAML: " + error.msg, yamlPlace(state, error.mark)};
    }
    return state.experiment;
}

} // namespace recoscope
