// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/split_query.h"
#include "engine/data/readers/reader.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <algorithm>

using namespace recoscope;
using test::FixedScores;

namespace {

FixedScores modelOf(const Split& split, std::int32_t users) {
    return FixedScores(users, MatrixF::Zero(users + 1, split.dataset()->itemCount()));
}
FixedScores modelOf(const Split& split) { return modelOf(split, split.dataset()->userCount()); }

template <class T>
std::vector<T> copied(std::span<const T> values) {
    return {values.begin(), values.end()};
}

} // namespace

class TestSplitQuery final : public QObject {
    Q_OBJECT
private slots:
    void aTrainedUserIsKnownByTheTrainingRowAndItsTimes() {
        // User 0 trains on items 1 and 2 and is tested on item 0; user 1 has a test item alone.
        const DatasetPtr data = test::dataset(2, 3,
                                              {{0, 2, 5.0f, 70, Part::Train},
                                               {0, 1, 3.0f, 90, Part::Train},
                                               {0, 0, 4.0f, 95, Part::Test},
                                               {1, 0, 2.0f, 10, Part::Test}},
                                              true, true);
        const SplitPtr split = std::move(makeSplit(data, {.kind = SplitKind::Premade})).value();
        const FixedScores model = modelOf(*split);
        const Query known = queryFor(model, *split, split->testHistory(), UserIndex{0});
        QVERIFY(known.user == UserIndex{0});
        QCOMPARE(copied(known.items), (std::vector{ItemIndex{1}, ItemIndex{2}}));
        QCOMPARE(copied(known.values), (std::vector{3.0f, 5.0f}));
        QCOMPARE(copied(known.times), (std::vector<std::int64_t>{90, 70}));
        QVERIFY(!known.features);

        const Query unseen = queryFor(model, *split, split->testHistory(), UserIndex{1});
        QVERIFY(!unseen.user); // nothing was learned of this user
        QVERIFY(unseen.items.empty());
        QVERIFY(unseen.times.empty());

        const FixedScores smaller = modelOf(*split, 0); // made before the user was there
        const Query folded = queryFor(smaller, *split, split->testHistory(), UserIndex{0});
        QVERIFY(!folded.user);
        QCOMPARE(folded.items.size(), std::size_t{2});
    }

    void aHistoryThatTrainingNeverSawIsFoldedInWithTheUsersFeatures() {
        const auto data = importPath("generated:users=60,items=40,interactions=1200,seed=3", {}, {});
        QVERIFY(data.ok());
        const FeatureTable& features = data->dataset->userFeatures();
        QVERIFY(!features.empty());
        const auto made = makeSplit(data->dataset, {.kind = SplitKind::UserFold, .testFraction = 0.3});
        QVERIFY(made.ok());
        const Split& split = **made;
        const FixedScores model = modelOf(split);
        int folded = 0;
        for (std::int32_t u = 0; u < split.dataset()->userCount(); ++u) {
            const UserIndex user{u};
            const Query query = queryFor(model, split, split.testHistory(), user);
            QVERIFY(query.times.empty()); // times are kept of training interactions only
            if (split.test().rowSize(user) == 0) continue;
            ++folded;
            QVERIFY(!query.user);
            QCOMPARE(copied(query.items), copied(split.testHistory().cols(user)));
            QVERIFY(!query.items.empty());
            QCOMPARE(query.features, &split.dataset()->userFeatures());
            QCOMPARE(query.featureRow, u);
        }
        QVERIFY(folded > 0);
        // By their training rows the other users are known.
        for (std::int32_t u = 0; u < split.dataset()->userCount(); ++u) {
            const Query query = queryFor(model, split, split.train(), UserIndex{u});
            QCOMPARE(query.user.has_value(), split.trainedUser(UserIndex{u}));
            QCOMPARE(query.features == nullptr, query.user.has_value());
            QCOMPARE(query.times.size(), query.items.size());
        }
    }
};

QTEST_APPLESS_MAIN(TestSplitQuery)
#include "tst_split_query.moc"
