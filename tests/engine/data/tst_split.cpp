// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/split.h"
#include "engine/data/split_builder.h"

#include "tests/support/small_data.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace recoscope;
using recoscope::test::dataset;

namespace {

constexpr SplitKind madeKinds[]{SplitKind::RandomPerUser, SplitKind::RandomGlobal, SplitKind::LeaveLastOut,
                                SplitKind::TimeCut,       SplitKind::UserFold,     SplitKind::KFold,
                                SplitKind::ColdUsers,     SplitKind::ColdItems};

using Pair = std::pair<std::int32_t, std::int32_t>;
std::map<Pair, float> cells(const UserItemCsr& matrix) {
    std::map<Pair, float> result;
    for (std::int32_t u = 0; u < matrix.rowCount(); ++u)
        for (std::size_t n = 0; n < matrix.cols(UserIndex{u}).size(); ++n)
            result[{u, toInt(matrix.cols(UserIndex{u})[n])}] = matrix.values(UserIndex{u})[n];
    return result;
}

std::map<Pair, std::int64_t> timesOf(const Dataset& data) {
    std::map<Pair, std::int64_t> result;
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        for (auto n = data.byUser().rowBegin(UserIndex{u}); n < data.byUser().rowEnd(UserIndex{u}); ++n)
            result[{u, toInt(data.byUser().columns()[static_cast<std::size_t>(n)])}] =
                data.times()[static_cast<std::size_t>(n)];
    return result;
}

SplitPtr split(const DatasetPtr& data, const SplitSpec& spec) {
    auto result = makeSplit(data, spec);
    return result.ok() ? *result : nullptr;
}

std::string refusedField(const DatasetPtr& data, const SplitSpec& spec) {
    const auto result = makeSplit(data, spec);
    if (result.ok()) return "(not refused)";
    return result.error().code == ErrorCode::Invalid ? result.error().where : "(other code)";
}

void addKinds() {
    QTest::addColumn<int>("kind");
    for (const SplitKind kind : madeKinds)
        QTest::newRow(splitKindKey(kind).data()) << static_cast<int>(kind);
}

} // namespace

class TestSplit final : public QObject {
    Q_OBJECT
private slots:
    void kindsHaveKeysThatReadBack() {
        for (const SplitKind kind : madeKinds)
            QCOMPARE(*splitKindFromKey(splitKindKey(kind)), kind);
        QCOMPARE(*splitKindFromKey("premade"), SplitKind::Premade);
        QCOMPARE(splitKindKey(SplitKind::RandomPerUser), std::string_view("random_per_user"));
        const auto unknown = splitKindFromKey("random");
        QVERIFY(!unknown.ok());
        QCOMPARE(unknown.error().where, std::string("kind"));
        QVERIFY(unknown.error().message.find("leave_last_out") != std::string::npos);
    }

    void partsAreDisjointAndTogetherAreTheData_data() { addKinds(); }
    void partsAreDisjointAndTogetherAreTheData() {
        QFETCH(int, kind);
        Rng rng(static_cast<std::uint64_t>(kind) + 100);
        for (int round = 0; round < 25; ++round) {
            const DatasetPtr data = test::plantedDataset(static_cast<int>(15 + rng.below(60)),
                                                         static_cast<int>(12 + rng.below(40)), 3,
                                                         static_cast<std::uint64_t>(round));
            SplitSpec spec;
            spec.kind = static_cast<SplitKind>(kind);
            spec.testFraction = 0.05 * static_cast<double>(1 + rng.below(9));
            spec.validationFraction = 0.05 * static_cast<double>(rng.below(8));
            spec.folds = static_cast<int>(2 + rng.below(6));
            spec.fold = static_cast<int>(rng.below(static_cast<std::uint64_t>(spec.folds)));
            if (spec.kind == SplitKind::KFold) spec.validationFraction *= 0.5;
            spec.seed = rng.next();
            if (rng.below(2)) spec.filter.minUserInteractions = 3;
            const auto result = makeSplit(data, spec);
            QVERIFY2(result.ok(), result.ok() ? "" : result.error().text().c_str());
            const Split& made = **result;

            std::map<Pair, float> all;
            std::int64_t total = 0;
            std::vector<const UserItemCsr*> parts{&made.train(), &made.validation(), &made.test()};
            if (&made.validationHistory() != &made.train()) parts.push_back(&made.validationHistory());
            if (&made.testHistory() != &made.train()) parts.push_back(&made.testHistory());
            for (const UserItemCsr* part : parts) {
                QCOMPARE(part->rowCount(), made.dataset()->userCount());
                QCOMPARE(part->colCount(), made.dataset()->itemCount());
                all.merge(cells(*part));
                total += part->size();
            }
            QCOMPARE(static_cast<std::int64_t>(all.size()), total); // nothing twice
            QVERIFY(all == cells(made.dataset()->byUser()));
            QVERIFY(made.trainByItem() == made.train().transposed());
            QVERIFY(made.spec() == spec);

            const auto times = timesOf(*made.dataset());
            QCOMPARE(made.trainTimes().size(), static_cast<std::size_t>(made.train().size()));
            std::size_t at = 0;
            for (const auto& [pair, value] : cells(made.train()))
                QCOMPARE(made.trainTimes()[at++], times.at(pair));
        }
    }

    void theSeedDecidesAndNothingElse_data() { addKinds(); }
    void theSeedDecidesAndNothingElse() {
        QFETCH(int, kind);
        const DatasetPtr data = test::plantedDataset();
        SplitSpec spec;
        spec.kind = static_cast<SplitKind>(kind);
        const SplitPtr one = split(data, spec);
        const SplitPtr two = split(test::plantedDataset(), spec); // the same data made again
        QVERIFY(one && two);
        QVERIFY(one->train() == two->train() && one->validation() == two->validation() &&
                one->test() == two->test());
        QVERIFY(one->testHistory() == two->testHistory());
        QCOMPARE(one->fingerprint(), two->fingerprint());
        QCOMPARE(one->fingerprint().size(), std::size_t{16});
        spec.seed = 43;
        const SplitPtr other = split(data, spec);
        const bool random = spec.kind != SplitKind::TimeCut && spec.kind != SplitKind::LeaveLastOut;
        if (random) {
            QVERIFY(!(one->test() == other->test()));
            QVERIFY(one->fingerprint() != other->fingerprint());
        }
    }

    void choicesAreTheSameOnEveryMachine() {
        // Known from this implementation; guards against a change of the choice, which would change published
        // numbers.
        const DatasetPtr data = test::plantedDataset(20, 15, 3, 1);
        QStringList found;
        for (const SplitKind kind : madeKinds) {
            SplitSpec spec;
            spec.kind = kind;
            found << QString::fromStdString(split(data, spec)->fingerprint());
        }
        QCOMPARE(found.join(' '), QStringLiteral("bdb94e73411fddff 04ac50ba89a79d8e c01a0b3ca3a3ba77 "
                                                 "1d00ee7c93ec2694 3c332bf56001806e 802ee259fc531835 "
                                                 "88382e4c47f4b052 d45802845455d23f"));
    }

    void countsAreRoundedHalfUp() {
        QCOMPARE(shareOf(0.2, 10), std::int64_t{2});
        QCOMPARE(shareOf(0.1, 5), std::int64_t{1});
        QCOMPARE(shareOf(0.1, 4), std::int64_t{0});
        QCOMPARE(shareOf(0.29, 50), std::int64_t{15}); // 14.499999999999998 as doubles
        QCOMPARE(shareOf(0.0, 7), std::int64_t{0});
        QCOMPARE(shareOf(0.5, 1), std::int64_t{1});
        QCOMPARE(shareOf(0.2, 20'000'263), std::int64_t{4'000'053});
    }

    void perUserCountsAreThoseOfTheShare() {
        const DatasetPtr data = test::plantedDataset(80, 40, 4, 3);
        const SplitPtr made = split(data, {.testFraction = 0.3, .validationFraction = 0.15});
        QVERIFY(made);
        for (std::int32_t u = 0; u < data->userCount(); ++u) {
            const std::int64_t n = data->byUser().rowSize(UserIndex{u});
            if (n == 0) continue;
            const std::int64_t test = std::min<std::int64_t>(shareOf(0.3, n), n - 1);
            QCOMPARE(made->test().rowSize(UserIndex{u}), static_cast<std::int32_t>(test));
            QCOMPARE(made->validation().rowSize(UserIndex{u}),
                     static_cast<std::int32_t>(std::min(shareOf(0.15, n), n - 1 - test)));
        }
    }

    void everyUserKeepsOneTrainingInteraction() {
        // Users with 1, 2, 3 … interactions, and shares that ask for nearly everything.
        DatasetParts parts;
        for (int u = 0; u < 12; ++u) {
            parts.users.insert("u" + std::to_string(u));
            parts.items.insert("i" + std::to_string(u));
            for (int i = 0; i <= u; ++i) {
                parts.rows.users.push_back(UserIndex{u});
                parts.rows.items.push_back(ItemIndex{i});
                parts.rows.values.push_back(1.0f);
            }
        }
        const DatasetPtr data = *Dataset::make(std::move(parts));
        for (const double test : {0.0, 0.2, 0.5, 0.9})
            for (const double validation : {0.0, 0.05, 0.09}) {
                const SplitPtr made = split(data, {.testFraction = test, .validationFraction = validation});
                QVERIFY(made);
                for (std::int32_t u = 0; u < 12; ++u)
                    QVERIFY(made->train().rowSize(UserIndex{u}) >= 1);
            }
    }

    void aUsersChoiceDoesNotDependOnOtherUsers() {
        // The same user among more users, at the same place.
        const DatasetPtr few = test::randomDataset(5, 30, 0.5, 3);
        const SplitPtr made = split(few, {});
        const std::vector<Part> all(static_cast<std::size_t>(few->interactionCount()), Part::Train);
        QVERIFY(made && !made->test().empty());
        std::set<std::vector<int>> patterns; // positions chosen in each user's row: not all alike
        for (std::int32_t u = 0; u < 5; ++u) {
            std::vector<int> pattern;
            const auto columns = few->byUser().cols(UserIndex{u});
            for (std::size_t n = 0; n < columns.size(); ++n)
                if (made->test().contains(UserIndex{u}, columns[n])) pattern.push_back(static_cast<int>(n));
            patterns.insert(pattern);
        }
        QVERIFY(patterns.size() > 1);
    }

    void globalCountsAreExact() {
        const DatasetPtr data = test::plantedDataset(100, 50, 4, 9);
        const std::int64_t n = data->interactionCount();
        const SplitPtr made =
            split(data, {.kind = SplitKind::RandomGlobal, .testFraction = 0.25, .validationFraction = 0.1});
        QVERIFY(made);
        QCOMPARE(made->test().size(), shareOf(0.25, n));
        QCOMPARE(made->validation().size(), shareOf(0.1, n));
    }

    void everyInteractionIsAsLikelyToBeTested_data() {
        QTest::addColumn<int>("kind");
        for (const SplitKind kind : {SplitKind::RandomPerUser, SplitKind::RandomGlobal, SplitKind::KFold})
            QTest::newRow(splitKindKey(kind).data()) << static_cast<int>(kind);
    }
    void everyInteractionIsAsLikelyToBeTested() {
        QFETCH(int, kind);
        const DatasetPtr data =
            dataset(2, 5, {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}});
        std::map<Pair, int> tested;
        constexpr int rounds = 4000;
        for (std::uint64_t seed = 0; seed < rounds; ++seed) {
            const SplitPtr made = split(data, {.kind = static_cast<SplitKind>(kind),
                                               .testFraction = 0.2,
                                               .validationFraction = 0.2,
                                               .seed = seed});
            for (const auto& [pair, value] : cells(made->test()))
                ++tested[pair];
        }
        QCOMPARE(tested.size(), std::size_t{10});
        // Binomial: 800 expected, standard deviation 25.
        for (const auto& [pair, count] : tested)
            QVERIFY2(std::abs(count - 800) < 115, qPrintable(QString::number(count)));
    }

    void theNewestIsLeftOut() {
        const DatasetPtr data = test::plantedDataset(60, 30, 3, 2);
        const auto times = timesOf(*data);
        const SplitPtr made = split(data, {.kind = SplitKind::LeaveLastOut});
        QVERIFY(made);
        int withBoth = 0;
        for (std::int32_t u = 0; u < data->userCount(); ++u) {
            const std::int32_t n = data->byUser().rowSize(UserIndex{u});
            QCOMPARE(made->test().rowSize(UserIndex{u}), n >= 2 ? 1 : 0);
            QCOMPARE(made->validation().rowSize(UserIndex{u}), n >= 3 ? 1 : 0);
            if (n < 3) continue;
            ++withBoth;
            const std::int64_t test = times.at({u, toInt(made->test().cols(UserIndex{u})[0])});
            const std::int64_t validation = times.at({u, toInt(made->validation().cols(UserIndex{u})[0])});
            QVERIFY(test >= validation);
            for (const ItemIndex item : made->train().cols(UserIndex{u}))
                QVERIFY(times.at({u, toInt(item)}) <= validation);
        }
        QVERIFY(withBoth > 40);
        const SplitPtr testOnly = split(data, {.kind = SplitKind::LeaveLastOut, .validationFraction = 0.0});
        QVERIFY(testOnly->validation().empty());
        QVERIFY(testOnly->test() == made->test());
    }

    void equalTimesDoNotFavourLateItems() {
        DatasetParts parts;
        for (int i = 0; i < 10; ++i)
            parts.items.insert("i" + std::to_string(i));
        for (int u = 0; u < 2000; ++u) {
            parts.users.insert("u" + std::to_string(u));
            for (int i = 0; i < 10; ++i) {
                parts.rows.users.push_back(UserIndex{u});
                parts.rows.items.push_back(ItemIndex{i});
                parts.rows.values.push_back(1.0f);
                parts.rows.times.push_back(7);
            }
        }
        parts.timeUnit = TimeUnit::Seconds;
        const SplitPtr made = split(*Dataset::make(std::move(parts)), {.kind = SplitKind::LeaveLastOut});
        QVERIFY(made);
        const ItemUserCsr tested = made->test().transposed();
        // Binomial: 200 expected, standard deviation 13.
        for (std::int32_t i = 0; i < 10; ++i)
            QVERIFY(std::abs(tested.rowSize(ItemIndex{i}) - 200) < 65);
    }

    void aDateCutsWithoutFutureInTraining() {
        const DatasetPtr data = test::plantedDataset(60, 30, 3, 4);
        const auto times = timesOf(*data);
        const SplitPtr made =
            split(data, {.kind = SplitKind::TimeCut, .testFraction = 0.2, .validationFraction = 0.1});
        QVERIFY(made);
        const auto range = [&](const UserItemCsr& part) {
            std::pair<std::int64_t, std::int64_t> result{INT64_MAX, INT64_MIN};
            for (const auto& [pair, value] : cells(part)) {
                result.first = std::min(result.first, times.at(pair));
                result.second = std::max(result.second, times.at(pair));
            }
            return result;
        };
        QVERIFY(range(made->train()).second < range(made->validation()).first);
        QVERIFY(range(made->validation()).second < range(made->test()).first);
        const std::int64_t n = data->interactionCount();
        QCOMPARE(made->test().size(), shareOf(0.2, n)); // times are all different here
        QCOMPARE(made->validation().size(), shareOf(0.1, n));
    }

    void whatSharesTheDateOfTheCutStaysTogether() {
        const DatasetPtr data = dataset(
            2, 5, {{0, 0, 1, 1}, {0, 1, 1, 2}, {0, 2, 1, 3}, {1, 0, 1, 3}, {1, 1, 1, 3}, {1, 2, 1, 1}}, true);
        const SplitPtr made =
            split(data, {.kind = SplitKind::TimeCut, .testFraction = 0.2, .validationFraction = 0.0});
        QVERIFY(made);
        QCOMPARE(made->test().size(), std::int64_t{3}); // one was asked for; three carry time 3
        QCOMPARE(made->train().size(), std::int64_t{3});
        QCOMPARE(
            refusedField(data, {.kind = SplitKind::TimeCut, .testFraction = 0.9, .validationFraction = 0.0}),
            std::string("test_fraction"));
        QCOMPARE(
            refusedField(data, {.kind = SplitKind::TimeCut, .testFraction = 0.2, .validationFraction = 0.7}),
            std::string("validation_fraction"));
    }

    void trainingNeverSeesTheUsersOfAFold() {
        const DatasetPtr data = test::plantedDataset(100, 40, 4, 5);
        const SplitPtr made =
            split(data, {.kind = SplitKind::UserFold, .testFraction = 0.2, .validationFraction = 0.1});
        QVERIFY(made);
        int tested = 0;
        int validated = 0;
        for (std::int32_t u = 0; u < data->userCount(); ++u) {
            const UserIndex user{u};
            const std::int32_t test = made->test().rowSize(user);
            const std::int32_t validation = made->validation().rowSize(user);
            const std::int32_t n = data->byUser().rowSize(user);
            QVERIFY(test == 0 || validation == 0);
            QCOMPARE(made->trainedUser(user), n > 0 && test == 0 && validation == 0);
            if (test > 0) {
                ++tested;
                QCOMPARE(made->testHistory().rowSize(user), n - test);
                QCOMPARE(n - test,
                         static_cast<std::int32_t>(std::clamp<std::int64_t>(shareOf(0.8, n), 1, n - 1)));
            } else {
                QCOMPARE(made->testHistory().rowSize(user), 0);
            }
            if (validation > 0) {
                ++validated;
                QCOMPARE(made->validationHistory().rowSize(user), n - validation);
            }
        }
        QCOMPARE(tested, 20);
        QCOMPARE(validated, 10);
    }

    void coldUsersHaveNothingInTraining() {
        const DatasetPtr data = test::plantedDataset(100, 40, 4, 5);
        const SplitSpec spec{
            .kind = SplitKind::ColdUsers, .testFraction = 0.2, .validationFraction = 0.1, .seed = 3};
        const SplitPtr made = split(data, spec);
        QVERIFY(made);
        std::int64_t active = 0;
        int tested = 0;
        int validated = 0;
        for (std::int32_t u = 0; u < data->userCount(); ++u) {
            const UserIndex user{u};
            const std::int32_t n = data->byUser().rowSize(user);
            active += n > 0;
            if (n == 0) continue;
            const bool inTest = made->test().rowSize(user) == n;
            const bool inValidation = made->validation().rowSize(user) == n;
            tested += inTest;
            validated += inValidation;
            // Whole in one part, and nothing that a model could fold in.
            QCOMPARE(inTest + inValidation + (made->train().rowSize(user) == n), 1);
            if (inTest) QCOMPARE(made->testHistory().rowSize(user), 0);
            if (inValidation) QCOMPARE(made->validationHistory().rowSize(user), 0);
        }
        QCOMPARE(tested, shareOf(0.2, active));
        QCOMPARE(validated, shareOf(0.1, active));
        SplitSpec other = spec;
        other.seed = 4;
        QVERIFY(split(data, other)->fingerprint() != made->fingerprint());
        QCOMPARE(split(data, spec)->fingerprint(), made->fingerprint());
    }

    void coldItemsHaveNothingInTraining() {
        const DatasetPtr given = test::plantedDataset(60, 80, 4, 5);
        const SplitPtr made =
            split(given,
                  {.kind = SplitKind::ColdItems, .testFraction = 0.25, .validationFraction = 0.1, .seed = 3});
        QVERIFY(made);
        const DatasetPtr data = made->dataset();
        const ItemUserCsr test = made->test().transposed();
        const ItemUserCsr validation = made->validation().transposed();
        std::int64_t active = 0;
        int tested = 0;
        int validated = 0;
        for (std::int32_t i = 0; i < data->itemCount(); ++i) {
            const ItemIndex item{i};
            const std::int32_t n = data->byItem().rowSize(item);
            active += n > 0;
            if (n == 0) continue;
            const bool inTest = test.rowSize(item) == n;
            const bool inValidation = validation.rowSize(item) == n;
            tested += inTest;
            validated += inValidation;
            QCOMPARE(inTest + inValidation + (made->trainByItem().rowSize(item) == n), 1);
        }
        QCOMPARE(tested, shareOf(0.25, active));
        QCOMPARE(validated, shareOf(0.1, active));
        // The order of the file would tell of popularity; the same data stands in another one.
        QCOMPARE(data->itemCount(), given->itemCount());
        int moved = 0;
        for (std::int32_t i = 0; i < data->itemCount(); ++i) {
            const auto old = given->items().find(data->items().id(i));
            QVERIFY(old);
            moved += *old != i;
            QVERIFY(
                std::ranges::equal(data->byItem().cols(ItemIndex{i}), given->byItem().cols(ItemIndex{*old})));
            QVERIFY(std::ranges::equal(data->byItem().values(ItemIndex{i}),
                                       given->byItem().values(ItemIndex{*old})));
        }
        QVERIFY(moved > data->itemCount() / 2);
        const auto before = timesOf(*given);
        for (const auto& [pair, time] : timesOf(*data))
            QCOMPARE(before.at({pair.first, *given->items().find(data->items().id(pair.second))}), time);
    }

    void coldKindsLeaveOneToTrainOn() {
        const DatasetPtr data = dataset(2, 1, {{0, 0, 4, 1}, {1, 0, 2, 2}});
        const SplitPtr users =
            split(data, {.kind = SplitKind::ColdUsers, .testFraction = 0.8, .validationFraction = 0.1});
        QVERIFY(users);
        QCOMPARE(users->train().size(), std::int64_t{1});
        QCOMPARE(users->test().size(), std::int64_t{1});
        const SplitPtr items =
            split(data, {.kind = SplitKind::ColdItems, .testFraction = 0.8, .validationFraction = 0.1});
        QVERIFY(items);
        QCOMPARE(items->train().size(), std::int64_t{2});
    }

    void foldsPartitionTheData() {
        const DatasetPtr data = test::plantedDataset(50, 30, 3, 6);
        for (const int folds : {2, 3, 5, 10}) {
            std::map<Pair, float> all;
            std::int64_t total = 0;
            for (int fold = 0; fold < folds; ++fold) {
                const SplitPtr made = split(
                    data,
                    {.kind = SplitKind::KFold, .validationFraction = 0.1, .folds = folds, .fold = fold});
                QVERIFY(made);
                const std::int64_t even = data->interactionCount() / folds;
                QVERIFY(made->test().size() == even || made->test().size() == even + 1);
                QCOMPARE(made->validation().size(), shareOf(0.1, data->interactionCount()));
                all.merge(cells(made->test()));
                total += made->test().size();
            }
            QCOMPARE(total, data->interactionCount());
            QVERIFY(all == cells(data->byUser()));
        }
    }

    void premadePartsAreTakenAsTheyAre() {
        const DatasetPtr data = dataset(3, 4,
                                        {{0, 0, 1, 0, Part::Train},
                                         {0, 1, 1, 0, Part::Test},
                                         {1, 0, 1, 0, Part::Validation},
                                         {1, 2, 1, 0, Part::ValidationHistory},
                                         {2, 1, 1, 0, Part::TestHistory},
                                         {2, 3, 1, 0, Part::Test}},
                                        false, true);
        const SplitPtr made = split(data, {.kind = SplitKind::Premade});
        QVERIFY(made);
        QCOMPARE(cells(made->train()), (std::map<Pair, float>{{{0, 0}, 1.0f}}));
        QCOMPARE(cells(made->validation()), (std::map<Pair, float>{{{1, 0}, 1.0f}}));
        QCOMPARE(cells(made->test()), (std::map<Pair, float>{{{0, 1}, 1.0f}, {{2, 3}, 1.0f}}));
        QCOMPARE(cells(made->validationHistory()), (std::map<Pair, float>{{{1, 2}, 1.0f}}));
        // User 0 is in training and test, user 2 brings a history: each is known by what there is.
        QCOMPARE(cells(made->testHistory()), (std::map<Pair, float>{{{0, 0}, 1.0f}, {{2, 1}, 1.0f}}));
        QVERIFY(made->trainedUser(UserIndex{0}));
        QVERIFY(!made->trainedUser(UserIndex{2}));
    }

    void premadeWithoutHistoriesIsKnownByTraining() {
        const DatasetPtr data =
            dataset(1, 2, {{0, 0, 1, 0, Part::Train}, {0, 1, 1, 0, Part::Test}}, false, true);
        const SplitPtr made = split(data, {.kind = SplitKind::Premade});
        QVERIFY(made);
        QCOMPARE(&made->testHistory(), &made->train());
        QCOMPARE(&made->validationHistory(), &made->train());
        QVERIFY(made->trainTimes().empty());
    }

    void filtersComeFirst() {
        const DatasetPtr data = test::plantedDataset(60, 30, 3, 8);
        SplitSpec spec;
        spec.filter.implicitThreshold = 4.0;
        spec.filter.minUserInteractions = 5;
        const SplitPtr made = split(data, spec);
        QVERIFY(made);
        const DatasetPtr filtered = *filterDataset(data, spec.filter);
        QCOMPARE(made->dataset()->provenance().fingerprint, filtered->provenance().fingerprint);
        QVERIFY(made->dataset()->interactionCount() < data->interactionCount());
        spec.filter.minRating = 9;
        QCOMPARE(refusedField(data, spec), std::string("min_rating"));
    }

    void whatCannotBeIsRefusedWithTheField() {
        const DatasetPtr timed = test::plantedDataset(20, 20, 2, 1);
        const DatasetPtr plain = dataset(2, 3, {{0, 0}, {0, 1}, {1, 1}, {1, 2}});
        QCOMPARE(refusedField(plain, {.testFraction = -0.1}), std::string("test_fraction"));
        QCOMPARE(refusedField(plain, {.testFraction = 1.0}), std::string("test_fraction"));
        QCOMPARE(refusedField(plain, {.testFraction = std::nan("")}), std::string("test_fraction"));
        QCOMPARE(refusedField(plain, {.validationFraction = -1}), std::string("validation_fraction"));
        QCOMPARE(refusedField(plain, {.testFraction = 0.6, .validationFraction = 0.4}),
                 std::string("validation_fraction"));
        QCOMPARE(refusedField(plain, {.kind = SplitKind::TimeCut}), std::string("kind"));
        QCOMPARE(refusedField(plain, {.kind = SplitKind::LeaveLastOut}), std::string("kind"));
        QCOMPARE(refusedField(plain, {.kind = SplitKind::Premade}), std::string("kind"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::KFold, .folds = 1}), std::string("folds"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::KFold, .folds = 5, .fold = 5}), std::string("fold"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::KFold, .folds = 5, .fold = -1}),
                 std::string("fold"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::KFold, .validationFraction = 0.9}),
                 std::string("validation_fraction"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::UserFold, .foldInFraction = 0.0}),
                 std::string("fold_in_fraction"));
        QCOMPARE(refusedField(timed, {.kind = SplitKind::UserFold, .foldInFraction = 1.0}),
                 std::string("fold_in_fraction"));
        // Nothing left for training.
        const DatasetPtr testOnly =
            dataset(1, 2, {{0, 0, 1, 0, Part::Test}, {0, 1, 1, 0, Part::Test}}, false, true);
        QCOMPARE(refusedField(testOnly, {.kind = SplitKind::Premade}), std::string("train"));
        // Users with one interaction cannot be held out.
        const DatasetPtr single = dataset(4, 4, {{0, 0}, {1, 1}, {2, 2}, {3, 3}});
        QCOMPARE(refusedField(single, {.kind = SplitKind::UserFold, .testFraction = 0.5}),
                 std::string("test_fraction"));
    }

    void theSmallestDataCanBeSplit() {
        const DatasetPtr one = dataset(1, 1, {{0, 0, 1, 5}}, true);
        for (const SplitKind kind :
             {SplitKind::RandomPerUser, SplitKind::RandomGlobal, SplitKind::LeaveLastOut}) {
            const SplitPtr made = split(one, {.kind = kind});
            QVERIFY(made);
            QCOMPARE(made->train().size(), std::int64_t{1});
            QVERIFY(made->test().empty());
        }
    }
};

QTEST_APPLESS_MAIN(TestSplit)
#include "tst_split.moc"
