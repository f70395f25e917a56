// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/run_table_model.h"
#include "app/session/dataset_service.h"
#include "app/session/run_library.h"
#include "app/session/training_service.h"
#include "app/storage/run_store.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/run_charts.h"
#include "widgets/pages/run_list_view.h"
#include "widgets/pages/runs_page.h"

#include <QFile>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace recoscope;

namespace {

constexpr int patience = 60'000; // ms

/// A stored run with three epochs of curves and an end.
QString storeRun(RunStore& store, const std::string& algorithm, double ndcg) {
    RunRecord record;
    record.status = RunStatus::Running;
    record.created = QDateTime::currentDateTimeUtc();
    record.experiment.plan.algorithm = algorithm;
    record.datasetTitle = "Test set";
    const auto id = store.create(record);
    if (!id) return {};
    bool stored = store.append(*id, RunStarted{algorithm, 3, 10, 20, 100, 1}).ok();
    for (int epoch = 1; epoch <= 3; ++epoch) {
        stored =
            stored &&
            store.append(*id, EpochFinished{epoch, 0.1, 0.1 * epoch, 1000.0, {{"loss", 1.0 / epoch}}, 1000})
                .ok();
        stored =
            stored &&
            store.append(*id, Evaluated{epoch, 0.1 * epoch, 0.01, {{"ndcg@10", ndcg * epoch / 3.0}}, true})
                .ok();
    }
    auto test = std::make_shared<Evaluation>();
    test->metrics.push_back({"ndcg@10", "NDCG@10", "ndcg;k=10", ndcg, 10, true, {}});
    RunEnded end;
    end.reason = "All epochs done";
    end.epochs = end.bestEpoch = 3;
    end.seconds = 0.3;
    end.test = test;
    return stored && store.append(*id, end).ok() ? *id : QString();
}

} // namespace

class TestRunsPage final : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_first;
    QString m_second;
    std::unique_ptr<RunLibrary> m_library;
    std::unique_ptr<RunsPage> m_page;

    QPushButton* button(const QString& words) {
        for (auto* made : m_page->findChildren<QPushButton*>())
            if (made->text() == words) return made;
        return nullptr;
    }
private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        {
            auto store = RunStore::open(m_folder->path());
            QVERIFY(store.ok());
            m_first = storeRun(**store, "ials", 0.3);
            m_second = storeRun(**store, "biased_mf", 0.2);
            QVERIFY(!m_first.isEmpty() && !m_second.isEmpty());
        }
        m_library = std::make_unique<RunLibrary>(m_folder->path());
        m_page = std::make_unique<RunsPage>(m_library.get());
        m_page->resize(1180, 740);
        m_page->show();
        m_library->refresh();
        QTRY_COMPARE_WITH_TIMEOUT(m_library->runs().size(), std::size_t{2}, patience);
    }
    void cleanup() {
        m_page.reset();
        m_library.reset();
    }

    void earlierRunsAreListedAndTheNewestIsShown() {
        auto* list = m_page->findChild<QTableView*>("storedRuns");
        QCOMPARE(list->model()->rowCount(), 2);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->findChild<RunCharts*>()->lossChart()->series().size(), 1, patience);
        QCOMPARE(m_page->findChild<RunCharts*>()->lossChart()->series().front().points.size(), 3);
    }

    void severalSelectedRunsAreOverlaidAndComparedSideBySide() {
        m_page->selectRuns({m_first, m_second});
        auto* charts = m_page->findChild<RunCharts*>();
        QTRY_COMPARE_WITH_TIMEOUT(charts->lossChart()->series().size(), 2, patience);
        QCOMPARE(charts->metricChart()->series().size(), 2);
        QVERIFY(!button("Run again")->isEnabled()); // one at a time
        QVERIFY(button("Delete…")->isEnabled());
    }

    void runAgainAsksForTheSelectedRun() {
        QSignalSpy again(m_page.get(), &RunsPage::rerunRequested);
        m_page->selectRuns({m_first});
        button("Run again")->click();
        QCOMPARE(again.count(), 1);
        QCOMPARE(again.front().front().toString(), m_first);
        QCOMPARE(m_library->experimentOf(m_first)->plan.algorithm, std::string("ials"));
        QVERIFY(!button("Inspect")->isEnabled()); // no model was stored with it
    }

    void notesAreSavedByThemselves() {
        m_page->selectRuns({m_first});
        auto* notes = [&]() -> QPlainTextEdit* {
            for (auto* edit : m_page->findChildren<QPlainTextEdit*>())
                if (!edit->isReadOnly()) return edit;
            return nullptr;
        }();
        QTRY_VERIFY_WITH_TIMEOUT(notes->isEnabled(), patience);
        notes->setPlainText("the good one");
        QTRY_COMPARE_WITH_TIMEOUT(m_library->find(m_first)->notes, QStringLiteral("the good one"), patience);
    }

    void aRunThatGoesOnIsShownAsItIsNow() {
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import("builtin:sample");
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(m_folder->path());
        m_page->setTraining(&training);
        connect(&training, &TrainingService::runStored, m_library.get(), &RunLibrary::refresh);
        Experiment experiment;
        experiment.plan.algorithm = "biased_mf";
        experiment.plan.params["epochs"] = std::int64_t{1000};
        const auto run = training.start(experiment, datasets.currentSplit());
        QVERIFY(run.ok());
        training.pause(*run); // it stays unfinished for as long as the test looks
        training.step(*run);
        QTRY_VERIFY_WITH_TIMEOUT(m_library->find(*run) != nullptr, patience);
        m_page->selectRuns({*run});
        QTRY_COMPARE_WITH_TIMEOUT(training.run(*run)->record.epochs, 1, patience);
        auto* list = m_page->findChild<QTableView*>("storedRuns");
        const auto epochs = [&] {
            for (int row = 0; row < list->model()->rowCount(); ++row) {
                const QModelIndex at = list->model()->index(row, RunTableModel::Epochs);
                if (at.data(RunTableModel::IdRole).toString() == *run) return at.data().toString();
            }
            return QString();
        };
        QTRY_COMPARE_WITH_TIMEOUT(epochs(), QStringLiteral("1 of 1000"), patience);
        auto* charts = m_page->findChild<RunCharts*>();
        QTRY_VERIFY_WITH_TIMEOUT(!charts->lossChart()->series().isEmpty(), patience);
        QVERIFY(!button("Delete…")->isEnabled());
        training.cancel(*run);
        QTRY_VERIFY_WITH_TIMEOUT(button("Delete…")->isEnabled(), patience);
        m_page.reset(); // before the service it follows
    }

    void theLogOfAStoredRunTellsHowItWent() {
        m_page->selectRuns({m_first});
        auto* log = m_page->findChild<QPlainTextEdit*>("storedLog");
        QTRY_VERIFY_WITH_TIMEOUT(log->toPlainText().contains("epoch   3"), patience);
        QVERIFY(log->toPlainText().contains("Started: ials on Test set"));
        QVERIFY(log->toPlainText().contains("All epochs done"));
        QVERIFY(log->toPlainText().contains("Tested: NDCG@10 0.3000"));
        QCOMPARE(log->toPlainText().count("Started"), 1);
        m_page->selectRuns({m_second});
        QTRY_VERIFY_WITH_TIMEOUT(log->toPlainText().contains("Started: biased_mf"), patience);
        QVERIFY(!log->toPlainText().contains("Started: ials"));
    }

    void severalRunsAreExportedAsOneTable() {
        m_page->selectRuns({m_first, m_second});
        QVERIFY(button("Export…")->isEnabled());
        const QString path = m_folder->filePath("both.md");
        QSignalSpy written(m_library.get(), &RunLibrary::exported);
        m_page->exportTo(path);
        QTRY_COMPARE_WITH_TIMEOUT(written.count(), 1, patience);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray table = file.readAll();
        QVERIFY(table.contains("NDCG@10") && table.contains("0.3") && table.contains("0.2"));
        // An experiment is of one run.
        m_page->exportTo(m_folder->filePath("both.yaml"));
        QVERIFY(!QFile::exists(m_folder->filePath("both.yaml")));
        m_page->selectRuns({m_first});
        m_page->exportTo(m_folder->filePath("one.yaml"));
        QVERIFY(QFile::exists(m_folder->filePath("one.yaml")));
    }

    void aWorkspaceThatCannotBeReadIsNotCalledEmpty() {
        QFile inTheWay(m_folder->filePath("file"));
        QVERIFY(inTheWay.open(QIODevice::WriteOnly));
        RunLibrary broken(inTheWay.fileName());
        RunsPage page(&broken);
        page.show();
        auto* list = page.findChild<RunListView*>("storedRuns");
        QVERIFY(list->emptyText().contains("no runs yet"));
        QSignalSpy failed(&broken, &RunLibrary::failed);
        broken.refresh();
        QTRY_VERIFY_WITH_TIMEOUT(failed.count() > 0, patience);
        QVERIFY(!list->emptyText().contains("no runs yet"));
    }

    void downInTheSearchGoesToTheList() {
        auto* search = m_page->findChild<QLineEdit*>();
        QTest::keyClick(search, Qt::Key_Down);
        QCOMPARE(m_page->focusWidget(), m_page->findChild<QTableView*>("storedRuns"));
    }

    void deletingRemovesTheRunFromListAndStore() {
        m_page->setConfirmDelete(false);
        m_page->selectRuns({m_second});
        m_page->deleteSelected();
        QTRY_COMPARE_WITH_TIMEOUT(m_library->runs().size(), std::size_t{1}, patience);
        QCOMPARE(m_page->findChild<QTableView*>("storedRuns")->model()->rowCount(), 1);
    }
};

QTEST_MAIN(TestRunsPage)
#include "tst_runs_page.moc"
