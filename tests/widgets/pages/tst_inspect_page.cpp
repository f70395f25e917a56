// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_card_model.h"
#include "app/models/recommendation_model.h"
#include "app/session/dataset_service.h"
#include "app/session/training_service.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/pages/metric_card_view.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLabel>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

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

    void theMetricCardCalculatesWhatTheEvaluationFound() {
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
        experiment.plan.algorithm = "item_knn";
        const auto run = training.start(experiment, datasets.currentSplit());
        QVERIFY(run.ok());
        QTRY_VERIFY_WITH_TIMEOUT(training.run(*run)->test && training.run(*run)->test->find("ndcg@10"),
                                 patience);
        const Evaluation& test = *training.run(*run)->test;
        MetricCardView* card = page.metricCard();
        auto* terms = page.findChild<MetricCardModel*>();
        const QAbstractItemModelTester tester(terms, QAbstractItemModelTester::FailureReportingMode::Fatal);
        page.showMetric();
        QTRY_VERIFY_WITH_TIMEOUT(card->settled(), patience);
        const auto* title = card->findChild<QLabel*>("cardTitle");
        const auto* equation = card->findChild<QLabel*>("cardEquation");
        const auto plain = [&] { return equation->text().remove(QRegularExpression("<[^>]*>")); };
        for (const char* key : {"ndcg@10", "recall@20", "precision@10"}) {
            const MetricValue* metric = test.find(key);
            QVERIFY(metric);
            for (const std::size_t at : {std::size_t{0}, std::size_t{17}}) {
                const UserIndex user = test.users[at];
                page.showUser(user);
                card->setMetric(key);
                QTRY_VERIFY_WITH_TIMEOUT(card->settled(), patience);
                // The value at the end of the equation is the stored one, to the six digits shown.
                const double shown = plain().section('=', -1).trimmed().toDouble();
                QVERIFY2(std::abs(shown - metric->perUser[at]) < 1e-5,
                         qPrintable(QStringLiteral("%1: %2").arg(key, equation->text())));
                QVERIFY(title->text().contains(
                    QString::fromStdString(std::string(datasets.dataset()->userId(user)))));
                // As many hits among the terms as the recall counts.
                int hits = 0;
                for (int row = 0; row < terms->rowCount(); ++row)
                    hits += terms->index(row, 0).data(MetricCardModel::HitRole).toBool() ? 1 : 0;
                if (QLatin1String(key) == QLatin1String("precision@10"))
                    QCOMPARE(hits, static_cast<int>(std::lround(metric->perUser[at] * 10)));
            }
        }
        // Another reading gives another definition, and says it.
        card->setMetric("ndcg@10");
        const auto* definition = card->findChild<QLabel*>("cardNote");
        QTRY_VERIFY_WITH_TIMEOUT(card->settled() && title->text().contains("NDCG"), patience);
        const QString own = definition->text();
        card->setDialect("ncf_99");
        QTRY_VERIFY_WITH_TIMEOUT(card->settled() && definition->text() != own, patience);
        QVERIFY2(definition->text().contains("99"), qPrintable(definition->text()));
        // What no single user has is told in words, and the rest goes on.
        card->setDialect({});
        card->setMetric("gini@10");
        QTRY_VERIFY_WITH_TIMEOUT(card->settled(), patience);
        QVERIFY(equation->text().isEmpty());
        QVERIFY2(card->findChild<QLabel*>("cardMeaning")->text().contains("user"),
                 qPrintable(card->findChild<QLabel*>("cardMeaning")->text()));
        card->setMetric("auc");
        QTRY_VERIFY_WITH_TIMEOUT(card->settled() && !equation->text().isEmpty(), patience);
        QVERIFY(!card->findChild<QSpinBox*>("cardCutoff")->isEnabled());
    }
};

QTEST_MAIN(TestInspectPage)
#include "tst_inspect_page.moc"
