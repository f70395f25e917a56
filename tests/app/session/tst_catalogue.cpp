// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/download_service.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>

using namespace recoscope;

class TestCatalogue : public QObject {
    Q_OBJECT

    static Error errorOf(const QByteArray& text) {
        QTemporaryDir folder;
        QFile file(folder.filePath("catalogue.json"));
        if (!file.open(QIODevice::WriteOnly)) return {};
        file.write(text);
        file.close();
        const auto entries = readCatalogue(file.fileName());
        return entries ? Error{} : entries.error();
    }

private slots:
    void shippedCatalogueIsComplete() {
        const auto entries = readCatalogue();
        QVERIFY2(entries.ok(), entries ? "" : entries.error().text().c_str());
        std::map<QString, int> groups;
        static const QRegularExpression hex(QStringLiteral("^([0-9a-f]{32})?$"));
        for (const CatalogueEntry& entry : *entries) {
            ++groups[entry.group];
            QVERIFY2(entry.url.scheme() == "https", qPrintable(entry.id));
            QVERIFY2(!entry.summary.isEmpty() && !entry.citation.isEmpty(), qPrintable(entry.id));
            QVERIFY2(entry.licence.contains("https://"), qPrintable(entry.id)); // where the full terms are
            QVERIFY2(hex.match(entry.md5).hasMatch(), qPrintable(entry.id));
            QVERIFY2(entry.interactions >= 0, qPrintable(entry.id));
            // One figure a dataset, so that everybody knows what to expect of a download.
            QVERIFY2((entry.bytes > 0) + (entry.aboutBytes > 0) + (entry.atMostBytes > 0) == 1,
                     qPrintable(entry.id));
        }
        QCOMPARE(groups["MovieLens"], 7);
        QCOMPARE(groups["Amazon 2018"], 2 * 29); // 29 categories, all ratings and 5-core
        QCOMPARE(groups["Amazon 2023"], 2 * 33);
    }

    void movieLensEditionsHaveTheirFigures() {
        const auto entries = readCatalogue().value();
        const auto entry = [&](const QString& id) {
            return *std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.id == id; });
        };
        QCOMPARE(entry("ml-1m").interactions, 1'000'209);
        QCOMPARE(entry("ml-1m").users, 6'040);
        QCOMPARE(entry("ml-1m").items, 3'706);
        QCOMPARE(entry("ml-1m").url.toString(),
                 QString("https://files.grouplens.org/datasets/movielens/ml-1m.zip"));
        QCOMPARE(entry("ml-100k").md5, QString("0e33842e24a9c977be4e0107933c0723"));
        QCOMPARE(entry("ml-latest-small").interactions, 100'836);
        QVERIFY(entry("ml-latest-small").md5.isEmpty()); // "latest" changes
    }

    void missingCatalogueIsAnError() {
        const auto entries = readCatalogue("/nowhere/catalogue.json");
        QVERIFY(!entries);
        QCOMPARE(entries.error().code, ErrorCode::NotFound);
    }

    void damagedCataloguesAreErrorsThatNameThePlace_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QString>("place");
        const auto json = [](QByteArray text) { return text.replace('\'', '"'); };
        const auto catalogue = [&](const QByteArray& datasets) {
            return json("{'groups': [{'title': 'G'}], 'datasets': [" + datasets + "]}");
        };
        const QByteArray good = "{'id': 'a', 'title': 'x', 'group': 'G', 'url': 'https://h/b'}";
        QTest::newRow("no JSON") << json("{'groups': ") << "byte";
        QTest::newRow("empty") << json("{}") << "datasets";
        QTest::newRow("no id") << catalogue(QByteArray(good).replace("'id': 'a', ", "")) << "entry 1";
        QTest::newRow("no group") << catalogue(QByteArray(good).replace("'G'", "'H'")) << "a";
        QTest::newRow("no address") << catalogue("{'id': 'a', 'title': 'x', 'group': 'G', 'url': 'b.zip'}")
                                    << "a";
        QTest::newRow("same id twice") << catalogue(good + ", " + good) << "a";
    }
    void damagedCataloguesAreErrorsThatNameThePlace() {
        QFETCH(QByteArray, text);
        QFETCH(QString, place);
        const Error error = errorOf(text);
        QCOMPARE(error.code, ErrorCode::Parse);
        QVERIFY2(QString::fromStdString(error.where).section(": ", -1).contains(place), error.text().c_str());
    }
};

QTEST_GUILESS_MAIN(TestCatalogue)
#include "tst_catalogue.moc"
