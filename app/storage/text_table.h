// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/exports.h"

#include <QString>
#include <QStringList>
#include <QVector>

#include <string>

namespace recoscope {

/// A table as it is shown: texts, and notes that say what they are.
struct TextTable {
    QString title;
    QStringList headers;
    QVector<QStringList> rows; // as long as the headers
    QStringList notes;
    bool operator==(const TextTable&) const = default;
};

/// As the name of the file ends: .md, .tex, else CSV.
TableFormat tableFormatOf(const std::string& path);

/// The notes stand below the table; in CSV, which has no place for them, above it in lines that begin with
/// "#".
std::string textOfTable(const TextTable& table, TableFormat format);

} // namespace recoscope
