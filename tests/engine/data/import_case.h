// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"

#include <QByteArray>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>

#include <algorithm>
#include <cmath>
#include <string>

namespace recoscope::test {

/// Files that a test writes for itself.
class TempTree final {
public:
    std::string path(const QString& name = {}) const { return m_dir.filePath(name).toStdString(); }
    std::string write(const QString& name, const QByteArray& content) const {
        QDir().mkpath(QFileInfo(m_dir.filePath(name)).path());
        QFile file(m_dir.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) return {};
        return path(name);
    }

private:
    QTemporaryDir m_dir;
};

inline std::string tiny(const std::string& name) {
    return std::string(RECOSCOPE_SOURCE_DIR) + "/datasets/tiny/" + name;
}

inline Result<ImportResult> import(const std::string& path, const ImportOptions& options = {},
                                   ThreadPool* pool = nullptr) {
    return importPath(path, options, {.pool = pool, .control = nullptr, .progress = {}});
}

inline const ImportIssue* issue(const ImportReport& report, const std::string& kind) {
    const auto at = std::find_if(report.issues.begin(), report.issues.end(),
                                 [&](const auto& one) { return one.kind == kind; });
    return at == report.issues.end() ? nullptr : &*at;
}

inline std::int64_t issueCount(const ImportReport& report, const std::string& kind) {
    const auto* found = issue(report, kind);
    return found ? found->count : 0;
}

inline QString firstPlace(const ImportReport& report, const std::string& kind) {
    const auto* found = issue(report, kind);
    return found && !found->examples.empty() ? QString::fromStdString(found->examples.front().where)
                                             : QString();
}

/// Value of a (user, item), NaN when it is not in the data.
inline float valueOf(const Dataset& dataset, std::string_view user, std::string_view item) {
    const auto u = dataset.users().find(user);
    const auto i = dataset.items().find(item);
    if (!u || !i) return NAN;
    const auto columns = dataset.byUser().cols(UserIndex{*u});
    const auto at = std::lower_bound(columns.begin(), columns.end(), ItemIndex{*i});
    if (at == columns.end() || *at != ItemIndex{*i}) return NAN;
    return dataset.byUser().values(UserIndex{*u})[static_cast<std::size_t>(at - columns.begin())];
}

inline std::int64_t timeOf(const Dataset& dataset, std::string_view user, std::string_view item) {
    const auto u = dataset.users().find(user);
    const auto i = dataset.items().find(item);
    if (!u || !i || dataset.times().empty()) return -1;
    const auto columns = dataset.byUser().cols(UserIndex{*u});
    const auto at = std::lower_bound(columns.begin(), columns.end(), ItemIndex{*i});
    if (at == columns.end() || *at != ItemIndex{*i}) return -1;
    return dataset
        .times()[static_cast<std::size_t>(dataset.byUser().rowBegin(UserIndex{*u}) + (at - columns.begin()))];
}

/// What a feature shows for an item, "" when there is no such item or column.
inline QString feature(const Dataset& dataset, std::string_view item, std::string_view name) {
    const auto i = dataset.items().find(item);
    const auto* column = dataset.itemFeatures().find(name);
    return i && column ? QString::fromStdString(column->display(*i)) : QString();
}

inline QString userFeature(const Dataset& dataset, std::string_view user, std::string_view name) {
    const auto u = dataset.users().find(user);
    const auto* column = dataset.userFeatures().find(name);
    return u && column ? QString::fromStdString(column->display(*u)) : QString();
}

inline std::int64_t partCount(const Dataset& dataset, Part part) {
    return std::count(dataset.parts().begin(), dataset.parts().end(), part);
}

} // namespace recoscope::test

/// Declares `name` as the ImportResult of an expression, or fails with the error's text.
#define RECOSCOPE_IMPORT(name, expression)                                                                   \
    auto name##Result = (expression);                                                                        \
    QVERIFY2(name##Result.ok(), name##Result.ok() ? "" : name##Result.error().text().c_str());               \
    const ImportResult& name = *name##Result
