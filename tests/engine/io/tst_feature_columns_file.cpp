// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/feature_columns_file.h"
#include "engine/io/safetensors.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace recoscope;

namespace {

FeatureColumns columns() {
    return FeatureColumns::fromFeatures(
               {{.name = "gender", .kind = FeatureKind::Token, .vocabulary = {"F", "M", ""}},
                {.name = "genres", .kind = FeatureKind::Tokens, .vocabulary = {"Sci\"Fi\\\n", "Комедия"}},
                {.name = "price",
                 .kind = FeatureKind::Number,
                 .vocabulary = {},
                 .mean = 0.1f,
                 .deviation = 1e-30f}})
        .value();
}

} // namespace

class TestFeatureColumnsFile final : public QObject {
    Q_OBJECT
private slots:
    void whatIsSavedIsReadBackBitByBit() {
        TensorFile file;
        saveFeatureColumns(file, "features.user", columns());
        QTemporaryDir folder;
        const std::string path = folder.filePath("model.safetensors").toStdString();
        QVERIFY(writeSafetensors(path, file).ok());
        const auto read = readSafetensors(path);
        QVERIFY(read.ok());
        const auto again = loadFeatureColumns(*read, "features.user");
        QVERIFY2(again.ok(), again.ok() ? "" : again.error().text().c_str());
        QVERIFY(*again == columns());
        QCOMPARE(again->count(), 6);
    }

    void noColumnsAreColumnsToo() {
        TensorFile file;
        saveFeatureColumns(file, "features", FeatureColumns());
        const auto again = loadFeatureColumns(file, "features");
        QVERIFY(again.ok());
        QVERIFY(again->empty());
    }

    void hostileTextIsRefused_data() {
        QTest::addColumn<QString>("text");
        const auto row = [](const char* name, const QString& text) { QTest::newRow(name) << text; };
        row("nothing", "");
        row("not JSON", "gender");
        row("no list", R"({"name":"a","kind":"number","mean":0,"deviation":1})");
        row("no object", R"(["gender"])");
        row("deeply nested", QString("[").repeated(200'000));
        row("closed and deeply nested", QString("[").repeated(200'000) + QString("]").repeated(200'000));
        row("no name", R"([{"kind":"number","mean":0,"deviation":1}])");
        row("a name that is no text", R"([{"name":1,"kind":"number","mean":0,"deviation":1}])");
        row("an unknown kind", R"([{"name":"a","kind":"text"}])");
        row("no figures", R"([{"name":"a","kind":"number"}])");
        row("a mean that is no number", R"([{"name":"a","kind":"number","mean":"0","deviation":1}])");
        row("a mean beyond a float", R"([{"name":"a","kind":"number","mean":1e300,"deviation":1}])");
        row("a deviation of 0", R"([{"name":"a","kind":"number","mean":0,"deviation":0}])");
        row("a deviation that a float rounds to 0",
            R"([{"name":"a","kind":"number","mean":0,"deviation":1e-300}])");
        row("no categories", R"([{"name":"a","kind":"token"}])");
        row("an empty list of categories", R"([{"name":"a","kind":"token","categories":[]}])");
        row("a category that is no text", R"([{"name":"a","kind":"token","categories":["x",1]}])");
        row("a category twice", R"([{"name":"a","kind":"tokens","categories":["x","x"]}])");
        row("a name twice",
            R"([{"name":"a","kind":"token","categories":["x"]},{"name":"a","kind":"token","categories":["y"]}])");
    }
    void hostileTextIsRefused() {
        QFETCH(QString, text);
        TensorFile file;
        file.setMeta("features", text.toStdString());
        const auto result = loadFeatureColumns(file, "features");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().code, ErrorCode::Parse);
        QCOMPARE(result.error().where, std::string("features"));
    }

    void aMissingKeyIsNamed() {
        const auto result = loadFeatureColumns(TensorFile(), "features.item");
        QVERIFY(!result.ok());
        QVERIFY(result.error().text().find("features.item") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestFeatureColumnsFile)
#include "tst_feature_columns_file.moc"
