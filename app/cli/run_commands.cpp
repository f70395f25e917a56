// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include "app/cli/command.h"
#include "app/cli/load_data.h"
#include "app/models/run_table_model.h"

#include <QLocale>

#include <cmath>

namespace recoscope::cli {

namespace {

const NamedValue* headline(const RunRecord& record) {
    const auto& metrics = record.testMetrics.empty() ? record.validationMetrics : record.testMetrics;
    for (const char* key : {"ndcg@10", "ndcg@20", "ndcg@5", "rmse"})
        for (const NamedValue& metric : metrics)
            if (metric.key == key) return &metric;
    return metrics.empty() ? nullptr : &metrics.front();
}

Json recordJson(const RunRecord& record) {
    return {{"run", record.id.toStdString()},
            {"name", record.name.toStdString()},
            {"notes", record.notes.toStdString()},
            {"status", runStatusKey(record.status).toStdString()},
            {"reason", record.reason.toStdString()},
            {"created", record.created.toUTC().toString(Qt::ISODateWithMs).toStdString()},
            {"algorithm", record.experiment.plan.algorithm},
            {"data", record.experiment.dataPath},
            {"dataset", record.datasetTitle.toStdString()},
            {"dataset_fingerprint", record.datasetFingerprint.toStdString()},
            {"split_fingerprint", record.splitFingerprint.toStdString()},
            {"epochs", record.epochs},
            {"best_epoch", record.bestEpoch},
            {"seconds", record.seconds},
            {"seconds_per_epoch", record.epochs > 0 ? record.trainSeconds / record.epochs : 0.0},
            {"has_model", record.hasModel},
            {"metrics", metricsJson(record.testMetrics)},
            {"validation_metrics", metricsJson(record.validationMetrics)}};
}

/// As the window says it: "stopped", "stopped early", "interrupted".
std::string statusText(RunStatus status) { return runStatusText(status).toLower().toStdString(); }

std::string epochsText(const RunRecord& record) {
    const std::string epochs = std::to_string(record.epochs);
    if (record.bestEpoch == 0) return epochs;
    const std::string best = "epoch " + std::to_string(record.bestEpoch);
    return epochs + (record.hasModel ? ", the model is that of " + best : ", the best was " + best);
}

int listRuns(const Arguments& arguments) {
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    std::vector<RunRecord> records;
    if (store) {
        auto found = (*store)->list();
        if (!found) return fail(arguments, found.error());
        records = std::move(*found);
    } else if (store.error().code != ErrorCode::NotFound) {
        return fail(arguments, store.error());
    }
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const RunRecord& record : records)
            list.push_back(recordJson(record));
        printJson({{"workspace", workspaceOf(arguments).toStdString()}, {"runs", std::move(list)}});
        return ExitOk;
    }
    if (records.empty()) {
        print("No runs yet in " + workspaceOf(arguments).toStdString() +
              ". Try: recoscope-cli train --data builtin:sample --algorithm ials\n");
        return ExitOk;
    }
    Table table({"run", "name", "status", "epochs", "time", "metric", "value", "created"});
    for (const RunRecord& record : records) {
        const NamedValue* metric = headline(record);
        table.add({record.id.toStdString(), record.name.toStdString(), statusText(record.status),
                   std::to_string(record.epochs), duration(record.seconds),
                   metric ? metric->key + (record.testMetrics.empty() ? " (val.)" : "") : "",
                   metric ? fixed(metric->value) : "",
                   record.created.toLocalTime().toString("yyyy-MM-dd HH:mm").toStdString()});
    }
    print(table.text());
    return ExitOk;
}

int done(const Arguments& arguments, const QString& run, const Status& status, const char* what) {
    if (!status) return fail(arguments, status.error());
    if (arguments.has("--json"))
        printJson({{"run", run.toStdString()}, {"done", what}});
    else
        print(run.toStdString() + " " + what + "\n");
    return ExitOk;
}

int runRuns(const Arguments& arguments) {
    const QStringList& words = arguments.positional();
    if (words.isEmpty() || words == QStringList{"list"}) return listRuns(arguments);
    const QString& verb = words.first();
    const bool known = verb == "remove" || verb == "rename" || verb == "annotate";
    if (!known || words.size() != (verb == "remove" ? 2 : 3))
        return usage(arguments, "runs takes: nothing, remove RUN, rename RUN NAME, or annotate RUN TEXT");
    const auto store = RunStore::open(workspaceOf(arguments));
    if (!store) return fail(arguments, store.error());
    const auto record = (*store)->find(words[1]);
    if (!record) return fail(arguments, record.error());
    if (verb == "remove") return done(arguments, record->id, (*store)->remove(record->id), "removed");
    if (verb == "rename")
        return done(arguments, record->id, (*store)->rename(record->id, words[2]), "renamed");
    return done(arguments, record->id, (*store)->annotate(record->id, words[2]), "annotated");
}

Json evaluationJson(const Evaluation& evaluation) {
    Json list = Json::array();
    for (const MetricValue& metric : evaluation.metrics)
        list.push_back({{"key", metric.key},
                        {"label", metric.label},
                        {"value", metric.value},
                        {"count", metric.count},
                        {"definition", metric.definition}});
    return {{"users", evaluation.users.size()},
            {"users_without_relevant", evaluation.usersWithoutRelevant},
            {"metrics", std::move(list)}};
}

ParamMap parametersOf(const TrainingPlan& plan) {
    const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
    if (info)
        if (const auto complete = info->schema().complete(plan.params)) return *complete;
    return plan.params;
}

int showJson(const RunRecord& record, const std::vector<Curve>& curves, const std::vector<StoredLogLine>& log,
             const std::vector<std::pair<Target, Evaluation>>& evaluations) {
    Json json = recordJson(record);
    Json parameters = Json::object();
    for (const auto& [key, value] : parametersOf(record.experiment.plan))
        parameters[key] = std::visit([](const auto& plain) { return Json(plain); }, value);
    json["parameters"] = std::move(parameters);
    json["experiment"] = toYaml(record.experiment);
    json["curves"] = Json::object();
    for (const Curve& curve : curves) {
        Json points = Json::array();
        for (const CurvePoint& point : curve.points)
            points.push_back({point.epoch, point.elapsed, point.value});
        json["curves"][curve.key.toStdString()] = std::move(points);
    }
    json["log"] = Json::array();
    for (const StoredLogLine& line : log)
        json["log"].push_back({{"elapsed", line.elapsed}, {"text", line.text.toStdString()}});
    json["evaluations"] = Json::object();
    for (const auto& [target, evaluation] : evaluations)
        json["evaluations"][target == Target::Test ? "test" : "validation"] = evaluationJson(evaluation);
    printJson(json);
    return ExitOk;
}

void showCurves(const std::vector<Curve>& curves) {
    if (curves.empty()) return;
    print("\ncurves (epoch " + std::to_string(curves.front().points.front().epoch) + " to " +
          std::to_string(curves.front().points.back().epoch) + ")\n");
    Table table({"curve", "first", "last", "best", "at epoch", ""});
    for (const Curve& curve : curves) {
        std::vector<double> values;
        const MetricInfo* info = findMetric(curve.key.toStdString());
        const bool higher = info && info->higherIsBetter;
        const CurvePoint* best = &curve.points.front();
        for (const CurvePoint& point : curve.points) {
            values.push_back(point.value);
            if (higher ? point.value > best->value : point.value < best->value) best = &point;
        }
        table.add({curve.key.toStdString(), fixed(values.front()), fixed(values.back()), fixed(best->value),
                   std::to_string(best->epoch), sparkline(values, 40)});
    }
    print(table.text());
}

int runShow(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "show needs one run: recoscope-cli show RUN (or latest)");
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!store) return fail(arguments, store.error());
    const auto record = (*store)->find(arguments.positional().first());
    if (!record) return fail(arguments, record.error());
    const auto curves = (*store)->curves(record->id);
    if (!curves) return fail(arguments, curves.error());
    const auto log = (*store)->log(record->id);
    if (!log) return fail(arguments, log.error());
    std::vector<std::pair<Target, Evaluation>> evaluations;
    for (const Target target : {Target::Test, Target::Validation}) {
        auto evaluation = (*store)->evaluation(record->id, target);
        if (evaluation)
            evaluations.emplace_back(target, std::move(*evaluation));
        else if (evaluation.error().code != ErrorCode::NotFound)
            return fail(arguments, evaluation.error());
    }
    if (arguments.has("--json")) return showJson(*record, *curves, *log, evaluations);

    print(record->name.toStdString() + " (" + record->id.toStdString() + ")\n");
    Table head({"", ""});
    head.add({"status", statusText(record->status) +
                            (record->reason.isEmpty() ? "" : ": " + record->reason.toStdString())});
    head.add({"data", record->datasetTitle.toStdString() + " (" + record->experiment.dataPath + ")"});
    head.add({"split", text(splitKindKey(record->experiment.split.kind))});
    head.add({"epochs", epochsText(*record)});
    head.add({"time", duration(record->seconds)});
    head.add({"model", record->hasModel ? (*store)->modelPath(record->id).toStdString() : "none stored"});
    if (!record->notes.isEmpty()) head.add({"notes", record->notes.toStdString()});
    print(head.text());
    const ParamMap parameters = parametersOf(record->experiment.plan);
    if (!parameters.empty()) {
        print("\n");
        Table table({"parameter", "value", ""});
        const AlgorithmInfo* info = findAlgorithm(record->experiment.plan.algorithm);
        for (const auto& [key, value] : parameters) {
            const ParamSpec* spec = info ? info->schema().find(key) : nullptr;
            table.add({key, toText(value), spec && spec->defaultValue == value ? "default" : "set"});
        }
        print(table.text());
    }
    for (const auto& [target, evaluation] : evaluations) {
        print("\n");
        Table table({target == Target::Test ? "test" : "validation", "value", "over", "definition"});
        for (const MetricValue& metric : evaluation.metrics)
            table.add({metric.label, fixed(metric.value), grouped(metric.count), metric.definition});
        print(table.text());
    }
    showCurves(*curves);
    if (!log->empty()) print("\nlog\n");
    for (const StoredLogLine& line : *log)
        print("  " + fixed(line.elapsed, 1) + " s  " + line.text.toStdString() + "\n");
    return ExitOk;
}

} // namespace

std::vector<Command> runCommands() {
    const std::vector<Option> options{workspaceOption(), {"--json", "", "one JSON object on stdout"}};
    return {{"runs", "runs [remove RUN | rename RUN NAME | annotate RUN TEXT]",
             "Lists the stored runs, and changes them.", options, runRuns},
            {"show", "show RUN [--json]", "One run: parameters, metrics with definitions, curves, log.",
             options, runShow}};
}

} // namespace recoscope::cli
