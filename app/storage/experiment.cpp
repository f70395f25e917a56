// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/experiment.h"

#include "engine/models/registry.h"

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
    void raw(std::string_view text) { m_text.append(text); }
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
    if (import.duplicates != ImportOptions{}.duplicates)
        out.line("duplicates", duplicatesKey(import.duplicates));
    if (!import.validationPath.empty()) out.line("validation_path", yamlText(import.validationPath));
    if (!import.testPath.empty()) out.line("test_path", yamlText(import.testPath));
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

void writeSplit(Writer& out, const SplitSpec& split, std::uint64_t seed) {
    const SplitSpec defaults;
    const bool ratio = split.kind == SplitKind::RandomPerUser || split.kind == SplitKind::RandomGlobal ||
                       split.kind == SplitKind::TimeCut;
    bool validationWritten = ratio;
    out.open("eval_args");
    if (ratio) {
        out.line("split",
                 // Rounded: 0.7, where the difference of doubles is 0.7000000000000001; reading takes only the sum from it.
                 "{RS: [" + number(std::round((1.0 - split.testFraction - split.validationFraction) * 1e12) / 1e12) + ", " +
                     number(split.validationFraction) + ", " + number(split.testFraction) + "]}",
                 1);
        out.line("group_by", split.kind == SplitKind::RandomPerUser ? "user" : "none", 1);
        out.line("order", split.kind == SplitKind::TimeCut ? "TO" : "RO", 1);
    } else if (split.kind == SplitKind::LeaveLastOut) {
        out.line("split", split.validationFraction > 0.0 ? "{LS: valid_and_test}" : "{LS: test_only}", 1);
        out.line("group_by", "user", 1);
        out.line("order", "TO", 1);
        validationWritten = split.validationFraction == 0.0;
    } else {
        out.line("split", splitKindKey(split.kind), 1);
    }
    if (!ratio && split.testFraction != defaults.testFraction)
        out.line("test_fraction", number(split.testFraction), 1);
    if (!validationWritten && split.validationFraction != defaults.validationFraction)
        out.line("validation_fraction", number(split.validationFraction), 1);
    if (split.kind == SplitKind::KFold || split.folds != defaults.folds)
        out.line("folds", std::to_string(split.folds), 1);
    if (split.kind == SplitKind::KFold || split.fold != defaults.fold)
        out.line("fold", std::to_string(split.fold), 1);
    if (split.kind == SplitKind::UserFold || split.foldInFraction != defaults.foldInFraction)
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

void writeEvaluation(Writer& out, const TrainingPlan& plan) {
    const TrainingPlan defaults;
    out.line("topk", list(plan.evaluation.cutoffs));
    if (!plan.evaluation.metrics.empty()) out.line("metrics", list(plan.evaluation.metrics));
    out.line("valid_metric", yamlText(plan.earlyStopping.metric));
    out.line("stopping_step", std::to_string(plan.earlyStopping.patience));
    if (plan.earlyStopping.enabled != defaults.earlyStopping.enabled)
        out.line("early_stopping", flag(plan.earlyStopping.enabled));
    if (plan.earlyStopping.minDelta != defaults.earlyStopping.minDelta)
        out.line("stopping_min_delta", number(plan.earlyStopping.minDelta));
    if (plan.evaluateEvery != defaults.evaluateEvery)
        out.line("eval_step", std::to_string(plan.evaluateEvery));
    if (plan.evaluateTest != defaults.evaluateTest) out.line("evaluate_test", flag(plan.evaluateTest));

    const EvaluationOptions& now = plan.evaluation;
    const EvaluationOptions& usual = defaults.evaluation;
    Writer inner;
    if (now.relevanceThreshold != usual.relevanceThreshold)
        inner.line("relevance_threshold", number(now.relevanceThreshold), 1);
    if (now.excludeTrain != usual.excludeTrain) inner.line("exclude_train", flag(now.excludeTrain), 1);
    if (now.excludeValidationAtTest != usual.excludeValidationAtTest)
        inner.line("exclude_validation_at_test", flag(now.excludeValidationAtTest), 1);
    if (now.ideal != usual.ideal)
        inner.line("ideal_list", now.ideal == IdealList::CutAtK ? "cut_at_k" : "all_relevant", 1);
    if (now.recall != usual.recall)
        inner.line("recall_denominator", now.recall == RecallDenominator::Capped ? "capped" : "relevant", 1);
    if (now.map != usual.map)
        inner.line("map_denominator", now.map == MapDenominator::Capped ? "capped" : "relevant", 1);
    if (now.predictsRatings != usual.predictsRatings)
        inner.line("predicts_ratings", flag(now.predictsRatings), 1);
    if (now.clipRatings != usual.clipRatings) inner.line("clip_ratings", flag(now.clipRatings), 1);
    if (now.keepPerUser != usual.keepPerUser) inner.line("keep_per_user", flag(now.keepPerUser), 1);
    const std::string text = inner.take();
    if (text.empty()) return;
    out.open("evaluation");
    out.raw(text);
}

bool isVirtual(const std::string& path) {
    return path.empty() || path.rfind("builtin:", 0) == 0 || path.rfind("generated:", 0) == 0;
}

/// A path as a file in `folder` means it.
void resolve(std::string& path, const QDir& folder) {
    if (!isVirtual(path))
        path = QDir::cleanPath(folder.absoluteFilePath(QString::fromStdString(path))).toStdString();
}

void resolveAll(Experiment& experiment, const QDir& folder) {
    resolve(experiment.dataPath, folder);
    resolve(experiment.import.validationPath, folder);
    resolve(experiment.import.testPath, folder);
}

} // namespace

std::string toYaml(const Experiment& experiment) {
    Writer out;
    out.comment("A Recoscope experiment: the same file gives the same numbers in the window and on the "
                "command line.");
    if (!experiment.name.empty()) out.line("name", yamlText(experiment.name));
    out.line("data_path", yamlText(experiment.dataPath));
    writeImport(out, experiment.import);
    writeFilter(out, experiment.split.filter);
    out.line("seed", std::to_string(experiment.plan.seed));
    writeSplit(out, experiment.split, experiment.plan.seed);
    out.line("model", yamlText(experiment.plan.algorithm));
    writeParameters(out, experiment.plan);
    writeEvaluation(out, experiment.plan);
    return out.take();
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
    resolveAll(*experiment, QFileInfo(file).absoluteDir());
    return experiment;
}

Status writeExperimentFile(const std::string& path, const Experiment& experiment) {
    Experiment resolved = experiment;
    resolveAll(resolved, QDir::current());
    // Every parameter, so that the file gives the same numbers when a default changes.
    if (const AlgorithmInfo* info = findAlgorithm(resolved.plan.algorithm))
        if (auto complete = info->schema().complete(resolved.plan.params))
            resolved.plan.params = std::move(*complete);
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
