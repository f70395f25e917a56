// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/atomic_file.h"
#include "engine/io/safetensors.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

using namespace recoscope;

namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("(unreadable)");
}

/// While it lives, no file of this process can grow beyond the limit: what a full disk looks like to a
/// program.
class SmallDisk final {
public:
    explicit SmallDisk(rlim_t limit) {
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit small{limit, m_before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        m_handler = std::signal(SIGXFSZ, SIG_IGN);
    }
    ~SmallDisk() {
        ::setrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, m_handler);
    }

private:
    rlimit m_before{};
    void (*m_handler)(int) = nullptr;
};

} // namespace

class TestAtomicFile final : public QObject {
    Q_OBJECT
private:
    QTemporaryDir m_folder;
    QString path(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }
    QStringList files() const {
        return QDir(m_folder.path()).entryList(QDir::Files | QDir::Hidden, QDir::Name);
    }

private slots:
    void cleanup() {
        for (const QString& file : files())
            QFile::remove(m_folder.filePath(file));
    }

    void theFileAppearsWithCommit() {
        auto file = AtomicFile::create(path("a").toStdString());
        QVERIFY(file.ok());
        QVERIFY(file->write(bytes("one ")).ok());
        QVERIFY(file->write(bytes("two")).ok());
        QVERIFY(!QFile::exists(path("a")));
        QVERIFY(file->commit().ok());
        QCOMPARE(contentOf(path("a")), QByteArray("one two"));
        QCOMPARE(files(), QStringList{QStringLiteral("a")});
    }

    void withoutCommitTheOldFileStays() {
        QFile old(path("a"));
        QVERIFY(old.open(QIODevice::WriteOnly) && old.write("old") == 3);
        old.close();
        {
            auto file = AtomicFile::create(path("a").toStdString());
            QVERIFY(file.ok() && file->write(bytes("new")).ok());
            QCOMPARE(files().size(), 2);
        }
        QCOMPARE(contentOf(path("a")), QByteArray("old"));
        QCOMPARE(files(), QStringList{QStringLiteral("a")});
    }

    void twoWritersDoNotMix() {
        auto one = AtomicFile::create(path("a").toStdString());
        auto two = AtomicFile::create(path("a").toStdString());
        QVERIFY(one.ok() && two.ok());
        QVERIFY(one->write(bytes("1111")).ok() && two->write(bytes("22")).ok());
        QVERIFY(one->commit().ok());
        QCOMPARE(contentOf(path("a")), QByteArray("1111"));
        QVERIFY(two->commit().ok());
        QCOMPARE(contentOf(path("a")), QByteArray("22"));
        QCOMPARE(files().size(), 1);
    }

    void aFullDiskLosesNothing() {
        TensorFile small;
        small.setMeta("id", "old");
        QVERIFY(writeSafetensors(path("m").toStdString(), small).ok());
        TensorFile large;
        large.set("x", MatrixF(MatrixF::Ones(100, 100)));
        Status status;
        {
            const SmallDisk disk(4096);
            status = writeSafetensors(path("m").toStdString(), large);
        }
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::Io);
        QCOMPARE(status.error().where, path("m").toStdString());
        QVERIFY2(status.error().message.find("nothing was written") != std::string::npos,
                 status.error().message.c_str());
        QCOMPARE(files(), QStringList{QStringLiteral("m")}); // no temporary file is left
        const auto old = readSafetensors(path("m").toStdString());
        QVERIFY(old.ok() && *old->meta("id") == "old");
        QVERIFY(writeSafetensors(path("m").toStdString(), large).ok());
    }

    void aDeviceThatIsFullIsNotReplaced() {
        const auto file = AtomicFile::create("/dev/full");
        QVERIFY(!file.ok());
        QCOMPARE(file.error().code, ErrorCode::Io);
        QVERIFY(file.error().message.find("not a regular file") != std::string::npos);
    }

    void aFolderThatCannotBeWrittenIsAnIoError() {
        QString folder = m_folder.filePath(QStringLiteral("locked"));
        QVERIFY(QDir().mkpath(folder));
        QFile::setPermissions(folder, QFileDevice::ReadOwner | QFileDevice::ExeOwner);
        if (::geteuid() == 0)
            folder = QStringLiteral("/sys"); // permissions do not stop root, this file system does
        const std::string target = (folder + QStringLiteral("/m.safetensors")).toStdString();
        const Status status = writeSafetensors(target, TensorFile{});
        QFile::setPermissions(m_folder.filePath(QStringLiteral("locked")),
                              QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::Io);
        QCOMPARE(status.error().where, target);
        QVERIFY2(status.error().message.find("permission") != std::string::npos ||
                     status.error().message.find("only be read") != std::string::npos,
                 status.error().message.c_str());
    }

    void aMissingFolderOrAFolderInTheWayIsAnIoError() {
        const auto missing = AtomicFile::create(path("no/such/file").toStdString());
        QVERIFY(!missing.ok());
        QCOMPARE(missing.error().code, ErrorCode::Io);
        QVERIFY(missing.error().message.find("does not exist") != std::string::npos);
        const auto folder = AtomicFile::create(m_folder.path().toStdString());
        QVERIFY(!folder.ok());
        QVERIFY(QFile(path("plain")).open(QIODevice::WriteOnly));
        const auto below = AtomicFile::create(path("plain/file").toStdString());
        QVERIFY(!below.ok());
        QVERIFY(below.error().message.find("not a folder") != std::string::npos);
    }

    void aRelativePathIsWrittenWhereTheProgramIs() {
        const QString before = QDir::currentPath();
        QVERIFY(QDir::setCurrent(m_folder.path()));
        auto file = AtomicFile::create("relative");
        const bool done = file.ok() && file->write(bytes("x")).ok() && file->commit().ok();
        QVERIFY(QDir::setCurrent(before));
        QVERIFY(done);
        QCOMPARE(contentOf(path("relative")), QByteArray("x"));
    }
};

QTEST_APPLESS_MAIN(TestAtomicFile)
#include "tst_atomic_file.moc"
