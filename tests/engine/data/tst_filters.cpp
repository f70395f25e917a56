// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/split.h"
#include "engine/data/synthetic.h"

#include "tests/support/small_data.h"

#include <QtTest>

#include <cmath>
#include <map>
#include <set>

using namespace recoscope;
using recoscope::test::dataset;

namespace {

struct Seen {
    std::string user;
    std::string item;
    float value;
    std::int64_t time;
    auto operator<=>(const Seen&) const = default;
};

std::set<Seen> seen(const Dataset& data) {
    std::set<Seen> rows;
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        for (std::int64_t n = data.byUser().rowBegin(UserIndex{u}); n < data.byUser().rowEnd(UserIndex{u});
             ++n) {
            const auto at = static_cast<std::size_t>(n);
            rows.insert({std::string(data.userId(UserIndex{u})),
                         std::string(data.itemId(data.byUser().columns()[at])), data.byUser().values()[at],
                         data.times().empty() ? 0 : data.times()[at]});
        }
    return rows;
}

/// The filters as one would write them on paper, over a set of rows.
std::set<Seen> naive(std::set<Seen> rows, const FilterSpec& filter) {
    std::erase_if(rows, [&](const Seen& row) {
        return (filter.minRating && row.value < *filter.minRating) ||
               (filter.implicitThreshold && row.value < *filter.implicitThreshold) ||
               (filter.fromTime && row.time < *filter.fromTime) ||
               (filter.toTime && row.time > *filter.toTime);
    });
    for (bool changed = true; changed;) { // takes away one user or item at a time
        changed = false;
        std::map<std::string, int> users;
        std::map<std::string, int> items;
        for (const Seen& row : rows) {
            ++users[row.user];
            ++items[row.item];
        }
        for (const auto& [user, count] : users)
            if (!changed && count < filter.minUserInteractions)
                changed = std::erase_if(rows, [&, id = user](const Seen& row) { return row.user == id; }) > 0;
        for (const auto& [item, count] : items)
            if (!changed && count < filter.minItemInteractions)
                changed = std::erase_if(rows, [&, id = item](const Seen& row) { return row.item == id; }) > 0;
    }
    if (!filter.implicitThreshold) return rows;
    std::set<Seen> ones;
    for (Seen row : rows) {
        row.value = 1.0f;
        ones.insert(row);
    }
    return ones;
}

std::string refusedField(const DatasetPtr& data, const FilterSpec& filter) {
    const auto result = filterDataset(data, filter);
    if (result.ok()) return "(not refused)";
    return result.error().code == ErrorCode::Invalid ? result.error().where : "(other code)";
}

} // namespace

class TestFilters final : public QObject {
    Q_OBJECT
private slots:
    void nothingToFilterIsTheSameDataset() {
        const DatasetPtr data = dataset(2, 2, {{0, 0}, {1, 1}});
        const auto result = filterDataset(data, {});
        QVERIFY(result.ok());
        QCOMPARE(*result, data);
    }

    void agreesWithTheNaiveFiltersOnRandomData() {
        Rng rng(5);
        for (int round = 0; round < 60; ++round) {
            const DatasetPtr data =
                test::plantedDataset(static_cast<int>(5 + rng.below(40)), static_cast<int>(4 + rng.below(30)),
                                     3, static_cast<std::uint64_t>(round));
            FilterSpec filter;
            if (rng.below(2)) filter.minRating = 1.0 + 0.5 * static_cast<double>(rng.below(7));
            if (rng.below(3) == 0) filter.implicitThreshold = 1.0 + static_cast<double>(rng.below(4));
            if (rng.below(3) == 0)
                filter.fromTime = 1'000'000'000 + static_cast<std::int64_t>(rng.below(40'000'000));
            if (rng.below(3) == 0)
                filter.toTime = 1'060'000'000 + static_cast<std::int64_t>(rng.below(40'000'000));
            if (rng.below(2)) filter.minUserInteractions = static_cast<std::int32_t>(rng.below(7));
            if (rng.below(2)) filter.minItemInteractions = static_cast<std::int32_t>(rng.below(9));
            const std::set<Seen> expected = naive(seen(*data), filter);
            const auto result = filterDataset(data, filter);
            if (expected.empty()) {
                QVERIFY(!result.ok());
                continue;
            }
            QVERIFY2(result.ok(), result.ok() ? "" : result.error().text().c_str());
            const Dataset& left = **result;
            QVERIFY(seen(left) == expected);
            if (!filter.any()) continue; // the dataset as it is, with users and items that nobody met
            for (std::int32_t u = 0; u < left.userCount(); ++u) {
                QVERIFY(left.byUser().rowSize(UserIndex{u}) >= std::max(1, filter.minUserInteractions));
            }
            for (std::int32_t i = 0; i < left.itemCount(); ++i) {
                QVERIFY(left.byItem().rowSize(ItemIndex{i}) >= std::max(1, filter.minItemInteractions));
            }
        }
    }

    void theCoreIsRepeatedUntilBothHold() {
        // u3's only partner is i3; without i3 u2 falls below two, and so on along the chain until the square
        // is left.
        const DatasetPtr data =
            dataset(5, 5, {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 2}, {2, 3}, {3, 3}, {3, 4}, {4, 4}});
        const auto core = filterDataset(data, {.minUserInteractions = 2, .minItemInteractions = 2});
        QVERIFY(core.ok());
        QCOMPARE((*core)->interactionCount(), std::int64_t{4});
        QCOMPARE((*core)->userCount(), 2);
        QCOMPARE((*core)->itemCount(), 2);
    }

    void idsFeaturesTimesPartsAndTruthFollow() {
        SyntheticRecipe recipe;
        recipe.users = 60;
        recipe.items = 80;
        recipe.interactions = 1500;
        const DatasetPtr data = *generateDataset(recipe);
        const auto result = filterDataset(data, {.minRating = 4.0, .minItemInteractions = 5});
        QVERIFY(result.ok());
        const Dataset& left = **result;
        QVERIFY(left.itemCount() < data->itemCount());
        for (std::int32_t i = 0; i < left.itemCount(); ++i) {
            const auto old = data->items().find(left.itemId(ItemIndex{i}));
            QVERIFY(old);
            for (const FeatureColumn& column : left.itemFeatures().columns())
                QCOMPARE(column.display(i), data->itemFeatures().find(column.name)->display(*old));
        }
        for (std::int32_t u = 0; u < left.userCount(); ++u) {
            const auto oldUser = data->users().find(left.userId(UserIndex{u}));
            QVERIFY(oldUser);
            QCOMPARE(left.userFeatures().find("age")->display(u),
                     data->userFeatures().find("age")->display(*oldUser));
            for (std::int32_t i = 0; i < left.itemCount(); ++i) {
                const auto oldItem = data->items().find(left.itemId(ItemIndex{i}));
                QCOMPARE(left.truth()->preference(u, i), data->truth()->preference(*oldUser, *oldItem));
            }
        }
        QVERIFY(left.provenance().synthetic);
        QCOMPARE(left.timeUnit(), TimeUnit::Seconds);
        QVERIFY(left.provenance().fingerprint != data->provenance().fingerprint);
        QVERIFY(left.provenance().title.find("ratings ≥ 4") != std::string::npos);
        QVERIFY(left.provenance().title.find("items ≥ 5 interactions") != std::string::npos);
        QCOMPARE(left.provenance().path, data->provenance().path);

        const DatasetPtr parted = dataset(
            2, 2, {{0, 0, 1, 0, Part::Train}, {0, 1, 5, 0, Part::Test}, {1, 1, 5, 0, Part::Validation}},
            false, true);
        const auto high = filterDataset(parted, {.minRating = 2.0});
        QCOMPARE((*high)->parts().size(), std::size_t{2});
        QCOMPARE((*high)->parts()[0], Part::Test);
        QCOMPARE((*high)->parts()[1], Part::Validation);
    }

    void ratingsBecomeImplicit() {
        const DatasetPtr data = dataset(2, 2, {{0, 0, 3.5f}, {0, 1, 4.0f}, {1, 0, 5.0f}, {1, 1, 1.0f}});
        const auto result = filterDataset(data, {.implicitThreshold = 4.0});
        QVERIFY(result.ok());
        QVERIFY((*result)->scale().implicit);
        QCOMPARE((*result)->interactionCount(), std::int64_t{2});
        for (const float value : (*result)->byUser().values())
            QCOMPARE(value, 1.0f);
    }

    void aBoundInDecimalKeepsTheRatingThatReadsTheSame() {
        // 3.3 as a double is above 3.3 as the float that a file's "3.3" becomes.
        const DatasetPtr data = dataset(1, 2, {{0, 0, 3.3f}, {0, 1, 3.2f}});
        QCOMPARE((*filterDataset(data, {.minRating = 3.3}))->interactionCount(), std::int64_t{1});
    }

    void whatCannotBeIsRefusedWithTheField() {
        const DatasetPtr timed = dataset(2, 2, {{0, 0, 1, 10}, {1, 1, 5, 20}}, true);
        const DatasetPtr plain = dataset(2, 2, {{0, 0, 1}, {1, 1, 5}});
        QCOMPARE(refusedField(plain, {.minRating = std::nan("")}), std::string("min_rating"));
        QCOMPARE(refusedField(plain, {.implicitThreshold = HUGE_VAL}), std::string("implicit_threshold"));
        QCOMPARE(refusedField(plain, {.minUserInteractions = -1}), std::string("min_user_interactions"));
        QCOMPARE(refusedField(plain, {.minItemInteractions = -1}), std::string("min_item_interactions"));
        QCOMPARE(refusedField(plain, {.fromTime = 1}), std::string("from_time"));
        QCOMPARE(refusedField(plain, {.toTime = 1}), std::string("to_time"));
        QCOMPARE(refusedField(timed, {.fromTime = 20, .toTime = 10}), std::string("from_time"));
        // Nothing left.
        QCOMPARE(refusedField(plain, {.minRating = 5.5}), std::string("min_rating"));
        QCOMPARE(refusedField(plain, {.implicitThreshold = 6}), std::string("implicit_threshold"));
        QCOMPARE(refusedField(timed, {.fromTime = 21}), std::string("from_time"));
        QCOMPARE(refusedField(timed, {.toTime = 9}), std::string("to_time"));
        QCOMPARE(refusedField(plain, {.minUserInteractions = 2}), std::string("min_user_interactions"));
        QCOMPARE(refusedField(plain, {.minItemInteractions = 2}), std::string("min_item_interactions"));
        QVERIFY(filterDataset(timed, {.fromTime = 10, .toTime = 10}).ok());
    }
};

QTEST_APPLESS_MAIN(TestFilters)
#include "tst_filters.moc"
