// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/study.h"

#include "engine/core/rng.h"
#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace recoscope {

namespace {

QString seedRole(std::uint64_t seed) { return QStringLiteral("seed %1").arg(seed); }

/// The one run that an experiment of several is made of.
Experiment plain(Experiment experiment) {
    experiment.study = {};
    return experiment;
}

} // namespace

QString studyKindKey(StudyKind kind) {
    switch (kind) {
    case StudyKind::Seeds:
        return "seeds";
    case StudyKind::Folds:
        return "folds";
    case StudyKind::Search:
        return "search";
    case StudyKind::None:
        break;
    }
    return "run";
}

std::vector<StudyMember> membersOf(const Experiment& experiment) {
    const StudySpec& study = experiment.study;
    std::vector<StudyMember> members;
    const auto addSeeds = [&](const Experiment& base, const QString& role) {
        if (study.seeds.empty()) members.push_back({role, base});
        for (const std::uint64_t seed : study.seeds) {
            Experiment each = base;
            if (study.vary != SeedsVary::Split) each.plan.seed = seed;
            if (study.vary != SeedsVary::Training) each.split.seed = seed;
            members.push_back({role.isEmpty() ? seedRole(seed) : role + ", " + seedRole(seed), each});
        }
    };
    if (!study.allFolds) {
        addSeeds(plain(experiment), {});
        return members;
    }
    for (int fold = 0; fold < experiment.split.folds; ++fold) {
        Experiment each = plain(experiment);
        each.split.kind = SplitKind::KFold;
        each.split.fold = fold;
        addSeeds(each, QStringLiteral("fold %1").arg(fold + 1));
    }
    return members;
}

Status checkStudy(const Experiment& experiment) {
    const StudySpec& study = experiment.study;
    const auto wrong = [](const char* message, const char* where) {
        return Error{ErrorCode::Invalid, message, where};
    };
    if (std::set<std::uint64_t>(study.seeds.begin(), study.seeds.end()).size() != study.seeds.size())
        return wrong("A seed is given twice; two runs with the same seed are the same run", "seeds");
    if (study.search && (!study.seeds.empty() || study.allFolds))
        return wrong(
            "A search is one study: it cannot also run over seeds or folds. Search first, then run the "
            "winner over them",
            "search");
    if (study.allFolds && study.vary == SeedsVary::Split && !study.seeds.empty())
        return wrong("All folds of a split that changes with the seed: use seeds_vary: both, or training",
                     "seeds_vary");
    if (!study.search) return {};
    const auto search = searchOf(experiment);
    return search ? Status() : Status(search.error());
}

std::string searchMetric(const Experiment& experiment) {
    const std::string& asked = experiment.study.search ? experiment.study.search->metric : std::string();
    return asked.empty() ? experiment.plan.earlyStopping.metric : asked;
}

Result<Search> searchOf(const Experiment& experiment) {
    const auto algorithm = requireAlgorithm(experiment.plan.algorithm);
    if (!algorithm) return algorithm.error();
    const std::string key = searchMetric(experiment);
    const MetricInfo* metric = findMetric(key);
    if (!metric)
        return Error{ErrorCode::Invalid,
                     "A search makes a metric best, and there is none called '" + key +
                         "'; ndcg@10 and rmse are some",
                     "search.metric"};
    return Search::make(**algorithm, experiment.study.search.value_or(SearchPlan{}), experiment.plan.params,
                        metric->higherIsBetter);
}

Experiment trialExperiment(const Experiment& experiment, const Trial& trial) {
    Experiment out = plain(experiment);
    TrainingPlan& plan = out.plan;
    for (const auto& [key, value] : trial.params)
        plan.params[key] = value;
    if (trial.epochs > 0) plan.params["epochs"] = std::int64_t{trial.epochs};
    plan.earlyStopping.metric = searchMetric(experiment);
    plan.evaluateTest = false;
    if (plan.evaluateEvery == 0) plan.evaluateEvery = 1;
    return out;
}

Status checkSearch(const Experiment& experiment, const Split& split) {
    if (split.validation().empty())
        return Error{ErrorCode::Invalid,
                     "A search needs a validation part to judge by, and this split has none: choosing by the "
                     "test part would make its numbers too good. Give the split one (validation_fraction)",
                     "split"};
    const auto search = searchOf(experiment);
    return search ? Status() : Status(search.error());
}

QString trialRole(int number) { return QStringLiteral("trial %1").arg(number); }

TrialValue trialValue(const std::vector<NamedValue>& metrics, const std::string& key) {
    for (const NamedValue& metric : metrics)
        if (metric.key == key && std::isfinite(metric.value)) return metric.value;
    return {};
}

QString studyTitle(const Experiment& experiment, const QString& data) {
    if (!experiment.name.empty()) return QString::fromStdString(experiment.name);
    const AlgorithmInfo* info = findAlgorithm(experiment.plan.algorithm);
    const QString title =
        info ? QString::fromUtf8(info->title.data(), static_cast<qsizetype>(info->title.size()))
             : QString::fromStdString(experiment.plan.algorithm);
    return data.isEmpty() ? title : QStringLiteral("%1 on %2").arg(title, data);
}

QString studyKey(const Experiment& experiment, const QString& datasetFingerprint) {
    Experiment same = experiment;
    same.name.clear();
    if (same.study.search &&
        (same.study.search->method == SearchMethod::Random || same.study.search->method == SearchMethod::Tpe))
        same.study.search->trials = 1;
    const std::uint64_t hash = hash64(toYaml(same) + datasetFingerprint.toStdString());
    return QStringLiteral("%1").arg(hash, 16, 16, QLatin1Char('0'));
}

Status takeSeeds(const YamlContext& context, const YAML::Node& node, std::string_view key, StudySpec& out) {
    std::vector<std::uint64_t> seeds;
    if (node.IsSequence()) {
        if (node.size() > 1000) return yamlFault(context, node, key, "more than 1,000 seeds");
        for (const auto& each : node) {
            std::uint64_t seed = 0;
            if (Status status = takeNumber<std::uint64_t>(context, each, key, seed, 0, UINT64_MAX); !status)
                return status;
            if (std::find(seeds.begin(), seeds.end(), seed) != seeds.end())
                return yamlFault(context, each, key, "this seed is given twice");
            seeds.push_back(seed);
        }
    } else {
        int count = 0;
        if (Status status = takeNumber<int>(context, node, key, count, 0, 1000); !status) return status;
        for (int n = 1; n <= count; ++n)
            seeds.push_back(static_cast<std::uint64_t>(n));
    }
    out.seeds = std::move(seeds);
    return {};
}

Status takeSeedsVary(const YamlContext& context, const YAML::Node& node, std::string_view key,
                     StudySpec& out) {
    return takeChoice<SeedsVary>(
        context, node, key, out.vary,
        {{"training", SeedsVary::Training}, {"split", SeedsVary::Split}, {"both", SeedsVary::Both}});
}

Status takeFold(const YamlContext& context, const YAML::Node& node, std::string_view key, Experiment& out) {
    const bool all = node.IsScalar() && lowered(node.Scalar()) == "all";
    if (!all) {
        if (Status status = takeNumber<int>(context, node, key, out.split.fold, 0, 999); !status)
            return status;
    }
    out.study.allFolds = all;
    return {};
}

Status takeSearch(const YamlContext& context, const YAML::Node& node, std::string_view key, StudySpec& out) {
    if (!node.IsMap())
        return yamlFault(context, node, key, "expected keys with values, got " + yamlShown(node));
    SearchPlan plan = out.search.value_or(SearchPlan{});
    for (const auto& entry : node) {
        const std::string name = entry.first.as<std::string>("");
        const std::string full = std::string(key) + "." + name;
        const YAML::Node& value = entry.second;
        Status status;
        if (name == "method") {
            status = takeChoice<SearchMethod>(context, value, full, plan.method,
                                              {{"grid", SearchMethod::Grid},
                                               {"random", SearchMethod::Random},
                                               {"tpe", SearchMethod::Tpe},
                                               {"halving", SearchMethod::Halving}});
        } else if (name == "trials") {
            status = takeNumber<int>(context, value, full, plan.trials, 1, 100000);
        } else if (name == "metric") {
            status = takeText(context, value, full, plan.metric);
        } else if (name == "seed") {
            status = takeNumber<std::uint64_t>(context, value, full, plan.seed, 0, UINT64_MAX);
        } else if (name == "space") {
            if (value.IsScalar()) {
                status = takeText(context, value, full, plan.space);
            } else if (value.IsMap()) {
                // "embedding_size: 8..128:log" and "activation: [tanh, relu]"
                plan.space.clear();
                for (const auto& each : value) {
                    std::string range;
                    if (each.second.IsSequence())
                        for (const auto& one : each.second)
                            range += (range.empty() ? "" : "|") + one.as<std::string>("");
                    else
                        range = each.second.as<std::string>("");
                    plan.space += (plan.space.empty() ? "" : ", ") + each.first.as<std::string>("") +
                                  (range.empty() ? "" : "=" + range);
                }
            } else {
                status = yamlFault(context, value, full,
                                   "expected parameters with ranges, got " + yamlShown(value));
            }
        } else {
            status = yamlFault(context, entry.first, full,
                               "unknown key; known are method, trials, metric, seed, space");
        }
        if (!status) return status;
    }
    out.search = std::move(plan);
    return {};
}

std::string studyYaml(const StudySpec& study) {
    const auto quoted = [](const std::string& text) {
        std::string out = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out + "\"";
    };
    std::string out;
    if (!study.seeds.empty()) {
        out += "seeds: [";
        for (std::size_t n = 0; n < study.seeds.size(); ++n)
            out += (n == 0 ? "" : ", ") + std::to_string(study.seeds[n]);
        out += "]\n";
    }
    if (study.vary != SeedsVary::Training)
        out += std::string("seeds_vary: ") + (study.vary == SeedsVary::Split ? "split" : "both") + "\n";
    if (study.search) {
        out += "search:\n  method: " + std::string(searchMethodKey(study.search->method)) +
               "\n  trials: " + std::to_string(study.search->trials) + "\n";
        if (!study.search->metric.empty()) out += "  metric: " + quoted(study.search->metric) + "\n";
        out += "  seed: " + std::to_string(study.search->seed) + "\n";
        if (!study.search->space.empty()) out += "  space: " + quoted(study.search->space) + "\n";
    }
    return out;
}

} // namespace recoscope
