// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/core/rng.h"
#include "engine/data/id_map.h"

#include <QtTest>

#include <string>
#include <unordered_map>

using namespace recoscope;

class TestIdMap final : public QObject {
    Q_OBJECT
private slots:
    void indicesFollowFirstAppearance() {
        IdMap map;
        QCOMPARE(map.size(), 0);
        QCOMPARE(map.insert("b"), 0);
        QCOMPARE(map.insert("a"), 1);
        QCOMPARE(map.insert("b"), 0);
        QCOMPARE(map.size(), 2);
        QCOMPARE(map.id(0), std::string_view("b"));
        QCOMPARE(map.id(1), std::string_view("a"));
        QCOMPARE(map.find("a").value(), 1);
        QVERIFY(!map.find("c"));
    }

    void idsStayText() {
        IdMap map;
        const std::vector<std::string> ids{"7", "007", " 7",        "7 ", "7.0", "", std::string("a\0b", 3),
                                           "a", "é",   "B00PDLRHFW"};
        for (std::size_t n = 0; n < ids.size(); ++n)
            QCOMPARE(map.insert(ids[n]), static_cast<std::int32_t>(n));
        for (std::size_t n = 0; n < ids.size(); ++n) {
            QCOMPARE(map.find(ids[n]).value(), static_cast<std::int32_t>(n));
            QCOMPARE(map.id(static_cast<std::int32_t>(n)), std::string_view(ids[n]));
        }
    }

    void agreesWithAStandardMapOnManyIds() {
        IdMap map;
        std::unordered_map<std::string, std::int32_t> naive;
        std::vector<std::string> order;
        Rng rng(4);
        for (int n = 0; n < 50'000; ++n) {
            const std::string id = std::to_string(rng.below(20'000)) + std::string(rng.below(40), 'x');
            const auto [at, isNew] = naive.try_emplace(id, static_cast<std::int32_t>(naive.size()));
            if (isNew) order.push_back(id);
            QCOMPARE(map.insert(id), at->second);
        }
        QCOMPARE(map.size(), static_cast<std::int32_t>(naive.size()));
        for (std::int32_t n = 0; n < map.size(); ++n)
            QCOMPARE(map.id(n), std::string_view(order[static_cast<std::size_t>(n)]));
        for (int n = 0; n < 5'000; ++n) {
            const std::string id = std::to_string(rng.below(40'000));
            const auto found = naive.find(id);
            QCOMPARE(map.find(id).value_or(-1), found == naive.end() ? -1 : found->second);
        }
    }

    void aCopyIsItsOwn() {
        IdMap map;
        map.insert("a");
        IdMap copy = map;
        copy.insert("b");
        QCOMPARE(map.size(), 1);
        QVERIFY(!map.find("b"));
        QCOMPARE(copy.find("a").value(), 0);
    }

    void anIndexOutsideIsAMistake() {
        IdMap map;
        map.insert("a");
        QVERIFY_THROWS_EXCEPTION(CheckFailed, map.id(1));
        QVERIFY_THROWS_EXCEPTION(CheckFailed, map.id(-1));
    }
};

QTEST_APPLESS_MAIN(TestIdMap)
#include "tst_id_map.moc"
