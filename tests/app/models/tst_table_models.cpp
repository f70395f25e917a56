// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/dataset_table_model.h"
#include "app/models/explanation_model.h"
#include "app/models/import_issue_model.h"
#include "app/models/preview_model.h"
#include "app/models/recommendation_model.h"
#include "tests/support/small_data.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

using namespace recoscope;

namespace {

DatasetPtr filmData() {
    DatasetParts parts;
    for (const char* user : {"alice", "bob"}) parts.users.insert(user);
    for (const char* item : {"m1", "m2", "m3"}) parts.items.insert(item);
    const auto add = [&](int user, int item, float rating) {
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{item});
        parts.rows.values.push_back(rating);
    };
    add(0, 0, 4.0f);
    add(0, 1, 2.0f);
    add(1, 0, 5.0f);
    add(1, 2, 3.0f);
    FeatureColumn genres{.name = "genres", .kind = FeatureKind::Tokens};
    genres.vocabulary = {"Drama", "War"};
    genres.tokens = {0, 1, 0};
    genres.tokenOffsets = {0, 2, 3, 3};
    FeatureColumn titles{.name = "title", .kind = FeatureKind::Text};
    titles.texts = {"First Light", "The Long Way", ""};
    parts.itemFeatures = FeatureTable({genres, titles});
    return std::move(Dataset::make(std::move(parts))).value();
}

RecommendedRow recommended(int rank, float score, bool hit) {
    RecommendedRow row;
    row.rank = rank;
    row.item = ItemIndex{rank};
    row.title = QStringLiteral("Film %1").arg(rank);
    row.score = score;
    row.heldOutHit = hit;
    row.heldOutRating = 4.0f;
    return row;
}

QStringList headers(const QAbstractItemModel& model) {
    QStringList texts;
    for (int column = 0; column < model.columnCount(); ++column)
        texts << model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    return texts;
}

} // namespace

class TestTableModels final : public QObject {
    Q_OBJECT
private slots:
    void itemsShowTitleCountsAndMeanRating() {
        DatasetTableModel model(BrowseKind::Items);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setDataset(filmData());
        QCOMPARE(model.rowCount(), 0);
        model.setRows({0, 2});
        QCOMPARE(headers(model), (QStringList{"Item id", "Title", "Interactions", "Mean rating", "Genres"}));
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("m1"));
        QCOMPARE(model.index(0, 1).data().toString(), QStringLiteral("First Light"));
        QCOMPARE(model.index(0, 2).data().toString(), QStringLiteral("2"));
        QVERIFY(model.index(0, 3).data().toString().startsWith(QStringLiteral("4.5"))); // (4 + 5) / 2
        QCOMPARE(model.index(0, 4).data().toString(), QStringLiteral("Drama, War"));
        QCOMPARE(model.indexAt(1), 2);
        QCOMPARE(model.indexAt(2), -1);
        model.setDataset(nullptr);
        QCOMPARE(model.columnCount(), 0);
    }

    void usersHaveNoTitleColumn() {
        DatasetTableModel model(BrowseKind::Users);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setDataset(filmData());
        model.setRows({1, 0});
        QCOMPARE(headers(model), (QStringList{"User id", "Interactions", "Mean rating"}));
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("bob"));
    }

    void importProblemsShowTheirFirstPlacesBelowThem() {
        auto report = std::make_shared<ImportReport>();
        for (int line = 1; line <= 5; ++line)
            report->add("rating", "The rating is not a number", "r.csv:" + std::to_string(line), "1,2,x");
        report->add("unrated", "Items without ratings were left out", "movies.csv:7", "", Severity::Note);
        ImportIssueModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setReport(report);
        QCOMPARE(model.rowCount(), 2);
        const QModelIndex first = model.index(0, 0);
        QCOMPARE(model.index(0, 1).data().toString(), QStringLiteral("5"));
        QCOMPARE(model.rowCount(first), 3); // the first three are kept
        QCOMPARE(model.index(1, 0, first).data().toString(), QStringLiteral("r.csv:2:  1,2,x"));
        QCOMPARE(model.index(1, 0).data().toString(), QStringLiteral("Note: Items without ratings were left out"));
        QCOMPARE(model.parent(model.index(1, 0, first)), first);
    }

    void previewHeadersFollowTheMapping() {
        FormatPreview preview;
        preview.columns = {"who", "what", "stars"};
        preview.rows = {{"a", "b", "3"}, {"c", "d"}};
        PreviewModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setPreview(preview);
        QCOMPARE(headers(model), (QStringList{"who", "what", "stars"}));
        ColumnMapping mapping;
        mapping.user = 1;
        mapping.item = 0;
        mapping.rating = 2;
        model.setMapping(mapping);
        QCOMPARE(headers(model), (QStringList{"ITEM ← who", "USER ← what", "RATING ← stars"}));
        QCOMPARE(model.index(1, 2).data(), QVariant()); // the short row has no third cell
    }

    void recommendationsKeepTheirSelectionWhenOnlyScoresChange() {
        RecommendationModel model(RecommendationModel::Kind::Recommendations);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setRows({recommended(1, 0.9f, true), recommended(2, 0.5f, false)});
        QCOMPARE(model.hitCount(), 1);
        QCOMPARE(headers(model), (QStringList{"#", "Title", "Score", "Held out"}));
        QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
        QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
        model.setRows({recommended(2, 0.7f, false), recommended(1, 0.6f, true)});
        QCOMPARE(resets.count(), 0);
        QCOMPARE(changes.count(), 1);
        QCOMPARE(model.index(0, 0).data(RecommendationModel::ItemRole).toInt(), 2);
        RecommendedRow withTruth = recommended(1, 0.9f, true);
        withTruth.truth = 3.25f;
        model.setRows({withTruth});
        QCOMPARE(resets.count(), 1);
        QCOMPARE(headers(model).last(), QStringLiteral("Truth"));
    }

    void historyAndHeldOutShowDatesAndRanks() {
        HistoryModel history;
        QAbstractItemModelTester tester(&history, QAbstractItemModelTester::FailureReportingMode::QtTest);
        HistoryRow row;
        row.title = QStringLiteral("First Light");
        row.rating = 4.5f;
        row.time = 86'400; // one day after 1970-01-01
        history.setRows({row});
        QCOMPARE(history.index(0, HistoryModel::Time).data().toString(), QStringLiteral("1970-01-02"));
        HeldOutModel heldOut;
        QAbstractItemModelTester tester2(&heldOut, QAbstractItemModelTester::FailureReportingMode::QtTest);
        HeldOutRow held;
        held.rank = 17;
        heldOut.setRows({held});
        QCOMPARE(heldOut.index(0, HeldOutModel::Rank).data().toString(), QStringLiteral("17"));
    }

    void explanationSharesAreRelativeToTheLargestPart() {
        Explanation explanation;
        explanation.parts = {{"", ItemIndex{1}, -2.0, "similarity 0.5 x rating 4"}, {"user bias", std::nullopt, 1.0, ""}};
        ExplanationModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setExplanation(explanation, filmData());
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("The Long Way"));
        QCOMPARE(model.index(0, 1).data(ExplanationModel::ShareRole).toDouble(), -1.0);
        QCOMPARE(model.index(1, 1).data(ExplanationModel::ShareRole).toDouble(), 0.5);
        QCOMPARE(model.index(1, 0).data(ExplanationModel::ItemRole).toInt(), -1);
    }
};

QTEST_GUILESS_MAIN(TestTableModels)
#include "tst_table_models.moc"
