// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/feature_columns.h"

#include <QtTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

FeatureColumn number(const char* name, std::vector<float> numbers) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Number};
    column.numbers = std::move(numbers);
    return column;
}

FeatureColumn token(const char* name, std::vector<std::string> vocabulary, std::vector<std::int32_t> tokens) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Token};
    column.vocabulary = std::move(vocabulary);
    column.tokens = std::move(tokens);
    return column;
}

FeatureColumn tokens(const char* name, std::vector<std::string> vocabulary,
                     const std::vector<std::vector<std::int32_t>>& rows) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Tokens};
    column.vocabulary = std::move(vocabulary);
    column.tokenOffsets.push_back(0);
    for (const auto& row : rows) {
        column.tokens.insert(column.tokens.end(), row.begin(), row.end());
        column.tokenOffsets.push_back(static_cast<std::int64_t>(column.tokens.size()));
    }
    return column;
}

FeatureColumn text(const char* name, std::vector<std::string> texts) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Text};
    column.texts = std::move(texts);
    return column;
}

/// Columns: 0 North, 1 South, 2 year, 3 Drama, 4 Comedy, 5 War.
FeatureTable films() {
    return FeatureTable({text("title", {"A", "B", "C"}), token("studio", {"North", "South"}, {1, -1, 0}),
                         number("year", {1990.0f, NAN, 1994.0f}),
                         tokens("genres", {"Drama", "Comedy", "War"}, {{2, 0}, {}, {1, 1}})});
}

struct Encoded {
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    bool operator==(const Encoded&) const = default;
};

Encoded encoded(const FeatureColumns& columns, const FeatureTable& table, std::int32_t row) {
    std::vector<FeatureIndex> indices;
    Encoded result;
    columns.appendRow(table, row, indices, result.values);
    for (const FeatureIndex index : indices)
        result.columns.push_back(toInt(index));
    return result;
}

} // namespace

class TestFeatureColumns final : public QObject {
    Q_OBJECT
private slots:
    void everyKindBecomesNumbers() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        QCOMPARE(columns.count(), 6);
        // Years 1990 and 1994: mean 1992, standard deviation 2.
        QVERIFY(encoded(columns, films(), 0) == (Encoded{{1, 2, 3, 5}, {1.0f, -1.0f, 0.5f, 0.5f}}));
        QVERIFY(encoded(columns, films(), 1) == Encoded{}); // all is missing
        QVERIFY(encoded(columns, films(), 2) == (Encoded{{0, 2, 4}, {1.0f, 1.0f, 1.0f}}));
    }

    void numericColumnsHaveTitles() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        QCOMPARE(columns.title(FeatureIndex{0}), std::string("studio North"));
        QCOMPARE(columns.title(FeatureIndex{1}), std::string("studio South"));
        QCOMPARE(columns.title(FeatureIndex{2}), std::string("year"));
        QCOMPARE(columns.title(FeatureIndex{5}), std::string("genres War"));
    }

    void anotherTableIsReadByNameAndByCategory() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        // Other order of columns and of categories, one category and one column unknown, one column absent.
        const FeatureTable other({tokens("genres", {"War", "Western", "Drama"}, {{1, 0}, {1}}),
                                  number("price", {3.0f, 4.0f}), token("studio", {"East", "North"}, {1, 0})});
        QVERIFY(encoded(columns, other, 0) == (Encoded{{0, 5}, {1.0f, 1.0f}}));
        QVERIFY(encoded(columns, other, 1) == Encoded{});
    }

    void severalCategoriesWhereOneWasFittedShareTheWeight() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        const FeatureTable other({tokens("studio", {"North", "South"}, {{1, 0}})});
        QVERIFY(encoded(columns, other, 0) == (Encoded{{0, 1}, {0.5f, 0.5f}}));
    }

    void whatDoesNotFitIsIgnored() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        const FeatureTable kinds(
            {number("studio", {1.0f}), token("year", {"1990"}, {0}), text("genres", {"War"})});
        QVERIFY(encoded(columns, kinds, 0) == Encoded{});
        QVERIFY(encoded(columns, films(), -1) == Encoded{});
        QVERIFY(encoded(columns, films(), 3) == Encoded{});
        QVERIFY(encoded(columns, FeatureTable(), 0) == Encoded{});
        QVERIFY(encoded(FeatureColumns(), films(), 0) == Encoded{});
    }

    void numbersFarOutAreKeptInBounds() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        constexpr float infinite = std::numeric_limits<float>::infinity();
        const FeatureTable odd({number("year", {1e38f, -1e38f, infinite, NAN, 1992.0f})});
        QVERIFY(encoded(columns, odd, 0) == (Encoded{{2}, {10.0f}}));
        QVERIFY(encoded(columns, odd, 1) == (Encoded{{2}, {-10.0f}}));
        for (const std::int32_t row : {2, 3, 4})
            QVERIFY(encoded(columns, odd, row) == Encoded{});
    }

    void columnsThatTellNoRowsApartAreLeftOut() {
        const FeatureTable table({number("constant", {7.0f, 7.0f}), number("missing", {NAN, NAN}),
                                  token("unused", {"a", "b"}, {-1, -1}), text("title", {"A", "B"})});
        const FeatureColumns columns = FeatureColumns::fit(table);
        QVERIFY(columns.empty());
        QVERIFY(columns.features().empty());
        QVERIFY(FeatureColumns::fit(FeatureTable()).empty());
    }

    void rareCategoriesCanBeLeftOut() {
        const FeatureTable table({token("brand", {"a", "b", "c"}, {0, 1, 1, 2, 2})});
        QCOMPARE(FeatureColumns::fit(table).count(), 3);
        const FeatureColumns columns = FeatureColumns::fit(table, {.minRows = 2});
        QVERIFY(columns.features().front().vocabulary == (std::vector<std::string>{"b", "c"}));
        QVERIFY(encoded(columns, table, 0) == Encoded{});
        QVERIFY(encoded(columns, table, 3) == (Encoded{{1}, {1.0f}}));
    }

    void aCategoryCountsOnceForARowThatHasItTwice() {
        const FeatureTable table({tokens("genres", {"a", "b"}, {{0, 0}, {1}, {1}})});
        QVERIFY(FeatureColumns::fit(table, {.minRows = 2}).features().front().vocabulary ==
                (std::vector<std::string>{"b"}));
    }

    void allRowsBecomeAMatrix() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        const auto matrix = columns.rows<ItemIndex>(films(), 4); // one more than the table has
        QCOMPARE(matrix.rowCount(), 4);
        QCOMPARE(matrix.colCount(), 6);
        QCOMPARE(matrix.size(), std::int64_t{7});
        QCOMPARE(matrix.rowSize(ItemIndex{0}), 4);
        QCOMPARE(matrix.rowSize(ItemIndex{3}), 0);
    }

    void savedPartsGiveTheSameColumns() {
        const FeatureColumns columns = FeatureColumns::fit(films());
        const auto again = FeatureColumns::fromFeatures(columns.features());
        QVERIFY(again.ok());
        QVERIFY(*again == columns);
        QVERIFY(encoded(*again, films(), 0) == encoded(columns, films(), 0));
    }

    void partsThatMakeNoSenseAreRefused_data() {
        QTest::addColumn<int>("which");
        for (int n = 0; n < 8; ++n)
            QTest::addRow("case %d", n) << n;
    }
    void partsThatMakeNoSenseAreRefused() {
        QFETCH(int, which);
        const EncodedFeature good{.name = "year", .kind = FeatureKind::Number, .vocabulary = {}};
        EncodedFeature bad{.name = "bad", .kind = FeatureKind::Number, .vocabulary = {}};
        switch (which) {
        case 0:
            bad.name = "year";
            break;
        case 1:
            bad.deviation = 0.0f;
            break;
        case 2:
            bad.deviation = -1.0f;
            break;
        case 3:
            bad.mean = NAN;
            break;
        case 4:
            bad.deviation = std::numeric_limits<float>::infinity();
            break;
        case 5:
            bad.vocabulary = {"a"};
            break;
        case 6:
            bad.kind = FeatureKind::Text;
            break;
        default:
            bad.kind = FeatureKind::Token;
            bad.vocabulary = {"a", "b", "a"};
            break;
        }
        QVERIFY(FeatureColumns::fromFeatures({good}).ok());
        const auto result = FeatureColumns::fromFeatures({good, bad});
        QVERIFY(!result.ok());
        QCOMPARE(result.error().where, bad.name);
        EncodedFeature empty{.name = "empty", .kind = FeatureKind::Tokens, .vocabulary = {}};
        QVERIFY(!FeatureColumns::fromFeatures({empty}).ok());
    }
};

QTEST_APPLESS_MAIN(TestFeatureColumns)
#include "tst_feature_columns.moc"
