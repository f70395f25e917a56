// SPDX-License-Identifier: GPL-3.0-or-later
// Every tiny file with bytes flipped, cut, doubled and spliced, the same way each run. The fuzzer
// (tests/fuzz) goes on from here; under the address sanitizer this finds what reads beyond its text.
#include "engine/core/rng.h"

#include "tests/engine/data/import_case.h"
#include "tests/fuzz/import_bytes.h"

#include <QDirIterator>
#include <QElapsedTimer>
#include <QtTest>

#include <array>

using namespace recoscope;
using namespace recoscope::test;

class TstImportMutations final : public QObject {
    Q_OBJECT

private slots:
    void nothingCrashesAndEveryRowIsAccountedFor_data() {
        QTest::addColumn<QString>("file");
        QDirIterator it(QString::fromStdString(tiny("")), QDir::Files, QDirIterator::Subdirectories);
        QStringList files;
        while (it.hasNext())
            files << it.next();
        files.sort();
        for (const auto& file : files)
            QTest::newRow(qPrintable(file.mid(static_cast<int>(tiny("").size())))) << file;
        QVERIFY(files.size() > 40);
    }
    void nothingCrashesAndEveryRowIsAccountedFor() {
        QFETCH(QString, file);
        QFile source(file);
        QVERIFY(source.open(QIODevice::ReadOnly));
        const QByteArray original = source.readAll();
        // The neighbours are there, so that a mutated catalogue or part is read too.
        TempTree tree;
        const QDir folder = QFileInfo(file).dir();
        for (const auto& name : folder.entryList(QDir::Files))
            QVERIFY(QFile::copy(folder.filePath(name), QString::fromStdString(tree.path(name))));
        const std::string name = QFileInfo(file).fileName().toStdString();
        QFile::setPermissions(QString::fromStdString(tree.path(QString::fromStdString(name))),
                              QFile::ReadOwner | QFile::WriteOwner);

        Rng rng(hash64(name));
        constexpr std::array<char, 12> interesting = {'\0', '\n', '\r', '"',  '\'',   ',',
                                                      ':',  '\t', '{',  '\\', '\xff', '9'};
        const auto at = [&](const QByteArray& bytes) {
            return static_cast<int>(
                rng.below(static_cast<std::uint64_t>(std::max(1, static_cast<int>(bytes.size())))));
        };
        for (int round = 0; round < 40; ++round) {
            QByteArray bytes = original;
            const int changes = 1 + static_cast<int>(rng.below(4));
            for (int n = 0; n < changes && !bytes.isEmpty(); ++n) {
                const int place = at(bytes);
                switch (rng.below(6)) {
                case 0:
                    bytes[place] = static_cast<char>(rng.below(256));
                    break;
                case 1:
                    bytes[place] = interesting[rng.below(interesting.size())];
                    break;
                case 2:
                    bytes.insert(place, QByteArray(static_cast<int>(rng.below(40)),
                                                   interesting[rng.below(interesting.size())]));
                    break;
                case 3:
                    bytes.remove(place, static_cast<int>(rng.below(30)));
                    break;
                case 4:
                    bytes.truncate(place);
                    break;
                default:
                    bytes.insert(place, original.mid(at(original), static_cast<int>(rng.below(60))));
                    break;
                }
            }
            const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.constData());
            const std::string fault =
                importBytes(tree.path(), name, data, static_cast<std::size_t>(bytes.size()));
            QVERIFY2(fault.empty(),
                     qPrintable(QString("round %1: %2\n%3")
                                    .arg(round)
                                    .arg(fault.c_str(),
                                         QString::fromLatin1(bytes.toPercentEncoding(" ,;:\t{}\"'")))));
            // The folder too: there the mutated file may be a catalogue or another part.
            const auto whole = importPath(tree.path(), {}, {});
            QVERIFY(whole.ok() || !whole.error().message.empty());
        }
    }

    void everyReaderSurvivesEveryFile() {
        TempTree tree;
        for (const auto& info : formats()) {
            QDirIterator it(QString::fromStdString(tiny("")), QDir::Files, QDirIterator::Subdirectories);
            while (it.hasNext()) {
                QFile source(it.next());
                QVERIFY(source.open(QIODevice::ReadOnly));
                const QByteArray bytes = source.readAll();
                const std::string fault =
                    importBytes(tree.path(), "t" + QFileInfo(source.fileName()).fileName().toStdString(),
                                reinterpret_cast<const std::uint8_t*>(bytes.constData()),
                                static_cast<std::size_t>(bytes.size()), std::string(info.id));
                QVERIFY2(fault.empty(),
                         qPrintable(source.fileName() + " as " +
                                    QString::fromStdString(std::string(info.id)) + ": " + fault.c_str()));
            }
        }
    }
};

QTEST_APPLESS_MAIN(TstImportMutations)
#include "tst_import_mutations.moc"
