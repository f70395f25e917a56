// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"

#include "app/session/browse_service.h"

#include <QSignalSpy>
#include <QtTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

/// Films with title, genres and year; every film has as many ratings as its position from the end.
DatasetPtr films() {
    DatasetParts parts;
    FeatureColumn title{.name = "title", .kind = FeatureKind::Text};
    title.texts = {"Alien", "The Third Man", "Éloge de l'amour", "aliens", "Zodiac", "The Man"};
    FeatureColumn genres{.name = "genres", .kind = FeatureKind::Tokens};
    genres.vocabulary = {"Horror", "Noir", "Drama"};
    genres.tokens = {0, 1, 2, 2, 0, 1, 2};
    genres.tokenOffsets = {0, 1, 2, 3, 4, 6, 7};
    FeatureColumn year{.name = "year", .kind = FeatureKind::Number};
    year.numbers = {1979, 1949, 2001, 1986, std::numeric_limits<float>::quiet_NaN(), 2010};
    for (const char* id : {"10", "9", "100", "2", "33", "1"})
        parts.items.insert(id);
    for (int u = 0; u < 6; ++u)
        parts.users.insert("user" + std::to_string(u));
    for (int i = 0; i < 6; ++i)
        for (int u = 0; u < 6 - i; ++u) {
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{i});
            parts.rows.values.push_back(static_cast<float>(1 + (i * 2 + u) % 5));
        }
    parts.itemFeatures = FeatureTable({title, genres, year});
    return Dataset::make(std::move(parts)).value();
}

} // namespace

class TestBrowseService : public QObject {
    Q_OBJECT
    using Rows = std::vector<std::int32_t>;

    static BrowseAnswer ask(const DatasetPtr& data, const QString& text, int column = -1,
                            Qt::SortOrder order = Qt::AscendingOrder, BrowseKind kind = BrowseKind::Items) {
        BrowseService service;
        QSignalSpy browsed(&service, &BrowseService::browsed);
        const quint64 ticket = service.browse(data, kind, text, column, order);
        if (browsed.isEmpty() && !browsed.wait()) return {};
        const auto answer = browsed.first().first().value<BrowseAnswer>();
        return answer.ticket == ticket ? answer : BrowseAnswer{};
    }
    static int column(const DatasetPtr& data, BrowseColumn::Role role, const QString& name = {}) {
        const auto columns = browseColumns(*data, BrowseKind::Items);
        for (std::size_t n = 0; n < columns.size(); ++n)
            if (columns[n].role == role && columns[n].name == name) return static_cast<int>(n);
        return -1;
    }

private slots:
    void columnsFollowTheData() {
        const auto data = films();
        const auto items = browseColumns(*data, BrowseKind::Items);
        QCOMPARE(items.size(), std::size_t(6));
        QCOMPARE(items[1].role, BrowseColumn::Role::Title);
        QCOMPARE(items[4].name, QString("genres"));
        QVERIFY(!items[4].numeric);
        QVERIFY(items[5].numeric);
        QCOMPARE(browseColumns(*data, BrowseKind::Users).size(),
                 std::size_t(3)); // id, interactions, mean rating
    }

    void cellsShowTheData() {
        const auto data = films();
        const auto columns = browseColumns(*data, BrowseKind::Items);
        const auto cell = [&](std::size_t c, std::int32_t row) {
            return browseText(*data, BrowseKind::Items, columns[c], row);
        };
        QCOMPARE(cell(0, 1), QString("9"));
        QCOMPARE(cell(1, 2), QString("Éloge de l'amour"));
        QCOMPARE(cell(2, 0), QString("6"));
        QCOMPARE(cell(3, 5), QString("1.00")); // one rating: 1 + 10 % 5
        QCOMPARE(cell(4, 4), QString("Horror, Noir"));
        QCOMPARE(cell(5, 4), QString());
    }

    void emptyTextGivesAllInTheDatasetsOrder() {
        QCOMPARE(ask(films(), "").rows, (Rows{0, 1, 2, 3, 4, 5}));
        QCOMPARE(ask(films(), "   ").rows, (Rows{0, 1, 2, 3, 4, 5}));
    }

    void everyWordMustOccurWhateverItsCase() {
        QCOMPARE(ask(films(), "ALIEN").rows, (Rows{0, 3}));
        QCOMPARE(ask(films(), "man the").rows, (Rows{1, 5}));
        QCOMPARE(ask(films(), "man drama").rows, (Rows{5})); // title and genre
        QCOMPARE(ask(films(), "éLOGE").rows, (Rows{2}));
        QCOMPARE(ask(films(), "nothing like it").rows, Rows{});
    }

    void idsComeFirstThenTheirBeginnings() {
        const auto answer = ask(films(), "1");
        // "1" itself, then "10" and "100", then the films whose year has a 1.
        QCOMPARE(Rows(answer.rows.begin(), answer.rows.begin() + 3), (Rows{5, 0, 2}));
        QVERIFY(answer.exact);
        QCOMPARE(*answer.exact, 5);
        QVERIFY(!ask(films(), "alien").exact);
    }

    void idsSortAsNumbersWhenTheyAre() {
        QCOMPARE(ask(films(), "", 0).rows, (Rows{5, 3, 1, 0, 4, 2}));
        QCOMPARE(ask(films(), "", 0, Qt::DescendingOrder).rows, (Rows{2, 4, 0, 1, 3, 5}));
    }

    void titlesSortWithoutRegardToCase() {
        const auto data = films();
        const auto rows = ask(data, "", column(data, BrowseColumn::Role::Title)).rows;
        QCOMPARE(Rows(rows.begin(), rows.begin() + 2), (Rows{0, 3})); // Alien, aliens
    }

    void missingValuesAreLastInBothDirections() {
        const auto data = films();
        const int year = column(data, BrowseColumn::Role::Feature, "year");
        QCOMPARE(ask(data, "", year).rows, (Rows{1, 0, 3, 2, 5, 4}));
        QCOMPARE(ask(data, "", year, Qt::DescendingOrder).rows, (Rows{5, 2, 3, 0, 1, 4}));
    }

    void equalValuesKeepTheDatasetsOrder() {
        const auto data = films();
        const int genres = column(data, BrowseColumn::Role::Feature, "genres");
        // Drama 2 3 5, Horror 0, "Horror, Noir" 4, Noir 1.
        QCOMPARE(ask(data, "", genres).rows, (Rows{2, 3, 5, 0, 4, 1}));
        QCOMPARE(ask(data, "", genres, Qt::DescendingOrder).rows, (Rows{1, 4, 0, 2, 3, 5}));
    }

    void interactionsSortAsCounts() {
        const auto data = films();
        QCOMPARE(ask(data, "", column(data, BrowseColumn::Role::Interactions)).rows,
                 (Rows{5, 4, 3, 2, 1, 0}));
    }

    void usersAreFoundById() {
        const auto answer = ask(films(), "user3", -1, Qt::AscendingOrder, BrowseKind::Users);
        QCOMPARE(answer.rows, (Rows{3}));
        QCOMPARE(*answer.exact, 3);
        QCOMPARE(answer.kind, BrowseKind::Users);
    }

    void newestQuestionOfAKindWinsAndTheOtherKindIsAnsweredToo() {
        BrowseService service;
        QSignalSpy browsed(&service, &BrowseService::browsed);
        const auto data = films();
        service.browse(data, BrowseKind::Users, "user1");
        quint64 last = 0;
        for (int n = 0; n < 200; ++n)
            last = service.browse(data, BrowseKind::Items, QString::number(n % 10));
        QTRY_VERIFY(!browsed.isEmpty() && browsed.last().first().value<BrowseAnswer>().ticket == last);
        int users = 0, items = 0;
        for (const auto& signal : browsed)
            ++(signal.first().value<BrowseAnswer>().kind == BrowseKind::Users ? users : items);
        QCOMPARE(users, 1);
        QCOMPARE(items, 1); // outdated answers are not delivered
    }

    void withoutDataItFails() {
        BrowseService service;
        QSignalSpy failed(&service, &BrowseService::failed);
        const quint64 ticket = service.browse(nullptr, BrowseKind::Items, "");
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first().first().toULongLong(), ticket);
    }

    void hundredsOfThousandsOfUsersDoNotBlockTheCaller() {
        DatasetParts parts;
        parts.items.insert("item");
        Rng rng(1);
        constexpr int users = 138'000;
        for (int u = 0; u < users; ++u) {
            parts.users.insert(std::to_string(rng.next() % 1'000'000'000) + "-" + std::to_string(u));
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{0});
            parts.rows.values.push_back(1.0f);
        }
        const DatasetPtr data = Dataset::make(std::move(parts)).value();
        BrowseService service;
        QSignalSpy browsed(&service, &BrowseService::browsed);
        QElapsedTimer timer;
        timer.start();
        service.browse(data, BrowseKind::Users, "77", 0, Qt::DescendingOrder);
        QVERIFY(timer.elapsed() < 200); // the whole of it takes longer; posting takes microseconds
        QTRY_COMPARE_WITH_TIMEOUT(browsed.size(), 1, 30'000);
        const auto answer = browsed.first().first().value<BrowseAnswer>();
        QVERIFY(answer.rows.size() > 1000);
        for (const std::int32_t row : answer.rows)
            QVERIFY(data->userId(UserIndex{row}).find("77") != std::string_view::npos);
    }

    void destructionWithAQuestionUnderWayIsClean() {
        const auto data = films();
        for (int n = 0; n < 20; ++n) {
            BrowseService service;
            service.browse(data, BrowseKind::Items, "a", 1);
        }
        QCoreApplication::processEvents();
    }
};

QTEST_GUILESS_MAIN(TestBrowseService)
#include "tst_browse_service.moc"
