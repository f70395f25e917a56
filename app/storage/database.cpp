// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/database.h"

#include <QFileInfo>
#include <QUrl>
#include <QUuid>

namespace recoscope {

namespace {

// Primary result codes of SQLite (https://www.sqlite.org/rescode.html).
enum SqliteCode {
    Busy = 5,
    Locked = 6,
    ReadOnlyCode = 8,
    IoError = 10,
    Corrupt = 11,
    Full = 13,
    CantOpen = 14,
    NotADatabase = 26
};

constexpr auto busyTimeout = 15'000; // ms; longer than any transaction of ours

} // namespace

Database::Database(QString path)
    : m_path(std::move(path))
    , m_connection("recoscope-" + QUuid::createUuid().toString(QUuid::WithoutBraces))
    , m_database(QSqlDatabase::addDatabase("QSQLITE", m_connection)) {}

Database::~Database() {
    m_database.close();
    m_database = QSqlDatabase();
    QSqlDatabase::removeDatabase(m_connection);
}

Status Database::open(Access access) {
    if (!m_database.isValid())
        return Error{ErrorCode::Unsupported,
                     "Qt's SQLite driver is not installed (Debian: apt install libqt6sql6-sqlite)",
                     m_path.toStdString()};
    QString options = "QSQLITE_BUSY_TIMEOUT=" + QString::number(busyTimeout);
    if (access == Access::ReadOnly) options += ";QSQLITE_OPEN_READONLY";
    m_database.setConnectOptions(options);
    m_database.setDatabaseName(m_path);
    const auto tryOpen = [&]() -> Status {
        if (!m_database.open()) return error(m_database.lastError());
        // The file is looked at by the first statement only.
        return execute("SELECT count(*) FROM sqlite_master");
    };
    Status status = tryOpen();
    if (status || access == Access::ReadWrite || !QFileInfo(m_path).isReadable()) return status;
    // WAL needs to make files beside the database; in a folder where nobody can write, nobody changes it
    // either.
    if (QFileInfo(QFileInfo(m_path).absolutePath()).isWritable()) return status;
    m_database.close();
    m_database.setConnectOptions(options + ";QSQLITE_OPEN_URI");
    m_database.setDatabaseName(
        QString::fromUtf8(QUrl::fromLocalFile(QFileInfo(m_path).absoluteFilePath()).toEncoded()) +
        "?immutable=1");
    const Status immutable = tryOpen();
    return immutable ? immutable : status;
}

Error Database::error(const QSqlError& error) const {
    bool number = false;
    const int code = error.nativeErrorCode().toInt(&number) & 0xff;
    const std::string where = m_path.toStdString();
    switch (number ? code : -1) {
    case Full:
        return {ErrorCode::Io, "The disk is full; what was stored before is safe. Make room and try again",
                where};
    case Corrupt:
        return {ErrorCode::Parse,
                "The workspace database is damaged. Nothing was changed or deleted: restore the file from a "
                "backup, or move it away "
                "to start a new workspace",
                where};
    case NotADatabase:
        return {ErrorCode::Parse,
                "This is not a workspace database, or its beginning is damaged. Nothing was changed or "
                "deleted: restore the file from a "
                "backup, or move it away to start a new workspace",
                where};
    case ReadOnlyCode:
        return {ErrorCode::Io, "The workspace is read-only; choose a workspace folder that you may write to",
                where};
    case CantOpen:
        return {ErrorCode::Io,
                "The workspace database cannot be opened; check that the folder exists and may be written to",
                where};
    case Busy:
    case Locked:
        return {ErrorCode::Io, "Another program keeps the workspace locked; close it or try again", where};
    case IoError:
        return {ErrorCode::Io,
                "Reading or writing the workspace failed (" + error.databaseText().toStdString() +
                    "); is the disk full?",
                where};
    default:
        return {ErrorCode::Io, "The workspace database reports: " + error.text().toStdString(), where};
    }
}

Result<QSqlQuery> Database::run(const QString& sql, const QVariantList& values) const {
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.prepare(sql)) return error(query.lastError());
    for (const QVariant& value : values)
        query.addBindValue(value);
    if (!query.exec()) return error(query.lastError());
    return query;
}

Status Database::execute(const QString& sql, const QVariantList& values) const {
    const auto query = run(sql, values);
    return query ? Status() : Status(query.error());
}

Result<QVariant> Database::value(const QString& sql, const QVariantList& values) const {
    auto query = run(sql, values);
    if (!query) return query.error();
    if (query->next()) return query->value(0);
    if (query->lastError().isValid()) return error(query->lastError());
    return QVariant();
}

Status Database::transaction(const std::function<Status()>& work) const {
    if (Status status = execute("BEGIN IMMEDIATE"); !status) return status;
    Status status = work();
    if (status) status = execute("COMMIT");
    if (!status) {
        // SQLite may have rolled back by itself (full disk); then this one fails, harmlessly.
        QSqlQuery(m_database).exec("ROLLBACK");
    }
    return status;
}

} // namespace recoscope
