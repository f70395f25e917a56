// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/database.h"

namespace recoscope {

/// The schema version that this program reads and writes; resources/docs/workspace-schema.md documents it.
int schemaVersion();

/// Brings an open database to schemaVersion(), one transaction for all steps. An empty database becomes a
/// workspace. A newer version, or a database that is none of ours, is an error and is left alone.
Status migrate(const Database& database);

/// The same checks without changing anything: the version must be ours exactly.
Status checkSchema(const Database& database);

} // namespace recoscope
