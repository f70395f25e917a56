// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/experiment.h"

#include "engine/eval/evaluation_choices.h"
#include "engine/models/registry.h"

#include "app/storage/study.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

namespace {

constexpr qint64 largestFile = 1 << 20; // an experiment is a page of text

/// A YAML double-quoted scalar.
std::string yamlText(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", byte);
            out += escape;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string number(double value) { return toText(ParamValue(value)); }

const char* flag(bool value) { return value ? "true" : "false"; }

/// Lines of "key: value", by nesting depth.
class Writer final {
public:
    void line(std::string_view key, std::string_view value, int depth = 0) {
        m_text.append(static_cast<std::size_t>(depth) * 2, ' ');
        m_text.append(key).append(": ").append(value).append("\n");
    }
    void open(std::string_view key) { m_text.append(key).append(":\n"); }
    void comment(std::string_view text) { m_text.append("# ").append(text).append("\n"); }
    std::string take() { return std::move(m_text); }

private:
    std::string m_text;
};

std::string_view duplicatesKey(DuplicatePolicy policy) {
    switch (policy) {
    case DuplicatePolicy::KeepFirst:
        return "first";
    case DuplicatePolicy::Mean:
        return "mean";
    case DuplicatePolicy::Sum:
        return "sum";
    case DuplicatePolicy::Max:
        return "max";
    case DuplicatePolicy::KeepLast:
        break;
    }
    return "last";
}

void writeImport(Writer& out, const ImportOptions& import) {
    if (!import.format.empty()) out.line("format", yamlText(import.format));
    out.line("duplicates", duplicatesKey(import.duplicates));
    if (!import.validationPath.empty()) out.line("validation_path", yamlText(import.validationPath));
    if (!import.testPath.empty()) out.line("test_path", yamlText(import.testPath));
    if (!import.featuresPath.empty()) out.line("features_path", yamlText(import.featuresPath));
    if (!import.mapping) return;
    const ColumnMapping& mapping = *import.mapping;
    out.open("columns");
    out.line("delimiter", yamlText(std::string(1, mapping.delimiter)), 1);
    out.line("quote", mapping.quote ? yamlText(std::string(1, mapping.quote)) : "\"\"", 1);
    out.line("header", flag(mapping.header), 1);
    out.line("user", std::to_string(mapping.user), 1);
    out.line("item", std::to_string(mapping.item), 1);
    out.line("rating", std::to_string(mapping.rating), 1);
    out.line("time", std::to_string(mapping.time), 1);
}

/// RecBole's interval text, quoted; an end that is not given is open.
std::string interval(const std::string& low, const std::string& high) {
    std::string text = low.empty() ? "\"(-inf" : "\"[";
    text.append(low).append(",");
    return high.empty() ? text.append("inf)\"") : text.append(high).append("]\"");
}

void writeFilter(Writer& out, const FilterSpec& filter) {
    const auto seconds = [](const std::optional<std::int64_t>& time) {
        return time ? std::to_string(*time) : std::string();
    };
    if (filter.minRating || filter.fromTime || filter.toTime) {
        out.open("val_interval");
        if (filter.minRating) out.line("rating", interval(number(*filter.minRating), {}), 1);
        if (filter.fromTime || filter.toTime)
            out.line("timestamp", interval(seconds(filter.fromTime), seconds(filter.toTime)), 1);
    }
    if (filter.implicitThreshold) out.line("implicit_threshold", number(*filter.implicitThreshold));
    if (filter.minUserInteractions)
        out.line("user_inter_num_interval", interval(std::to_string(filter.minUserInteractions), {}));
    if (filter.minItemInteractions)
        out.line("item_inter_num_interval", interval(std::to_string(filter.minItemInteractions), {}));
}

/// The training share as a person would write it: 0.7, where the difference of doubles is 0.7000000000000001.
/// Reading takes only the sum from it.
double trainingShare(const SplitSpec& split) {
    return std::round((1.0 - split.testFraction - split.validationFraction) * 1e12) / 1e12;
}

void writeSplit(Writer& out, const SplitSpec& split, std::uint64_t seed, bool allFolds) {
    const SplitSpec defaults;
    const SplitKind kind = split.kind;
    const bool ratio =
        kind == SplitKind::RandomPerUser || kind == SplitKind::RandomGlobal || kind == SplitKind::TimeCut;
    bool validationWritten = ratio;
    bool testWritten = ratio;
    out.open("eval_args");
    if (ratio) {
        out.line("split",
                 "{RS: [" + number(trainingShare(split)) + ", " + number(split.validationFraction) + ", " +
                     number(split.testFraction) + "]}",
                 1);
        out.line("group_by", kind == SplitKind::RandomPerUser ? "user" : "none", 1);
        out.line("order", kind == SplitKind::TimeCut ? "TO" : "RO", 1);
    } else if (kind == SplitKind::LeaveLastOut) {
        out.line("split", split.validationFraction > 0.0 ? "{LS: valid_and_test}" : "{LS: test_only}", 1);
        out.line("group_by", "user", 1);
        out.line("order", "TO", 1);
        // Only whether there is a validation part matters here, not its share.
        validationWritten =
            split.validationFraction == 0.0 || split.validationFraction == defaults.validationFraction;
        testWritten = split.testFraction == defaults.testFraction;
    } else {
        out.line("split", splitKindKey(kind), 1);
        const bool ofRows = kind == SplitKind::UserFold || kind == SplitKind::ColdUsers ||
                            kind == SplitKind::ColdItems; // shares of users or items
        testWritten = !ofRows && split.testFraction == defaults.testFraction;
    }
    out.line("mode", "full", 1);
    if (!testWritten) out.line("test_fraction", number(split.testFraction), 1);
    if (!validationWritten) out.line("validation_fraction", number(split.validationFraction), 1);
    if (kind == SplitKind::KFold || split.folds != defaults.folds)
        out.line("folds", std::to_string(split.folds), 1);
    if (allFolds)
        out.line("fold", "all", 1);
    else if (kind == SplitKind::KFold || split.fold != defaults.fold)
        out.line("fold", std::to_string(split.fold), 1);
    if (kind == SplitKind::UserFold || split.foldInFraction != defaults.foldInFraction)
        out.line("fold_in_fraction", number(split.foldInFraction), 1);
    if (split.seed != seed) out.line("split_seed", std::to_string(split.seed), 1);
}

void writeParameters(Writer& out, const TrainingPlan& plan) {
    const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
    const std::vector<std::string> reserved = experimentKeys();
    std::vector<std::pair<std::string, std::string>> nested;
    for (const auto& [key, value] : plan.params) {
        const auto* text = std::get_if<std::string>(&value);
        const std::string written = text ? yamlText(*text) : toText(value);
        const bool plain = info && info->schema().find(key) &&
                           std::find(reserved.begin(), reserved.end(), key) == reserved.end();
        if (plain)
            out.line(key, written);
        else
            nested.emplace_back(key, written);
    }
    if (nested.empty()) return;
    out.open("parameters");
    for (const auto& [key, written] : nested)
        out.line(yamlText(key), written, 1);
}

template <class T>
std::string list(const std::vector<T>& values) {
    std::string text = "[";
    for (const T& value : values) {
        if (text.size() > 1) text += ", ";
        if constexpr (std::is_same_v<T, std::string>)
            text += yamlText(value);
        else
            text += std::to_string(value);
    }
    return text + "]";
}

/// Everything, also where it is at its default: defaults may change, the file's numbers may not.
void writeEvaluation(Writer& out, const TrainingPlan& plan) {
    const EvaluationOptions& evaluation = plan.evaluation;
    out.line("topk", list(evaluation.cutoffs));
    out.line("metrics", list(evaluation.metrics));
    out.line("early_stopping", flag(plan.earlyStopping.enabled));
    out.line("valid_metric", yamlText(plan.earlyStopping.metric));
    out.line("stopping_step", std::to_string(plan.earlyStopping.patience));
    out.line("stopping_min_delta", number(plan.earlyStopping.minDelta));
    out.line("eval_step", std::to_string(plan.evaluateEvery));
    out.line("evaluate_test", flag(plan.evaluateTest));
    out.open("evaluation");
    out.line("relevance_threshold", number(evaluation.relevanceThreshold), 1);
    out.line("exclude_train", flag(evaluation.excludeTrain), 1);
    out.line("exclude_validation_at_test", flag(evaluation.excludeValidationAtTest), 1);
    for (const EvaluationChoice& choice : evaluationChoices())
        out.line(choice.key, chosenKey(choice, evaluation), 1);
    out.line("candidate_negatives", std::to_string(evaluation.candidates.negatives), 1);
    out.line("candidate_seed", std::to_string(evaluation.candidates.seed), 1);
    out.line("clip_ratings", flag(evaluation.clipRatings), 1);
    out.line("keep_per_user", flag(evaluation.keepPerUser), 1);
    // Training sets this from the algorithm, whatever a file says.
    if (evaluation.predictsRatings) out.line("predicts_ratings", "true", 1);
}

bool isVirtual(const std::string& path) {
    return path.empty() || path.rfind("builtin:", 0) == 0 || path.rfind("generated:", 0) == 0;
}

constexpr const char* kDataFolder = "$RECOSCOPE_DATA";

/// A path as a file in `folder` means it; $RECOSCOPE_DATA stands for the folder where a person keeps datasets.
void resolve(std::string& path, const QDir& folder) {
    if (path.rfind(kDataFolder, 0) == 0 && qEnvironmentVariableIsSet("RECOSCOPE_DATA"))
        path.replace(0, std::char_traits<char>::length(kDataFolder),
                     qEnvironmentVariable("RECOSCOPE_DATA").toStdString());
    if (!isVirtual(path))
        path = QDir::cleanPath(folder.absoluteFilePath(QString::fromStdString(path))).toStdString();
}

void resolveAll(Experiment& experiment, const QDir& folder) {
    resolve(experiment.dataPath, folder);
    resolve(experiment.import.validationPath, folder);
    resolve(experiment.import.testPath, folder);
    resolve(experiment.import.featuresPath, folder);
}

} // namespace

Experiment completed(Experiment experiment) {
    TrainingPlan& plan = experiment.plan;
    if (const AlgorithmInfo* info = findAlgorithm(plan.algorithm))
        if (auto params = info->schema().complete(plan.params)) plan.params = std::move(*params);
    if (plan.evaluation.metrics.empty())
        for (const MetricInfo& metric : metricInfos())
            plan.evaluation.metrics.emplace_back(metric.name);
    return experiment;
}

std::string toYaml(const Experiment& given) {
    const Experiment experiment = completed(given);
    Writer out;
    out.comment("A Recoscope experiment: the same file gives the same numbers in the window and on the "
                "command line.");
    if (!experiment.name.empty()) out.line("name", yamlText(experiment.name));
    out.line("data_path", yamlText(experiment.dataPath));
    writeImport(out, experiment.import);
    writeFilter(out, experiment.split.filter);
    out.line("seed", std::to_string(experiment.plan.seed));
    writeSplit(out, experiment.split, experiment.plan.seed, experiment.study.allFolds);
    out.line("model", yamlText(experiment.plan.algorithm));
    writeParameters(out, experiment.plan);
    writeEvaluation(out, experiment.plan);
    return out.take() + studyYaml(experiment.study);
}

Result<Experiment> readExperimentFile(const std::string& path) {
    QFile file(QString::fromStdString(path));
    if (!file.exists()) return Error{ErrorCode::NotFound, "There is no such experiment file", path};
    if (QFileInfo(file).isDir())
        return Error{ErrorCode::Io, "This is a folder, not an experiment file", path};
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::Io, "The experiment file cannot be read: " + file.errorString().toStdString(),
                     path};
    const QByteArray bytes = file.read(largestFile + 1);
    if (bytes.size() > largestFile)
        return Error{ErrorCode::Limit, "This file is over 1 MB, which no experiment is; it was not read",
                     path};
    auto experiment = experimentFromYaml(bytes.toStdString(), path);
    if (!experiment) return experiment.error();
    if (experiment->dataPath.rfind(kDataFolder, 0) == 0 && !qEnvironmentVariableIsSet("RECOSCOPE_DATA"))
        return Error{ErrorCode::NotFound,
                     "The data of this experiment stands in the folder that the environment variable "
                     "RECOSCOPE_DATA names, and it is not set",
                     path + ": data_path"};
    resolveAll(*experiment, QFileInfo(file).absoluteDir());
    return experiment;
}

Status writeExperimentFile(const std::string& path, const Experiment& experiment) {
    Experiment resolved = experiment;
    resolveAll(resolved, QDir::current());
    QSaveFile file(QString::fromStdString(path));
    const std::string yaml = toYaml(resolved);
    if (!file.open(QIODevice::WriteOnly) ||
        file.write(yaml.data(), static_cast<qint64>(yaml.size())) != static_cast<qint64>(yaml.size()) ||
        !file.commit())
        return Error{ErrorCode::Io,
                     "The experiment file cannot be written: " + file.errorString().toStdString(), path};
    return {};
}

} // namespace recoscope
