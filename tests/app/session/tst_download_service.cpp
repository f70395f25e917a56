// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/download_service.h"
#include "tests/app/session/http_server.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>

using namespace recoscope;
using test::HttpAnswer;
using test::HttpRequest;
using test::HttpServer;

namespace {

/// Bytes without a pattern that a mistake by whole blocks would keep.
QByteArray bytes(qsizetype count) {
    QByteArray content(count, Qt::Uninitialized);
    quint32 state = 12345;
    for (char& c : content) {
        state = state * 1664525u + 1013904223u;
        c = static_cast<char>(state >> 24);
    }
    return content;
}

QString md5(const QByteArray& content) {
    return QString::fromLatin1(QCryptographicHash::hash(content, QCryptographicHash::Md5).toHex());
}

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestDownloadService : public QObject {
    Q_OBJECT

    QByteArray m_content;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<DownloadService> m_service;
    std::unique_ptr<QSignalSpy> m_finished;
    std::unique_ptr<QSignalSpy> m_failed;

    QString path(const QString& name = "data.zip") const { return m_folder->filePath("downloads/" + name); }
    CatalogueEntry entry(const QString& checksum = {}) const {
        CatalogueEntry entry;
        entry.id = "data";
        entry.url = m_server->url("/files/data.zip");
        entry.md5 = checksum;
        return entry;
    }
    void serve(HttpServer::Handler handler) { m_server = std::make_unique<HttpServer>(std::move(handler)); }
    void start(const CatalogueEntry& what) {
        m_finished->clear();
        m_failed->clear();
        m_service->start(what, m_folder->filePath("downloads"));
    }
    bool ended() const { return m_finished->size() + m_failed->size() > 0; }
    Error error() const { return m_failed->isEmpty() ? Error{} : m_failed->first().first().value<Error>(); }
    /// Leaves a .part of `count` bytes, as a broken transfer does.
    void breakOffAfter(qint64 count) {
        serve([this, count](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            if (m_server->requests().size() == 1) answer.breakOffAfter = count;
            return answer;
        });
        start(entry(md5(m_content)));
    }

private slots:
    void initTestCase() { m_content = bytes(3'000'001); }
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_service = std::make_unique<DownloadService>();
        m_finished = std::make_unique<QSignalSpy>(m_service.get(), &DownloadService::finished);
        m_failed = std::make_unique<QSignalSpy>(m_service.get(), &DownloadService::failed);
    }
    void cleanup() {
        m_service.reset();
        m_server.reset();
    }

    void fileArrivesWithProgressAndRightChecksum() {
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        QSignalSpy progress(m_service.get(), &DownloadService::progress);
        start(entry(md5(m_content)));
        QVERIFY(m_service->active());
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QCOMPARE(m_finished->first().first().toString(), path());
        QVERIFY(!m_service->active());
        QVERIFY(contentOf(path()) == m_content);
        QCOMPARE(QDir(m_folder->filePath("downloads")).entryList(QDir::Files), QStringList{"data.zip"});
        QVERIFY(!progress.isEmpty());
        QCOMPARE(progress.last().at(0).toLongLong(), qint64(m_content.size()));
        QCOMPARE(progress.last().at(1).toLongLong(), qint64(m_content.size()));
        QVERIFY(progress.last().at(2).toDouble() > 0.0);
    }

    void sha256IsCheckedToo() {
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        CatalogueEntry what = entry();
        what.sha256 =
            QString::fromLatin1(QCryptographicHash::hash(m_content, QCryptographicHash::Sha256).toHex());
        start(what);
        QTRY_VERIFY(ended());
        QCOMPARE(m_finished->size(), 1);
        what.sha256[0] = what.sha256[0] == QLatin1Char('0') ? QLatin1Char('1') : QLatin1Char('0');
        start(what);
        QTRY_VERIFY(ended());
        QVERIFY(error().message.find("SHA-256") != std::string::npos);
    }

    void brokenTransferKeepsThePartAndResumes() {
        breakOffAfter(1'234'567);
        QTRY_VERIFY(ended());
        QCOMPARE(error().code, ErrorCode::Io);
        QVERIFY2(error().message.find(" MB of 3.0 MB") != std::string::npos, error().message.c_str());
        QVERIFY(error().message.find("start again to go on") != std::string::npos);
        // What was still under way inside the network stack when the connection broke may be gone.
        const QByteArray part = contentOf(path() + ".part");
        QVERIFY(!part.isEmpty() && part.size() <= 1'234'567);
        QVERIFY(m_content.startsWith(part));
        QVERIFY(!QFile::exists(path()));

        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QCOMPARE(m_server->requests().back().rangeStart(), part.size());
        QCOMPARE(m_server->requests().back().headers.value("if-range"), QByteArray("\"v1\""));
        QVERIFY(contentOf(path()) == m_content);
        QVERIFY(!QFile::exists(path() + ".part"));
        QVERIFY(!QFile::exists(path() + ".part.json"));
    }

    void resumeWorksAfterARestartOfTheProgram() {
        breakOffAfter(500'000);
        QTRY_VERIFY(ended());
        const auto kept = contentOf(path() + ".part").size();
        QVERIFY(kept > 0);
        m_service = std::make_unique<DownloadService>();
        m_finished = std::make_unique<QSignalSpy>(m_service.get(), &DownloadService::finished);
        m_failed = std::make_unique<QSignalSpy>(m_service.get(), &DownloadService::failed);
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(m_server->requests().back().rangeStart(), kept);
        QVERIFY(contentOf(path()) == m_content);
    }

    void serverThatIgnoresRangeStartsFromTheBeginning() {
        bool ranged = false;
        serve([this, &ranged](const HttpRequest& request) {
            ranged = request.rangeStart() >= 0;
            HttpAnswer answer{.status = 200, .headers = {{"ETag", "\"v1\""}}, .body = m_content};
            if (!ranged) answer.breakOffAfter = 1'000'000;
            return answer;
        });
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QVERIFY(ranged);
        QCOMPARE(error().text(), std::string());
        QVERIFY(contentOf(path()) == m_content);
    }

    void changedFileOnTheServerStartsFromTheBeginning() {
        const QByteArray newer = bytes(2'000'000).replace(0, 5, "newer");
        int version = 1;
        serve([this, &version, &newer](const HttpRequest& request) {
            if (version == 2) return HttpServer::file(request, newer, "\"v2\"");
            HttpAnswer answer = HttpServer::file(request, m_content, "\"v1\"");
            answer.breakOffAfter = 1'000'000;
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        version = 2;
        start(entry());
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QVERIFY(contentOf(path()) == newer);
    }

    void changedFileIsSeenWhenTheServerIgnoresIfRange() {
        const QByteArray newer = bytes(2'000'000).replace(0, 5, "newer");
        int version = 1;
        serve([this, &version, &newer](const HttpRequest& request) {
            if (version == 2) {
                HttpRequest careless = request;
                careless.headers.remove("if-range");
                return HttpServer::file(careless, newer, "\"v2\"");
            }
            HttpAnswer answer = HttpServer::file(request, m_content, "\"v1\"");
            answer.breakOffAfter = 1'000'000;
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        version = 2;
        start(entry());
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QVERIFY(contentOf(path()) == newer);
    }

    void partThatIsCompleteAlreadyIsOnlyChecked() {
        // Broken off right at the end: the bytes are there, the name is not.
        serve([this](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            if (m_server->requests().size() == 1) {
                answer.body += "x";
                answer.breakOffAfter = m_content.size();
            }
            return answer;
        });
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(m_failed->size(), 1);
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QCOMPARE(m_server->requests().size(), std::size_t(2)); // the second was answered by 416
        QVERIFY(contentOf(path()) == m_content);
    }

    void partThatIsTooLongStartsFromTheBeginning() {
        const QByteArray shorter = bytes(700'000);
        bool first = true;
        serve([this, &first, &shorter](const HttpRequest& request) {
            if (!std::exchange(first, false)) return HttpServer::file(request, shorter);
            HttpAnswer answer = HttpServer::file(request, m_content);
            answer.breakOffAfter = 1'000'000;
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        start(entry(md5(shorter)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QVERIFY(contentOf(path()) == shorter);
    }

    void wrongChecksumKeepsNothingAndSaysBoth() {
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        const QString wanted = md5("something else");
        start(entry(wanted));
        QTRY_VERIFY(ended());
        QCOMPARE(error().code, ErrorCode::Io);
        QVERIFY(error().message.find("damaged") != std::string::npos);
        QVERIFY(error().message.find(md5(m_content).toStdString()) != std::string::npos);
        QVERIFY(error().message.find(wanted.toStdString()) != std::string::npos);
        QVERIFY(QDir(m_folder->filePath("downloads")).entryList(QDir::Files).isEmpty());
    }

    void missingFileIsSaid() {
        serve([](const HttpRequest&) {
            HttpAnswer answer;
            answer.status = 404;
            answer.body = QByteArray(2'000'000, 'x'); // an error page larger than any buffer
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        QCOMPARE(error().code, ErrorCode::NotFound);
        QVERIFY(error().message.find("404") != std::string::npos);
        QVERIFY(!QFile::exists(path()));
        QVERIFY(contentOf(path() + ".part").isEmpty()); // not the error page
    }

    void busyServerKeepsWhatHasCome() {
        bool busy = false;
        serve([this, &busy](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            if (busy)
                answer = HttpAnswer{.status = 503, .body = "busy"};
            else
                answer.breakOffAfter = 1'000'000;
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        const QByteArray part = contentOf(path() + ".part");
        QVERIFY(!part.isEmpty());
        busy = true;
        start(entry());
        QTRY_VERIFY(ended());
        QVERIFY(error().message.find("503") != std::string::npos);
        QVERIFY(contentOf(path() + ".part") == part);
    }

    void offlineIsSaid() {
        QTcpServer closed; // a port that refuses: it was free a moment ago
        QVERIFY(closed.listen(QHostAddress::LocalHost));
        CatalogueEntry what;
        what.url = QUrl(QStringLiteral("http://127.0.0.1:%1/data.zip").arg(closed.serverPort()));
        closed.close();
        start(what);
        QTRY_VERIFY(ended());
        QCOMPARE(error().code, ErrorCode::Io);
        QVERIFY2(error().message.find("offline") != std::string::npos, error().message.c_str());
    }

    void redirectIsFollowed() {
        serve([this](const HttpRequest& request) {
            if (request.path == "/files/data.zip")
                return HttpAnswer{
                    .status = 302, .headers = {{"Location", "/elsewhere/7f3a"}}, .body = "moved"};
            return HttpServer::file(request, m_content);
        });
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QCOMPARE(m_finished->first().first().toString(), path()); // named as in the catalogue
        QVERIFY(contentOf(path()) == m_content);
    }

    void redirectLoopEnds() {
        serve([](const HttpRequest&) {
            return HttpAnswer{.status = 302, .headers = {{"Location", "/files/data.zip"}}};
        });
        start(entry());
        QTRY_VERIFY(ended());
        QCOMPARE(m_failed->size(), 1);
    }

    void lengthIsNotNeeded() {
        serve([this](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            answer.sendLength = false;
            return answer;
        });
        QSignalSpy progress(m_service.get(), &DownloadService::progress);
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QCOMPARE(progress.first().at(1).toLongLong(), -1);
        QVERIFY(contentOf(path()) == m_content);
    }

    void slowServerShowsProgressAndCanBeCancelledAndResumed() {
        bool slow = true;
        serve([this, &slow](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            answer.bytesPerTick = slow ? 10'000 : 0;
            return answer;
        });
        QSignalSpy progress(m_service.get(), &DownloadService::progress);
        start(entry(md5(m_content)));
        QTRY_VERIFY(progress.size() >= 3);
        QVERIFY(m_service->active());
        m_service->cancel();
        QVERIFY(!m_service->active());
        QCOMPARE(error().code, ErrorCode::Cancelled);
        QVERIFY(error().message.find("kept") != std::string::npos);
        slow = false;
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(error().text(), std::string());
        QVERIFY(m_server->requests().back().rangeStart() > 0);
        QVERIFY(contentOf(path()) == m_content);
    }

    void silentServerCountsAsBroken() {
        serve([this](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            answer.breakOffAfter = 400'000;
            answer.fallSilent = true;
            return answer;
        });
        m_service->setSilenceLimit(300);
        start(entry());
        QTRY_VERIFY(ended());
        QVERIFY2(error().message.find("broke off after 0.4 MB") != std::string::npos,
                 error().message.c_str());
        QCOMPARE(contentOf(path() + ".part").size(), 400'000);
    }

    void finishedFileIsNotLoadedAgain() {
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        start(entry(md5(m_content)));
        QTRY_VERIFY(ended());
        QCOMPARE(m_finished->size(), 1);
        QCOMPARE(m_server->requests().size(), std::size_t(1));
    }

    void newDownloadTakesTheOldOnesPlace() {
        serve([this](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            if (request.path.endsWith("data.zip")) answer.bytesPerTick = 1'000;
            return answer;
        });
        QSignalSpy progress(m_service.get(), &DownloadService::progress);
        start(entry());
        QTRY_VERIFY(!progress.isEmpty());
        CatalogueEntry other = entry(md5(m_content));
        other.url = m_server->url("/files/other.zip");
        start(other);
        QTRY_VERIFY(ended());
        QCOMPARE(m_failed->size(), 0);
        QCOMPARE(m_finished->first().first().toString(), path("other.zip"));
        QVERIFY(contentOf(path("other.zip")) == m_content);
    }

    void fullDiskIsSaid() {
        if (!QFile::exists("/dev/full")) QSKIP("/dev/full is not there");
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        QVERIFY(QDir().mkpath(m_folder->filePath("downloads")));
        QVERIFY(QFile::link("/dev/full", path() + ".part"));
        start(entry());
        QTRY_VERIFY(ended());
        QCOMPARE(error().code, ErrorCode::Io);
        QVERIFY2(error().message.find("disk is full") != std::string::npos, error().message.c_str());
    }

    void fileThatCannotFitIsRefusedBeforehand() {
        serve([](const HttpRequest&) {
            HttpAnswer answer;
            answer.headers = {{"Content-Length", "4611686018427387904"}}; // 4 exabytes
            answer.sendLength = false;
            answer.body = "the beginning of very much";
            return answer;
        });
        start(entry());
        QTRY_VERIFY(ended());
        QVERIFY2(error().message.find("not enough room") != std::string::npos, error().message.c_str());
    }

    void folderThatCannotBeMadeIsSaid() {
        serve([this](const HttpRequest& request) { return HttpServer::file(request, m_content); });
        QFile inTheWay(m_folder->filePath("downloads"));
        QVERIFY(inTheWay.open(QIODevice::WriteOnly));
        start(entry());
        QTRY_VERIFY(ended());
        QVERIFY(error().message.find("folder") != std::string::npos);
        QVERIFY(m_server->requests().empty());
    }

    void destructionInTheMiddleIsClean() {
        serve([this](const HttpRequest& request) {
            HttpAnswer answer = HttpServer::file(request, m_content);
            answer.bytesPerTick = 20'000;
            return answer;
        });
        QSignalSpy progress(m_service.get(), &DownloadService::progress);
        start(entry());
        QTRY_VERIFY(progress.size() >= 2);
        m_service.reset();
        QVERIFY(QFile::exists(path() + ".part"));
        QCoreApplication::processEvents();
    }
};

QTEST_GUILESS_MAIN(TestDownloadService)
#include "tst_download_service.moc"
