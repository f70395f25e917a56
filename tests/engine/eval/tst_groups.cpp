// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/groups.h"
#include "engine/eval/list_metrics.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

/// Six users with attributes. Training interactions: user n has n + 1 of items 0..5; test: items 6 (all) and
/// 7 (even users). Items 0..: item i is taken by 6 − i users, so 0, 1, 2, 3 carry 18 of 21, which is the
/// head.
SplitPtr sixUsers() {
    DatasetParts parts;
    for (int u = 0; u < 6; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 8; ++i)
        parts.items.insert("i" + std::to_string(i));
    const auto add = [&](int user, int item, Part part) {
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{item});
        parts.rows.values.push_back(1.0f);
        parts.rows.parts.push_back(part);
    };
    for (int u = 0; u < 6; ++u) {
        for (int i = 0; i <= u; ++i)
            add(u, i, Part::Train);
        add(u, 6, Part::Test);
        if (u % 2 == 0) add(u, 7, Part::Test);
    }
    add(0, 1, Part::Test); // the only relevant item of the head
    FeatureColumn gender{.name = "gender", .kind = FeatureKind::Token};
    gender.vocabulary = {"M", "F"};
    gender.tokens = {0, 1, 0, 1, 0, -1};
    FeatureColumn age{.name = "age", .kind = FeatureKind::Number};
    age.numbers = {20, 30, 40, 50, 60, std::nanf("")};
    FeatureColumn likes{.name = "likes", .kind = FeatureKind::Tokens};
    likes.vocabulary = {"a", "b"};
    likes.tokens = {0, 1, 0, 1, 1};
    likes.tokenOffsets = {0, 2, 3, 4, 5, 5, 5};
    FeatureColumn name{.name = "name", .kind = FeatureKind::Text};
    name.texts.resize(6);
    parts.userFeatures = FeatureTable({gender, age, likes, name});
    return std::move(
               makeSplit(std::move(Dataset::make(std::move(parts))).value(), {.kind = SplitKind::Premade}))
        .value();
}

Evaluation sixValues() {
    Evaluation evaluation;
    for (int u = 0; u < 6; ++u)
        evaluation.users.push_back(UserIndex{u});
    MetricValue metric{"ndcg@10", "NDCG@10", "ndcg", 0.35, 6, true, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}};
    evaluation.metrics.push_back(metric);
    evaluation.metrics.push_back({"rmse", "RMSE", "rmse", 0.9, 10, false, {}});
    metric.key = "ild@10";
    metric.perUser = {0.5, std::numeric_limits<double>::quiet_NaN(), 0.7, 0.2, 0.9, 0.1};
    evaluation.metrics.push_back(metric);
    return evaluation;
}

std::vector<std::string> labelsOf(const UserGrouping& grouping) {
    std::vector<std::string> labels;
    for (const UserGroup& group : grouping.groups)
        labels.push_back(group.label);
    return labels;
}

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

} // namespace

class TestGroups final : public QObject {
    Q_OBJECT
private slots:
    void metricsByAnAttributeByHand() {
        const auto split = sixUsers();
        const auto report = groupBy("gender", sixValues(), *split, Target::Test, {}, {.minUsers = 2});
        QVERIFY(report);
        QCOMPARE(report->metrics.size(), std::size_t{2}); // RMSE has no value a user
        const GroupedMetric& ndcg = report->metrics[0];
        QCOMPARE(ndcg.groups.size(), std::size_t{3});
        QCOMPARE(ndcg.groups[0].label, std::string("F")); // users 1, 3: 0.2, 0.4
        QCOMPARE(ndcg.groups[0].users, 2);
        QVERIFY(near(ndcg.groups[0].value, 0.3));
        QVERIFY(near(ndcg.groups[0].standardError, 0.1)); // sd √(0.02), over √2
        QVERIFY(near(ndcg.groups[1].value, 0.3));         // M: users 0, 2, 4: 0.1, 0.3, 0.5
        QCOMPARE(ndcg.groups[2].label, std::string("unknown"));
        QVERIFY(near(ndcg.groups[2].value, 0.6));
        QVERIFY(!ndcg.groups[2].counts); // one user is too few for the gap
        QVERIFY(near(ndcg.gap, 0.0) && near(ndcg.ratio, 1.0));
        const auto all = groupBy("gender", sixValues(), *split, Target::Test, {}, {.minUsers = 1});
        QVERIFY(near(all->metrics[0].gap, 0.3) && near(all->metrics[0].ratio, 0.5));
        // A user without the number does not count: F has user 3 alone.
        QCOMPARE(all->metrics[1].groups[0].users, 1);
        QVERIFY(near(all->metrics[1].groups[0].value, 0.2));
    }

    void usersOfSeveralCategoriesCountInEach() {
        const auto split = sixUsers();
        const auto grouping = groupUsers("likes", sixValues().users, *split, Target::Test);
        QCOMPARE(labelsOf(*grouping), (std::vector<std::string>{"a", "b", "unknown"}));
        QCOMPARE(grouping->groups[0].rows, (std::vector<std::size_t>{0, 1}));
        QCOMPARE(grouping->groups[1].rows, (std::vector<std::size_t>{0, 2, 3}));
        QCOMPARE(grouping->groups[2].rows, (std::vector<std::size_t>{4, 5}));
    }

    void numbersAndActivityAreBanded() {
        const auto split = sixUsers();
        const auto age = groupUsers("age", sixValues().users, *split, Target::Test, {.bands = 2});
        QCOMPARE(labelsOf(*age), (std::vector<std::string>{"20 to 30", "40 to 60", "unknown"}));
        const auto activity = groupUsers("activity", sixValues().users, *split, Target::Test, {.bands = 2});
        QCOMPARE(labelsOf(*activity),
                 (std::vector<std::string>{"1 to 3 interactions", "4 to 6 interactions"}));
        QCOMPARE(activity->groups[1].rows, (std::vector<std::size_t>{3, 4, 5}));
        // Few different values are a group each.
        const auto each = groupUsers("age", sixValues().users, *split, Target::Test, {.bands = 3});
        QCOMPARE(each->groups.size(), std::size_t{6});
        QCOMPARE(each->groups[1].label, std::string("30"));
    }

    void smallCategoriesArePutTogether() {
        const auto split = sixUsers();
        const auto grouping = groupUsers("gender", sixValues().users, *split, Target::Test, {.maxGroups = 1});
        QCOMPARE(labelsOf(*grouping), (std::vector<std::string>{"F", "M", "unknown"})); // one is no grouping
        FeatureColumn column{.name = "city", .kind = FeatureKind::Token};
        column.vocabulary = {"x", "y", "z"};
        column.tokens = {0, 0, 1, 2, 0, 1};
        DatasetParts parts;
        for (int u = 0; u < 6; ++u) {
            parts.users.insert("u" + std::to_string(u));
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{0});
            parts.rows.values.push_back(1.0f);
        }
        parts.items.insert("i");
        parts.userFeatures = FeatureTable({column});
        const auto small = std::move(makeSplit(std::move(Dataset::make(std::move(parts))).value(),
                                               {.testFraction = 0.0, .validationFraction = 0.0}))
                               .value();
        const auto cities = groupUsers("city", sixValues().users, *small, Target::Test, {.maxGroups = 2});
        QCOMPARE(labelsOf(*cities), (std::vector<std::string>{"x", "others"}));
        QCOMPARE(cities->groups[1].rows, (std::vector<std::size_t>{2, 3, 5}));
    }

    void anUnknownAttributeNamesWhatThereIs() {
        const auto split = sixUsers();
        for (const char* by : {"sex", "name"}) {
            const auto none = groupBy(by, sixValues(), *split, Target::Test, {});
            QVERIFY(!none);
            QVERIFY(none.error().message.find("activity, items, gender, age, likes") != std::string::npos);
        }
    }

    void headAndTailByHand() {
        const auto split = sixUsers();
        MatrixF scores = MatrixF::Zero(6, 8);
        scores.col(7).setConstant(3.0f); // everyone's first
        scores(0, 1) = 2.0f;             // user 0: 7, then 1
        ThreadPool pool({.threads = 1});
        RunControl control;
        const EvaluationOptions options{.cutoffs = {1, 2}, .metrics = {"recall"}};
        const Evaluation found =
            std::move(evaluate(test::FixedScores(6, scores), *split, Target::Test, options, pool, control))
                .value();
        const auto report = groupBy("items", found, *split, Target::Test, options, {.minUsers = 1});
        QVERIFY(report);
        const GroupedMetric& first = report->metrics[0];
        QCOMPARE(first.key, std::string("recall@1"));
        QCOMPARE(first.groups[0].users, 1); // head: user 0 alone has a relevant item there
        QCOMPARE(first.groups[0].value, 0.0);
        // Tail: even users have 6 and 7 and hit 7; odd ones have 6 only.
        QCOMPARE(first.groups[1].users, 6);
        QVERIFY(near(first.groups[1].value, 3 * 0.5 / 6.0));
        QVERIFY(near(first.overall, found.find("recall@1")->value));
        QCOMPARE(report->metrics[1].groups[0].value, 1.0);
        Evaluation stored = found;
        stored.topItems.clear();
        QCOMPARE(groupBy("items", stored, *split, Target::Test, options).error().code, ErrorCode::Invalid);
    }

    void groupsWithoutOverlapAddUpToTheWhole() {
        const auto split = std::move(makeSplit(test::randomDataset(400, 60, 0.15, 3), {})).value();
        ThreadPool pool({.threads = 2});
        RunControl control;
        const Evaluation found = std::move(evaluate(test::FixedScores(400, MatrixF::Random(400, 60)), *split,
                                                    Target::Test, {}, pool, control))
                                     .value();
        const auto report = groupBy("activity", found, *split, Target::Test, {});
        QVERIFY(report && report->metrics.size() > 20);
        for (const GroupedMetric& metric : report->metrics) {
            QCOMPARE(metric.groups.size(), std::size_t{4});
            double sum = 0.0;
            std::int64_t users = 0;
            for (const GroupValue& group : metric.groups) {
                QVERIFY(group.users > 60 && group.users < 140); // a quarter of 400, more or less
                sum += group.value * static_cast<double>(group.users);
                users += group.users;
            }
            QCOMPARE(users, found.find(metric.key)->count);
            QVERIFY2(std::abs(sum / static_cast<double>(users) - metric.overall) <
                         1e-9 * (1.0 + metric.overall),
                     metric.key.c_str());
            QVERIFY(metric.gap >= 0.0);
        }
    }
};

QTEST_APPLESS_MAIN(TestGroups)
#include "tst_groups.moc"
