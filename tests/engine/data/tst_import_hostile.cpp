// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are broken, huge or not what they seem: a clear Error with its place, or an issue with its line.
#include "tests/engine/data/import_case.h"

#include <QtTest>

#include <archive.h>
#include <archive_entry.h>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace recoscope;
using namespace recoscope::test;

namespace {

const QByteArray header = "user,item,rating,timestamp\n";

/// One archive member (or a bare gzip when `member` is null) that holds `blocks` times `block`.
bool pack(const std::string& path, const char* member, const QByteArray& block, int blocks) {
    archive* a = archive_write_new();
    if (member) {
        archive_write_set_format_zip(a);
    } else {
        archive_write_add_filter_gzip(a);
        archive_write_set_format_raw(a);
    }
    bool good = archive_write_open_filename(a, path.c_str()) == ARCHIVE_OK;
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member ? member : "data");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, block.size() * static_cast<la_int64_t>(blocks));
    good = good && archive_write_header(a, entry) == ARCHIVE_OK;
    for (int n = 0; good && n < blocks; ++n)
        good =
            archive_write_data(a, block.constData(), static_cast<std::size_t>(block.size())) == block.size();
    archive_entry_free(entry);
    good = archive_write_close(a) == ARCHIVE_OK && good;
    archive_write_free(a);
    return good;
}

QByteArray manyRows(int rows) {
    QByteArray text = header;
    for (int n = 0; n < rows; ++n)
        text += QByteArray::number(n % 97) + ',' + QByteArray::number(n * 31 % 1009) + ',' +
                QByteArray::number(1 + n % 5) + ',' + QByteArray::number(1000000000 + n) + '\n';
    return text;
}

long peakMegabytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

} // namespace

class TstImportHostile final : public QObject {
    Q_OBJECT

private slots:
    void whatCannotBeReadIsAClearError_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* test, const char* name, const QByteArray& content, ErrorCode code,
                            const char* says) {
            QTest::newRow(test) << name << content << int(code) << says;
        };
        QByteArray binary;
        for (int n = 0; n < 4000; ++n)
            binary += static_cast<char>(n * 37 % 251);
        row("empty csv", "empty.csv", "", ErrorCode::Parse, "empty");
        row("empty zip", "empty.zip", "", ErrorCode::Parse, "empty");
        row("empty gz", "empty.csv.gz", "", ErrorCode::Parse, "empty");
        row("binary", "binary.csv", binary, ErrorCode::Parse, "binary");
        row("png", "ratings.csv", QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0", 24) + binary,
            ErrorCode::Parse, "binary");
        row("utf-16", "t.csv", QByteArray("\xff\xfeu\0s\0", 6), ErrorCode::Unsupported, "UTF-16");
        row("words", "words.txt", "once\nupon\na\ntime\n", ErrorCode::Parse, "delimiter");
        row("prose", "prose.txt", "hello world\nthis is text\nno data here\n", ErrorCode::Parse, "delimiter");
        row("prose with commas", "letter.txt",
            "Once upon a time, there was a king.\nHe had three sons, and they were brave.\n"
            "The eldest one left, as eldest sons do.\n",
            ErrorCode::Parse, "delimiter");
        row("ml-100k films", "u.item", "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1\n", ErrorCode::Unsupported,
            "catalogue");
        row("films by name", "movies.csv", "movieId,title,genres\n1,Toy Story (1995),Comedy\n",
            ErrorCode::Unsupported, "catalogue");
        row("films by header", "films.csv", "id,title,genres\n1,Toy Story (1995),Comedy\n2,Jumanji (1995),Drama\n",
            ErrorCode::Unsupported, "catalogue");
        row("not a zip", "t.zip", "user,item\n1,2\n", ErrorCode::Parse, "damaged");
        row("not a gz", "t.csv.gz", QByteArray("\x1f\x8b\x08\x00zzzzzzzz", 12), ErrorCode::Parse, "damaged");
        row("header only", "t.csv", header, ErrorCode::Parse, "no interactions");
        row("all lines bad", "t.csv", header + "u,a,many,1\nv,b,few,2\n", ErrorCode::Parse,
            "not a finite number");
        row("absurd columns", "t.csv", QByteArray("a,").repeated(100000) + "a\n", ErrorCode::Limit,
            "columns");
        row("bad recbole header", "x.inter", "user_id\titem_id\n1\t2\n", ErrorCode::Parse, "name:type");
    }
    void whatCannotBeReadIsAClearError() {
        QFETCH(QString, name);
        QFETCH(QByteArray, content);
        QFETCH(int, code);
        QFETCH(QString, says);
        TempTree tree;
        const auto path = tree.write(name, content);
        for (const bool look : {true, false}) {
            Error error;
            if (look) {
                const auto preview = previewPath(path);
                if (preview.ok()) continue; // only the import reads the whole file
                error = preview.error();
            } else {
                const auto got = import(path);
                QVERIFY(!got.ok());
                error = got.error();
            }
            QVERIFY2(int(error.code) == code, error.text().c_str());
            QVERIFY2(error.message.find(says.toStdString()) != std::string::npos, error.text().c_str());
            QVERIFY2(error.where.find(QFileInfo(name).completeBaseName().toStdString().substr(0, 1)) !=
                         std::string::npos,
                     error.text().c_str());
        }
    }

    void aColumnOfDatesIsNeverUserOrItem() {
        TempTree tree;
        QByteArray text = "when;who;what;how_much\n";
        QByteArray bare;
        QByteArray slashes;
        for (int n = 0; n < 30; ++n) {
            const QByteArray tail = "c" + QByteArray::number(n % 5) + ";p" + QByteArray::number(n % 7) + ";" +
                                    QByteArray::number(1 + n % 5) + "\n";
            text += "2021-03-" + QByteArray::number(10 + n % 20) + ";" + tail;
            bare += QByteArray::number(1600000000 + n) + ";" + tail;
            slashes += "03/" + QByteArray::number(10 + n % 20) + "/2021;" + tail;
        }
        for (const auto& path :
             {tree.write("dates.csv", text), tree.write("bare.csv", bare), tree.write("slashes.csv", slashes)}) {
            const auto preview = previewPath(path);
            QVERIFY2(preview.ok(), preview.ok() ? "" : preview.error().text().c_str());
            QVERIFY(preview->suggestedMapping.has_value());
            QCOMPARE(preview->suggestedMapping->user, 1);
            QCOMPARE(preview->suggestedMapping->item, 2);
            QCOMPARE(preview->suggestedMapping->rating, 3);
            if (path.find("slashes") == std::string::npos) QCOMPARE(preview->suggestedMapping->time, 0);
        }
    }

    void columnsThatAreNotUsedAreNamed() {
        TempTree tree;
        const auto path = tree.write("sales.csv", "date,customer,product,amount\n2021-03-01,c1,p1,7\n2021-03-02,c2,p1,8\n"
                                                  "2021-03-03,c1,p2,9\n");
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(got.dataset->userCount(), 2);
        QVERIFY(!got.dataset->times().empty());
        const auto* note = issue(got.report, "note");
        QVERIFY(note);
        QVERIFY2(note->message.find("amount") != std::string::npos, note->message.c_str());
    }

    void aFolderWithSeveralDatasetsSaysSo() {
        TempTree tree;
        tree.write("a/ratings.csv", "userId,movieId,rating,timestamp\n1,2,3,1000000000\n");
        RECOSCOPE_IMPORT(one, import(tree.path()));
        QCOMPARE(one.dataset->userCount(), 1);
        tree.write("b/train.csv", header + "u,a,3,1000000000\n");
        tree.write("b/test.csv", header + "u,b,3,1000000000\n");
        const auto both = import(tree.path());
        QVERIFY(!both.ok());
        QVERIFY(both.error().code == ErrorCode::Unsupported);
        QVERIFY2(both.error().message.find("several datasets") != std::string::npos, both.error().text().c_str());
        QVERIFY(both.error().message.find("b/train.csv") != std::string::npos);
    }

    void pathsThatLeadNowhere() {
        TempTree tree;
        QVERIFY(import(tree.path("nothing.csv")).error().code == ErrorCode::NotFound);
        QVERIFY(import("").error().code == ErrorCode::NotFound);
        QDir().mkpath(QString::fromStdString(tree.path("hollow")));
        QVERIFY(import(tree.path("hollow")).error().code == ErrorCode::NotFound);
        tree.write("notes/readme.md", "# nothing here\n");
        const auto noData = import(tree.path("notes"));
        QVERIFY(!noData.ok());
        QVERIFY(noData.error().code == ErrorCode::Unsupported);
        QVERIFY(import("/dev/null").error().code == ErrorCode::Unsupported);
        ImportOptions options;
        options.format = "no-such-format";
        const auto path = tree.write("t.csv", header + "u,a,3,1000000000\n");
        QVERIFY(import(path, options).error().code == ErrorCode::Invalid);
        options.format = "ml-1m";
        QVERIFY(import(path, options).error().code == ErrorCode::Parse);
        options = {};
        options.testPath = tree.path("nothing.csv");
        QVERIFY(import(path, options).error().code == ErrorCode::NotFound);
    }

    void unreadableFilesAndFoldersSaySo() {
        namespace fs = std::filesystem;
        TempTree tree;
        const auto file = tree.write("closed/ratings.csv", header + "u,a,3,1\n");
        fs::permissions(tree.path(), fs::perms::all);
        fs::permissions(tree.path("closed"), fs::perms::all);
        fs::permissions(file, fs::perms::none);
        // Root may read everything, so root becomes nobody for a moment.
        const bool root = ::geteuid() == 0;
        if (root && ::seteuid(65534) != 0) QSKIP("this root cannot give up its rights");
        const auto closedFile = import(file);
        QVERIFY(!root || ::seteuid(0) == 0);
        fs::permissions(tree.path("closed"), fs::perms::none);
        if (root && ::seteuid(65534) != 0) QSKIP("this root cannot give up its rights");
        const auto closedFolder = import(tree.path("closed"));
        QVERIFY(!root || ::seteuid(0) == 0);
        fs::permissions(tree.path("closed"), fs::perms::owner_all);
        QVERIFY(!closedFile.ok());
        QVERIFY(closedFile.error().code == ErrorCode::Io);
        QVERIFY2(closedFile.error().where.find("ratings.csv") != std::string::npos,
                 closedFile.error().text().c_str());
        QVERIFY(!closedFolder.ok());
        QVERIFY(closedFolder.error().code == ErrorCode::Io);
    }

    void aMalformedLineCostsThatLine() {
        TempTree tree;
        const QByteArray text = header + "u1,a,4,1000000000\n"                  // 2
                                         "u1,b\n"                               // 3: too few columns
                                         ",c,4,1000000000\n"                    // 4: empty id
                                         "u1,d,four,1000000000\n"               // 5
                                         "u1,e,,1000000000\n"                   // 6: missing rating
                                         "u1,f,nan,1000000000\n"                // 7
                                         "u1,g,inf,1000000000\n"                // 8
                                         "u1,h,1e999,1000000000\n"              // 9
                                         "u1,i,1e39,1000000000\n"               // 10: above float
                                         "u1,j,4,yesterday\n"                   // 11
                                         "u1,k,4,999999999999999999999999999\n" // 12
                                         "u1,l,4,\n"                            // 13: kept
                                         "\n"                                   // blank
                                         "u2,a\0b,4,1000000000\n";
        QByteArray full = text;
        full.replace("u2,a",
                     QByteArray("u2,a\0b,4,1000000000\n", 20)); // 15: NUL (the literal above ends at its NUL)
        full += "u2,\"m,4,1000000000\n"                         // 16: open quote
                "u2,\"n,n\",4.5,1000000005\r\n"                 // 17: good, CRLF
                "\xe9t\xe9,z,2,1000000006";                     // 18: good, Latin-1 id, no final newline
        const auto path = tree.write("t.csv", full);
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(issueCount(got.report, "too-few-columns"), 1);
        QCOMPARE(firstPlace(got.report, "too-few-columns"), "t.csv:3");
        QCOMPARE(firstPlace(got.report, "empty-id"), "t.csv:4");
        QCOMPARE(issueCount(got.report, "malformed-rating"), 5);
        QCOMPARE(firstPlace(got.report, "malformed-rating"), "t.csv:5");
        QCOMPARE(firstPlace(got.report, "missing-rating"), "t.csv:6");
        QCOMPARE(issueCount(got.report, "malformed-time"), 2);
        QCOMPARE(firstPlace(got.report, "malformed-time"), "t.csv:11");
        QCOMPARE(firstPlace(got.report, "missing-time"), "t.csv:13");
        QCOMPARE(firstPlace(got.report, "nul-byte"), "t.csv:15");
        QCOMPARE(firstPlace(got.report, "unclosed-quote"), "t.csv:16");
        QCOMPARE(issueCount(got.report, "recoded-ids"), 1);
        QCOMPARE(got.dataset->interactionCount(), 4);
        QCOMPARE(valueOf(*got.dataset, "u2", "n,n"), 4.5f);
        QCOMPARE(valueOf(*got.dataset, "\xc3\xa9t\xc3\xa9", "z"), 2.0f);
        QCOMPARE(timeOf(*got.dataset, "u1", "l"), 0);
        // Every row is accounted for: missing-time alone keeps its row.
        std::int64_t lost = 0;
        for (const auto& one : got.report.issues)
            if (one.severity == Severity::Warning && one.kind != "missing-time") lost += one.count;
        QCOMPARE(got.report.rowsRead, got.report.rowsUsed + got.report.duplicates + lost);
        for (const auto& one : got.report.issues) {
            QVERIFY(!one.message.empty());
            QVERIFY(one.examples.size() <= ImportReport::examplesKept);
        }
    }

    void badReviewsCostTheirLine() {
        TempTree tree;
        const auto path = tree.write(
            "R_5.json",
            "{\"reviewerID\":\"A1\",\"asin\":\"B1\",\"overall\":5.0,\"unixReviewTime\":1472688000}\n"
            "{\"reviewerID\":\"A1\",\"asin\":\"B2\",\"overall\":5.0,\"unixRev\n"
            "[1,2]\n"
            "{\"reviewerID\":null,\"asin\":\"B3\",\"overall\":5.0}\n"
            "{\"reviewerID\":\"A2\",\"asin\":\"B4\",\"overall\":null}\n"
            "{\"reviewerID\":\"A2\",\"asin\":\"B5\",\"overall\":1e400}\n"
            "{\"reviewerID\":\"A2\",\"asin\":\"B6\",\"overall\":\"3\",\"unixReviewTime\":\"1472688001\"}\n"
            "{\"reviewerID\":\"A2\",\"asin\":\"B7\",\"overall\":2}\n"
            "{\"reviewerID\":\"A2\",\"asin\":\"B8\",\"overall\":2} trailing\n"
            "{'reviewerID': 'A3', 'asin': \"B9\", 'overall': 4.0, 'unixReviewTime': 1472688002}");
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(got.report.rowsRead, 10);
        QCOMPARE(got.dataset->interactionCount(), 4);
        QCOMPARE(valueOf(*got.dataset, "A2", "B6"), 3.0f);
        QCOMPARE(valueOf(*got.dataset, "A3", "B9"), 4.0f);
        QCOMPARE(issueCount(got.report, "missing-field"), 1);
        QCOMPARE(firstPlace(got.report, "malformed-json"), "R_5.json:2");
        QCOMPARE(firstPlace(got.report, "missing-rating"), "R_5.json:5");
        QCOMPARE(firstPlace(got.report, "missing-time"), "R_5.json:8");
    }

    void nestingDoesNotOverflowTheStack() {
        TempTree tree;
        const QByteArray good =
            "{\"reviewerID\":\"A1\",\"asin\":\"B1\",\"overall\":5.0,\"unixReviewTime\":1472688000}\n";
        const auto path =
            tree.write("Deep_5.json", good + "{\"reviewerID\":" + QByteArray("[").repeated(200000) +
                                          "\n{'a':" + QByteArray("(").repeated(200000) + "\n");
        tree.write("meta_Deep.json", "{'asin': " + QByteArray("[").repeated(100000) +
                                         "\n{\"asin\":" + QByteArray("[").repeated(100000) + "\n");
        RECOSCOPE_IMPORT(got, import(path));
        QCOMPARE(got.dataset->interactionCount(), 1);
        QCOMPARE(issueCount(got.report, "malformed-json"), 2);
        QCOMPARE(issueCount(got.report, "malformed-catalogue-line"), 2);
    }

    void linesThatGoOnAreRefusedWithoutEatingMemory_data() {
        QTest::addColumn<bool>("zeros");
        QTest::newRow("1 GB hole") << true;
        QTest::newRow("1 line of letters") << false;
    }
    void linesThatGoOnAreRefusedWithoutEatingMemory() {
        QFETCH(bool, zeros);
        TempTree tree;
        const auto path = tree.write("long.csv", manyRows(20000) + "u,");
        if (zeros) {
            std::filesystem::resize_file(path, std::uint64_t{1} << 30); // sparse: costs no disk
        } else {
            QFile file(QString::fromStdString(path));
            QVERIFY(file.open(QIODevice::Append));
            const QByteArray block(1 << 20, 'x');
            for (int n = 0; n < 40; ++n)
                QCOMPARE(file.write(block), block.size());
        }
        const long before = peakMegabytes();
        ThreadPool pool({.threads = 2, .niceness = 0});
        const auto got = import(path, {}, &pool);
        QVERIFY(!got.ok());
        QVERIFY2(got.error().code == ErrorCode::Limit, got.error().text().c_str());
        QCOMPARE(got.error().where, std::string("long.csv:20002"));
        QVERIFY2(peakMegabytes() - before < 300, qPrintable(QString::number(peakMegabytes() - before)));
    }

    void aLongLineInACompressedFileIsRefused() {
        TempTree tree;
        const auto path = tree.path("long.csv.gz");
        QVERIFY(pack(path, nullptr, QByteArray("user,item,rating,") + QByteArray(1 << 20, 'x'), 40));
        const auto got = import(path, [] {
            ImportOptions options;
            options.mapping = ColumnMapping{',', '"', false, 0, 1, -1, -1};
            return options;
        }());
        QVERIFY(!got.ok());
        QVERIFY2(got.error().code == ErrorCode::Limit, got.error().text().c_str());
    }

    void bombsAreNotUnpacked() {
        TempTree tree;
        const QByteArray block =
            QByteArray("1,2,3,1000000000\n").repeated(1 << 16); // 1.1 MB that packs to almost nothing
        for (const bool zip : {true, false}) {
            const auto path = tree.path(zip ? "bomb.zip" : "bomb.csv.gz");
            QVERIFY(pack(path, zip ? "bomb.csv" : nullptr, block, 300)); // 330 MB
            const auto started = std::chrono::steady_clock::now();
            const auto got = import(path);
            QVERIFY(!got.ok());
            QVERIFY2(got.error().code == ErrorCode::Limit, got.error().text().c_str());
            QVERIFY(std::chrono::steady_clock::now() - started < std::chrono::seconds(60));
        }
    }

    void cutOffArchivesAreClearErrors() {
        TempTree tree;
        const QByteArray rows = manyRows(60000);
        for (const char* name : {"t.zip", "t.csv.gz"}) {
            const auto whole = tree.path(QString("whole_") + name);
            QVERIFY(pack(whole, endsWithZip(name) ? "t.csv" : nullptr, rows, 1));
            QVERIFY(import(whole).ok());
            const auto size = std::filesystem::file_size(whole);
            for (const double share : {0.1, 0.5, 0.9, 0.999}) {
                const auto cut = tree.path(QString("cut_") + name);
                std::filesystem::copy_file(whole, cut, std::filesystem::copy_options::overwrite_existing);
                std::filesystem::resize_file(cut,
                                             static_cast<std::uintmax_t>(static_cast<double>(size) * share));
                const auto got = import(cut);
                QVERIFY2(!got.ok(), qPrintable(QString("%1 %2").arg(name).arg(share)));
                QVERIFY2(got.error().code == ErrorCode::Parse, got.error().text().c_str());
                QVERIFY2(got.error().message.find("damaged") != std::string::npos,
                         got.error().text().c_str());
                QVERIFY(!got.error().where.empty());
            }
        }
    }

    void aDamagedCatalogueCostsTheTitlesOnly() {
        TempTree tree;
        tree.write("Lamps_5.json",
                   "{\"reviewerID\":\"A1\",\"asin\":\"B1\",\"overall\":5.0,\"unixReviewTime\":1472688000}\n");
        tree.write("meta_Lamps.json.gz", QByteArray("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03zzzzzzz", 17));
        RECOSCOPE_IMPORT(got, import(tree.path("Lamps_5.json")));
        QCOMPARE(got.dataset->interactionCount(), 1);
        QCOMPARE(issueCount(got.report, "unreadable-catalogue"), 1);
    }

    void manyTinyFilesAreRefused() {
        TempTree tree;
        const auto path = tree.path("many.zip");
        archive* a = archive_write_new();
        archive_write_set_format_zip(a);
        QVERIFY(archive_write_open_filename(a, path.c_str()) == ARCHIVE_OK);
        archive_entry* entry = archive_entry_new();
        for (int n = 0; n < 20100; ++n) {
            archive_entry_clear(entry);
            archive_entry_set_pathname(entry, std::to_string(n).c_str());
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_size(entry, 0);
            archive_write_header(a, entry);
        }
        archive_entry_free(entry);
        archive_write_free(a);
        const auto got = import(path);
        QVERIFY(!got.ok());
        QVERIFY2(got.error().code == ErrorCode::Limit, got.error().text().c_str());
    }

    void chunkBordersFallAnywhere() {
        // Lines of every length around the borders of chunks (1 MB) lose and double nothing.
        TempTree tree;
        QByteArray text = header;
        int rows = 0;
        while (text.size() < (5 << 20)) {
            text += "user" + QByteArray::number(rows % 4001) + ",i" + QByteArray::number(rows) + ",3," +
                    QByteArray::number(1000000000 + rows) + (rows % 7 == 0 ? "\r\n" : "\n");
            if (rows % 5000 == 0) text += "broken line\n";
            ++rows;
        }
        const auto path = tree.write("t.csv", text);
        QVERIFY(pack(tree.path("t.csv.gz"), nullptr, text, 1));
        ThreadPool pool({.threads = 3, .niceness = 0});
        RECOSCOPE_IMPORT(plain, import(path, {}, &pool));
        QCOMPARE(plain.dataset->interactionCount(), rows);
        QCOMPARE(issueCount(plain.report, "too-few-columns"), (rows + 4999) / 5000);
        QCOMPARE(plain.report.rowsRead, rows + (rows + 4999) / 5000);
        QCOMPARE(plain.report.issues.front().examples[1].where, std::string("t.csv:5004"));
        RECOSCOPE_IMPORT(packed, import(tree.path("t.csv.gz"), {}, &pool));
        QCOMPARE(packed.dataset->provenance().fingerprint, plain.dataset->provenance().fingerprint);
        QCOMPARE(packed.report.issues.front().examples[1].where, std::string("t.csv.gz:5004"));
    }

    void cancellingAnswersSoon() {
        TempTree tree;
        const auto path = tree.write("t.csv", manyRows(1500000));
        RunControl control;
        ThreadPool pool({.threads = 2, .niceness = 0});
        std::atomic<std::int64_t> cancelledAt{0};
        const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
        ImportContext context;
        context.pool = &pool;
        context.control = &control;
        context.progress = [&](double fraction, std::string_view) {
            if (fraction > 0.1 && cancelledAt == 0) {
                cancelledAt = now();
                control.cancel();
            }
        };
        const auto got = importPath(path, {}, context);
        QVERIFY(!got.ok());
        QVERIFY(got.error().code == ErrorCode::Cancelled);
        QVERIFY(cancelledAt != 0);
        QVERIFY(now() - cancelledAt < 500'000'000); // asked for: 200 ms on an idle machine

        RunControl before;
        before.cancel();
        QVERIFY(importPath(path, {}, {.pool = nullptr, .control = &before, .progress = {}}).error().code ==
                ErrorCode::Cancelled);
    }

    void progressRises() {
        TempTree tree;
        const auto path = tree.write("t.csv", manyRows(400000));
        std::vector<double> seen;
        ImportContext context;
        context.progress = [&](double fraction, std::string_view phase) {
            seen.push_back(fraction);
            if (phase.empty()) seen.push_back(-1.0);
        };
        QVERIFY(importPath(path, {}, context).ok());
        QVERIFY(seen.size() >= 2);
        QVERIFY(std::is_sorted(seen.begin(), seen.end()));
        QCOMPARE(seen.back(), 1.0);
    }

private:
    static bool endsWithZip(const char* name) { return QString(name).endsWith(".zip"); }
};

QTEST_APPLESS_MAIN(TstImportHostile)
#include "tst_import_hostile.moc"
