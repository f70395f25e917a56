// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a run when its process is killed, stopped, or may not write.
#include "app/storage/run_store.h"
#include "tests/app/cli/cli_process.h"

#include <QDir>
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
        QCOMPARE(json["status"].get<std::string>(), "cancelled");
        QCOMPARE((*store)->find(run)->status, RunStatus::Cancelled);
        QVERIFY((*store)->model(run).ok());
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
