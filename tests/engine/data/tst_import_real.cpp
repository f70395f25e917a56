// SPDX-License-Identifier: GPL-3.0-or-later
// Counts of real files. Said where from: MovieLens' READMEs, the Amazon pages, and for the others independent
// counts by awk and sort over the same files.
#include "tests/engine/data/import_case.h"
#include "tests/support/real_data.h"

#include <QtTest>

using namespace recoscope;
using namespace recoscope::test;

class TstImportReal final : public QObject {
    Q_OBJECT

private slots:
    void countsAreThePublishedOnes_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("format");
        QTest::addColumn<qint64>("interactions");
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<qint64>("rowsRead");
        const auto row = [](const char* path, const char* format, qint64 n, int users, int items,
                            qint64 read) {
            QTest::newRow(path) << path << format << n << users << items << read;
        };
        row("ml-latest-small", "ml-csv", 100836, 610, 9724, 100836);
        row("ml-latest-small.zip", "ml-csv", 100836, 610, 9724, 100836);
        row("ml-100k", "ml-100k", 100000, 943, 1682, 100000);
        row("ml-1m", "ml-1m", 1000209, 6040, 3706, 1000209);
        row("recbole-ml-100k", "recbole", 100000, 943, 1682, 100000);
        row("recbole-ml-100k/ml-100k.inter", "recbole", 100000, 943, 1682, 100000);
        row("amazon-2018/Gift_Cards_5.json", "amazon-2018-reviews", 2965, 458, 148, 2972);
        row("amazon-2018/Gift_Cards_5.json.gz", "amazon-2018-reviews", 2965, 458, 148, 2972);
        row("amazon-2018/All_Beauty_5.json.gz", "amazon-2018-reviews", 5269 - 1177, 991, 85, 5269);
        row("amazon-2018/AMAZON_FASHION_5.json", "amazon-2018-reviews", 3042, 406, 31, 3176);
        row("amazon-2018/Magazine_Subscriptions.head.csv", "amazon-2018-ratings", 546, 535, 22, 546);
        row("amazon-2014/ratings_Beauty.2lines.csv", "amazon-2014-ratings", 2, 2, 2, 2);
        row("amazon-2014/Musical_Instruments_5.head.json", "amazon-2014-reviews", 50, 49, 7, 50);
        row("amazon-2023/5core_rating_only", "amazon-2023-ratings", 2535, 253, 356, 2535);
        row("amazon-2023/5core_rating_only/All_Beauty.csv.gz", "amazon-2023-ratings", 2535, 253, 356, 2535);
        row("amazon-2023/5core_last_out", "premade", 2535, 253, 356, 2535);
        row("lightgcn-lastfm", "lightgcn", 91779, 1885, 17388, 91779);
        row("ncf-amazon-music", "ncf", 46087, 1776, 12929, 46087);
        row("sequences", "sequences", 287107, 31013, 23715, 287107);
        row("book-crossing", "book-crossing", 7, 6, 7, 7);
        row("splits/ml-100k-mcrec", "ncf", 100000, 943, 1682, 100000);
        row("splits/ml-1m-strong-generalisation", "strong-generalisation", 575228, 4834 + 600 + 600, 3497,
            575228);
    }
    void countsAreThePublishedOnes() {
        QFETCH(QString, path);
        QFETCH(QString, format);
        QFETCH(qint64, interactions);
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(qint64, rowsRead);
        const std::string full = realData(path.toStdString());
        if (full.empty()) QSKIP("real data is not there (set RECOSCOPE_DATA)");
        ThreadPool pool({.threads = 2, .niceness = 0});
        RECOSCOPE_IMPORT(got, import(full, {}, &pool));
        const Dataset& data = *got.dataset;
        QCOMPARE(QString::fromStdString(data.provenance().format), format);
        QCOMPARE(data.interactionCount(), interactions);
        QCOMPARE(data.userCount(), users);
        QCOMPARE(data.itemCount(), items);
        QCOMPARE(got.report.rowsRead, rowsRead);
        QCOMPARE(got.report.rowsUsed, interactions);
        QCOMPARE(got.report.duplicates, rowsRead - interactions);
        for (const auto& one : got.report.issues)
            QVERIFY2(one.severity == Severity::Note, one.kind.c_str()); // nothing in these files is wrong
        // The preview promises the same.
        const auto preview = previewPath(full);
        QVERIFY(preview.ok());
        QCOMPARE(QString::fromStdString(preview->format), format);
        QVERIFY(!preview->rows.empty() && preview->rows.size() <= 20);
        QVERIFY(!preview->needsMapping);
        QCOMPARE(preview->bytes, data.provenance().bytes);
    }

    void movieLens100kHasTitlesGenresAndUsers() {
        RECOSCOPE_REAL_DATA(path, "ml-100k");
        RECOSCOPE_IMPORT(got, import(path));
        const Dataset& data = *got.dataset;
        QCOMPARE(feature(data, "1", "title"), "Toy Story (1995)");
        QCOMPARE(feature(data, "1", "genres"), "Animation, Children's, Comedy");
        QCOMPARE(feature(data, "1", "year"), "1995");
        QCOMPARE(feature(data, "267", "title"), "unknown");
        QCOMPARE(feature(data, "267", "year"), "");
        QCOMPARE(feature(data, "267", "genres"), "unknown");
        // Latin-1 in the file.
        QCOMPARE(feature(data, "543", "title"), QString::fromUtf8("Misérables, Les (1995)"));
        QCOMPARE(issueCount(got.report, "recoded"), 1);
        QCOMPARE(userFeature(data, "1", "age"), "24");
        QCOMPARE(userFeature(data, "1", "gender"), "M");
        QCOMPARE(userFeature(data, "1", "occupation"), "technician");
        QCOMPARE(userFeature(data, "74", "zip"), "T8H1N"); // a zip code is no number
        QCOMPARE(data.scale(), (RatingScale{1.0f, 5.0f, 1.0f, false}));
        QVERIFY(data.timeUnit() == TimeUnit::Seconds);
        // 18 titles occur twice: they stay 1,682 items with 1,664 titles.
        std::vector<std::string> titles;
        for (int i = 0; i < data.itemCount(); ++i)
            titles.push_back(data.itemTitle(ItemIndex{i}));
        std::sort(titles.begin(), titles.end());
        QCOMPARE(std::unique(titles.begin(), titles.end()) - titles.begin(), 1664);
    }

    void recBoleFilesGiveTheSameInteractionsAsTheOriginal() {
        RECOSCOPE_REAL_DATA(recbole, "recbole-ml-100k");
        RECOSCOPE_REAL_DATA(original, "ml-100k");
        RECOSCOPE_IMPORT(a, import(recbole));
        RECOSCOPE_IMPORT(b, import(original));
        QCOMPARE(a.dataset->provenance().fingerprint, b.dataset->provenance().fingerprint);
        QCOMPARE(a.dataset->byUser(), b.dataset->byUser());
        QCOMPARE(feature(*a.dataset, "1", "title"), "Toy Story");
        QCOMPARE(feature(*a.dataset, "1", "genres"), "Animation, Children's, Comedy");
        QCOMPARE(feature(*a.dataset, "1", "year"), "1995");
    }

    void folderZipAndFileAreTheSameData() {
        RECOSCOPE_REAL_DATA(folder, "ml-latest-small");
        RECOSCOPE_REAL_DATA(zip, "ml-latest-small.zip");
        RECOSCOPE_IMPORT(a, import(folder));
        RECOSCOPE_IMPORT(b, import(zip));
        RECOSCOPE_IMPORT(c, import(folder + "/ratings.csv"));
        QCOMPARE(a.dataset->provenance().fingerprint, b.dataset->provenance().fingerprint);
        QCOMPARE(a.dataset->provenance().fingerprint, c.dataset->provenance().fingerprint);
        QCOMPARE(feature(*b.dataset, "1", "title"), "Toy Story (1995)");
        QCOMPARE(feature(*c.dataset, "11", "title"),
                 "American President, The (1995)"); // quoted, with a comma
        QCOMPARE(feature(*a.dataset, "1", "imdb"), "0114709");
        QCOMPARE(a.dataset->scale(), (RatingScale{0.5f, 5.0f, 0.5f, false}));
        // 9,742 films in the catalogue, 18 of them unrated: they are counted, not candidates. Twice: movies,
        // links.
        QCOMPARE(issueCount(a.report, "items-without-interactions"), 36);
    }

    void movieLens1mHasGapsInIdsAndOccupationNames() {
        RECOSCOPE_REAL_DATA(path, "ml-1m");
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(feature(*got.dataset, "1", "title"), "Toy Story (1995)");
        QCOMPARE(feature(*got.dataset, "3952", "title"), "Contender, The (2000)");
        QVERIFY(!got.dataset->items().find("91")); // a gap
        QCOMPARE(userFeature(*got.dataset, "1", "occupation"), "K-12 student");
        QCOMPARE(issueCount(got.report, "items-without-interactions"), 3883 - 3706);
        QCOMPARE(valueOf(*got.dataset, "1", "1193"), 5.0f);
        QCOMPARE(timeOf(*got.dataset, "1", "1193"), 978300760);
    }

    void amazonMetaIsJoined() {
        RECOSCOPE_REAL_DATA(path, "amazon-2018/Gift_Cards_5.json");
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(feature(*got.dataset, "B004LLIKVU", "title"), "Amazon eGift Card");
        QVERIFY(got.dataset->itemFeatures().find("brand"));
        QVERIFY(got.dataset->itemFeatures().find("price"));
        const auto* titles = got.dataset->itemFeatures().find("title");
        QVERIFY(titles);
        for (const auto& title : titles->texts)
            QVERIFY2(title.find("&#") == std::string::npos, title.c_str());
        QVERIFY(std::count(titles->texts.begin(), titles->texts.end(), "") <= 2);
    }

    void preMadePartsAreKept() {
        RECOSCOPE_REAL_DATA(lastOut, "amazon-2023/5core_last_out");
        RECOSCOPE_IMPORT(a, import(lastOut));
        QCOMPARE(partCount(*a.dataset, Part::Train), 2029);
        QCOMPARE(partCount(*a.dataset, Part::Validation), 253);
        QCOMPARE(partCount(*a.dataset, Part::Test), 253);
        RECOSCOPE_REAL_DATA(mcrec, "splits/ml-100k-mcrec");
        RECOSCOPE_IMPORT(b, import(mcrec));
        QCOMPARE(partCount(*b.dataset, Part::Train), 80000);
        QCOMPARE(partCount(*b.dataset, Part::Test), 20000);
        RECOSCOPE_REAL_DATA(strong, "splits/ml-1m-strong-generalisation");
        RECOSCOPE_IMPORT(c, import(strong));
        QCOMPARE(partCount(*c.dataset, Part::Train), 462827);
        QCOMPARE(partCount(*c.dataset, Part::ValidationHistory), 43028);
        QCOMPARE(partCount(*c.dataset, Part::Validation), 14346);
        QCOMPARE(partCount(*c.dataset, Part::TestHistory), 41278);
        QCOMPARE(partCount(*c.dataset, Part::Test), 13749);
        RECOSCOPE_REAL_DATA(lastfm, "lightgcn-lastfm");
        RECOSCOPE_IMPORT(d, import(lastfm));
        QCOMPARE(partCount(*d.dataset, Part::Validation), 9143);
        QVERIFY(d.dataset->scale().implicit);
    }

    void partsGivenFileByFileMakeASplit() {
        RECOSCOPE_REAL_DATA(base, "ml-100k/u1.base");
        RECOSCOPE_REAL_DATA(test, "ml-100k/u1.test");
        ImportOptions options;
        options.testPath = test;
        RECOSCOPE_IMPORT(got, import(base, options));
        QCOMPARE(partCount(*got.dataset, Part::Train), 80000);
        QCOMPARE(partCount(*got.dataset, Part::Test), 20000);
        QCOMPARE(got.dataset->userCount(), 943);
        QCOMPARE(got.dataset->itemCount(), 1682);
        QCOMPARE(feature(*got.dataset, "1", "title"), "Toy Story (1995)");
        const auto preview = previewPath(base, options);
        QVERIFY(preview.ok());
        QVERIFY(std::find(preview->files.begin(), preview->files.end(), "u1.test") != preview->files.end());

        RECOSCOPE_REAL_DATA(train, "splits/ml-100k-mcrec/ml-100k.train.rating");
        RECOSCOPE_REAL_DATA(lists, "splits/ml-100k-mcrec/ml-100k.test.rating");
        options.testPath = lists;
        RECOSCOPE_IMPORT(mcrec, import(train, options));
        QCOMPARE(partCount(*mcrec.dataset, Part::Test), 20000);
    }

    void threadCountDoesNotMatter() {
        RECOSCOPE_REAL_DATA(path, "ml-1m/ratings.dat");
        RECOSCOPE_IMPORT(alone, import(path));
        for (const int threads : {1, 2, 5}) {
            ThreadPool pool({.threads = threads, .niceness = 0});
            RECOSCOPE_IMPORT(got, import(path, {}, &pool));
            QCOMPARE(got.dataset->provenance().fingerprint, alone.dataset->provenance().fingerprint);
            QCOMPARE(got.dataset->byUser(), alone.dataset->byUser());
            QCOMPARE(got.report.issues, alone.report.issues);
        }
    }

    void aFolderOfSeveralDatasetsAsksForOne() {
        RECOSCOPE_REAL_DATA(path, "amazon-2018");
        const auto got = import(path);
        QVERIFY(!got.ok());
        QVERIFY2(got.error().message.find("Gift_Cards_5.json") != std::string::npos,
                 got.error().message.c_str());
    }

    void aCatalogueAloneIsNoDataset() {
        RECOSCOPE_REAL_DATA(path, "amazon-2018/meta_Gift_Cards.json.gz");
        const auto got = import(path);
        QVERIFY(!got.ok());
        QVERIFY(got.error().code == ErrorCode::Unsupported);
    }
};

QTEST_APPLESS_MAIN(TstImportReal)
#include "tst_import_real.moc"
