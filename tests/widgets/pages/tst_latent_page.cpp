// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/dataset_service.h"
#include "app/session/training_service.h"
#include "widgets/charts/scatter_raster.h"
#include "widgets/charts/scatter_view.h"
#include "widgets/pages/latent_coloring.h"
#include "widgets/pages/latent_page.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QLineEdit>
#include <QListWidget>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

constexpr int patience = 60'000;

FeatureColumn genres() {
    FeatureColumn column;
    column.name = "genres";
    column.kind = FeatureKind::Tokens;
    column.vocabulary = {"Comedy", "Drama"};
    column.tokens = {0, 0, 1, 1, 1}; // i0 Comedy; i1 Comedy, Drama; i2 Drama; i3 none; i4 Drama
    column.tokenOffsets = {0, 1, 3, 4, 4, 5};
    return column;
}

FeatureColumn years() {
    FeatureColumn column;
    column.name = "year";
    column.kind = FeatureKind::Number;
    column.numbers = {1990, 2000, 2010, std::numeric_limits<float>::quiet_NaN(), 1995};
    return column;
}

/// Five items with 1, 2, 4, 8 and 16 interactions, genres and years.
LatentPicture fiveItems() {
    DatasetParts parts;
    for (int u = 0; u < 16; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 5; ++i)
        parts.items.insert("i" + std::to_string(i));
    for (int i = 0; i < 5; ++i)
        for (int u = 0; u < (1 << i); ++u) {
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{i});
            parts.rows.values.push_back(static_cast<float>(1 + (u + i) % 5));
        }
    parts.itemFeatures = FeatureTable({genres(), years()});
    SplitSpec spec;
    spec.kind = SplitKind::RandomGlobal;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    LatentPicture picture;
    picture.split = std::move(makeSplit(std::move(Dataset::make(std::move(parts))).value(), spec)).value();
    picture.rows = {0, 1, 2, 3, 4};
    picture.layout = MatrixF::Zero(5, 2);
    return picture;
}

} // namespace

class TestLatentPage final : public QObject {
    Q_OBJECT
private slots:
    void init() { Theme::apply(ThemeChoice::Light); }

    void sourcesAreWhatTheDataKnows() {
        const LatentPicture picture = fiveItems();
        QStringList titles;
        for (const ColorSource& source : colorSources(*picture.split->dataset(), LatentSide::Items))
            titles << source.title;
        QCOMPARE(titles, (QStringList{"Genres", "Popularity", "Mean rating", "Year"}));
        titles.clear();
        for (const ColorSource& source : colorSources(*picture.split->dataset(), LatentSide::Users))
            titles << source.title;
        QCOMPARE(titles, (QStringList{"Activity", "Mean rating"}));
    }

    void categoriesAreCountedAndColoured() {
        const LatentPicture picture = fiveItems();
        const ColorSource source{ColorSource::Kind::Category, "genres", "Genres"};
        const Coloring coloring = colorPoints(source, picture);
        QVERIFY(!coloring.continuous);
        QCOMPARE(coloring.entries.size(), std::size_t{3});
        QCOMPARE(coloring.entries[0].name, QStringLiteral("Drama"));
        QCOMPARE(coloring.entries[0].points, 3);
        QCOMPARE(coloring.entries[1].points, 2);
        QCOMPARE(coloring.entries[2].token, -1);
        QCOMPARE(coloring.missing, 1);
        QCOMPARE(QColor(coloring.colors[2]), coloring.entries[0].color);
        QCOMPARE(QColor(coloring.colors[1]), coloring.entries[1].color); // its first
        QCOMPARE(QColor(coloring.colors[3]), missingColor(false));
        QCOMPARE(pointsWith(source, picture, 1), (std::vector<bool>{false, true, true, false, true}));
        QCOMPARE(pointsWith(source, picture, -1), (std::vector<bool>{false, false, false, true, false}));
        const auto shares = categoryShares(source, picture, {0, 1, 2}, 5);
        QCOMPARE(shares.size(), std::size_t{2});
        QCOMPARE(shares[0].name, QStringLiteral("Drama"));
        QCOMPARE(shares[0].chosen, 2);
        QVERIFY(std::abs(shares[0].share - 2.0 / 3.0) < 1e-9 && std::abs(shares[0].allShare - 0.6) < 1e-9);
    }

    void countsGoByTheirLogarithmAndMissingNumbersAreNeutral() {
        const LatentPicture picture = fiveItems();
        const Coloring counts = colorPoints({ColorSource::Kind::Activity, "", ""}, picture);
        QVERIFY(counts.continuous);
        for (std::size_t n = 0; n < 5; ++n) // 1 2 4 8 16: evenly spaced
            QCOMPARE(counts.colors[n], rampColor(static_cast<double>(n) / 4.0, false).rgb());
        QCOMPARE(counts.low, QStringLiteral("1"));
        QCOMPARE(counts.middle, QStringLiteral("4"));
        QCOMPARE(counts.high, QStringLiteral("16"));
        const Coloring years = colorPoints({ColorSource::Kind::Number, "year", ""}, picture);
        QCOMPARE(years.missing, 1);
        QCOMPARE(QColor(years.colors[3]), missingColor(false));
        QCOMPARE(years.low, QStringLiteral("1990"));
        QCOMPARE(years.high, QStringLiteral("2000")); // 2010 is beyond: 1 % of five points is the one above
        QVERIFY(pointTitle(picture, 2) == QStringLiteral("i2"));
        QVERIFY(pointHint(picture, 1).contains(QStringLiteral("Comedy, Drama")));
        QVERIFY(pointHint(picture, 1).contains(QStringLiteral("2000")));
    }

    void theMapFollowsARunAndAnswersToAPerson() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        LatentPage page(&training);
        page.resize(1180, 740);
        page.show();
        QCOMPARE(page.view()->pointCount(), 0);

        Experiment experiment;
        experiment.plan.algorithm = "ials";
        experiment.plan.params["epochs"] = std::int64_t{60};
        experiment.plan.earlyStopping.enabled = false;
        const auto run = training.start(experiment, datasets.currentSplit());
        QVERIFY(run.ok());
        QTRY_VERIFY_WITH_TIMEOUT(page.picture() != nullptr, patience);
        const int early = page.picture()->epoch;
        QTRY_VERIFY_WITH_TIMEOUT(training.activeRun().isEmpty(), patience);
        const int last = training.run(*run)->modelEpoch;
        QTRY_VERIFY_WITH_TIMEOUT(page.picture()->epoch == last, patience);
        QVERIFY2(early < last, "it was seen to change");
        ScatterView* view = page.view();
        QCOMPARE(view->pointCount(), static_cast<int>(page.picture()->rows.size()));

        // Search marks, the panel lists, Escape of a person's zoom is fit().
        auto* field = page.findChild<QLineEdit*>(QStringLiteral("latentSearch"));
        const QString title = pointTitle(*page.picture(), 3);
        field->setText(title);
        QTest::keyClick(field, Qt::Key_Return);
        QVERIFY(std::find(view->marked().begin(), view->marked().end(), 3) != view->marked().end());
        auto* list = page.findChild<QListWidget*>(QStringLiteral("latentPoints"));
        QCOMPARE(list->count(), static_cast<int>(view->marked().size()));
        field->clear();
        QTRY_VERIFY_WITH_TIMEOUT(view->marked().empty(), patience);

        // A category that is picked stands out and lets go.
        auto* legend = page.findChild<QListWidget*>(QStringLiteral("latentLegend"));
        QVERIFY(legend->count() > 2);
        const QImage before = view->grab().toImage();
        legend->setCurrentRow(1);
        QVERIFY(view->grab().toImage() != before);
        legend->clearSelection();

        // What a lasso selects is listed; the other side of the model forgets it.
        view->setSelection({0, 1, 2, 5});
        QCOMPARE(list->count(), 4);
        QSignalSpy items(&page, &LatentPage::itemActivated);
        emit view->activated(5);
        QCOMPARE(items.count(), 1);
        QCOMPARE(items.front().front().value<ItemIndex>(), ItemIndex{page.picture()->rows[5]});
        page.setSide(LatentSide::Users);
        QTRY_VERIFY_WITH_TIMEOUT(page.picture() && page.picture()->side == LatentSide::Users, patience);
        QVERIFY(view->selection().empty());
        QSignalSpy users(&page, &LatentPage::userActivated);
        emit view->activated(0);
        QCOMPARE(users.count(), 1);
        page.setMethod(LatentMethod::Tsne);
        QTRY_VERIFY_WITH_TIMEOUT(page.picture()->method == LatentMethod::Tsne && page.picture()->finished,
                                 patience);
        QVERIFY(page.setColorSource(QStringLiteral("Activity")));
        QVERIFY(!page.setColorSource(QStringLiteral("No such thing")));
    }

    void aModelWithoutVectorsSaysSo() {
        QTemporaryDir workspace;
        DatasetService datasets;
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        datasets.import(QStringLiteral("builtin:sample"));
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        TrainingService training(workspace.path());
        LatentPage page(&training);
        page.resize(900, 600);
        page.show();
        Experiment experiment;
        experiment.plan.algorithm = "popularity";
        const QImage before = page.view()->grab().toImage();
        QVERIFY(training.start(experiment, datasets.currentSplit()).ok());
        QTRY_VERIFY_WITH_TIMEOUT(page.view()->grab().toImage() != before, patience);
        QVERIFY(!page.picture());
        QCOMPARE(page.view()->pointCount(), 0);
    }
};

QTEST_MAIN(TestLatentPage)
#include "tst_latent_page.moc"
