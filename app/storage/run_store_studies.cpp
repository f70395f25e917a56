// SPDX-License-Identifier: GPL-3.0-or-later
// Studies of a workspace: several runs that belong together.
#include "app/storage/run_store_private.h"

#include <QFile>
#include <QRandomGenerator>

#include <algorithm>

namespace recoscope {

namespace {

StudyKind kindOf(const QString& key) {
    for (const StudyKind kind : {StudyKind::Folds, StudyKind::Search})
        if (key == studyKindKey(kind)) return kind;
    return StudyKind::Seeds;
}

Result<std::vector<StudyRecord>> readStudies(const Database& database, const QString& where,
                                             const QVariantList& values) {
    auto query =
        database.run("SELECT id, key, kind, name, created, status, algorithm, experiment, metric, winner, "
                     "planned, (SELECT count(*) FROM run WHERE run.study = study.number) FROM study " +
                         where + " ORDER BY number DESC",
                     values);
    if (!query) return query.error();
    std::vector<StudyRecord> found;
    while (query->next()) {
        StudyRecord record;
        record.id = query->value(0).toString();
        record.key = query->value(1).toString();
        record.kind = kindOf(query->value(2).toString());
        record.name = query->value(3).toString();
        record.created = QDateTime::fromMSecsSinceEpoch(query->value(4).toLongLong());
        record.status =
            query->value(5).toString() == "completed" ? StudyStatus::Completed : StudyStatus::Running;
        record.algorithm = query->value(6).toString();
        record.experiment = query->value(7).toString();
        record.metric = query->value(8).toString();
        record.winner = query->value(9).toString();
        record.planned = query->value(10).toInt();
        record.runs = query->value(11).toInt();
        found.push_back(std::move(record));
    }
    if (query->lastError().isValid()) return database.error(query->lastError());
    return found;
}

Error noStudy(const QString& id) {
    return Error{ErrorCode::NotFound, "There is no such study in this workspace", id.toStdString()};
}

} // namespace

Result<QString> RunStore::createStudy(StudyRecord record) {
    const auto filled = [](const QString& text) { return text.isNull() ? QString("") : text; };
    if (!record.created.isValid()) record.created = QDateTime::currentDateTimeUtc();
    Status status = d->database.transaction([&]() -> Status {
        for (;;) {
            record.id = studyKindKey(record.kind) + '-' +
                        QString::number(0x10000 + QRandomGenerator::global()->bounded(0x10000), 16).mid(1);
            const auto taken = d->database.value("SELECT count(*) FROM study WHERE id = ?", {record.id});
            if (!taken) return taken.error();
            if (taken->toInt() == 0) break;
        }
        return d->database.execute(
            "INSERT INTO study (id, key, kind, name, created, status, algorithm, experiment, metric, winner, "
            "planned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {record.id, filled(record.key), studyKindKey(record.kind), filled(record.name),
             record.created.toMSecsSinceEpoch(),
             record.status == StudyStatus::Completed ? "completed" : "running", filled(record.algorithm),
             filled(record.experiment), filled(record.metric), filled(record.winner), record.planned});
    });
    if (!status) return status.error();
    return record.id;
}

Status RunStore::setStudyStatus(const QString& study, StudyStatus status, const QString& winner) {
    const auto known = readStudies(d->database, "WHERE id = ?", {study});
    if (!known) return known.error();
    if (known->empty()) return noStudy(study);
    return d->database.execute("UPDATE study SET status = ?, winner = ? WHERE id = ?",
                               {status == StudyStatus::Completed ? "completed" : "running",
                                winner.isNull() ? QString("") : winner, study});
}

Status RunStore::setStudyPlanned(const QString& study, int planned) {
    return d->database.execute("UPDATE study SET planned = ? WHERE id = ?", {planned, study});
}

Status RunStore::renameStudy(const QString& study, const QString& name) {
    if (name.trimmed().isEmpty())
        return Error{ErrorCode::Invalid, "A study's name cannot be empty", study.toStdString()};
    const auto known = readStudies(d->database, "WHERE id = ?", {study});
    if (!known) return known.error();
    if (known->empty()) return noStudy(study);
    return d->database.execute("UPDATE study SET name = ? WHERE id = ?", {name.trimmed(), study});
}

Status RunStore::removeStudy(const QString& study, StudyRuns runs) {
    // What a program left behind when it died is nobody's work any more.
    if (const Status interrupted = d->interruptRunsOfDeadProcesses(); !interrupted) return interrupted;
    QStringList gone;
    // In one transaction, so that no run begins between the look and the deed.
    const Status status = d->database.transaction([&]() -> Status {
        const auto number = d->database.value("SELECT number FROM study WHERE id = ?", {study});
        if (!number) return number.error();
        if (!number->isValid()) return noStudy(study);
        auto found = d->database.run("SELECT id, status FROM run WHERE study = ?", {*number});
        if (!found) return found.error();
        while (found->next()) {
            const QString state = found->value(1).toString();
            if (state == runStatusKey(RunStatus::Queued) || state == runStatusKey(RunStatus::Running))
                return Error{ErrorCode::Invalid, "A run of this study is still going on; stop it first",
                             found->value(0).toString().toStdString()};
            gone << found->value(0).toString();
        }
        if (found->lastError().isValid()) return d->database.error(found->lastError());
        found->finish();
        if (runs == StudyRuns::Remove)
            if (const Status removed = d->database.execute("DELETE FROM run WHERE study = ?", {*number});
                !removed)
                return removed;
        return d->database.execute("DELETE FROM study WHERE number = ?", {*number});
    });
    if (!status || runs == StudyRuns::Keep) return status;
    Status models;
    for (const QString& run : gone)
        if (const Status removed = removeModel(run); !removed) models = removed;
    return models;
}

Result<std::vector<StudyRecord>> RunStore::studies() const { return readStudies(d->database, {}, {}); }

Result<StudyRecord> RunStore::findStudy(const QString& idOrPrefix) const {
    const bool latest = idOrPrefix == "latest";
    auto found = latest ? readStudies(d->database, "WHERE number = (SELECT max(number) FROM study)", {})
                        : readStudies(d->database, "WHERE id = ?", {idOrPrefix});
    if (found && found->empty() && !latest && !idOrPrefix.isEmpty())
        found = readStudies(d->database, "WHERE substr(id, 1, ?) = ?", {idOrPrefix.size(), idOrPrefix});
    if (!found) return found.error();
    if (found->empty())
        return latest ? Error{ErrorCode::NotFound, "There are no studies in this workspace yet",
                              d->folder.toStdString()}
                      : noStudy(idOrPrefix);
    if (found->size() > 1)
        return Error{ErrorCode::Invalid,
                     "Several studies begin like this: " + (*found)[0].id.toStdString() + ", " +
                         (*found)[1].id.toStdString(),
                     idOrPrefix.toStdString()};
    return std::move(found->front());
}

Result<StudyRecord> RunStore::studyByKey(const QString& key) const {
    auto found = readStudies(d->database, "WHERE key = ?", {key});
    if (!found) return found.error();
    if (found->empty())
        return Error{ErrorCode::NotFound, "There is no study with this key", key.toStdString()};
    return std::move(found->front());
}

Result<std::vector<RunRecord>> RunStore::runsOf(const QString& study) const {
    auto found = d->records("WHERE run.study = (SELECT number FROM study WHERE id = ?)", {study});
    if (found) std::reverse(found->begin(), found->end());
    return found;
}

Status RunStore::removeModel(const QString& run) {
    QFile model(modelPath(run));
    if (!model.exists() || model.remove()) return {};
    return Error{ErrorCode::Io, "The model file cannot be deleted: " + model.errorString().toStdString(),
                 model.fileName().toStdString()};
}

} // namespace recoscope
