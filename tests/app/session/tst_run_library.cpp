// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"

#include "app/session/run_library.h"
#include "app/session/training_service.h"
#include "tests/support/small_data.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>

using namespace recoscope;

class TestRunLibrary : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<RunLibrary> m_library;
    QString m_trained; // biased_mf, 3 epochs
    QString m_second;  // popularity

    void listAgain() {
        QSignalSpy listed(m_library.get(), &RunLibrary::listed);
        m_library->refresh();
        QVERIFY(listed.wait());
    }

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        {
            TrainingService service(m_folder->path(), 1);
            QSignalSpy ended(&service, &TrainingService::runEnded);
            const SplitPtr split = makeSplit(test::plantedDataset(60, 40), {}).value();
            Experiment e;
            e.plan.algorithm = "biased_mf";
            e.plan.params["epochs"] = std::int64_t{3};
            e.plan.seed = 7;
            m_trained = service.start(e, split).value();
            e = {};
            e.plan.algorithm = "popularity";
            m_second = service.start(e, split).value();
            QTRY_COMPARE(ended.size(), 2);
        }
        m_library = std::make_unique<RunLibrary>(m_folder->path());
    }
    void cleanup() { m_library.reset(); }

    void studiesAreRenamedAndDeletedWithOrWithoutTheirRuns() {
        QString study;
        {
            const auto store = RunStore::open(m_folder->path());
            StudyRecord record;
            record.name = QStringLiteral("before");
            study = (*store)->createStudy(record).value();
            RunRecord run;
            run.study = study;
            run.status = RunStatus::Failed;
            QVERIFY((*store)->create(run).ok());
        }
        listAgain();
        QCOMPARE(m_library->studies().size(), std::size_t{1});
        m_library->renameStudy(study, QStringLiteral("after"));
        QTRY_COMPARE(m_library->studies().front().name, QStringLiteral("after"));
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        QSignalSpy removed(m_library.get(), &RunLibrary::studyRemoved);
        m_library->removeStudy(QStringLiteral("seeds-none"), StudyRuns::Keep);
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.front().front().toString(), QStringLiteral("seeds-none"));
        m_library->removeStudy(study, StudyRuns::Remove);
        QTRY_COMPARE(removed.size(), 1);
        QTRY_VERIFY(m_library->studies().empty());
        QCOMPARE(m_library->runs().size(), std::size_t{2}); // the others stay
    }

    void listHoldsTheRunsOfEarlierSessions() {
        QVERIFY(m_library->runs().empty());
        listAgain();
        QCOMPARE(m_library->runs().size(), std::size_t(2));
        QCOMPARE(m_library->find(m_trained)->status, RunStatus::Completed);
        QVERIFY(m_library->find("nothing") == nullptr);
        QCOMPARE(m_library->folder(), m_folder->path());
    }

    void severalRefreshesAreOneList() {
        QSignalSpy listed(m_library.get(), &RunLibrary::listed);
        for (int n = 0; n < 50; ++n)
            m_library->refresh();
        QTRY_VERIFY(!m_library->busy());
        QVERIFY(listed.size() >= 1 && listed.size() <= 2); // the first may have begun when the second came
    }

    void detailsHoldCurvesLogAndEvaluations() {
        QSignalSpy loaded(m_library.get(), &RunLibrary::detailsLoaded);
        m_library->loadDetails(m_trained);
        m_library->loadDetails(m_second);
        QTRY_COMPARE(loaded.size(), 2);
        const auto details = loaded[0].first().value<RunDetails>();
        QCOMPARE(details.record.id, m_trained);
        QVERIFY(std::any_of(details.curves.begin(), details.curves.end(), [](const Curve& curve) {
            return curve.key == "loss" && curve.points.size() == 3;
        }));
        QVERIFY(details.test);
        QVERIFY(!details.test->metrics.front().perUser.empty());
        QVERIFY(details.validation);
        QCOMPARE(loaded[1].first().value<RunDetails>().record.id, m_second);
    }

    void modelLoadsAndScores() {
        QSignalSpy loaded(m_library.get(), &RunLibrary::modelLoaded);
        m_library->loadModel(m_trained);
        QTRY_COMPARE(loaded.size(), 1);
        const auto model = loaded[0].at(1).value<std::shared_ptr<const Recommender>>();
        QVERIFY(model);
        QCOMPARE(model->itemCount(), 40);
    }

    void renameAndNotesAreSeenInTheNextList() {
        QSignalSpy listed(m_library.get(), &RunLibrary::listed);
        m_library->rename(m_trained, "My best run");
        m_library->annotate(m_trained, "Try more factors");
        QTRY_VERIFY(m_library->find(m_trained) && m_library->find(m_trained)->notes == "Try more factors");
        QCOMPARE(m_library->find(m_trained)->name, QString("My best run"));
        QVERIFY(!listed.isEmpty());
    }

    void changesAreMadeEvenWhenTheWindowClosesAtOnce() {
        m_library->rename(m_trained, "Renamed in the last moment");
        m_library.reset();
        const auto store = RunStore::open(m_folder->path(), RunStore::Access::ReadOnly);
        QCOMPARE((*store)->find(m_trained)->name, QString("Renamed in the last moment"));
    }

    void removedRunIsGoneWithItsModel() {
        const auto files = [this] {
            return QDir(m_folder->filePath("models")).entryList(QDir::Files).filter(m_trained);
        };
        QVERIFY(!files().isEmpty());
        QSignalSpy removed(m_library.get(), &RunLibrary::removed);
        QSignalSpy listed(m_library.get(), &RunLibrary::listed);
        m_library->remove(m_trained);
        QTRY_COMPARE(removed.size(), 1);
        QTRY_COMPARE(listed.size(), 1);
        QVERIFY(m_library->find(m_trained) == nullptr);
        QVERIFY(m_library->find(m_second) != nullptr);
        QVERIFY(files().isEmpty());
    }

    void runningRunIsNotRemoved() {
        TrainingService service(m_folder->path(), 1);
        QSignalSpy begun(&service, &TrainingService::runStarted);
        QSignalSpy kept(&service, &TrainingService::runStored);
        Experiment e;
        e.plan.algorithm = "biased_mf";
        e.plan.earlyStopping.enabled = false;
        e.plan.params["epochs"] = std::int64_t{1000};
        const QString id = service.start(e, makeSplit(test::plantedDataset(), {}).value()).value();
        QTRY_COMPARE(kept.size(), 1);
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        m_library->remove(id);
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first().first().toString(), id);
        QVERIFY(failed.first().at(1).value<Error>().message.find("stop it") != std::string::npos);
    }

    void experimentOfAStoredRunDoesItAgain() {
        listAgain();
        const auto again = m_library->experimentOf(m_trained);
        QVERIFY(again);
        QCOMPARE(again->plan.algorithm, std::string("biased_mf"));
        QCOMPARE(std::get<std::int64_t>(again->plan.params.at("epochs")), 3);
        QCOMPARE(again->plan.seed, std::uint64_t(7));
        QVERIFY(!m_library->experimentOf("nothing"));
    }

    void stoppedRunIsTestedAfterwardsAndItsNumbersAreKept() {
        // Trained on data that is made from its path alone, so that the library can make it again.
        const QString path = QStringLiteral("builtin:sample");
        ImportContext context;
        const auto imported = importPath(path.toStdString(), {}, context);
        QVERIFY(imported.ok());
        Experiment e;
        e.dataPath = path.toStdString();
        e.plan.algorithm = "popularity";
        e.plan.evaluateTest = false;
        const SplitPtr split = makeSplit(imported->dataset, e.split).value();
        QString id;
        {
            TrainingService service(m_folder->path(), 1);
            QSignalSpy ended(&service, &TrainingService::runEnded);
            id = service.start(e, split).value();
            QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 60'000);
            QVERIFY(!service.run(id)->test);
        }
        ThreadPool pool;
        RunControl control;
        const auto store = RunStore::open(m_folder->path(), RunStore::Access::ReadOnly);
        const auto model = (*store)->model(id);
        QVERIFY(model.ok());
        const double expected =
            evaluate(**model, *split, Target::Test, {}, pool, control)->find("ndcg@10")->value;

        QSignalSpy tested(m_library.get(), &RunLibrary::tested);
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        m_library->test(id);
        m_library->test(id); // once is enough
        QVERIFY(m_library->testing(id));
        QTRY_VERIFY_WITH_TIMEOUT(!tested.isEmpty() || !failed.isEmpty(), 60'000);
        QVERIFY2(failed.isEmpty(),
                 failed.isEmpty() ? "" : failed.first().at(1).value<Error>().text().c_str());
        QVERIFY(!m_library->testing(id));
        QTest::qWait(50);
        QCOMPARE(tested.size(), 1);
        QCOMPARE((*store)->evaluation(id, Target::Test)->find("ndcg@10")->value, expected);
        QTRY_VERIFY(m_library->find(id) && !m_library->find(id)->testMetrics.empty());
    }

    void testOfARunWhoseDataIsGoneFailsInWords() {
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        m_library->test(m_trained); // its experiment has no path
        QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 60'000);
        QCOMPARE(failed.first().first().toString(), m_trained);
        QVERIFY(!m_library->testing(m_trained));
    }

    void metricsOfSeveralRunsAreOneTable() {
        QSignalSpy written(m_library.get(), &RunLibrary::exported);
        QStringList heads;
        for (const char* name : {"table.csv", "table.md", "table.tex"}) {
            const QString path = m_folder->filePath(QLatin1String(name));
            m_library->exportMetrics({m_trained, m_second}, path);
            QTRY_VERIFY(!written.isEmpty());
            QCOMPARE(written.takeFirst().first().toString(), path);
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QString text = QString::fromUtf8(file.readAll());
            QVERIFY(text.contains("NDCG@10") || text.contains("ndcg@10"));
            heads << text.left(12);
        }
        QVERIFY(heads[0] != heads[1] && heads[1] != heads[2]);
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        m_library->exportMetrics({m_trained}, m_folder->filePath("no/such/folder.csv"));
        QTRY_COMPARE(failed.size(), 1);
    }

    void unknownRunFails() {
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        m_library->loadDetails("nothing-0000");
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first().at(1).value<Error>().code, ErrorCode::NotFound);
    }

    void workspaceThatCannotBeWrittenIsReadAndSaysSo() {
        // A file where the models' folder belongs stops writing for root, too, whom permissions do not stop.
        QVERIFY(QDir(m_folder->filePath("models")).removeRecursively());
        QFile blocker(m_folder->filePath("models"));
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        m_library = std::make_unique<RunLibrary>(m_folder->path());
        QSignalSpy failed(m_library.get(), &RunLibrary::failed);
        listAgain();
        QCOMPARE(m_library->runs().size(), std::size_t(2));
        QCOMPARE(failed.size(), 1);
        QVERIFY(failed.first().at(0).toString().isEmpty());
        m_library->rename(m_second, "another name");
        QTRY_COMPARE(failed.size(), 2);
        QCOMPARE(failed.last().at(0).toString(), m_second);
        QVERIFY(QString::fromStdString(failed.last().at(1).value<Error>().text()).contains("read-only"));
    }

    void workspaceThatIsNoFolderFailsEveryTimeAndStaysUsable() {
        QFile file(m_folder->filePath("file"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        RunLibrary library(file.fileName());
        QSignalSpy failed(&library, &RunLibrary::failed);
        library.refresh();
        QTRY_COMPARE(failed.size(), 1);
        QVERIFY(!library.busy());
        library.refresh();
        QTRY_COMPARE(failed.size(), 2);
    }
};

QTEST_GUILESS_MAIN(TestRunLibrary)
#include "tst_run_library.moc"
