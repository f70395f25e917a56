// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QString>
#include <QVariantList>

#include <functional>

namespace recoscope {

/// One SQLite connection with errors as values. One thread.
class Database final {
public:
    enum class Access { ReadWrite, ReadOnly };

    explicit Database(QString path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    const QString& path() const { return m_path; }
    Status open(Access access);

    /// Runs one statement with positional values. The query must not outlive the database.
    Result<QSqlQuery> run(const QString& sql, const QVariantList& values = {}) const;
    Status execute(const QString& sql, const QVariantList& values = {}) const;
    /// The first column of the first row; an invalid QVariant when there is none.
    Result<QVariant> value(const QString& sql, const QVariantList& values = {}) const;

    /// BEGIN IMMEDIATE … COMMIT around `work`; rolled back when it fails, and nothing of it is stored.
    Status transaction(const std::function<Status()>& work) const;

    /// An Error that a person can act on, from SQLite's result code.
    Error error(const QSqlError& error) const;

private:
    QString m_path;
    QString m_connection;
    QSqlDatabase m_database;
};

} // namespace recoscope
