// SPDX-License-Identifier: GPL-3.0-or-later
// Reading of a workspace.
#include "engine/io/safetensors.h"
#include "engine/models/registry.h"

#include "app/storage/run_store_private.h"

#include <QFileInfo>

#include <limits>
#include <map>

namespace recoscope {

namespace {

/// SQLite stores NaN as NULL.
double real(const QVariant& value) {
    return value.isNull() ? std::numeric_limits<double>::quiet_NaN() : value.toDouble();
}

ParamValue paramValue(const QString& type, const QString& value) {
    if (type == "flag") return value == "true";
    if (type == "integer") return static_cast<std::int64_t>(value.toLongLong());
    if (type == "real") return value.toDouble();
    return value.toStdString();
}

/// An experiment that this program no longer understands (an algorithm that is gone) must not hide its run.
Experiment readableExperiment(const Database& database, qint64 run, const QString& yaml,
                              const QString& algorithm) {
    if (auto experiment = experimentFromYaml(yaml.toStdString(), "run")) return *experiment;
    Experiment experiment;
    experiment.plan.algorithm = algorithm.toStdString();
    auto query = database.run("SELECT key, type, value FROM parameter WHERE run = ?", {run});
    while (query && query->next())
        experiment.plan.params[query->value(0).toString().toStdString()] =
            paramValue(query->value(1).toString(), query->value(2).toString());
    return experiment;
}

} // namespace

Result<std::vector<RunRecord>> RunStore::Private::records(const QString& where,
                                                          const QVariantList& values) const {
    auto query = database.run(
        "SELECT number, id, name, notes, status, reason, created, algorithm, experiment, dataset_title, "
        "dataset_fingerprint, split_fingerprint, epochs, best_epoch, seconds, train_seconds, owner, "
        "(SELECT study.id FROM study WHERE study.number = run.study), role FROM run " +
            where + " ORDER BY number DESC",
        values);
    if (!query) return query.error();
    std::vector<RunRecord> found;
    std::map<qint64, std::size_t> position;
    std::map<QString, bool> alive;
    while (query->next()) {
        RunRecord record;
        const qint64 number = query->value(0).toLongLong();
        record.id = query->value(1).toString();
        record.name = query->value(2).toString();
        record.notes = query->value(3).toString();
        record.status = runStatusFromKey(query->value(4).toString()).value_or(RunStatus::Interrupted);
        record.reason = query->value(5).toString();
        record.created = QDateTime::fromMSecsSinceEpoch(query->value(6).toLongLong());
        record.experiment =
            readableExperiment(database, number, query->value(8).toString(), query->value(7).toString());
        record.datasetTitle = query->value(9).toString();
        record.datasetFingerprint = query->value(10).toString();
        record.splitFingerprint = query->value(11).toString();
        record.epochs = query->value(12).toInt();
        record.bestEpoch = query->value(13).toInt();
        record.seconds = query->value(14).toDouble();
        record.trainSeconds = query->value(15).toDouble();
        record.hasModel = QFileInfo::exists(modelPath(record.id));
        record.study = query->value(17).toString();
        record.role = query->value(18).toString();
        if (record.status == RunStatus::Running || record.status == RunStatus::Queued) {
            // The process may have died since this store was opened.
            const QString owner = query->value(16).toString();
            const auto known = alive.find(owner);
            const bool lives =
                known != alive.end() ? known->second : (alive[owner] = ProcessLock::alive(folder, owner));
            if (!lives) {
                record.status = RunStatus::Interrupted;
                record.reason = "The program ended before the run did";
            }
        }
        position[number] = found.size();
        found.push_back(std::move(record));
    }
    if (query->lastError().isValid()) return database.error(query->lastError());

    auto metrics = database.run("SELECT run.number, evaluation.target, metric.key, metric.value FROM run "
                                "JOIN evaluation ON evaluation.run = run.number "
                                "JOIN metric ON metric.evaluation = evaluation.id " +
                                    where + " ORDER BY evaluation.id, metric.position",
                                values);
    if (!metrics) return metrics.error();
    while (metrics->next()) {
        const auto at = position.find(metrics->value(0).toLongLong());
        if (at == position.end()) continue; // stored between the two reads
        RunRecord& record = found[at->second];
        auto& list = metrics->value(1).toString() == "test" ? record.testMetrics : record.validationMetrics;
        list.push_back({metrics->value(2).toString().toStdString(), real(metrics->value(3))});
    }
    if (metrics->lastError().isValid()) return database.error(metrics->lastError());
    return found;
}

Result<std::vector<RunRecord>> RunStore::list() const { return d->records({}, {}); }

Result<RunRecord> RunStore::find(const QString& idOrPrefix) const {
    if (idOrPrefix == "latest") {
        auto newest = d->records("WHERE run.number = (SELECT max(number) FROM run)", {});
        if (!newest) return newest.error();
        if (newest->empty())
            return Error{ErrorCode::NotFound, "There are no runs in this workspace yet",
                         d->folder.toStdString()};
        return std::move(newest->front());
    }
    auto exact = d->records("WHERE run.id = ?", {idOrPrefix});
    if (!exact) return exact.error();
    if (exact->size() == 1) return std::move(exact->front());
    auto matches = idOrPrefix.isEmpty()
                       ? std::move(exact)
                       : d->records("WHERE substr(run.id, 1, ?) = ?", {idOrPrefix.size(), idOrPrefix});
    if (!matches) return matches.error();
    if (matches->size() == 1) return std::move(matches->front());
    if (matches->empty())
        return Error{ErrorCode::NotFound,
                     "There is no such run in this workspace (" + d->folder.toStdString() + ")",
                     idOrPrefix.toStdString()};
    QStringList ids;
    for (const RunRecord& record : *matches)
        if (ids.size() < 5) ids << record.id;
    return Error{ErrorCode::Invalid, "Several runs begin like this: " + ids.join(", ").toStdString(),
                 idOrPrefix.toStdString()};
}

Result<std::vector<Curve>> RunStore::curves(const QString& run) const {
    const auto number = d->number(run);
    if (!number) return number.error();
    auto query = d->database.run(
        "SELECT curve.key, curve_point.epoch, curve_point.elapsed, curve_point.value FROM curve "
        "JOIN curve_point ON curve_point.curve = curve.id WHERE curve.run = ? "
        "ORDER BY curve.id, curve_point.epoch",
        {*number});
    if (!query) return query.error();
    std::vector<Curve> curves;
    while (query->next()) {
        const QString key = query->value(0).toString();
        if (curves.empty() || curves.back().key != key) curves.push_back({key, {}});
        curves.back().points.push_back(
            {query->value(1).toInt(), query->value(2).toDouble(), real(query->value(3))});
    }
    if (query->lastError().isValid()) return d->database.error(query->lastError());
    return curves;
}

Result<std::vector<StoredLogLine>> RunStore::log(const QString& run) const {
    const auto number = d->number(run);
    if (!number) return number.error();
    auto query =
        d->database.run("SELECT level, elapsed, text FROM log_line WHERE run = ? ORDER BY id", {*number});
    if (!query) return query.error();
    std::vector<StoredLogLine> lines;
    while (query->next()) {
        const QString level = query->value(0).toString();
        lines.push_back({level == "error"     ? LogLevel::Error
                         : level == "warning" ? LogLevel::Warning
                                              : LogLevel::Info,
                         query->value(1).toDouble(), query->value(2).toString()});
    }
    if (query->lastError().isValid()) return d->database.error(query->lastError());
    return lines;
}

Result<Evaluation> RunStore::evaluation(const QString& run, Target target) const {
    const auto number = d->number(run);
    if (!number) return number.error();
    auto head =
        d->database.run("SELECT id, users, users_without_relevant, list_length, seconds FROM evaluation "
                        "WHERE run = ? AND target = ?",
                        {*number, targetKey(target)});
    if (!head) return head.error();
    if (!head->next()) {
        if (head->lastError().isValid()) return d->database.error(head->lastError());
        return Error{ErrorCode::NotFound,
                     "The run has no evaluation on its " + targetKey(target).toStdString() + " part",
                     run.toStdString()};
    }
    Evaluation evaluation;
    evaluation.users = fromBlob<UserIndex>(head->value(1).toByteArray());
    evaluation.usersWithoutRelevant = head->value(2).toLongLong();
    evaluation.listLength = head->value(3).toInt();
    evaluation.seconds = head->value(4).toDouble();
    auto query =
        d->database.run("SELECT key, label, definition, value, count, higher_is_better, per_user FROM metric "
                        "WHERE evaluation = ? ORDER BY position",
                        {head->value(0)});
    if (!query) return query.error();
    while (query->next()) {
        MetricValue metric;
        metric.key = query->value(0).toString().toStdString();
        metric.label = query->value(1).toString().toStdString();
        metric.definition = query->value(2).toString().toStdString();
        metric.value = real(query->value(3));
        metric.count = query->value(4).toLongLong();
        metric.higherIsBetter = query->value(5).toBool();
        metric.perUser = fromBlob<double>(query->value(6).toByteArray());
        evaluation.metrics.push_back(std::move(metric));
    }
    if (query->lastError().isValid()) return d->database.error(query->lastError());
    return evaluation;
}

Result<std::shared_ptr<const Recommender>> RunStore::model(const QString& run) const {
    const auto found = d->records("WHERE run.id = ?", {run});
    if (!found) return found.error();
    if (found->empty())
        return Error{ErrorCode::NotFound, "There is no such run in this workspace", run.toStdString()};
    const std::string path = modelPath(run).toStdString();
    if (!found->front().hasModel)
        return Error{ErrorCode::NotFound, "The run " + run.toStdString() + " has no model file", path};
    const auto damaged = [&](const Error& error) {
        // The path stands in front already.
        const std::string where =
            error.where.rfind(path, 0) == 0 ? error.where.substr(path.size()) : error.where;
        const std::string cause =
            where.empty() ? error.message
                          : where.substr(where.rfind(", ", 0) == 0 ? 2 : 0) + ": " + error.message;
        return Error{error.code == ErrorCode::Io ? ErrorCode::Io : ErrorCode::Parse,
                     "The model of the run " + run.toStdString() + " cannot be read (" + cause +
                         "); the run itself is intact, and training it again makes a new model",
                     path};
    };
    const auto file = readSafetensors(path);
    if (!file) return damaged(file.error());
    const auto algorithm = file->meta("algorithm");
    if (!algorithm) return damaged(algorithm.error());
    if (*algorithm != found->front().experiment.plan.algorithm)
        return damaged({ErrorCode::Parse, "it was made by the algorithm '" + *algorithm + "'", "algorithm"});
    const auto info = requireAlgorithm(*algorithm);
    if (!info) return info.error();
    auto model = (*info)->load(*file);
    if (!model) return damaged(model.error());
    return model;
}

} // namespace recoscope
