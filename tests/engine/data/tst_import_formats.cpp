// SPDX-License-Identifier: GPL-3.0-or-later
// The tiny files of datasets/tiny hold by hand what each format must survive; what is expected here was read
// off them.
#include "tests/engine/data/import_case.h"

#include <QtTest>

using namespace recoscope;
using namespace recoscope::test;

class TstImportFormats final : public QObject {
    Q_OBJECT

private slots:
    void everyTinyFolderIsKnown_data() {
        QTest::addColumn<QString>("format");
        QTest::addColumn<int>("interactions");
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::newRow("ml-100k") << "ml-100k" << 8 << 4 << 6;
        QTest::newRow("ml-1m") << "ml-1m" << 6 << 3 << 4;
        QTest::newRow("ml-10m") << "ml-10m" << 4 << 3 << 3;
        QTest::newRow("ml-latest") << "ml-csv" << 5 << 3 << 3;
        QTest::newRow("amazon-2014") << "amazon-2014-ratings" << 3 << 2 << 3;
        QTest::newRow("amazon-2014-reviews") << "amazon-2014-reviews" << 3 << 2 << 2;
        QTest::newRow("amazon-2018") << "amazon-2018-reviews" << 3 << 2 << 2;
        QTest::newRow("amazon-2018-ratings") << "amazon-2018-ratings" << 3 << 3 << 2;
        QTest::newRow("amazon-2023") << "amazon-2023-ratings" << 3 << 2 << 2;
        QTest::newRow("amazon-2023-reviews") << "amazon-2023-reviews" << 2 << 1 << 2;
        QTest::newRow("recbole") << "recbole" << 3 << 2 << 2;
        QTest::newRow("lightgcn") << "lightgcn" << 13 << 4 << 7;
        QTest::newRow("ncf") << "ncf" << 5 << 2 << 3;
        QTest::newRow("ncf-lists") << "ncf" << 7 << 2 << 5;
        QTest::newRow("sequences") << "sequences" << 6 << 3 << 3;
        QTest::newRow("premade") << "premade" << 6 << 3 << 4;
        QTest::newRow("strong-generalisation") << "strong-generalisation" << 8 << 4 << 3;
        QTest::newRow("book-crossing") << "book-crossing" << 4 << 3 << 2;
        QTest::newRow("delimited") << "delimited" << 3 << 2 << 2;
    }
    void everyTinyFolderIsKnown() {
        QFETCH(QString, format);
        QFETCH(int, interactions);
        QFETCH(int, users);
        QFETCH(int, items);
        const std::string path = tiny(QTest::currentDataTag());
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(QString::fromStdString(got.dataset->provenance().format), format);
        QCOMPARE(got.dataset->interactionCount(), interactions);
        QCOMPARE(got.dataset->userCount(), users);
        QCOMPARE(got.dataset->itemCount(), items);
        const auto ids = formats();
        QVERIFY(std::any_of(ids.begin(), ids.end(),
                            [&](const auto& info) { return info.id == got.dataset->provenance().format; }));
        // Naming the format that was detected changes nothing.
        ImportOptions options;
        options.format = format.toStdString();
        RECOSCOPE_IMPORT(named, import(path, options));
        QCOMPARE(named.dataset->provenance().fingerprint, got.dataset->provenance().fingerprint);
    }

    void movieLens100k() {
        RECOSCOPE_IMPORT(got, import(tiny("ml-100k")));
        const Dataset& data = *got.dataset;
        QCOMPARE(feature(data, "3", "title"),
                 QString::fromUtf8("Café at the Lock (1988)")); // Latin-1 in the file
        QCOMPARE(feature(data, "6", "title"), "unknown");
        QCOMPARE(feature(data, "6", "year"), "");
        QCOMPARE(feature(data, "1", "genres"), "Action, Children's");
        QCOMPARE(userFeature(data, "3", "zip"), "T8H1N");
        QCOMPARE(userFeature(data, "4", "zip"), "01002");
        QCOMPARE(userFeature(data, "2", "age"), "53");
        QCOMPARE(issueCount(got.report, "items-without-interactions"), 1);
        QCOMPARE(issueCount(got.report, "ignored-file"), 1);
    }

    void movieLensDatKeepsColonsInTitles() {
        RECOSCOPE_IMPORT(got, import(tiny("ml-1m/ratings.dat")));
        QCOMPARE(feature(*got.dataset, "12", "title"), "Nine: A Ledger (1996)");
        QCOMPARE(feature(*got.dataset, "31", "title"), QString::fromUtf8("Café at the Lock (1988)"));
        QCOMPARE(feature(*got.dataset, "10", "genres"), "Drama, Romance");
        QCOMPARE(userFeature(*got.dataset, "5", "occupation"), "writer");
        QCOMPARE(userFeature(*got.dataset, "5", "zip"), "00501-1234");
        RECOSCOPE_IMPORT(ten, import(tiny("ml-10m")));
        QCOMPARE(valueOf(*ten.dataset, "1", "185"), 4.5f);
        QCOMPARE(feature(*ten.dataset, "231", "genres"), ""); // (no genres listed)
    }

    void movieLensCsvSurvivesBomCrlfAndQuotes() {
        RECOSCOPE_IMPORT(got, import(tiny("ml-latest")));
        const Dataset& data = *got.dataset;
        QCOMPARE(feature(data, "3", "title"), "Baker's Map, The (1994)");
        QCOMPARE(feature(data, "6", "title"), "The \"Quiet\" Engine (2003)");
        QCOMPARE(feature(data, "6", "year"), "2003");
        QCOMPARE(feature(data, "6", "genres"), "");
        QCOMPARE(feature(data, "3", "imdb"), "0000113"); // leading zeros
        QCOMPARE(valueOf(data, "2", "1"), 0.5f);
        QCOMPARE(timeOf(data, "3", "3"), 964982931);
        QCOMPARE(data.scale().step, 0.5f);
    }

    void amazon2014PythonDicts() {
        RECOSCOPE_IMPORT(got, import(tiny("amazon-2014")));
        const Dataset& data = *got.dataset;
        QCOMPARE(valueOf(data, "A39HTATAQ9V7YF", "B00000LAMP"), 1.0f);
        QCOMPARE(feature(data, "0205616461", "title"), "Baker's Lamp");
        QCOMPARE(feature(data, "0205616461", "categories"), "Home, Lamps, Gifts");
        QCOMPARE(feature(data, "0205616461", "price"), "14.95");
        QCOMPARE(feature(data, "0558925278", "title"), QString::fromUtf8("The \"Bright\" One \\ café"));
        QCOMPARE(feature(data, "B00000LAMP", "title"), ""); // a field that is not there
        QCOMPARE(QString::fromStdString(data.itemTitle(ItemIndex{*data.items().find("B00000LAMP")})),
                 "B00000LAMP");
    }

    void amazon2018ReviewsAndMeta() {
        RECOSCOPE_IMPORT(got, import(tiny("amazon-2018")));
        QCOMPARE(got.report.duplicates, 1);
        QCOMPARE(feature(*got.dataset, "B0000530HU", "title"), "Reader's Lamp & Shade"); // entities
        QCOMPARE(feature(*got.dataset, "B0000530HU", "price"), "1014.99");
        QCOMPARE(feature(*got.dataset, "B00006IDJU", "price"), ""); // HTML
        QCOMPARE(issueCount(got.report, "price-not-a-number"), 1);
        QCOMPARE(firstPlace(got.report, "price-not-a-number"), "meta_Lamps.json.gz:2");
        QCOMPARE(timeOf(*got.dataset, "A3CIUOJXQ5VDQ2", "B0000530HU"), 1472688000);
        RECOSCOPE_IMPORT(csv, import(tiny("amazon-2018-ratings")));
        QCOMPARE(valueOf(*csv.dataset, "A3JPFWKS83R49V", "B00005N7OJ"), 3.0f); // item first
    }

    void amazon2023MillisecondsAndNulls() {
        RECOSCOPE_IMPORT(got, import(tiny("amazon-2023")));
        QVERIFY(got.dataset->timeUnit() == TimeUnit::Milliseconds);
        QCOMPARE(timeOf(*got.dataset, "AFSKPY37N3C43SOI5IEXEK5JSIYA", "B07J3GH1W1"), 1547589356);
        QCOMPARE(feature(*got.dataset, "B07J3GH1W1", "categories"), "Home, Lamps, Bulbs & More");
        QCOMPARE(feature(*got.dataset, "B07W397QG4", "categories"),
                 "Tools"); // an empty list: the main category
        QCOMPARE(feature(*got.dataset, "B07W397QG4", "price"), "12");
        QCOMPARE(feature(*got.dataset, "B07J3GH1W1", "price"), "");
        QCOMPARE(feature(*got.dataset, "B07J3GH1W1", "brand"), "Lumen");
        RECOSCOPE_IMPORT(reviews, import(tiny("amazon-2023-reviews")));
        QCOMPARE(valueOf(*reviews.dataset, "AFSKPY37N3C43SOI5IEXEK5JSIYA", "B07J3GH1W1"),
                 5.0f); // by parent_asin
        QVERIFY(!reviews.dataset->items().find("B00VARIANT"));
    }

    void recBoleTypesBecomeFeatures() {
        RECOSCOPE_IMPORT(got, import(tiny("recbole")));
        QCOMPARE(feature(*got.dataset, "11", "title"), "Tin Sky");
        QCOMPARE(feature(*got.dataset, "11", "genres"), "Sci-Fi, War");
        QCOMPARE(feature(*got.dataset, "11", "year"), "1979");
        QCOMPARE(userFeature(*got.dataset, "2", "age"), "53");
        QCOMPARE(timeOf(*got.dataset, "1", "11"), 881250950); // written as a float
        QCOMPARE(issueCount(got.report, "ignored-file"), 2);  // .kg, float_seq
    }

    void listsMayHaveUsersWithoutItemsAndUsersOfOnePartOnly() {
        RECOSCOPE_IMPORT(got, import(tiny("lightgcn")));
        QCOMPARE(partCount(*got.dataset, Part::Train), 8);
        QCOMPARE(partCount(*got.dataset, Part::Validation), 1);
        QCOMPARE(partCount(*got.dataset, Part::Test), 4);
        QVERIFY(!got.dataset->users().find("2"));
        QVERIFY(got.dataset->users().find("4")); // in the test file only
        QCOMPARE(firstPlace(got.report, "no-items"), "train.txt:3");
        QVERIFY(got.dataset->scale().implicit);
        QVERIFY(got.dataset->timeUnit() == TimeUnit::None);
        QCOMPARE(got.dataset->provenance().title, std::string("lightgcn"));
    }

    void ncfTestFilesOfBothKinds() {
        RECOSCOPE_IMPORT(rows, import(tiny("ncf/tiny.train.rating"))); // its partner is found
        QCOMPARE(partCount(*rows.dataset, Part::Test), 2);
        QCOMPARE(valueOf(*rows.dataset, "1", "2"), 2.0f);
        QCOMPARE(issueCount(rows.report, "ignored-file"), 0); // also the negatives are read
        QCOMPARE(issueCount(rows.report, "unknown-negatives"), 4);
        RECOSCOPE_IMPORT(lists, import(tiny("ncf-lists")));
        QCOMPARE(partCount(*lists.dataset, Part::Test), 4);
        QCOMPARE(issueCount(lists.report, "ratings-left-out"), 1);
    }

    void ncfNegativesComeWithTheirUsers() {
        const TempTree tree;
        tree.write("x.train.rating", "7\ta\t5\n7\tb\t4\n8\tc\t3\n9\td\t3\n");
        tree.write("x.test.rating", "7\tc\t5\n8\ta\t1\n");
        tree.write("x.test.negative", "(7,c)\td\tnew\td\n\r\n(8,a)\tb\td\r\n(nobody,a)\tb\n(broken\ta\n9\ta\t\n");
        tree.write("other.test.negative", "(7,c)\ta\n");
        RECOSCOPE_IMPORT(got, import(tree.path("x.train.rating")));
        const Dataset& data = *got.dataset;
        const auto negatives = [&](const char* user) {
            QStringList ids;
            for (const ItemIndex item : data.negatives().cols(UserIndex{*data.users().find(user)}))
                ids.append(QString::fromStdString(std::string(data.itemId(item))));
            ids.sort();
            return ids.join(" ");
        };
        QCOMPARE(negatives("7"), "d"); // once
        QCOMPARE(negatives("8"), "b d");
        QCOMPARE(negatives("9"), "a");
        QCOMPARE(issueCount(got.report, "unknown-negatives"), 1);
        QCOMPARE(issueCount(got.report, "negatives-of-nobody"), 1);
        QCOMPARE(issueCount(got.report, "malformed-negatives"), 1);
        QCOMPARE(firstPlace(got.report, "malformed-negatives"), "x.test.negative:5");
        QCOMPARE(issueCount(got.report, "ignored-file"), 1); // the other set
        // Without its test file there is nothing that they are the negatives of.
        RECOSCOPE_IMPORT(alone, import(tiny("ncf-lists")));
        QVERIFY(alone.dataset->negatives().empty());
    }

    void sequencesKeepTheirOrderAsTime() {
        RECOSCOPE_IMPORT(got, import(tiny("sequences")));
        QVERIFY(got.dataset->timeUnit() == TimeUnit::Order);
        QVERIFY(timeOf(*got.dataset, "1", "5") < timeOf(*got.dataset, "1", "3"));
        QVERIFY(timeOf(*got.dataset, "1", "3") < timeOf(*got.dataset, "1", "9"));
        QVERIFY(got.dataset->scale().implicit);
    }

    void preMadeTablesAndFoldIns() {
        RECOSCOPE_IMPORT(got, import(tiny("premade")));
        QCOMPARE(partCount(*got.dataset, Part::Train), 3);
        QCOMPARE(partCount(*got.dataset, Part::Validation), 1);
        QCOMPARE(partCount(*got.dataset, Part::Test), 2);
        QVERIFY(got.dataset->users().find("u3"));
        RECOSCOPE_IMPORT(strong, import(tiny("strong-generalisation")));
        QCOMPARE(partCount(*strong.dataset, Part::Train), 3);
        QCOMPARE(partCount(*strong.dataset, Part::ValidationHistory), 1);
        QCOMPARE(partCount(*strong.dataset, Part::Validation), 1);
        QCOMPARE(partCount(*strong.dataset, Part::TestHistory), 2);
        QCOMPARE(partCount(*strong.dataset, Part::Test), 1);
    }

    void bookCrossing() {
        RECOSCOPE_IMPORT(got, import(tiny("book-crossing")));
        QCOMPARE(valueOf(*got.dataset, "276727", "0155061224"), 10.0f); // the last line, without a line end
        QCOMPARE(valueOf(*got.dataset, "276725", "034545104X"), 0.0f);
        QCOMPARE(feature(*got.dataset, "034545104X", "title"), QString::fromUtf8("The Salt & the Café"));
        QCOMPARE(feature(*got.dataset, "034545104X", "author"), QString::fromUtf8("A. Müller"));
        QCOMPARE(feature(*got.dataset, "0155061224", "year"), "");
        QCOMPARE(userFeature(*got.dataset, "276726", "age"), "");
    }

    void delimitedTextIsGuessedAndMapped() {
        const auto preview = previewPath(tiny("delimited/plays.csv"));
        QVERIFY(preview.ok());
        QVERIFY(preview->needsMapping);
        QVERIFY(preview->suggestedMapping.has_value());
        QCOMPARE(*preview->suggestedMapping, (ColumnMapping{';', '"', true, 2, 0, 3, 1}));
        QCOMPARE(preview->columns, (std::vector<std::string>{"artist", "when", "listener", "count"}));
        QCOMPARE(preview->rows.size(), std::size_t{3});
        QCOMPARE(preview->rows[2][0], std::string("Two; Three"));
        RECOSCOPE_IMPORT(guessed, import(tiny("delimited/plays.csv")));
        QCOMPARE(issueCount(guessed.report, "guessed-columns"), 1);
        QCOMPARE(timeOf(*guessed.dataset, "ann", "Sine Wave"),
                 1425213000); // date -u -d "2015-03-01 12:30" +%s
        ImportOptions options;
        options.mapping = ColumnMapping{';', '"', true, 2, 0, -1, -1};
        RECOSCOPE_IMPORT(mapped, import(tiny("delimited/plays.csv"), options));
        QVERIFY(mapped.dataset->scale().implicit);
        QVERIFY(mapped.dataset->times().empty());
        QCOMPARE(issueCount(mapped.report, "guessed-columns"), 0);
        options.mapping->item = 7;
        const auto outside = import(tiny("delimited/plays.csv"), options);
        QVERIFY(!outside.ok());
        QVERIFY(outside.error().code == ErrorCode::Parse);
    }

    void headersAreKnownByTheirAliases_data() {
        QTest::addColumn<QString>("header");
        for (const char* header :
             {"user_id,item_id,rating,timestamp", "userId,movieId,score,time", "user,item,stars,timestamp",
              "uid,asin,overall,unixReviewTime", "reviewerID,parent_asin,rating,time"})
            QTest::newRow(header) << header;
    }
    void headersAreKnownByTheirAliases() {
        QFETCH(QString, header);
        for (const QString& delimiter :
             {QStringLiteral(","), QStringLiteral("\t"), QStringLiteral(";"), QStringLiteral("|")}) {
            TempTree tree;
            QString text = "note," + header + "\nx,007,a,4.5,978300760\ny,7,a,3,978300761\n";
            const auto path = tree.write("table.txt", text.replace(',', delimiter).toUtf8());
            const auto preview = previewPath(path);
            QVERIFY2(preview.ok(), preview.ok() ? "" : preview.error().text().c_str());
            QVERIFY(!preview->needsMapping);
            RECOSCOPE_IMPORT(got, import(path));
            QCOMPARE(got.dataset->userCount(), 2); // "007" is not "7"
            QCOMPARE(valueOf(*got.dataset, "007", "a"), 4.5f);
            QCOMPARE(timeOf(*got.dataset, "7", "a"), 978300761);
        }
    }

    void timeUnitsAreFound_data() {
        QTest::addColumn<QString>("time");
        QTest::addColumn<qint64>("seconds");
        QTest::addColumn<int>("unit");
        QTest::newRow("seconds") << "978300760" << qint64{978300760} << int(TimeUnit::Seconds);
        QTest::newRow("milliseconds") << "978300760123" << qint64{978300760} << int(TimeUnit::Milliseconds);
        QTest::newRow("microseconds")
            << "978300760123456" << qint64{978300760} << int(TimeUnit::Milliseconds);
        QTest::newRow("float") << "978300760.75" << qint64{978300760} << int(TimeUnit::Seconds);
        QTest::newRow("count") << "17" << qint64{17} << int(TimeUnit::Order);
    }
    void timeUnitsAreFound() {
        QFETCH(QString, time);
        QFETCH(qint64, seconds);
        QFETCH(int, unit);
        TempTree tree;
        const auto path = tree.write(
            "t.csv", ("user,item,rating,timestamp\nu,a,3," + time + "\nu,b,4," + time + "\n").toUtf8());
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(timeOf(*got.dataset, "u", "b"), seconds);
        QCOMPARE(int(got.dataset->timeUnit()), unit);
    }

    void duplicatesFollowThePolicy_data() {
        QTest::addColumn<int>("policy");
        QTest::addColumn<float>("value");
        QTest::addColumn<qint64>("time");
        QTest::newRow("last") << int(DuplicatePolicy::KeepLast) << 3.0f << qint64{1000000002};
        QTest::newRow("first") << int(DuplicatePolicy::KeepFirst) << 2.0f << qint64{1000000000};
        QTest::newRow("mean") << int(DuplicatePolicy::Mean) << 10.0f / 3.0f << qint64{1000000002};
        QTest::newRow("sum") << int(DuplicatePolicy::Sum) << 10.0f << qint64{1000000002};
        QTest::newRow("max") << int(DuplicatePolicy::Max) << 5.0f << qint64{1000000002};
    }
    void duplicatesFollowThePolicy() {
        QFETCH(int, policy);
        QFETCH(float, value);
        QFETCH(qint64, time);
        TempTree tree;
        const auto path = tree.write(
            "t.csv", "user,item,rating,timestamp\nu,a,2,1000000000\nv,a,1,1000000000\nu,a,5,1000000001\n"
                     "u,b,4,1000000000\nu,a,3,1000000002\n");
        ImportOptions options;
        options.duplicates = DuplicatePolicy(policy);
        RECOSCOPE_IMPORT(got, import(path, options));
        QCOMPARE(got.report.duplicates, 2);
        QCOMPARE(got.report.rowsRead, 5);
        QCOMPARE(got.report.rowsUsed, 3);
        QCOMPARE(valueOf(*got.dataset, "u", "a"), value);
        QCOMPARE(timeOf(*got.dataset, "u", "a"), time);
        QCOMPARE(valueOf(*got.dataset, "u", "b"), 4.0f);
    }

    void optionsComeBackFromJson() {
        ImportOptions options;
        QCOMPARE(toJson(options), std::string());
        options.format = "delimited";
        options.duplicates = DuplicatePolicy::Max;
        options.mapping = ColumnMapping{'\t', '\0', false, 3, 2, 1, 0};
        options.validationPath = "a \"b\"";
        options.testPath = "/tmp/é";
        options.featuresPath = "items";
        const auto back = importOptionsFromJson(toJson(options));
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().text().c_str());
        QCOMPARE(*back, options);
        QCOMPARE(*importOptionsFromJson(""), ImportOptions{});
        for (const char* bad :
             {"[]", "{", R"({"formt":"x"})", R"({"duplicates":"min"})", R"({"mapping":{"user":"a"}})",
              R"({"mapping":{"delimiter":""}})", R"({"mapping":{"users":1}})", R"({"mapping":3})",
              R"({"mapping":{"item":123456789012}})", R"({"format":3})"})
            QVERIFY2(!importOptionsFromJson(bad).ok(), bad);
    }

    void attributesAreJoinedFromOtherData() {
        TempTree tree;
        const std::string train = tree.write("part.train.csv", "user,item,rating\n1,2,4\n1,9,3\n2,1,5\n");
        ImportOptions options;
        options.testPath = tree.write("part.test.csv", "user,item,rating\n2,2,4\n");
        options.featuresPath = tiny("ml-100k");
        RECOSCOPE_IMPORT(got, import(train, options));
        QCOMPARE(got.dataset->interactionCount(), std::int64_t{4}); // none of the other data's
        QCOMPARE(partCount(*got.dataset, Part::Test), 1);
        QCOMPARE(feature(*got.dataset, "2", "title"), QString("The Baker's Map (1994)"));
        QCOMPARE(feature(*got.dataset, "9", "title"), QString());
        QCOMPARE(userFeature(*got.dataset, "2", "gender"), QString("F"));
        const auto preview = previewPath(train, options);
        QVERIFY(preview.ok());
        QVERIFY(std::find(preview->files.begin(), preview->files.end(), "u.item") != preview->files.end());

        options.featuresPath = train;
        const auto none = import(train, options);
        QVERIFY(!none.ok());
        QVERIFY(none.error().message.find("no attributes") != std::string::npos);
    }

    void generatedDataIsAPathToo() {
        const auto preview = previewPath("builtin:sample");
        QVERIFY(preview.ok());
        QVERIFY(!preview->description.empty());
        RECOSCOPE_IMPORT(got, import("generated:users=40,items=30,interactions=400,seed=3"));
        QVERIFY(got.dataset->provenance().synthetic);
        QVERIFY(!import("generated:nonsense").ok());
    }
};

QTEST_APPLESS_MAIN(TstImportFormats)
#include "tst_import_formats.moc"
