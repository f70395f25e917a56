// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/csr.h"

#include <QtTest>

#include <cmath>
#include <limits>
#include <map>

using namespace recoscope;

namespace {

using Cells = std::map<std::pair<std::int32_t, std::int32_t>, float>; // the naive matrix
using Entries = std::vector<Entry<UserIndex, ItemIndex>>;

Cells randomCells(Rng& rng, std::int32_t rows, std::int32_t cols) {
    Cells cells;
    if (rows == 0 || cols == 0) return cells;
    const std::uint64_t wanted =
        rng.below(static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(cols) + 1);
    for (std::uint64_t n = 0; n < wanted; ++n)
        cells[{static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(rows))),
               static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(cols)))}] =
            static_cast<float>(rng.normal());
    return cells;
}

Entries shuffledEntries(const Cells& cells, Rng& rng) {
    Entries entries;
    for (const auto& [place, value] : cells)
        entries.push_back({UserIndex{place.first}, ItemIndex{place.second}, value});
    rng.shuffle(std::span(entries));
    return entries;
}

} // namespace

class TestCsr final : public QObject {
    Q_OBJECT
private slots:
    void agreesWithTheNaiveMatrixOnRandomShapes() {
        Rng rng(1);
        for (const std::int32_t rows : {0, 1, 2, 7, 31})
            for (const std::int32_t cols : {0, 1, 3, 16, 33})
                for (int repeat = 0; repeat < 4; ++repeat) {
                    const Cells cells = randomCells(rng, rows, cols);
                    const auto built = UserItemCsr::fromEntries(rows, cols, shuffledEntries(cells, rng));
                    QVERIFY(built.ok());
                    QCOMPARE(built->rowCount(), rows);
                    QCOMPARE(built->colCount(), cols);
                    QCOMPARE(built->size(), static_cast<std::int64_t>(cells.size()));
                    QCOMPARE(built->empty(), cells.empty());
                    auto cell = cells.begin();
                    for (std::int32_t r = 0; r < rows; ++r) {
                        const auto columns = built->cols(UserIndex{r});
                        QCOMPARE(static_cast<std::int32_t>(columns.size()), built->rowSize(UserIndex{r}));
                        for (std::size_t n = 0; n < columns.size(); ++n, ++cell) {
                            QCOMPARE(cell->first, std::make_pair(r, toInt(columns[n])));
                            QCOMPARE(built->values(UserIndex{r})[n], cell->second);
                        }
                        for (std::int32_t c = 0; c < cols; ++c)
                            QCOMPARE(built->contains(UserIndex{r}, ItemIndex{c}), cells.contains({r, c}));
                    }
                    QVERIFY(cell == cells.end());
                }
    }

    void theOrderOfEntriesDoesNotMatter() {
        Rng rng(2);
        const Cells cells = randomCells(rng, 20, 30);
        const auto one = UserItemCsr::fromEntries(20, 30, shuffledEntries(cells, rng));
        const auto two = UserItemCsr::fromEntries(20, 30, shuffledEntries(cells, rng));
        QVERIFY(*one == *two);
    }

    void transposingTurnsRowsIntoColumns() {
        Rng rng(3);
        for (const std::int32_t rows : {0, 1, 5, 40})
            for (const std::int32_t cols : {0, 1, 6, 25}) {
                const Cells cells = randomCells(rng, rows, cols);
                const auto matrix = UserItemCsr::fromEntries(rows, cols, shuffledEntries(cells, rng));
                Cells turned;
                for (const auto& [place, value] : cells)
                    turned[{place.second, place.first}] = value;
                std::vector<Entry<ItemIndex, UserIndex>> entries;
                for (const auto& [place, value] : turned)
                    entries.push_back({ItemIndex{place.first}, UserIndex{place.second}, value});
                const auto expected = ItemUserCsr::fromEntries(cols, rows, entries);
                QVERIFY(matrix->transposed() == *expected);
                QVERIFY(matrix->transposed().transposed() == *matrix);
            }
    }

    void badEntriesAreErrorsThatNameThePlace() {
        const auto refused = [](std::int32_t rows, std::int32_t cols, const Entries& entries,
                                const char* place) {
            const auto built = UserItemCsr::fromEntries(rows, cols, entries);
            return !built.ok() && built.error().code == ErrorCode::Invalid &&
                   built.error().where.find(place) != std::string::npos;
        };
        QVERIFY(refused(2, 2, {{UserIndex{2}, ItemIndex{0}}}, "(2, 0)"));
        QVERIFY(refused(2, 2, {{UserIndex{0}, ItemIndex{2}}}, "(0, 2)"));
        QVERIFY(refused(2, 2, {{UserIndex{-1}, ItemIndex{0}}}, "(-1, 0)"));
        QVERIFY(refused(2, 2, {{UserIndex{0}, ItemIndex{-1}}}, "(0, -1)"));
        QVERIFY(refused(0, 0, {{UserIndex{0}, ItemIndex{0}}}, "(0, 0)"));
        QVERIFY(refused(2, 2, {{UserIndex{1}, ItemIndex{0}}, {UserIndex{1}, ItemIndex{0}}}, "row 1"));
        QVERIFY(refused(2, 2, {{UserIndex{1}, ItemIndex{0}, std::nanf("")}}, "row 1"));
        QVERIFY(
            refused(2, 2, {{UserIndex{0}, ItemIndex{0}, std::numeric_limits<float>::infinity()}}, "row 0"));
        QVERIFY(
            refused(2, 2, {{UserIndex{0}, ItemIndex{0}, -std::numeric_limits<float>::infinity()}}, "row 0"));
    }

    void badArraysAreErrors() {
        using Offsets = std::vector<std::int64_t>;
        using Columns = std::vector<ItemIndex>;
        const auto ok = [](std::int32_t cols, Offsets offsets, Columns columns, std::vector<float> values) {
            return UserItemCsr::fromArrays(cols, std::move(offsets), std::move(columns), std::move(values))
                .ok();
        };
        const ItemIndex a{0};
        const ItemIndex b{1};
        QVERIFY(ok(2, {0, 1, 2}, {a, b}, {1, 2}));
        QVERIFY(ok(0, {0}, {}, {}));
        QVERIFY(!ok(2, {}, {}, {}));
        QVERIFY(!ok(2, {1, 2}, {a, b}, {1, 2}));       // does not begin at 0
        QVERIFY(!ok(2, {0, 1}, {a, b}, {1, 2}));       // does not end at the end
        QVERIFY(!ok(2, {0, 2, 1, 2}, {a, b}, {1, 2})); // goes back
        QVERIFY(!ok(2, {0, 5, 2}, {a, b}, {1, 2}));    // jumps past the end
        QVERIFY(!ok(2, {0, -1, 2}, {a, b}, {1, 2}));
        QVERIFY(!ok(2, {0, 2}, {a, b}, {1}));    // values missing
        QVERIFY(!ok(1, {0, 2}, {a, b}, {1, 2})); // column outside
        QVERIFY(!ok(2, {0, 2}, {b, a}, {1, 2})); // not ascending
        QVERIFY(!ok(2, {0, 2}, {a, a}, {1, 2})); // twice
        QVERIFY(!ok(2, {0, 1}, {ItemIndex{-1}}, {1}));
    }

    void anEmptyMatrixIsAMatrix() {
        const UserItemCsr none;
        QCOMPARE(none.rowCount(), 0);
        QCOMPARE(none.colCount(), 0);
        QVERIFY(none.empty());
        QCOMPARE(none.transposed().rowCount(), 0);
        const auto rowsOnly = UserItemCsr::fromEntries(5, 0, Entries{});
        QVERIFY(rowsOnly.ok());
        QCOMPARE(rowsOnly->transposed().colCount(), 5);
    }
};

QTEST_APPLESS_MAIN(TestCsr)
#include "tst_csr.moc"
