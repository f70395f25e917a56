// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/storage/migrations.h"
#include "app/storage/process_lock.h"
#include "app/storage/run_recorder.h"
#include "app/storage/run_store.h"
#include "tests/support/small_data.h"

#include <QFile>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <csignal>
#include <limits>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace recoscope;

namespace {

RunRecord newRun(RunStatus status = RunStatus::Running) {
    RunRecord record;
    record.status = status;
    record.experiment.plan.algorithm = "popularity";
    record.experiment.name = "";
    record.datasetTitle = "Small data";
    record.datasetFingerprint = "0123456789abcdef";
    record.splitFingerprint = "fedcba9876543210";
    return record;
}

EpochFinished epoch(int number, double loss) {
    EpochFinished event;
    event.epoch = number;
    event.seconds = 0.5;
    event.elapsed = number * 0.75;
    event.examplesPerSecond = 1000;
    event.losses = {{"loss", loss}, {"validation_loss", loss + 0.1}};
    event.memoryBytes = 1 << 20;
    return event;
}

Evaluation someEvaluation() {
    Evaluation evaluation;
    evaluation.users = {UserIndex{0}, UserIndex{3}, UserIndex{7}};
    evaluation.usersWithoutRelevant = 2;
    evaluation.listLength = 10;
    evaluation.seconds = 0.25;
    MetricValue ndcg{"ndcg@10", "NDCG@10", "ndcg;k=10;gain=binary", 0.5, 3, true, {0.25, 0.5, 0.75}};
    MetricValue rmse{"rmse", "RMSE", "rmse;clip=yes", 0.9, 17, false, {}};
    evaluation.metrics = {ndcg, rmse};
    return evaluation;
}

std::shared_ptr<const Recommender> someModel() {
    SplitSpec spec;
    spec.validationFraction = 0.0;
    const SplitPtr split = *makeSplit(test::plantedDataset(30, 20, 2), spec);
    return (*findAlgorithm("popularity")->makeTrainer({split, {}, 1}))->snapshot();
}

RunEnded someEnd() {
    RunEnded end;
    end.outcome = RunOutcome::StoppedEarly;
    end.reason = "No better NDCG@10 for 3 evaluations";
    end.epochs = 5;
    end.bestEpoch = 2;
    end.seconds = 4.0;
    end.trainSeconds = 2.5;
    end.model = someModel();
    end.validation = std::make_shared<Evaluation>(someEvaluation());
    end.test = std::make_shared<Evaluation>(someEvaluation());
    return end;
}

std::unique_ptr<RunStore> openStore(const QString& folder,
                                    RunStore::Access access = RunStore::Access::ReadWrite) {
    auto store = RunStore::open(folder, access);
    if (!store) qFatal("%s", store.error().text().c_str());
    return std::move(*store);
}

QString addRun(RunStore& store, RunStatus status = RunStatus::Running) {
    return store.create(newRun(status)).value();
}

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void overwrite(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("cannot write %s", qPrintable(path));
}

} // namespace

/// QVERIFY that shows the error.
#define VERIFY_OK(expression)                                                                                \
    do {                                                                                                     \
        const auto& okResult = (expression);                                                                 \
        QVERIFY2(okResult.ok(), okResult.ok() ? "" : okResult.error().text().c_str());                       \
    } while (false)

class TestRunStore : public QObject {
    Q_OBJECT
private slots:
    void aRunReadsBackAsItWasStored() {
        QTemporaryDir folder;
        QString id;
        {
            auto store = openStore(folder.path());
            RunRecord record = newRun();
            record.notes = "a note";
            record.experiment.plan.seed = 7;
            record.experiment.split.kind = SplitKind::LeaveLastOut;
            id = store->create(record).value();
            VERIFY_OK(store->append(id, RunStarted{"popularity", 5, 30, 20, 400, 2}));
            for (int n = 1; n <= 5; ++n) {
                VERIFY_OK(store->append(id, epoch(n, 1.0 / n)));
                VERIFY_OK(store->append(id, Evaluated{n, n * 0.75, 0.1, {{"ndcg@10", 0.1 * n}}, n == 2}));
            }
            VERIFY_OK(store->append(id, LogLine{LogLevel::Warning, 1.5, "A warning: ünï"}));
            VERIFY_OK(store->append(id, someEnd()));
        }
        auto store = openStore(folder.path());
        const RunRecord found = store->find(id).value();
        QVERIFY(id.startsWith("popularity-"));
        QCOMPARE(found.name, "Popularity on Small data");
        QCOMPARE(found.notes, "a note");
        QCOMPARE(found.status, RunStatus::StoppedEarly);
        QCOMPARE(found.reason, "No better NDCG@10 for 3 evaluations");
        QCOMPARE(found.experiment.plan.seed, 7u);
        QCOMPARE(found.experiment.split.kind, SplitKind::LeaveLastOut);
        QCOMPARE(found.datasetFingerprint, "0123456789abcdef");
        QCOMPARE(found.splitFingerprint, "fedcba9876543210");
        QCOMPARE(found.epochs, 5);
        QCOMPARE(found.bestEpoch, 2);
        QCOMPARE(found.seconds, 4.0);
        QCOMPARE(found.trainSeconds, 2.5);
        QVERIFY(found.hasModel);
        QVERIFY(std::abs(found.created.secsTo(QDateTime::currentDateTime())) < 60);
        QCOMPARE(found.testMetrics.size(), 2u);
        QVERIFY((found.testMetrics[0] == NamedValue{"ndcg@10", 0.5}));

        const auto curves = store->curves(id).value();
        QCOMPARE(curves.size(), 3u);
        QCOMPARE(curves[0].key, "loss");
        QCOMPARE(curves[0].points.size(), 5u);
        QCOMPARE(curves[0].points[3].value, 0.25);
        QCOMPARE(curves[0].points[3].epoch, 4);
        QCOMPARE(curves[0].points[3].elapsed, 3.0);
        QCOMPARE(curves[2].key, "ndcg@10");
        const auto log = store->log(id).value();
        QCOMPARE(log.size(), 1u);
        QCOMPARE(log[0].level, LogLevel::Warning);
        QCOMPARE(log[0].text, QString::fromUtf8("A warning: ünï"));

        const Evaluation evaluation = store->evaluation(id, Target::Test).value();
        const Evaluation expected = someEvaluation();
        QVERIFY(evaluation.users == expected.users);
        QCOMPARE(evaluation.usersWithoutRelevant, 2);
        QCOMPARE(evaluation.metrics[0].definition, expected.metrics[0].definition);
        QVERIFY(evaluation.metrics[0].perUser == expected.metrics[0].perUser);
        QVERIFY(evaluation.metrics[1].perUser.empty());
        QVERIFY(!evaluation.metrics[1].higherIsBetter);
        QCOMPARE(evaluation.metrics[1].count, 17);

        const auto model = store->model(id);
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().text().c_str());
        QCOMPARE((*model)->itemCount(), 20);
    }

    void lossesThatAreNotNumbersAreKept() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store);
        VERIFY_OK(store->append(id, epoch(1, std::numeric_limits<double>::quiet_NaN())));
        VERIFY_OK(store->append(id, epoch(2, std::numeric_limits<double>::infinity())));
        const auto curves = store->curves(id).value();
        QVERIFY(std::isnan(curves[0].points[0].value));
        QVERIFY(std::isinf(curves[0].points[1].value));
    }

    void runsAreFoundByIdPrefixAndLatest() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        QCOMPARE(store->find("latest").error().code, ErrorCode::NotFound);
        const QString first = addRun(*store);
        const QString second = addRun(*store);
        QCOMPARE(store->find("latest")->id, second);
        QCOMPARE(store->find(first)->id, first);
        QCOMPARE(store->find(first.left(first.size() - 1))->id, first);
        const auto several = store->find("popularity");
        QCOMPARE(several.error().code, ErrorCode::Invalid);
        QVERIFY(QString::fromStdString(several.error().message).contains(second));
        QCOMPARE(store->find("%").error().code, ErrorCode::NotFound);
        QCOMPARE(store->find("").error().code, ErrorCode::NotFound);
        const auto all = store->list().value();
        QCOMPARE(all.size(), 2u);
        QCOMPARE(all[0].id, second);
    }

    void runsAreRenamedAnnotatedAndRemovedWithTheirModel() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store);
        QCOMPARE(store->remove(id).error().code, ErrorCode::Invalid); // still running
        VERIFY_OK(store->append(id, epoch(1, 1.0)));
        VERIFY_OK(store->append(id, someEnd()));
        QVERIFY(store->rename(id, "  Best so far ").ok());
        QVERIFY(store->annotate(id, "second\nline").ok());
        QCOMPARE(store->find(id)->name, "Best so far");
        QCOMPARE(store->find(id)->notes, "second\nline");
        QVERIFY(!store->rename(id, " ").ok());
        QVERIFY(QFile::exists(store->modelPath(id)));
        VERIFY_OK(store->remove(id));
        QVERIFY(!QFile::exists(store->modelPath(id)));
        QCOMPARE(store->list()->size(), 0u);
        QCOMPARE(store->curves(id).error().code, ErrorCode::NotFound);
        QCOMPARE(store->remove(id).error().code, ErrorCode::NotFound);
    }

    void aRunOfADeadProcessIsInterruptedAndOneOfALivingIsNot() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString mine = addRun(*store);
        const QString dead = addRun(*store);
        VERIFY_OK(store->append(dead, epoch(1, 0.5)));
        {
            Database database(folder.filePath("workspace.db"));
            QVERIFY(database.open(Database::Access::ReadWrite).ok());
            QVERIFY(database.execute("UPDATE run SET owner = '1-0000' WHERE id = ?", {dead}).ok());
        }
        // At once for a store that is already open, and for good by the next that opens.
        QCOMPARE(store->find(dead)->status, RunStatus::Interrupted);
        auto other = openStore(folder.path());
        QCOMPARE(other->find(mine)->status, RunStatus::Running);
        QCOMPARE(other->find(dead)->status, RunStatus::Interrupted);
        QCOMPARE(other->curves(dead)->front().points.size(), 1u);
        QVERIFY(other->remove(dead).ok());
    }

    void twoStoresWriteAtTheSameTime() {
        QTemporaryDir folder;
        openStore(folder.path());
        std::vector<std::thread> threads;
        std::atomic<int> failures{0};
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                auto store = openStore(folder.path());
                const QString id = addRun(*store);
                for (int n = 1; n <= 25; ++n)
                    failures += store->append(id, epoch(n, n)).ok() ? 0 : 1;
                failures += store->curves(id)->front().points.size() == 25 ? 0 : 1;
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(failures.load(), 0);
        QCOMPARE(openStore(folder.path())->list()->size(), 4u);
    }

    void severalThreadsMayCreateTheWorkspaceAtOnce() {
        for (int round = 0; round < 5; ++round) {
            QTemporaryDir folder;
            std::vector<std::thread> threads;
            std::atomic<int> failures{0};
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&] {
                    auto store = RunStore::open(folder.path());
                    if (!store) qWarning("%s", store.error().text().c_str());
                    failures += store.ok() ? 0 : 1;
                });
            for (auto& thread : threads)
                thread.join();
            QCOMPARE(failures.load(), 0);
        }
    }

    void theRecorderStoresEverythingInOrder() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store, RunStatus::Queued);
        {
            RunRecorder recorder(folder.path(), id);
            recorder.post(RunStarted{"popularity", 200, 30, 20, 400, 2});
            for (int n = 1; n <= 200; ++n) {
                recorder.post(Progress{n, 0.5, 0.0, 0.0, "training"});
                recorder.post(epoch(n, 1.0 / n));
            }
            recorder.post(LogLine{LogLevel::Info, 1.0, "one line"});
            recorder.post(someEnd());
            VERIFY_OK(recorder.finish());
        }
        QCOMPARE(store->find(id)->status, RunStatus::StoppedEarly);
        QCOMPARE(store->curves(id)->front().points.size(), 200u);
        QCOMPARE(store->log(id)->size(), 1u);
        VERIFY_OK(store->model(id));
    }

    void theCurveIsStoredWhileTheRunGoesOn() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store, RunStatus::Queued);
        RunRecorder recorder(folder.path(), id);
        recorder.post(epoch(1, 1.0));
        QTRY_COMPARE_WITH_TIMEOUT(store->curves(id)->size(), 2u, 5'000);
        recorder.post(epoch(2, 0.5));
        QTRY_COMPARE_WITH_TIMEOUT(store->curves(id)->front().points.size(), 2u, 5'000);
    }

    void theRecorderSaysThatNothingCanBeStored() {
        QTemporaryDir folder;
        std::vector<Error> errors;
        RunRecorder recorder(folder.path(), "no-such-run",
                             [&](const Error& error) { errors.push_back(error); });
        recorder.post(epoch(1, 1.0));
        QCOMPARE(recorder.finish().error().code, ErrorCode::NotFound);
        QVERIFY(!errors.empty());
    }

    void aDamagedDatabaseIsAnErrorThatNamesTheFileAndChangesNothing_data() {
        QTest::addColumn<QString>("damage");
        QTest::newRow("cut in the middle of a page") << "cut";
        QTest::newRow("cut to some pages") << "pages";
        QTest::newRow("beginning overwritten") << "head";
        QTest::newRow("middle overwritten") << "middle";
        QTest::newRow("text file") << "text";
        QTest::newRow("random bytes") << "random";
        QTest::newRow("newer schema") << "newer";
        QTest::newRow("another program's database") << "foreign";
        QTest::newRow("emptied") << "empty";
    }
    void aDamagedDatabaseIsAnErrorThatNamesTheFileAndChangesNothing() {
        QFETCH(QString, damage);
        QTemporaryDir folder;
        const QString path = folder.filePath("workspace.db");
        {
            auto store = openStore(folder.path());
            const QString id = addRun(*store);
            for (int n = 1; n <= 50; ++n)
                VERIFY_OK(store->append(id, epoch(n, n)));
            VERIFY_OK(store->append(id, someEnd()));
        }
        QVERIFY(!QFile::exists(path + "-wal")); // closed cleanly: all is in the file
        QByteArray bytes = bytesOf(path);
        QVERIFY(bytes.size() > 30'000);
        if (damage == "cut") bytes.truncate(bytes.size() / 2 + 100);
        if (damage == "pages") bytes.truncate(4096 * 3);
        if (damage == "head") bytes.replace(0, 100, QByteArray(100, '\x55'));
        if (damage == "middle")
            bytes.replace(4096, bytes.size() - 8192, QByteArray(bytes.size() - 8192, '\x55'));
        if (damage == "text") bytes = "user_id,item_id\n1,2\n";
        if (damage == "random") {
            for (qsizetype n = 0; n < bytes.size(); ++n)
                bytes[n] = static_cast<char>((n * 2654435761u) >> 13);
        }
        if (damage == "empty") bytes.clear();
        if (damage == "newer" || damage == "foreign") {
            Database database(path);
            QVERIFY(database.open(Database::Access::ReadWrite).ok());
            QVERIFY(
                database.execute(damage == "newer" ? "PRAGMA user_version = 99" : "PRAGMA application_id = 7")
                    .ok());
            QVERIFY(database.value("PRAGMA wal_checkpoint(TRUNCATE)").ok());
        } else {
            overwrite(path, bytes);
        }
        const QByteArray before = bytesOf(path);
        for (const auto access : {RunStore::Access::ReadWrite, RunStore::Access::ReadOnly}) {
            const auto store = RunStore::open(folder.path(), access);
            QVERIFY(!store.ok());
            QCOMPARE(QString::fromStdString(store.error().where), path);
            QVERIFY2(store.error().message.size() > 20, store.error().text().c_str());
            if (damage == "newer")
                QVERIFY(QString::fromStdString(store.error().message).contains("newer Recoscope"));
        }
        QVERIFY(bytesOf(path) == before);
        QCOMPARE(QDir(folder.filePath("models")).entryList(QDir::Files).size(), 1);
    }

    void aDamagedModelFileIsAnErrorAndTheRunIsStillListed_data() {
        QTest::addColumn<QString>("damage");
        QTest::newRow("cut") << "cut";
        QTest::newRow("empty") << "empty";
        QTest::newRow("garbage") << "garbage";
        QTest::newRow("gone") << "gone";
        QTest::newRow("another algorithm's") << "other";
    }
    void aDamagedModelFileIsAnErrorAndTheRunIsStillListed() {
        QFETCH(QString, damage);
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store);
        VERIFY_OK(store->append(id, someEnd()));
        const QString path = store->modelPath(id);
        QByteArray bytes = bytesOf(path);
        if (damage == "cut") overwrite(path, bytes.left(bytes.size() - 10));
        if (damage == "empty") overwrite(path, {});
        if (damage == "garbage") overwrite(path, QByteArray(1000, '\xff'));
        if (damage == "gone") QVERIFY(QFile::remove(path));
        if (damage == "other") overwrite(path, bytes.replace("\"popularity\"", "\"user__mean\""));
        const auto model = store->model(id);
        QVERIFY(!model.ok());
        QVERIFY2(QString::fromStdString(model.error().text()).contains(path), model.error().text().c_str());
        QCOMPARE(model.error().code, damage == "gone" ? ErrorCode::NotFound : ErrorCode::Parse);
        QCOMPARE(store->list()->front().status, RunStatus::StoppedEarly);
        QVERIFY(store->evaluation(id, Target::Test).ok());
        VERIFY_OK(store->remove(id));
    }

    void aFullDiskIsAClearErrorAndNothingElseIsLost() {
        if (::geteuid() != 0) QSKIP("needs root, to mount a small file system");
        QTemporaryDir mountPoint;
        const QByteArray at = QFile::encodeName(mountPoint.path());
        if (::mount("tmpfs", at.constData(), "tmpfs", 0, "size=400k") != 0)
            QSKIP("a small file system cannot be mounted here");
        const auto unmount = qScopeGuard([&] { ::umount2(at.constData(), MNT_DETACH); });
        QString id;
        int stored = 0;
        {
            auto store = openStore(mountPoint.path());
            id = addRun(*store);
            Status status;
            for (int n = 1; n <= 5'000 && status; ++n) {
                status = store->append(id, epoch(n, n));
                if (status) stored = n;
            }
            QVERIFY(!status.ok());
            QCOMPARE(status.error().code, ErrorCode::Io);
            QVERIFY2(QString::fromStdString(status.error().message).contains("full"),
                     status.error().text().c_str());
            QVERIFY(stored > 5);
            // The model does not fit either; the end is refused, and the curve is still readable.
            const Status end = store->append(id, someEnd());
            QVERIFY(!end.ok());
            QCOMPARE(store->curves(id)->front().points.size(), static_cast<std::size_t>(stored));
        }
        // Room again: everything stored is there, and the run can end.
        QCOMPARE(::mount("tmpfs", at.constData(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
        auto store = openStore(mountPoint.path());
        QCOMPARE(store->curves(id)->front().points.size(), static_cast<std::size_t>(stored));
        VERIFY_OK(store->append(id, someEnd()));
        VERIFY_OK(store->model(id));
    }

    void aWriteThatHitsALimitIsAClearErrorAndTheModelIsWholeOrAbsent() {
        QTemporaryDir folder;
        auto store = openStore(folder.path());
        const QString id = addRun(*store);
        VERIFY_OK(store->append(id, epoch(1, 1.0)));
        // No file may grow: as a full disk, also where nothing can be mounted.
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        rlimit tight = before;
        tight.rlim_cur = 0;
        ::setrlimit(RLIMIT_FSIZE, &tight);
        const Status epochStatus = store->append(id, epoch(2, 0.5));
        const Status endStatus = store->append(id, someEnd());
        ::setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY(!epochStatus.ok());
        QCOMPARE(epochStatus.error().code, ErrorCode::Io);
        QVERIFY(!endStatus.ok());
        QVERIFY(!QFile::exists(store->modelPath(id)));
        QCOMPARE(store->curves(id)->front().points.size(), 1u);
        VERIFY_OK(store->append(id, epoch(2, 0.5)));
        VERIFY_OK(store->append(id, someEnd()));
        QCOMPARE(store->find(id)->status, RunStatus::StoppedEarly);
    }

    void readOnlyStoresReadAndRefuseToWrite() {
        QTemporaryDir folder;
        QCOMPARE(RunStore::open(folder.path(), RunStore::Access::ReadOnly).error().code, ErrorCode::NotFound);
        QVERIFY(QDir(folder.path()).isEmpty()); // looking makes nothing
        auto writer = openStore(folder.path());
        const QString id = addRun(*writer);
        VERIFY_OK(writer->append(id, epoch(1, 1.0)));
        auto reader = openStore(folder.path(), RunStore::Access::ReadOnly);
        QCOMPARE(reader->find(id)->status, RunStatus::Running);
        QCOMPARE(reader->curves(id)->size(), 2u);
        QCOMPARE(reader->rename(id, "x").error().code, ErrorCode::Io);
        VERIFY_OK(writer->append(id, epoch(2, 1.0)));
        QCOMPARE(reader->curves(id)->front().points.size(), 2u);
    }

    void aFileInPlaceOfTheFolderIsAClearError() {
        QTemporaryDir folder;
        overwrite(folder.filePath("file"), "x");
        QCOMPARE(RunStore::open(folder.filePath("file")).error().code, ErrorCode::Io);
        QCOMPARE(RunStore::open(folder.filePath("file/below")).error().code, ErrorCode::Io);
    }

    void theSchemaIsDocumented() {
        const QString text =
            QString::fromUtf8(bytesOf(RECOSCOPE_SOURCE_DIR "/resources/docs/workspace-schema.md"));
        QTemporaryDir folder;
        openStore(folder.path());
        Database database(folder.filePath("workspace.db"));
        QVERIFY(database.open(Database::Access::ReadOnly).ok());
        auto columns =
            database.run("SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
                         "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'");
        QVERIFY(columns.ok());
        int count = 0;
        while (columns->next()) {
            const QString name =
                "`" + columns->value(0).toString() + "." + columns->value(1).toString() + "`";
            QVERIFY2(text.contains(name), qPrintable(name));
            ++count;
        }
        QVERIFY(count > 40);
        QVERIFY(text.contains("version " + QString::number(schemaVersion())));
    }
};

QTEST_GUILESS_MAIN(TestRunStore)
#include "tst_run_store.moc"
