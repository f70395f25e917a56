// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/python_literal.h"
#include "engine/data/readers/row_chunk.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <QtTest>

using namespace recoscope::readers;

class TstReaderText final : public QObject {
    Q_OBJECT

private slots:
    void utf8IsTold() {
        for (const char* good : {"", "abc", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "0123456789abcdef\xc3\xa9"})
            QVERIFY2(isValidUtf8(good), good);
        for (const char* bad : {"\xe9", "caf\xe9 ", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "0123456789abcdef\xe9"})
            QVERIFY2(!isValidUtf8(bad), bad);
        QCOMPARE(toUtf8("caf\xe9"), std::string("caf\xc3\xa9"));
        QCOMPARE(toUtf8("\x93q\x94 \x80"), std::string("\xe2\x80\x9cq\xe2\x80\x9d \xe2\x82\xac")); // Windows-1252
        bool recoded = false;
        toUtf8("plain", &recoded);
        QVERIFY(!recoded);
    }

    void entitiesBecomeCharacters() {
        QCOMPARE(decodeEntities("a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27;"), std::string("a & b <c> \"d\" 'e'"));
        QCOMPARE(decodeEntities("caf&eacute; &uuml; &yuml; &nbsp;"), std::string("caf\xc3\xa9 \xc3\xbc \xc3\xbf \xc2\xa0"));
        QCOMPARE(decodeEntities("AT&T & co &; &unknown; &#0; &#xD800; &#1114112; &"), std::string("AT&T & co &; &unknown; &#0; &#xD800; &#1114112; &"));
        QCOMPARE(cleanText("  two\t\n words\x01 "), std::string("two words"));
    }

    void numbersTimesAndPrices() {
        const auto rating = [](std::string_view text) { return parseRating(text.data(), text.data() + text.size()); };
        QCOMPARE(*rating("4"), 4.0f);
        QCOMPARE(*rating("3.5"), 3.5f);
        QCOMPARE(*rating("0.1"), 0.1f); // the short way gives the nearest float too
        QCOMPARE(*rating(" -2.25e1 "), -22.5f);
        QCOMPARE(*rating("+5"), 5.0f);
        for (const char* bad : {"", "x", "4x", "nan", "inf", "1e39", "--1", "4,5"}) QVERIFY2(!rating(bad), bad);
        QCOMPARE(*parseTime("978300760"), std::int64_t{978300760});
        QCOMPARE(*parseTime("-5"), std::int64_t{-5});
        QCOMPARE(*parseTime("8.81250949E8"), std::int64_t{881250949});
        QCOMPARE(*parseTime("2000-02-29"), std::int64_t{951782400});            // date -u -d 2000-02-29 +%s
        QCOMPARE(*parseTime("1969-12-31 23:59:59"), std::int64_t{-1});
        QCOMPARE(*parseTime("2015-03-01T12:30:00Z"), std::int64_t{1425213000});
        for (const char* bad : {"", "soon", "2015-13-01", "2015-03-01 99:00", "1e30", "99999999999999999999"}) QVERIFY2(!parseTime(bad), bad);
        QCOMPARE(*parsePrice("$1,234.50"), 1234.5f);
        QCOMPARE(*parsePrice("14.95"), 14.95f);
        QCOMPARE(*parsePrice("$5.00 - $9.00"), 5.0f);
        for (const char* bad : {"", "free", "<b>5</b>", ".a-box{color:#fff}", "\xe2\x80\x94", "$", "1.2.3"}) QVERIFY2(!parsePrice(bad), bad);
        QCOMPARE(*yearOfTitle("Toy Story (1995)"), 1995);
        QVERIFY(!yearOfTitle("2001"));
        QVERIFY(!yearOfTitle("Babylon 5 (uncut)"));
    }

    void linesAreSplit() {
        using Fields = std::vector<std::string>;
        QCOMPARE(*splitLine("a,b,,", ",", 0), (Fields{"a", "b", "", ""}));
        QCOMPARE(*splitLine("\"a,\"\"b\"\"\",c", ",", '"'), (Fields{"a,\"b\"", "c"}));
        QCOMPARE(*splitLine("1::a: b::c", "::", 0), (Fields{"1", "a: b", "c"}));
        QCOMPARE(*splitLine("  1 \t 2  3 ", " ", 0), (Fields{"1", "2", "3"}));
        QVERIFY(!splitLine("\"open,b", ",", '"'));
    }

    void pythonBecomesJson() {
        QCOMPARE(*pythonToJson("{'a': \"it's\", 'b': None, \"c\": [1, 2.50, True], 'd': ('x',), 5: u'é\\n\\x41'}"),
                 std::string("{\"a\":\"it's\",\"b\":null,\"c\":[1,2.5,true],\"d\":[\"x\"],\"5\":\"é\\u000aA\"}"));
        QCOMPARE(*pythonToJson("{'q': 'say \"hi\" \\\\ \\'now\\''}"), std::string("{\"q\":\"say \\\"hi\\\" \\\\ 'now'\"}"));
        QCOMPARE(*pythonToJson("{}"), std::string("{}"));
        for (const char* bad : {"", "{", "{'a'}", "{'a': }", "{'a': 1", "{'a': 'b}", "{'a': 1} x", "{[1]: 2}", "{'a': inf}", "import os",
                                "{'a': '\\x4'}", "{'a': '\\"})
            QVERIFY2(!pythonToJson(bad), bad);
        QVERIFY(!pythonToJson(std::string(100000, '[')));
    }

    void headersHaveRoles() {
        QVERIFY(roleOf("userId") == Role::User);
        QVERIFY(roleOf("\"User-ID\"") == Role::User);
        QVERIFY(roleOf("item_id:token") == Role::Item);
        QVERIFY(roleOf("parent_asin") == Role::Item);
        QVERIFY(roleOf("Book-Rating") == Role::Rating);
        QVERIFY(roleOf("unixReviewTime") == Role::Time);
        QVERIFY(roleOf("comment") == Role::None);
    }

    void idTableTellsTextsApart() {
        ChunkIds ids;
        ChunkIdTable table;
        table.reset(ids);
        std::string text; // ids with readable bytes behind them, as in a chunk
        const auto insert = [&](const std::string& id) {
            text = id + std::string(16, 'z');
            return table.insert(std::string_view(text).substr(0, id.size()));
        };
        QCOMPARE(insert("7"), 0u);
        QCOMPARE(insert("007"), 1u);
        QCOMPARE(insert("7"), 0u);
        QCOMPARE(insert("1234567"), 2u);
        QCOMPARE(insert("12345678"), 3u);
        QCOMPARE(insert("123456789"), 4u);
        QCOMPARE(insert("12345678"), 3u);
        for (int n = 0; n < 20000; ++n) QCOMPARE(insert("user-with-a-long-id-" + std::to_string(n)), 5u + static_cast<unsigned>(n));
        for (int n = 0; n < 20000; ++n) QCOMPARE(insert("user-with-a-long-id-" + std::to_string(n)), 5u + static_cast<unsigned>(n));
        QCOMPARE(std::string(ids.id(1)), std::string("007"));
        ChunkIds next;
        table.reset(next);
        QCOMPARE(insert("123456789"), 0u);
        QCOMPARE(next.size(), std::size_t{1});
    }
};

QTEST_APPLESS_MAIN(TstReaderText)
#include "tst_reader_text.moc"
