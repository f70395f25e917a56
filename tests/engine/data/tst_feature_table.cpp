// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/data/feature_table.h"

#include <QtTest>

#include <cmath>

using namespace recoscope;

namespace {

FeatureTable films() {
    FeatureColumn title;
    title.name = "title";
    title.kind = FeatureKind::Text;
    title.texts = {"The Amber Bell", "", "Fiddler, The"};
    FeatureColumn year;
    year.name = "year";
    year.kind = FeatureKind::Number;
    year.numbers = {1994.0f, NAN, 2001.5f};
    FeatureColumn studio;
    studio.name = "studio";
    studio.kind = FeatureKind::Token;
    studio.vocabulary = {"North", "South"};
    studio.tokens = {1, -1, 0};
    FeatureColumn genres;
    genres.name = "genres";
    genres.kind = FeatureKind::Tokens;
    genres.vocabulary = {"Drama", "Comedy", "War"};
    genres.tokens = {0, 2, 1};
    genres.tokenOffsets = {0, 2, 2, 3};
    return FeatureTable({title, year, studio, genres});
}

} // namespace

class TestFeatureTable final : public QObject {
    Q_OBJECT
private slots:
    void columnsAreFoundByName() {
        const FeatureTable table = films();
        QVERIFY(!table.empty());
        QCOMPARE(table.columns().size(), std::size_t{4});
        QVERIFY(table.find("year"));
        QVERIFY(!table.find("price"));
        for (const FeatureColumn& column : table.columns())
            QCOMPARE(column.rowCount(), 3);
    }

    void everyKindIsShownAsAPersonReadsIt() {
        const FeatureTable table = films();
        QCOMPARE(table.find("title")->display(0), std::string("The Amber Bell"));
        QCOMPARE(table.find("title")->display(1), std::string());
        QCOMPARE(table.find("year")->display(0), std::string("1994"));
        QCOMPARE(table.find("year")->display(1), std::string());
        QCOMPARE(table.find("year")->display(2), std::string("2001.5"));
        QCOMPARE(table.find("studio")->display(0), std::string("South"));
        QCOMPARE(table.find("studio")->display(1), std::string());
        QCOMPARE(table.find("genres")->display(0), std::string("Drama, War"));
        QCOMPARE(table.find("genres")->display(1), std::string());
        QCOMPARE(table.find("genres")->display(2), std::string("Comedy"));
    }

    void tokensAreGivenByRow() {
        const FeatureTable table = films();
        QCOMPARE(table.find("genres")->tokensOf(0).size(), std::size_t{2});
        QCOMPARE(table.find("genres")->tokensOf(0)[1], 2);
        QVERIFY(table.find("genres")->tokensOf(1).empty());
        QCOMPARE(table.find("studio")->tokensOf(0).size(), std::size_t{1});
        QVERIFY(table.find("studio")->tokensOf(1).empty());
        QVERIFY(table.find("year")->tokensOf(0).empty());
    }

    void chosenRowsComeInTheirOrderAndMayRepeat() {
        const std::vector<std::int32_t> rows{2, 0, 2, 1};
        const FeatureTable chosen = films().selected(rows);
        QCOMPARE(chosen.columns().size(), std::size_t{4});
        for (std::size_t n = 0; n < rows.size(); ++n)
            for (const FeatureColumn& column : chosen.columns())
                QCOMPARE(column.display(static_cast<std::int32_t>(n)),
                         films().find(column.name)->display(rows[n]));
        QCOMPARE(chosen.find("genres")->vocabulary, films().find("genres")->vocabulary);
        const FeatureTable none = films().selected({});
        for (const FeatureColumn& column : none.columns())
            QCOMPARE(column.rowCount(), 0);
    }

    void columnsOfDifferentLengthAreAMistake() {
        FeatureColumn one;
        one.name = "a";
        one.texts = {"x"};
        FeatureColumn two;
        two.name = "b";
        two.texts = {"x", "y"};
        QVERIFY_THROWS_EXCEPTION(CheckFailed, FeatureTable({one, two}));
        QVERIFY(FeatureTable().empty());
    }
};

QTEST_APPLESS_MAIN(TestFeatureTable)
#include "tst_feature_table.moc"
