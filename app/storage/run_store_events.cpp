// SPDX-License-Identifier: GPL-3.0-or-later
// What happens in a run, written to the workspace.
#include "engine/io/safetensors.h"
#include "engine/models/registry.h"

#include "app/storage/run_store_private.h"

#include <nlohmann/json.hpp>

namespace recoscope {

namespace {

QString text(const std::string& utf8) {
    return utf8.empty() ? QString("") : QString::fromStdString(utf8); // "" is not NULL
}

QString levelKey(LogLevel level) {
    switch (level) {
    case LogLevel::Warning:
        return "warning";
    case LogLevel::Error:
        return "error";
    case LogLevel::Info:
        break;
    }
    return "info";
}

Status addPoints(const Database& database, qint64 run, int epoch, double elapsed,
                 const std::vector<NamedValue>& values) {
    for (const NamedValue& value : values) {
        const QString key = text(value.key);
        if (Status status =
                database.execute("INSERT OR IGNORE INTO curve (run, key) VALUES (?, ?)", {run, key});
            !status)
            return status;
        if (Status status =
                database.execute("INSERT OR REPLACE INTO curve_point (curve, epoch, elapsed, value) "
                                 "SELECT id, ?, ?, ? FROM curve WHERE run = ? AND key = ?",
                                 {epoch, elapsed, value.value, run, key});
            !status)
            return status;
    }
    return {};
}

struct Writer {
    RunStore::Private& store;
    const Database& database;
    qint64 run;

    Status operator()(const RunStarted& event) const {
        const auto owner = store.owner();
        if (!owner) return owner.error();
        return database.execute(
            "UPDATE run SET status = 'running', owner = ?, planned_epochs = ?, users = ?, items = ?, "
            "interactions = ?, threads = ? WHERE number = ?",
            {*owner, event.plannedEpochs, event.users, event.items, static_cast<qint64>(event.interactions),
             event.threads, run});
    }
    Status operator()(const Progress&) const { return {}; }
    Status operator()(const EpochFinished& event) const {
        if (Status status = database.execute(
                "INSERT OR REPLACE INTO epoch (run, epoch, seconds, elapsed, examples_per_second, "
                "memory_bytes) VALUES (?, ?, ?, ?, ?, ?)",
                {run, event.epoch, event.seconds, event.elapsed, event.examplesPerSecond,
                 static_cast<qint64>(event.memoryBytes)});
            !status)
            return status;
        if (Status status = addPoints(database, run, event.epoch, event.elapsed, event.losses); !status)
            return status;
        if (Status status = addPoints(database, run, event.epoch, event.elapsed, event.signalValues); !status)
            return status;
        // So that a run that is cut off here says how far it came.
        return database.execute(
            "UPDATE run SET epochs = max(epochs, ?), seconds = ?, train_seconds = train_seconds + ? "
            "WHERE number = ?",
            {event.epoch, event.elapsed, event.seconds, run});
    }
    Status operator()(const Evaluated& event) const {
        if (event.best)
            if (Status status =
                    database.execute("UPDATE run SET best_epoch = ? WHERE number = ?", {event.epoch, run});
                !status)
                return status;
        return addPoints(database, run, event.epoch, event.elapsed, event.metrics);
    }
    Status operator()(const SnapshotReady&) const { return {}; }
    Status operator()(const LogLine& event) const {
        return database.execute("INSERT INTO log_line (run, level, elapsed, text) VALUES (?, ?, ?, ?)",
                                {run, levelKey(event.level), event.elapsed, text(event.text)});
    }
    Status operator()(const RunEnded& event) const {
        RunStatus outcome = RunStatus::Completed;
        if (event.outcome == RunOutcome::StoppedEarly) outcome = RunStatus::StoppedEarly;
        if (event.outcome == RunOutcome::Cancelled) outcome = RunStatus::Cancelled;
        if (event.outcome == RunOutcome::Failed) outcome = RunStatus::Failed;
        std::string reason = event.reason;
        if (event.error && reason.find(event.error->message) == std::string::npos)
            reason += (reason.empty() ? "" : ": ") + event.error->text();
        if (Status status = database.execute(
                "UPDATE run SET status = ?, reason = ?, epochs = ?, best_epoch = ?, seconds = ?, "
                "train_seconds = ?, owner = '' WHERE number = ?",
                {runStatusKey(outcome), text(reason), event.epochs, event.bestEpoch, event.seconds,
                 event.trainSeconds, run});
            !status)
            return status;
        if (event.validation)
            if (Status status = store.saveEvaluation(run, Target::Validation, *event.validation); !status)
                return status;
        if (event.test) return store.saveEvaluation(run, Target::Test, *event.test);
        return {};
    }
};

} // namespace

Status RunStore::append(const QString& run, const TrainingEvent& event) {
    return append(run, std::span(&event, 1));
}

Status RunStore::append(const QString& run, std::span<const TrainingEvent> events) {
    const auto number = d->number(run);
    if (!number) return number.error();
    // The model goes first: a run that says it has ended has its model.
    Status model;
    for (const TrainingEvent& event : events)
        if (const auto* ended = std::get_if<RunEnded>(&event); ended && ended->model)
            model = d->saveModel(run, *ended);
    Status stored = d->database.transaction([&]() -> Status {
        for (const TrainingEvent& event : events)
            if (Status status = std::visit(Writer{*d, d->database, *number}, event); !status) return status;
        if (model) return {};
        return d->database.execute("UPDATE run SET reason = trim(reason || ' The model could not be stored: "
                                   "' || ?) WHERE number = ?",
                                   {text(model.error().text()), *number});
    });
    return stored ? model : stored;
}

Status RunStore::saveEvaluation(const QString& run, Target target, const Evaluation& evaluation) {
    const auto number = d->number(run);
    if (!number) return number.error();
    return d->database.transaction([&] { return d->saveEvaluation(*number, target, evaluation); });
}

Status RunStore::Private::saveEvaluation(qint64 run, Target target, const Evaluation& evaluation) const {
    if (Status status =
            database.execute("DELETE FROM evaluation WHERE run = ? AND target = ?", {run, targetKey(target)});
        !status)
        return status;
    auto inserted = database.run(
        "INSERT INTO evaluation (run, target, users, users_without_relevant, list_length, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {run, targetKey(target), toBlob(evaluation.users),
         static_cast<qint64>(evaluation.usersWithoutRelevant), evaluation.listLength, evaluation.seconds});
    if (!inserted) return inserted.error();
    const QVariant id = inserted->lastInsertId();
    int position = 0;
    for (const MetricValue& metric : evaluation.metrics)
        if (Status status = database.execute(
                "INSERT INTO metric (evaluation, position, key, label, definition, value, count, "
                "higher_is_better, per_user) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {id, position++, text(metric.key), text(metric.label), text(metric.definition), metric.value,
                 static_cast<qint64>(metric.count), metric.higherIsBetter, toBlob(metric.perUser)});
            !status)
            return status;
    return {};
}

Status RunStore::Private::saveModel(const QString& run, const RunEnded& ended) const {
    const auto found = records("WHERE run.id = ?", {run});
    if (!found) return found.error();
    if (found->empty())
        return Error{ErrorCode::NotFound, "There is no such run in this workspace", run.toStdString()};
    const RunRecord& record = found->front();
    const TrainingPlan& plan = record.experiment.plan;
    nlohmann::json params = nlohmann::json::object();
    for (const auto& [key, value] : plan.params)
        std::visit([&params, name = key](const auto& plain) { params[name] = plain; }, value);
    TensorFile file;
    ended.model->save(file);
    file.setMeta("algorithm", plan.algorithm);
    file.setMeta("parameters", params.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    file.setMeta("dataset", record.datasetTitle.toStdString());
    file.setMeta("dataset_fingerprint", record.datasetFingerprint.toStdString());
    file.setMeta("split_fingerprint", record.splitFingerprint.toStdString());
    file.setMeta("run", run.toStdString());
    file.setMeta("epoch", std::to_string(ended.bestEpoch));
    file.setMeta("recoscope_version", RECOSCOPE_VERSION);
    return writeSafetensors(modelPath(run).toStdString(), file);
}

} // namespace recoscope
