// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/run_store.h"

#include "engine/models/registry.h"

#include "app/storage/migrations.h"
#include "app/storage/run_store_private.h"

#include <QCoreApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QRandomGenerator>
#include <QStandardPaths>
#include <QThread>

#include <array>

namespace recoscope {

namespace {

constexpr std::array statusKeys{"queued",    "running", "completed",  "stopped_early",
                                "stopped",   "failed",  "interrupted"};
constexpr qint64 largestChecked = 64 << 20; // a larger database is not read through at every start

/// WAL needs a moment alone with the file; SQLite does not wait for that by itself.
Status switchToWal(const Database& database) {
    QElapsedTimer timer;
    timer.start();
    while (true) {
        const auto mode = database.value("PRAGMA journal_mode = WAL");
        if (mode && mode->toString().compare("wal", Qt::CaseInsensitive) == 0) return {};
        if (timer.elapsed() > 5'000) {
            if (!mode) return mode.error();
            return Error{ErrorCode::Io,
                         "The workspace's file system does not support shared use; choose a local folder",
                         database.path().toStdString()};
        }
        QThread::msleep(20);
    }
}

Status checkPages(const Database& database) {
    if (QFileInfo(database.path()).size() > largestChecked) return {};
    const auto verdict = database.value("PRAGMA quick_check(1)");
    if (!verdict) return verdict.error();
    if (verdict->toString() == "ok") return {};
    return Error{ErrorCode::Parse,
                 "The workspace database is damaged (" +
                     verdict->toString().simplified().left(200).toStdString() +
                     "). Nothing was changed or deleted: restore the file from a backup, or move it away to "
                     "start a new workspace",
                 database.path().toStdString()};
}

Status prepareFolder(const QString& folder, const QString& file) {
    if (QFileInfo(folder).exists() && !QFileInfo(folder).isDir())
        return Error{ErrorCode::Io, "The workspace must be a folder, and this is a file",
                     folder.toStdString()};
    if (!QDir().mkpath(folder + "/models"))
        return Error{ErrorCode::Io,
                     "The workspace folder cannot be written; choose another one (--workspace or "
                     "RECOSCOPE_WORKSPACE) or allow writing",
                     folder.toStdString()};
    if (!QFileInfo(folder).isWritable() || (QFileInfo::exists(file) && !QFileInfo(file).isWritable()))
        return Error{ErrorCode::Io,
                     "The workspace is read-only: its runs can be looked at, but no run can be stored. "
                     "Choose another workspace folder "
                     "(--workspace or RECOSCOPE_WORKSPACE) or allow writing",
                     folder.toStdString()};
    // An empty file is a database that was never begun, unless there are models that belonged to one.
    if (QFileInfo::exists(file) && QFileInfo(file).size() == 0 && !QFileInfo::exists(file + "-wal") &&
        !QDir(folder + "/models").isEmpty())
        return Error{ErrorCode::Parse,
                     "The workspace database is empty although the workspace has models: it was cut off. "
                     "Nothing was changed or "
                     "deleted: restore the file from a backup, or move it away to start a new workspace",
                     file.toStdString()};
    return {};
}

QString defaultName(const RunRecord& record) {
    const AlgorithmInfo* info = findAlgorithm(record.experiment.plan.algorithm);
    const QString title =
        info ? QString::fromUtf8(info->title.data(), static_cast<qsizetype>(info->title.size()))
             : QString::fromStdString(record.experiment.plan.algorithm);
    return record.datasetTitle.isEmpty()
               ? title
               : QCoreApplication::translate("RunStore", "%1 on %2").arg(title, record.datasetTitle);
}

QString paramType(const ParamValue& value) {
    static constexpr std::array names{"flag", "integer", "real", "text"};
    return names[value.index()];
}

QString newId(const std::string& algorithm) {
    // Ids are file names and typed by people.
    QString stem;
    for (const char c : algorithm)
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') stem += QLatin1Char(c);
    return (stem.isEmpty() ? QString("run") : stem) + '-' +
           QString::number(0x10000 + QRandomGenerator::global()->bounded(0x10000), 16).mid(1);
}

} // namespace

QString runStatusKey(RunStatus status) { return statusKeys[static_cast<std::size_t>(status)]; }

std::optional<RunStatus> runStatusFromKey(const QString& key) {
    if (key == "cancelled") return RunStatus::Cancelled; // as runs were stored at first
    for (std::size_t n = 0; n < statusKeys.size(); ++n)
        if (key == statusKeys[n]) return static_cast<RunStatus>(n);
    return std::nullopt;
}

QString targetKey(Target target) { return target == Target::Test ? "test" : "validation"; }

QString defaultWorkspaceFolder() {
    const QString chosen = qEnvironmentVariable("RECOSCOPE_WORKSPACE");
    if (!chosen.isEmpty()) return chosen;
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + "/recoscope/workspace";
}

RunStore::RunStore() = default;
RunStore::~RunStore() = default;

Result<std::unique_ptr<RunStore>> RunStore::open(const QString& folder, Access access) {
    std::unique_ptr<RunStore> store(new RunStore);
    store->d = std::make_unique<Private>(QDir(folder).absolutePath());
    store->d->access = access;
    const Database& database = store->d->database;
    if (access == Access::ReadOnly) {
        if (!QFileInfo::exists(database.path()))
            return Error{ErrorCode::NotFound, "There is no workspace in this folder", folder.toStdString()};
        if (Status status = store->d->database.open(Database::Access::ReadOnly); !status)
            return status.error();
        if (Status status = checkSchema(database); !status) return status.error();
        if (Status status = checkPages(database); !status) return status.error();
        return store;
    }
    if (Status status = prepareFolder(store->d->folder, database.path()); !status) return status.error();
    if (Status status = store->d->database.open(Database::Access::ReadWrite); !status) return status.error();
    // Each commit is synced (FULL), not only each checkpoint (NORMAL): a run's last epochs survive a power
    // cut, and the recorder commits a few times a second at most.
    for (const char* statement : {"PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL"})
        if (Status status = database.execute(statement); !status) return status.error();
    if (Status status = migrate(database); !status) return status.error();
    if (Status status = checkPages(database); !status) return status.error();
    if (Status status = switchToWal(database); !status) return status.error();
    if (Status status = store->d->interruptRunsOfDeadProcesses(); !status) return status.error();
    return store;
}

QString RunStore::folder() const { return d->folder; }

QString RunStore::modelPath(const QString& run) const { return d->modelPath(run); }

Result<qint64> RunStore::Private::number(const QString& run) const {
    const auto number = database.value("SELECT number FROM run WHERE id = ?", {run});
    if (!number) return number.error();
    if (!number->isValid())
        return Error{ErrorCode::NotFound, "There is no such run in this workspace", run.toStdString()};
    return number->toLongLong();
}

Result<QString> RunStore::Private::owner() {
    if (!lock) {
        auto acquired = ProcessLock::acquire(folder);
        if (!acquired) return acquired.error();
        lock = *acquired;
    }
    return lock->owner();
}

Status RunStore::Private::interruptRunsOfDeadProcesses() {
    auto query = database.run("SELECT DISTINCT owner FROM run WHERE status IN ('queued', 'running')");
    if (!query) return query.error();
    QStringList dead;
    while (query->next())
        if (const QString name = query->value(0).toString(); !ProcessLock::alive(folder, name)) dead << name;
    query->finish();
    for (const QString& name : dead) {
        if (Status status = database.execute("UPDATE run SET status = 'interrupted', reason = ?, owner = '' "
                                             "WHERE owner = ? AND status IN ('queued', 'running')",
                                             {QString("The program ended before the run did"), name});
            !status)
            return status;
        ProcessLock::forget(folder, name);
    }
    return {};
}

Result<QString> RunStore::create(RunRecord record) {
    const auto owner = d->owner();
    if (!owner) return owner.error();
    if (record.name.isEmpty()) record.name = QString::fromStdString(record.experiment.name);
    if (record.name.isEmpty()) record.name = defaultName(record);
    if (!record.created.isValid()) record.created = QDateTime::currentDateTimeUtc();
    const TrainingPlan& plan = record.experiment.plan;
    ParamMap params = plan.params;
    if (const AlgorithmInfo* info = findAlgorithm(plan.algorithm))
        if (const auto complete = info->schema().complete(params)) params = *complete;

    Status status = d->database.transaction([&]() -> Status {
        // Whoever works on a study that was deleted meanwhile is to stop, not to go on without it.
        if (!record.study.isEmpty()) {
            const auto known = d->database.value("SELECT count(*) FROM study WHERE id = ?", {record.study});
            if (!known) return known.error();
            if (known->toInt() == 0)
                return Error{ErrorCode::NotFound, "The study of this run has been deleted",
                             record.study.toStdString()};
        }
        // An id that is given is kept where it is free: the caller may have shown it already.
        for (bool given = !record.id.isEmpty();; given = false) {
            if (!given) record.id = newId(plan.algorithm);
            const auto taken = d->database.value("SELECT count(*) FROM run WHERE id = ?", {record.id});
            if (!taken) return taken.error();
            if (taken->toInt() == 0) break;
        }
        auto inserted = d->database.run(
            "INSERT INTO run (id, name, notes, status, reason, created, algorithm, experiment, "
            "dataset_title, dataset_fingerprint, "
            "split_fingerprint, owner, program_version, study, role) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?, (SELECT number FROM study WHERE id = ?), ?)",
            {record.id, record.name, record.notes.isNull() ? "" : record.notes, runStatusKey(record.status),
             record.reason.isNull() ? "" : record.reason, record.created.toMSecsSinceEpoch(),
             QString::fromStdString(plan.algorithm), QString::fromStdString(toYaml(record.experiment)),
             record.datasetTitle.isNull() ? "" : record.datasetTitle,
             record.datasetFingerprint.isNull() ? "" : record.datasetFingerprint,
             record.splitFingerprint.isNull() ? "" : record.splitFingerprint, *owner,
             QString(RECOSCOPE_VERSION), record.study, record.role.isNull() ? "" : record.role});
        if (!inserted) return inserted.error();
        const QVariant number = inserted->lastInsertId();
        for (const auto& [key, value] : params)
            if (Status stored =
                    d->database.execute("INSERT INTO parameter (run, key, type, value) VALUES (?, ?, ?, ?)",
                                        {number, QString::fromStdString(key), paramType(value),
                                         QString::fromStdString(toText(value))});
                !stored)
                return stored;
        return {};
    });
    if (!status) return status.error();
    return record.id;
}

Status RunStore::setStatus(const QString& run, RunStatus status, const QString& reason) {
    const auto number = d->number(run);
    if (!number) return number.error();
    QString owner = "";
    if (status == RunStatus::Queued || status == RunStatus::Running) {
        const auto mine = d->owner();
        if (!mine) return mine.error();
        owner = *mine;
    }
    return d->database.execute("UPDATE run SET status = ?, reason = ?, owner = ? WHERE number = ?",
                               {runStatusKey(status), reason.isNull() ? "" : reason, owner, *number});
}

Status RunStore::rename(const QString& run, const QString& name) {
    if (name.trimmed().isEmpty())
        return Error{ErrorCode::Invalid, "A run's name cannot be empty", run.toStdString()};
    const auto number = d->number(run);
    if (!number) return number.error();
    return d->database.execute("UPDATE run SET name = ? WHERE number = ?", {name.trimmed(), *number});
}

Status RunStore::annotate(const QString& run, const QString& notes) {
    const auto number = d->number(run);
    if (!number) return number.error();
    return d->database.execute("UPDATE run SET notes = ? WHERE number = ?",
                               {notes.isNull() ? "" : notes, *number});
}

Status RunStore::remove(const QString& run) {
    const auto found = d->records("WHERE run.id = ?", {run});
    if (!found) return found.error();
    if (found->empty())
        return Error{ErrorCode::NotFound, "There is no such run in this workspace", run.toStdString()};
    if (found->front().status == RunStatus::Running)
        return Error{ErrorCode::Invalid, "The run is still going on; stop it first", run.toStdString()};
    if (Status status = d->database.execute("DELETE FROM run WHERE id = ?", {run}); !status) return status;
    QFile model(modelPath(run));
    if (model.exists() && !model.remove())
        return Error{ErrorCode::Io,
                     "The run is deleted, but its model file cannot be: " + model.errorString().toStdString(),
                     model.fileName().toStdString()};
    return {};
}

} // namespace recoscope
