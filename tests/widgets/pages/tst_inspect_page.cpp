// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/recommendation_model.h"
#include "app/session/dataset_service.h"
#include "app/session/training_service.h"
#include "widgets/pages/inspect_page.h"

#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace recoscope;

namespace {
constexpr int patience = 60'000;
}

class TestInspectPage final : public QObject {
    Q_OBJECT
private slots:
    void recommendationsFollowARunWhileItTrains() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        InspectPage page(&training, &datasets);
        page.resize(1180, 740);
        page.show();

        Experiment experiment;
        experiment.plan.algorithm = "ials";
        experiment.plan.params["epochs"] = std::int64_t{60}; // long enough for several pictures of it
        experiment.plan.earlyStopping.enabled = false;
        QSignalSpy models(&training, &TrainingService::modelChanged);
        const auto run = training.start(experiment, datasets.currentSplit());
        QVERIFY(run.ok());
        auto* list = page.findChild<RecommendationModel*>();
        QVERIFY(list);
        QTRY_VERIFY_WITH_TIMEOUT(list->rowCount() == 20, patience);
        QTRY_VERIFY_WITH_TIMEOUT(training.activeRun().isEmpty(), patience);
        QVERIFY(models.count() >= 2); // it was seen to change
        QCOMPARE(page.user(), std::optional(UserIndex{0}));

        // What is recommended is not in the history, and scores fall.
        const UserItemCsr& train = datasets.currentSplit()->train();
        for (int row = 0; row < list->rowCount(); ++row) {
            QVERIFY(!train.contains(UserIndex{0}, list->rowAt(row)->item));
            if (row > 0) QVERIFY(list->rowAt(row - 1)->score >= list->rowAt(row)->score);
            QVERIFY(list->rowAt(row)->truth.has_value()); // the sample knows
        }
        page.showUser(UserIndex{5});
        QTRY_VERIFY_WITH_TIMEOUT(!train.contains(UserIndex{5}, list->rowAt(0)->item), patience);
    }

    void clickedItemShowsSimilarItemsAndReasons() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        InspectPage page(&training, &datasets);
        page.show();
        Experiment experiment;
        experiment.plan.algorithm = "item_knn";
        QVERIFY(training.start(experiment, datasets.currentSplit()).ok());
        const auto lists = page.findChildren<RecommendationModel*>();
        QCOMPARE(lists.size(), 2); // recommendations, neighbours
        QTRY_VERIFY_WITH_TIMEOUT(lists[0]->rowCount() > 0 && lists[1]->rowCount() > 0, patience);
        // The row that is marked is the item that is explained, also for the next user.
        QTableView* top = nullptr;
        for (auto* table : page.findChildren<QTableView*>())
            if (table->model() == lists[0]) top = table;
        QVERIFY(top);
        QTRY_COMPARE_WITH_TIMEOUT(top->currentIndex().row(), 0, patience);
        top->setCurrentIndex(lists[0]->index(5, 1));
        const ItemIndex sixth = lists[0]->rowAt(5)->item;
        page.showUser(UserIndex{7});
        QTRY_VERIFY_WITH_TIMEOUT(lists[0]->rowAt(5)->item != sixth && top->currentIndex().row() == 0,
                                 patience);
        const ItemIndex item = lists[1]->rowAt(0)->item;
        page.showItem(item);
        QTRY_VERIFY_WITH_TIMEOUT(lists[1]->rowCount() > 0 && lists[1]->rowAt(0)->item != item, patience);
    }
};

QTEST_MAIN(TestInspectPage)
#include "tst_inspect_page.moc"
