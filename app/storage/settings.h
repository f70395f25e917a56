// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"

#include <QByteArray>
#include <QSettings>
#include <QString>
#include <QStringList>

#include <optional>

namespace recoscope {

enum class ThemePreference { System, Light, Dark };

/// What the program remembers of a person, apart from any workspace: recent files, column mappings, the
/// window. Kept in an INI file: $RECOSCOPE_CONFIG, else the user's configuration folder. One thread; a value
/// that cannot be read counts as not there.
class Settings final {
public:
    static constexpr int mostRecent = 12;

    Settings();
    explicit Settings(const QString& file);

    /// Newest first. Paths of files that are gone stay: a drive may come back.
    QStringList recentFiles() const;
    void addRecentFile(const QString& path, const ImportOptions& options = {});
    /// What a recent file was opened with last; the defaults where it is not among them.
    ImportOptions recentOptions(const QString& path) const;
    void removeRecentFile(const QString& path);

    /// How a person once mapped the columns of files with this header (the first line).
    std::optional<ColumnMapping> mappingFor(const QString& header) const;
    void rememberMapping(const QString& header, const ColumnMapping& mapping);

    /// Geometry and the like, by a name of the window's choice.
    QByteArray windowState(const QString& key) const;
    void setWindowState(const QString& key, const QByteArray& state);

    ThemePreference theme() const;
    void setTheme(ThemePreference theme);

    /// Size of text against normal; 1 at first.
    double zoom() const;
    void setZoom(double zoom);

    /// The workspace that was open last; the default one at first.
    QString workspace() const;
    void setWorkspace(const QString& folder);

    QString file() const { return m_settings.fileName(); }

private:
    QSettings m_settings;
};

} // namespace recoscope
