// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/download_service.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <map>
#include <set>

// The linker leaves a static library's resource out unless it is asked for; must stand outside of a
// namespace.
static void loadDatasetsResource() { Q_INIT_RESOURCE(datasets); }

namespace recoscope {

namespace {

struct Group {
    QString title;
    QString licence;
    QString citation;
};

Error bad(const std::string& message, const QString& path, const QString& place) {
    return Error{ErrorCode::Parse, message, path.toStdString() + ": " + place.toStdString()};
}

QString textAt(const QJsonObject& object, const char* key) { return object[QLatin1String(key)].toString(); }
qint64 numberAt(const QJsonObject& object, const char* key) { return object[QLatin1String(key)].toInteger(); }

} // namespace

Result<std::vector<CatalogueEntry>> readCatalogue(const QString& path) {
    if (path.startsWith(QLatin1String(":/"))) loadDatasetsResource();
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::NotFound,
                     "The list of public datasets cannot be read: " + file.errorString().toStdString(),
                     path.toStdString()};
    QJsonParseError trouble;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &trouble);
    if (document.isNull())
        return bad("The list of public datasets is not JSON: " + trouble.errorString().toStdString(), path,
                   QStringLiteral("byte %1").arg(trouble.offset));

    std::map<QString, Group> groups;
    const QJsonObject root = document.object();
    for (const QJsonValue& value : root[QLatin1String("groups")].toArray()) {
        const QJsonObject object = value.toObject();
        groups[textAt(object, "title")] = {textAt(object, "title"), textAt(object, "licence"),
                                           textAt(object, "citation")};
    }
    std::vector<CatalogueEntry> entries;
    std::set<QString> ids;
    for (const QJsonValue& value : root[QLatin1String("datasets")].toArray()) {
        const QJsonObject object = value.toObject();
        CatalogueEntry entry;
        entry.id = textAt(object, "id");
        entry.title = textAt(object, "title");
        entry.group = textAt(object, "group");
        entry.summary = textAt(object, "summary");
        entry.url = QUrl(textAt(object, "url"), QUrl::StrictMode);
        entry.bytes = numberAt(object, "bytes");
        entry.aboutBytes = numberAt(object, "about_bytes");
        entry.atMostBytes = numberAt(object, "at_most_bytes");
        entry.md5 = textAt(object, "md5");
        entry.sha256 = textAt(object, "sha256");
        entry.interactions = numberAt(object, "interactions");
        entry.users = numberAt(object, "users");
        entry.items = numberAt(object, "items");
        const auto group = groups.find(entry.group);
        if (entry.id.isEmpty() || entry.title.isEmpty())
            return bad("A dataset has no id or no title", path,
                       QStringLiteral("entry %1").arg(entries.size() + 1));
        if (!ids.insert(entry.id).second) return bad("Two datasets have the same id", path, entry.id);
        if (group == groups.end()) return bad("A dataset's group is not among the groups", path, entry.id);
        if (!entry.url.isValid() || entry.url.host().isEmpty())
            return bad("A dataset's address is not valid", path, entry.id);
        entry.licence = group->second.licence;
        entry.citation = group->second.citation;
        entries.push_back(std::move(entry));
    }
    if (entries.empty()) return bad("The list of public datasets is empty", path, QStringLiteral("datasets"));
    return entries;
}

} // namespace recoscope
