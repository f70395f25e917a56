// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/settings.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace recoscope;

class TestSettings : public QObject {
    Q_OBJECT
private slots:
    void everythingIsRememberedByTheNextProgram() {
        QTemporaryDir folder;
        const QString file = folder.filePath("config/r.ini");
        const ColumnMapping mapping{
            .delimiter = '\t', .quote = '\0', .header = false, .user = 2, .item = 0, .rating = 1, .time = -1};
        {
            Settings settings(file);
            QVERIFY(settings.recentFiles().isEmpty());
            QVERIFY(!settings.mappingFor("a,b,c"));
            QCOMPARE(settings.theme(), ThemePreference::System);
            settings.addRecentFile("/data/one.csv");
            settings.rememberMapping("a,b,c\r", mapping);
            settings.setWindowState("main", QByteArray("\0\1\2", 3));
            settings.setTheme(ThemePreference::Dark);
            settings.setZoom(1.5);
            settings.setWorkspace("/elsewhere");
        }
        const Settings settings(file);
        QCOMPARE(settings.recentFiles(), QStringList{"/data/one.csv"});
        QVERIFY(settings.mappingFor("a,b,c") == mapping);
        QVERIFY(!settings.mappingFor("a,b"));
        QCOMPARE(settings.windowState("main"), QByteArray("\0\1\2", 3));
        QCOMPARE(settings.windowState("other"), QByteArray());
        QCOMPARE(settings.theme(), ThemePreference::Dark);
        QCOMPARE(settings.zoom(), 1.5);
        QCOMPARE(settings.workspace(), "/elsewhere");
    }

    void aRecentFileIsOpenedAsItWasUntilItDropsOut() {
        QTemporaryDir folder;
        const QString path = "/data/a [b]=c%2F;ü.csv"; // characters that mean something in INI files
        ImportOptions options;
        options.format = "delimited";
        options.duplicates = DuplicatePolicy::Mean;
        options.mapping = ColumnMapping{.delimiter = ';', .user = 3, .item = 1};
        {
            Settings settings(folder.filePath("r.ini"));
            settings.addRecentFile(path, options);
        }
        Settings settings(folder.filePath("r.ini"));
        QCOMPARE(settings.recentFiles(), QStringList{path});
        QVERIFY(settings.recentOptions(path) == options);
        QVERIFY(settings.recentOptions("/data/other.csv") == ImportOptions{});
        for (int n = 0; n < Settings::mostRecent; ++n)
            settings.addRecentFile("/data/" + QString::number(n));
        QVERIFY(!settings.recentFiles().contains(path));
        QVERIFY(settings.recentOptions(path) == ImportOptions{});
        settings.addRecentFile(path, options);
        settings.addRecentFile(path); // as detected, this time
        QVERIFY(settings.recentOptions(path) == ImportOptions{});
    }

    void recentFilesAreNewestFirstWithoutRepeatsAndBounded() {
        QTemporaryDir folder;
        Settings settings(folder.filePath("r.ini"));
        for (int n = 0; n < 30; ++n)
            settings.addRecentFile("/data/" + QString::number(n % 20));
        const QStringList files = settings.recentFiles();
        QCOMPARE(files.size(), Settings::mostRecent);
        QCOMPARE(files.first(), "/data/9");
        QCOMPARE(QSet<QString>(files.begin(), files.end()).size(), files.size());
        settings.removeRecentFile("/data/9");
        QCOMPARE(settings.recentFiles().first(), "/data/8");
        settings.addRecentFile("builtin:sample");
        QCOMPARE(settings.recentFiles().first(), "builtin:sample");
    }

    void aFileOfGarbageCountsAsEmpty() {
        QTemporaryDir folder;
        const QString path = folder.filePath("r.ini");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(5000, '\xfe') + "\n[recent\ntheme=42\n[mappings]\nx=@ByteArray(\n");
        file.close();
        Settings settings(path);
        QVERIFY(settings.recentFiles().isEmpty());
        QCOMPARE(settings.theme(), ThemePreference::System);
        QCOMPARE(settings.zoom(), 1.0);
        settings.setTheme(ThemePreference::Light);
        QCOMPARE(settings.theme(), ThemePreference::Light);
    }

    void theEnvironmentChoosesTheFile() {
        QTemporaryDir folder;
        qputenv("RECOSCOPE_CONFIG", folder.filePath("env.ini").toUtf8());
        QCOMPARE(Settings().file(), folder.filePath("env.ini"));
        qunsetenv("RECOSCOPE_CONFIG");
    }
};

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
