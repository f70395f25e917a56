// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/dataset_service.h"
#include "tests/support/real_data.h"
#include "tests/support/small_data.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QThread>
#include <QtTest>

#include <cmath>
#include <memory>
#include <numeric>

using namespace recoscope;

namespace {

const QString smallData = QStringLiteral("generated:users=80,items=60,interactions=1500,seed=3");
/// Takes a second or more to make: there is time to change one's mind.
const QString largeData = QStringLiteral("generated:users=20000,items=4000,interactions=2000000,seed=3");

} // namespace

class TestDatasetService : public QObject {
    Q_OBJECT
    std::unique_ptr<DatasetService> m_service;
    std::unique_ptr<QSignalSpy> m_imported, m_split, m_failed;

    Error error() const { return m_failed->isEmpty() ? Error{} : m_failed->last().at(1).value<Error>(); }

private slots:
    void init() {
        m_service = std::make_unique<DatasetService>();
        m_imported = std::make_unique<QSignalSpy>(m_service.get(), &DatasetService::imported);
        m_split = std::make_unique<QSignalSpy>(m_service.get(), &DatasetService::splitReady);
        m_failed = std::make_unique<QSignalSpy>(m_service.get(), &DatasetService::failed);
    }
    void cleanup() { m_service.reset(); }

    void importGivesDatasetReportSummaryAndSplit() {
        QSignalSpy busy(m_service.get(), &DatasetService::busyChanged);
        QSignalSpy progress(m_service.get(), &DatasetService::progress);
        QVERIFY(!m_service->dataset());
        m_service->import(smallData);
        QVERIFY(m_service->busy());
        QTRY_COMPARE(m_split->size(), 1);
        QCOMPARE(m_imported->size(), 1);
        QCOMPARE(m_service->dataset()->userCount(), 80);
        QCOMPARE(m_service->path(), smallData);
        QVERIFY(m_service->report() && m_service->summary());
        QVERIFY(m_service->currentSplit()->dataset() == m_service->dataset());
        QTRY_VERIFY(!m_service->busy());
        QCOMPARE(busy.first().first().toBool(), true);
        QCOMPARE(busy.last().first().toBool(), false);
        QCOMPARE(busy.size(), 2); // import and split are one piece of work for a person
        double last = 0.0;
        for (const auto& step : progress)
            if (step.at(1).toString() != "splitting") {
                QVERIFY(step.at(0).toDouble() >= last);
                last = step.at(0).toDouble();
            }
    }

    void newestImportWins() {
        m_service->import(largeData);
        QTest::qWait(20);
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        QCOMPARE(m_imported->size(), 1);
        QCOMPARE(m_service->dataset()->userCount(), 80);
        QCOMPARE(m_failed->size(), 0); // what was given up is no failure
    }

    void cancelledImportKeepsTheOldData() {
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        const DatasetPtr before = m_service->dataset();
        m_service->import(largeData);
        QTest::qWait(20);
        m_service->cancel();
        QTRY_COMPARE(m_failed->size(), 1);
        QCOMPARE(error().code, ErrorCode::Cancelled);
        QVERIFY(!m_service->busy());
        QVERIFY(m_service->dataset() == before);
        QCOMPARE(m_service->path(), smallData);
        // And the service goes on.
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 2);
    }

    void missingFileFailsAndKeepsTheOldData() {
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        m_service->import("/nowhere/ratings.csv");
        QTRY_COMPARE(m_failed->size(), 1);
        QVERIFY(!error().message.empty());
        QVERIFY(m_service->dataset());
        QVERIFY(!m_service->busy());
    }

    void previewShowsTheFirstRows() {
        QTemporaryDir folder;
        QFile file(folder.filePath("ratings.csv"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("userId,movieId,rating,timestamp\n1,10,4.5,1000000000\n2,10,3.0,1000000001\n2,11,1.0,"
                   "1000000002\n");
        file.close();
        QSignalSpy previews(m_service.get(), &DatasetService::previewReady);
        m_service->preview(file.fileName());
        QTRY_COMPARE(previews.size(), 1);
        QCOMPARE(previews.first().first().toString(), file.fileName());
        QCOMPARE(previews.first().at(1).value<FormatPreview>().rows.size(), std::size_t(3));
        m_service->preview("/nowhere/ratings.csv");
        QTRY_COMPARE(m_failed->size(), 1);
    }

    void splitFollowsTheSpecAndTheNewestWins() {
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        SplitSpec spec;
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            spec.seed = seed;
            m_service->split(spec);
        }
        QTRY_VERIFY(!m_service->busy());
        QCOMPARE(m_service->currentSplit()->spec().seed, std::uint64_t(20));
        QVERIFY(m_split->size() <= 3); // the first import's, perhaps one that had begun, the newest
    }

    void splitAskedDuringAnImportIsMadeOfTheNewData() {
        m_service->import(smallData);
        SplitSpec spec;
        spec.seed = 99;
        m_service->split(spec);
        QTRY_COMPARE(m_split->size(), 1);
        QCOMPARE(m_service->currentSplit()->spec().seed, std::uint64_t(99));
    }

    void impossibleSplitFailsAndKeepsTheOldOne() {
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        SplitSpec spec;
        spec.filter.minUserInteractions = 1'000'000;
        m_service->split(spec);
        QTRY_COMPARE(m_failed->size(), 1);
        QVERIFY(m_service->currentSplit());
        QCOMPARE(m_service->currentSplit()->spec().filter.minUserInteractions, 0);
    }

    void splitSettingsThatDoNotFitTheNextDataFallBackAndSaySo() {
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 1);
        SplitSpec spec;
        spec.filter.minItemInteractions = 5;
        spec.filter.fromTime = 1;
        m_service->split(spec);
        QTRY_VERIFY(!m_service->busy());
        const auto splits = m_split->size();
        const auto failures = m_failed->size();
        QTemporaryDir folder;
        QFile file(folder.filePath("ratings.csv"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("user_id,item_id,rating\n1,10,4\n2,10,3\n2,11,1\n1,12,5\n");
        file.close();
        m_service->import(file.fileName());
        QTRY_COMPARE(m_split->size(), splits + 1);
        QCOMPARE(m_failed->size(), failures + 1);
        QCOMPARE(m_service->dataset()->userCount(), 2);
        QVERIFY(!m_service->currentSplit()->spec().filter.any());
    }

    void premadePartsAreTakenAsTheyCame() {
        QTemporaryDir folder;
        const auto write = [&](const QString& name, const QByteArray& text) {
            QFile file(folder.filePath(name));
            if (file.open(QIODevice::WriteOnly)) file.write(text);
            return file.fileName();
        };
        ImportOptions options;
        const QString train = write("train.csv", "user_id,item_id,rating\n1,10,4\n2,10,3\n2,11,1\n1,12,5\n");
        options.testPath = write("test.csv", "user_id,item_id,rating\n1,11,4\n2,12,3\n").toStdString();
        m_service->import(train, options);
        QTRY_COMPARE(m_split->size() + m_failed->size(), 1);
        QCOMPARE(error().text(), std::string());
        QCOMPARE(m_service->currentSplit()->spec().kind, SplitKind::Premade);
        QCOMPARE(m_service->currentSplit()->test().size(), 2);
        // The next data has no parts: back to the usual split, without a fuss.
        m_service->import(smallData);
        QTRY_COMPARE(m_split->size(), 2);
        QCOMPARE(m_service->currentSplit()->spec().kind, SplitKind::RandomPerUser);
        QCOMPARE(m_failed->size(), 0);
    }

    void splitWithoutDataFails() {
        m_service->split({});
        QTRY_COMPARE(m_failed->size(), 1);
        QCOMPARE(error().code, ErrorCode::NotFound);
    }

    void destructionDuringImportDoesNotWaitForIt() {
        m_service->import(largeData);
        QTest::qWait(30);
        m_service.reset();
    }

    void summaryOfASmallDatasetIsAsCountedByHand() {
        // Items: i0 has 3 users, i1 has 1, i2 none, i3 has 1. Users: u0 has 3 items, u1 has 1, u2 has 1.
        const auto data = test::dataset(3, 4,
                                        {{0, 0, 5.0f, 86400},
                                         {0, 1, 3.0f, 86400},
                                         {0, 3, 3.5f, 2 * 86400},
                                         {1, 0, 5.0f, 3 * 86400},
                                         {2, 0, 1.0f, 4 * 86400}},
                                        true);
        const DatasetSummary summary = summarise(*data);
        QCOMPARE(summary.ratingHistogram.size(), std::size_t(4));
        QCOMPARE(summary.ratingHistogram[0].label, QString("1"));
        QCOMPARE(summary.ratingHistogram[2].label, QString("3.5"));
        QCOMPARE(summary.ratingHistogram[3].value, 2.0);
        QCOMPARE(summary.meanRating, 3.5);
        using Curve = std::vector<std::pair<double, double>>;
        QCOMPARE(summary.itemPopularity, (Curve{{1, 3}, {2, 1}, {3, 1}})); // without i2
        QCOMPARE(summary.userActivity, (Curve{{1, 3}, {2, 1}, {3, 1}}));
        QCOMPARE(summary.meanPerItem, 1.25);
        QCOMPARE(summary.medianPerItem, 1.0);
        QCOMPARE(summary.meanPerUser, 5.0 / 3.0);
        QCOMPARE(summary.medianPerUser, 1.0);
        // Counts 0 1 1 3: 2 (1*0 + 2*1 + 3*1 + 4*3) / (4 * 5) - 5/4 = 0.45
        QVERIFY(std::abs(summary.gini - 0.45) < 1e-12);
        QCOMPARE(summary.firstTime, 86400);
        QCOMPARE(summary.lastTime, 4 * 86400);
        double total = 0.0;
        for (const auto& [time, count] : summary.activityOverTime)
            total += count;
        QCOMPARE(total, 5.0);
        QVERIFY(summary.activityOverTime.size() <= 120);
    }

    void longCurvesAreThinnedEvenlyOnALogAxis() {
        const auto data = test::randomDataset(30, 6000, 0.4, 5);
        const DatasetSummary summary = summarise(*data);
        const auto& curve = summary.itemPopularity;
        QVERIFY(curve.size() <= 1000 && curve.size() > 300);
        QCOMPARE(curve.front().first, 1.0);
        QVERIFY(curve.back().first > 5000.0);
        for (std::size_t n = 1; n < curve.size(); ++n) {
            QVERIFY(curve[n].first > curve[n - 1].first);
            QVERIFY(curve[n].second <= curve[n - 1].second);
        }
        QVERIFY(summary.activityOverTime.empty()); // the data has no times
    }

    void manyDifferentRatingsBecomeRanges() {
        DatasetParts parts;
        parts.users.insert("u");
        for (int i = 0; i < 100; ++i) {
            parts.items.insert("i" + std::to_string(i));
            parts.rows.users.push_back(UserIndex{0});
            parts.rows.items.push_back(ItemIndex{i});
            parts.rows.values.push_back(static_cast<float>(i));
        }
        const DatasetPtr data = Dataset::make(std::move(parts)).value();
        const DatasetSummary summary = summarise(*data);
        QCOMPARE(summary.ratingHistogram.size(), std::size_t(20));
        double total = 0.0;
        for (const auto& bar : summary.ratingHistogram) {
            QVERIFY(bar.value >= 4.0 && bar.value <= 6.0); // 100 values, 20 ranges
            total += bar.value;
        }
        QCOMPARE(total, 100.0);
    }

    void movieLensImportsWithItsFigures() {
        RECOSCOPE_REAL_DATA(path, "ml-latest-small");
        m_service->import(QString::fromStdString(path));
        QTRY_COMPARE_WITH_TIMEOUT(m_split->size(), 1, 30'000);
        QCOMPARE(m_service->dataset()->interactionCount(), 100'836);
        const auto summary = m_service->summary();
        QCOMPARE(summary->ratingHistogram.size(), std::size_t(10)); // half stars
        QCOMPARE(summary->ratingHistogram.front().label, QString("0.5"));
        QCOMPARE(summary->userActivity.size(), std::size_t(610));
        QVERIFY(std::abs(summary->meanRating - 3.50156) <
                1e-4); // sum of the rating column by the number of lines
    }
};

QTEST_GUILESS_MAIN(TestDatasetService)
#include "tst_dataset_service.moc"
