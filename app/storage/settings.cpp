// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/settings.h"

#include "app/storage/run_store.h"

#include <QCryptographicHash>
#include <QFileInfo>
#include <QStandardPaths>

namespace recoscope {

namespace {

QString defaultFile() {
    const QString chosen = qEnvironmentVariable("RECOSCOPE_CONFIG");
    if (!chosen.isEmpty()) return chosen;
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
           "/recoscope/recoscope.ini";
}

/// Headers may be long and hold any character; keys of INI files may not.
QString mappingKey(const QString& header) {
    const QByteArray hash = QCryptographicHash::hash(header.trimmed().toUtf8(), QCryptographicHash::Sha1);
    return "mappings/" + QString::fromLatin1(hash.toHex().left(16));
}

/// A recent file's import options. Paths hold characters that keys of INI files may not.
QString optionsKey(const QString& path) {
    return "recent/options/" + QString::fromLatin1(path.toUtf8().toBase64(QByteArray::Base64UrlEncoding |
                                                                          QByteArray::OmitTrailingEquals));
}

QString normalised(const QString& path) {
    return path.contains(':') && !QFileInfo::exists(path) ? path : QFileInfo(path).absoluteFilePath();
}

} // namespace

Settings::Settings()
    : Settings(defaultFile()) {}

Settings::Settings(const QString& file)
    : m_settings(file, QSettings::IniFormat) {}

QStringList Settings::recentFiles() const { return m_settings.value("recent/files").toStringList(); }

void Settings::addRecentFile(const QString& path, const ImportOptions& options) {
    const QString added = normalised(path);
    QStringList files = recentFiles();
    files.removeAll(added);
    files.prepend(added);
    while (files.size() > mostRecent)
        m_settings.remove(optionsKey(files.takeLast()));
    m_settings.setValue("recent/files", files);
    if (options == ImportOptions{})
        m_settings.remove(optionsKey(added));
    else
        m_settings.setValue(optionsKey(added), QString::fromStdString(toJson(options)));
}

ImportOptions Settings::recentOptions(const QString& path) const {
    const QString json = m_settings.value(optionsKey(normalised(path))).toString();
    if (json.isEmpty()) return {};
    const auto options = importOptionsFromJson(json.toStdString());
    return options ? *options : ImportOptions{};
}

void Settings::removeRecentFile(const QString& path) {
    QStringList files = recentFiles();
    files.removeAll(path);
    files.removeAll(normalised(path));
    m_settings.remove(optionsKey(path));
    m_settings.remove(optionsKey(normalised(path)));
    m_settings.setValue("recent/files", files);
}

std::optional<ColumnMapping> Settings::mappingFor(const QString& header) const {
    const QString json = m_settings.value(mappingKey(header)).toString();
    if (json.isEmpty()) return std::nullopt;
    const auto options = importOptionsFromJson(json.toStdString());
    return options ? options->mapping : std::nullopt;
}

void Settings::rememberMapping(const QString& header, const ColumnMapping& mapping) {
    ImportOptions options;
    options.mapping = mapping;
    m_settings.setValue(mappingKey(header), QString::fromStdString(toJson(options)));
}

QByteArray Settings::windowState(const QString& key) const {
    return m_settings.value("window/" + key).toByteArray();
}

void Settings::setWindowState(const QString& key, const QByteArray& state) {
    m_settings.setValue("window/" + key, state);
}

ThemePreference Settings::theme() const {
    const QString name = m_settings.value("theme").toString();
    return name == "light"  ? ThemePreference::Light
           : name == "dark" ? ThemePreference::Dark
                            : ThemePreference::System;
}

void Settings::setTheme(ThemePreference theme) {
    m_settings.setValue("theme", theme == ThemePreference::Light  ? "light"
                                 : theme == ThemePreference::Dark ? "dark"
                                                                  : "system");
}

double Settings::zoom() const {
    bool isNumber = false;
    const double zoom = m_settings.value("zoom").toDouble(&isNumber);
    return isNumber && zoom > 0.0 ? zoom : 1.0;
}

void Settings::setZoom(double zoom) { m_settings.setValue("zoom", zoom); }

QString Settings::workspace() const {
    const QString folder = m_settings.value("workspace").toString();
    return folder.isEmpty() ? defaultWorkspaceFolder() : folder;
}

void Settings::setWorkspace(const QString& folder) { m_settings.setValue("workspace", folder); }

} // namespace recoscope
