// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a run when its process is killed, stopped, or may not write.
#include "app/storage/run_store.h"
#include "tests/app/cli/cli_process.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <csignal>
#include <unistd.h>

using namespace recoscope;

namespace {

/// A run that lasts much longer than the test.
QStringList longRun(const QString& workspace) {
    return {"train",
            "--data",
            "generated:users=400,items=300,interactions=20000,seed=2",
            "--algorithm",
            "ials",
            "--set",
            "epochs=1000",
            "--set",
            "embedding_size=16",
            "--no-early-stopping",
            "--workspace",
            workspace,
            "--json"};
}

const QString largeData = QStringLiteral("generated:users=20000,items=5000,interactions=2000000,seed=2");

/// The process takes Ctrl+C as a wish: its main thread blocks SIGINT, and another one waits for it.
bool handlesInterrupts(qint64 process) {
    QFile status(QStringLiteral("/proc/%1/status").arg(process));
    if (!status.open(QIODevice::ReadOnly)) return false;
    for (const QByteArray& line : status.readAll().split('\n'))
        if (line.startsWith("SigBlk:"))
            return (line.mid(7).trimmed().toULongLong(nullptr, 16) >> (SIGINT - 1)) & 1;
    return false;
}

/// Waits until the run has stored at least three points of a curve.
bool waitForCurve(const RunStore& store, QString& run) {
    return QTest::qWaitFor(
        [&] {
            const auto newest = store.find("latest");
            if (!newest) return false;
            run = newest->id;
            const auto curves = store.curves(run);
            return curves && !curves->empty() && curves->front().points.size() >= 3;
        },
        60'000);
}

} // namespace

class TestInterruption : public QObject {
    Q_OBJECT
    QTemporaryDir m_large; // a workspace with a run on data that takes a second to make
private slots:
    void aKilledRunIsInterruptedWithItsCurveAndOthersGoOn() {
        QTemporaryDir folder;
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        QProcess process;
        process.start(RECOSCOPE_CLI, longRun(folder.path()));
        QVERIFY(process.waitForStarted());
        QString run;
        QVERIFY2(waitForCurve(**store, run), process.readAllStandardError().constData());

        // A store that opens meanwhile leaves the run of the living process alone.
        const auto meanwhile = RunStore::open(folder.path());
        QVERIFY(meanwhile.ok());
        QCOMPARE((*meanwhile)->find(run)->status, RunStatus::Running);

        process.kill(); // SIGKILL
        QVERIFY(process.waitForFinished());
        const std::size_t points = (*store)->curves(run)->front().points.size();
        QVERIFY(points >= 3);
        QCOMPARE((*store)->find(run)->status, RunStatus::Interrupted);

        const auto reopened = RunStore::open(folder.path());
        QVERIFY(reopened.ok());
        const auto record = (*reopened)->find(run);
        QVERIFY(record.ok());
        QCOMPARE(record->status, RunStatus::Interrupted);
        QVERIFY(!record->reason.isEmpty());
        QVERIFY(record->epochs >= 3);
        const auto curve = (*reopened)->curves(run)->front();
        QCOMPARE(curve.points.size(), points);
        for (std::size_t n = 0; n < curve.points.size(); ++n)
            QCOMPARE(curve.points[n].epoch, static_cast<int>(n) + 1);
        QVERIFY((*reopened)->remove(run).ok());
    }

    void controlCStopsGentlyAndKeepsTheModel() {
        QTemporaryDir folder;
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok());
        QProcess process;
        process.start(RECOSCOPE_CLI, longRun(folder.path()));
        QVERIFY(process.waitForStarted());
        QString run;
        QVERIFY2(waitForCurve(**store, run), process.readAllStandardError().constData());
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(30'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
        const auto json =
            nlohmann::json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
        QVERIFY(json.is_object());
        QCOMPARE(json["status"].get<std::string>(), "stopped");
        QCOMPARE((*store)->find(run)->status, RunStatus::Cancelled);
        QVERIFY((*store)->model(run).ok());
    }

    void controlCEndsEveryLongCommandWith130_data() {
        QTest::addColumn<QStringList>("command");
        QTest::newRow("import") << QStringList{"import", largeData};
        QTest::newRow("generate") << QStringList{
            "generate", m_large.filePath("made"), "--interactions", "2000000", "--users", "20000", "--items",
            "5000"};
        QTest::newRow("evaluate") << QStringList{"evaluate", "latest"};
        QTest::newRow("recommend") << QStringList{"recommend", "latest", "--user", "1"};
        QTest::newRow("export") << QStringList{"export", "latest", "--recommendations",
                                               m_large.filePath("r.csv")};
        const auto trained = test::runCli(
            m_large.path(), {"train", "--data", largeData, "--algorithm", "popularity", "--quiet"});
        QVERIFY2(trained.exitCode == 0, trained.err.constData());
    }
    void controlCEndsEveryLongCommandWith130() {
        QFETCH(QStringList, command);
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("RECOSCOPE_WORKSPACE", m_large.path());
        process.setProcessEnvironment(environment);
        process.start(RECOSCOPE_CLI, command << "--json");
        QVERIFY(process.waitForStarted());
        // All of them make the data again first, which takes a second.
        QVERIFY(QTest::qWaitFor([&] { return handlesInterrupts(process.processId()); }, 20'000));
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(30'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        const QByteArray err = process.readAllStandardError();
        QVERIFY2(process.exitCode() == 130, err.constData());
        QVERIFY2(err.endsWith("recoscope-cli: stopped\n"), err.constData());
        const auto json =
            nlohmann::json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
        QVERIFY(json.is_object());
        QCOMPARE(json["status"].get<std::string>(), "stopped");
    }

    void aWorkspaceThatMayNotBeWrittenIsReadAndRefusesClearly() {
        QTemporaryDir folder;
        const QString workspace = folder.filePath("w");
        const QString sample = "generated:users=60,items=40,interactions=1200,seed=1";
        const auto trained =
            test::runCli(workspace, {"train", "--data", sample, "--algorithm", "popularity", "--json"});
        QCOMPARE(trained.exitCode, 0);
        const auto asReader = [&](const QStringList& arguments) {
            QProcess process;
            if (::geteuid() == 0) // root may write anywhere: be nobody
                process.setChildProcessModifier([] {
                    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
                });
            process.start(RECOSCOPE_CLI, arguments);
            process.waitForFinished(60'000);
            return test::CliResult{process.exitCode(), process.readAllStandardOutput(),
                                   process.readAllStandardError()};
        };
        const auto all = QFile::ReadOwner | QFile::ExeOwner | QFile::ReadGroup | QFile::ExeGroup |
                         QFile::ReadOther | QFile::ExeOther;
        QVERIFY(QFile::setPermissions(folder.path(), all));
        for (const QString& each : {workspace, workspace + "/models"})
            QVERIFY(QFile::setPermissions(each, all));
        const auto restore = qScopeGuard([&] {
            for (const QString& each : {folder.path(), workspace, workspace + "/models"})
                QFile::setPermissions(each, all | QFile::WriteOwner);
        });
        if (asReader({"--version"}).exitCode != 0) QSKIP("the program cannot be run by another user here");

        const auto runs = asReader({"runs", "--workspace", workspace, "--json"});
        QVERIFY2(runs.exitCode == 0, runs.err.constData());
        QCOMPARE(runs.json()["runs"].size(), 1u);
        const auto recommended =
            asReader({"recommend", "latest", "--user", "1", "--workspace", workspace, "--json"});
        QVERIFY2(recommended.exitCode == 0, recommended.err.constData());
        const auto refused =
            asReader({"train", "--data", sample, "--algorithm", "popularity", "--workspace", workspace});
        QCOMPARE(refused.exitCode, 1);
        QVERIFY2(refused.err.contains("read-only"), refused.err.constData());
        QVERIFY2(refused.err.contains(workspace.toUtf8()), refused.err.constData());
    }
};

QTEST_GUILESS_MAIN(TestInterruption)
#include "tst_interruption.moc"
