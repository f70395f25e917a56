// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/migrations.h"

#include <array>
#include <span>

namespace recoscope {

namespace {

constexpr int applicationId = 0x5245434F; // "RECO"

// Version 1: runs, parameters, epochs, curves, log, evaluations, metrics.
constexpr const char* version1[] = {
    "CREATE TABLE run ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL,"
    " notes TEXT NOT NULL DEFAULT '',"
    " status TEXT NOT NULL,"
    " reason TEXT NOT NULL DEFAULT '',"
    " created INTEGER NOT NULL,"
    " algorithm TEXT NOT NULL,"
    " experiment TEXT NOT NULL,"
    " dataset_title TEXT NOT NULL DEFAULT '',"
    " dataset_fingerprint TEXT NOT NULL DEFAULT '',"
    " split_fingerprint TEXT NOT NULL DEFAULT '',"
    " planned_epochs INTEGER NOT NULL DEFAULT 0,"
    " users INTEGER NOT NULL DEFAULT 0,"
    " items INTEGER NOT NULL DEFAULT 0,"
    " interactions INTEGER NOT NULL DEFAULT 0,"
    " threads INTEGER NOT NULL DEFAULT 0,"
    " epochs INTEGER NOT NULL DEFAULT 0,"
    " best_epoch INTEGER NOT NULL DEFAULT 0,"
    " seconds REAL NOT NULL DEFAULT 0,"
    " train_seconds REAL NOT NULL DEFAULT 0,"
    " owner TEXT NOT NULL DEFAULT '',"
    " program_version TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE parameter ("
    " run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,"
    " key TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (run, key)) WITHOUT ROWID",
    "CREATE TABLE epoch ("
    " run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,"
    " epoch INTEGER NOT NULL,"
    " seconds REAL NOT NULL,"
    " elapsed REAL NOT NULL,"
    " examples_per_second REAL NOT NULL,"
    " memory_bytes INTEGER NOT NULL,"
    " PRIMARY KEY (run, epoch)) WITHOUT ROWID",
    "CREATE TABLE curve ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,"
    " key TEXT NOT NULL,"
    " UNIQUE (run, key))",
    "CREATE TABLE curve_point ("
    " curve INTEGER NOT NULL REFERENCES curve(id) ON DELETE CASCADE,"
    " epoch INTEGER NOT NULL,"
    " elapsed REAL NOT NULL,"
    " value REAL,"
    " PRIMARY KEY (curve, epoch)) WITHOUT ROWID",
    "CREATE TABLE log_line ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,"
    " level TEXT NOT NULL,"
    " elapsed REAL NOT NULL,"
    " text TEXT NOT NULL)",
    "CREATE INDEX log_line_of_run ON log_line (run)",
    "CREATE TABLE evaluation ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,"
    " target TEXT NOT NULL,"
    " users BLOB NOT NULL,"
    " users_without_relevant INTEGER NOT NULL,"
    " list_length INTEGER NOT NULL,"
    " seconds REAL NOT NULL,"
    " UNIQUE (run, target))",
    "CREATE TABLE metric ("
    " evaluation INTEGER NOT NULL REFERENCES evaluation(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL,"
    " key TEXT NOT NULL,"
    " label TEXT NOT NULL,"
    " definition TEXT NOT NULL,"
    " value REAL,"
    " count INTEGER NOT NULL,"
    " higher_is_better INTEGER NOT NULL,"
    " per_user BLOB NOT NULL,"
    " PRIMARY KEY (evaluation, position))",
};

// Version 2: studies, and the runs that belong to them.
constexpr const char* version2[] = {
    "CREATE TABLE study ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE,"
    " key TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " created INTEGER NOT NULL,"
    " status TEXT NOT NULL,"
    " algorithm TEXT NOT NULL,"
    " experiment TEXT NOT NULL,"
    " metric TEXT NOT NULL DEFAULT '',"
    " winner TEXT NOT NULL DEFAULT '',"
    " planned INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX study_by_key ON study (key)",
    "ALTER TABLE run ADD COLUMN study INTEGER REFERENCES study(number) ON DELETE SET NULL",
    "ALTER TABLE run ADD COLUMN role TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX run_of_study ON run (study)",
};

/// Step n brings version n to n + 1.
constexpr std::array<std::span<const char* const>, 2> steps{version1, version2};

/// The version of a workspace, 0 for an empty database.
Result<int> versionOf(const Database& database) {
    // One statement, so that all three are of the same moment: another process may be creating the workspace.
    auto query = database.run(
        "SELECT (SELECT user_version FROM pragma_user_version), "
        "(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)");
    if (!query) return query.error();
    if (!query->next()) return database.error(query->lastError());
    const int version = query->value(0).toInt();
    const int application = query->value(1).toInt();
    const int tables = query->value(2).toInt();
    const std::string where = database.path().toStdString();
    if (tables == 0 && version == 0) return 0;
    if (application != applicationId)
        return Error{ErrorCode::Unsupported, "This database belongs to another program; nothing was changed",
                     where};
    if (version > schemaVersion())
        return Error{ErrorCode::Unsupported,
                     "This workspace was made by a newer Recoscope (schema " + std::to_string(version) +
                         ", this program knows up to " + std::to_string(schemaVersion()) +
                         "); update Recoscope or choose another workspace. Nothing was changed",
                     where};
    if (version < 1)
        return Error{ErrorCode::Parse,
                     "The workspace database has tables but no version; nothing was changed", where};
    return version;
}

} // namespace

int schemaVersion() { return static_cast<int>(steps.size()); }

Status migrate(const Database& database) {
    const auto before = versionOf(database);
    if (!before) return before.error();
    if (*before == schemaVersion()) return {};
    return database.transaction([&]() -> Status {
        // Another process may have been faster.
        const auto version = versionOf(database);
        if (!version) return version.error();
        for (auto step = static_cast<std::size_t>(*version); step < steps.size(); ++step)
            for (const char* statement : steps[step])
                if (Status status = database.execute(statement); !status) return status;
        if (Status status = database.execute("PRAGMA application_id = " + QString::number(applicationId));
            !status)
            return status;
        return database.execute("PRAGMA user_version = " + QString::number(schemaVersion()));
    });
}

Status checkSchema(const Database& database) {
    const auto version = versionOf(database);
    if (!version) return version.error();
    if (*version == schemaVersion()) return {};
    return Error{
        ErrorCode::Unsupported,
        *version == 0
            ? "The workspace database is empty"
            : "The workspace has an older schema; open it once with writing allowed to bring it up to date",
        database.path().toStdString()};
}

} // namespace recoscope
