// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>

using namespace recoscope;

namespace {

SplitPtr wholeAsTraining(const DatasetPtr& dataset) {
    SplitSpec spec;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    auto split = makeSplit(dataset, spec);
    return split ? *split : nullptr;
}

std::shared_ptr<const Recommender> fit(const SplitPtr& split, std::string_view id,
                                       const ParamMap& params = {}, std::uint64_t seed = 42) {
    ThreadPool pool({.threads = 1});
    RunControl control;
    EpochContext context{pool, control, 1, {}};
    auto trainer = findAlgorithm(id)->makeTrainer({split, params, seed}).value().release();
    const std::unique_ptr<Trainer> owner(trainer);
    (void)owner->runEpoch(context).value();
    return owner->snapshot();
}

MatrixF scoresOf(const Recommender& model, std::initializer_list<Query> queries) {
    MatrixF out(static_cast<Eigen::Index>(queries.size()), model.itemCount());
    model.score({queries.begin(), queries.size()}, out);
    return out;
}

/// Users: u0 rated i0 4, i1 5; u1 rated i1 3; u2 nothing. Item i2: nobody. Mean 4.
SplitPtr small() { return wholeAsTraining(test::dataset(3, 3, {{0, 0, 4.0f}, {0, 1, 5.0f}, {1, 1, 3.0f}})); }

Query queryOf(const SplitPtr& split, int user) {
    const UserIndex u{user};
    return {split->train().cols(u), split->train().values(u), {}, u, nullptr, 0};
}

} // namespace

class TestBaselines final : public QObject {
    Q_OBJECT
private slots:
    void popularityCountsUsers();
    void meansAreThePlainMeans();
    void unseenUserAndItemGetTheGlobalMean();
    void dampingPullsTowardsTheGlobalMean();
    void userMeanFollowsAnEditedHistory();
    void randomIsTheSameForAnyOrderOfAsking();
    void randomSpreadsEvenly();
    void savedModelsGiveTheSameScores_data();
    void savedModelsGiveTheSameScores();
    void damagedFilesAreRefused_data() { savedModelsGiveTheSameScores_data(); }
    void damagedFilesAreRefused();
    void explanationsAddUp_data() { savedModelsGiveTheSameScores_data(); }
    void explanationsAddUp();
};

void TestBaselines::popularityCountsUsers() {
    const SplitPtr split = small();
    QVERIFY(split);
    const MatrixF scores = scoresOf(*fit(split, "popularity"), {queryOf(split, 0)});
    QCOMPARE(scores(0, 0), 1.0f);
    QCOMPARE(scores(0, 1), 2.0f);
    QCOMPARE(scores(0, 2), 0.0f);
}

void TestBaselines::meansAreThePlainMeans() {
    const SplitPtr split = small();
    const auto of = [&](const char* id) {
        return scoresOf(*fit(split, id), {queryOf(split, 0), queryOf(split, 1)});
    };
    const MatrixF global = of("global_mean"), user = of("user_mean"), item = of("item_mean");
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(global(0, i), 4.0f);
        QCOMPARE(user(0, i), 4.5f);
        QCOMPARE(user(1, i), 3.0f);
    }
    QCOMPARE(item(1, 0), 4.0f);
    QCOMPARE(item(1, 1), 4.0f); // (5 + 3) / 2
}

void TestBaselines::unseenUserAndItemGetTheGlobalMean() {
    const SplitPtr split = small();
    const MatrixF user = scoresOf(*fit(split, "user_mean"), {queryOf(split, 2), Query{}});
    QCOMPARE(user(0, 1), 4.0f);
    QCOMPARE(user(1, 1), 4.0f);
    QCOMPARE(scoresOf(*fit(split, "item_mean"), {Query{}})(0, 2), 4.0f);
}

void TestBaselines::dampingPullsTowardsTheGlobalMean() {
    const SplitPtr split = small();
    const ParamMap damped{{"damping", 2.0}};
    // (2·4 + 4 + 5) / (2 + 2) = 4.25; (2·4 + 3) / (2 + 1) = 11/3
    const MatrixF user =
        scoresOf(*fit(split, "user_mean", damped), {queryOf(split, 0), queryOf(split, 1), queryOf(split, 2)});
    QCOMPARE(user(0, 0), 4.25f);
    QCOMPARE(user(1, 0), 11.0f / 3.0f);
    QCOMPARE(user(2, 0), 4.0f);
    const SplitPtr other = wholeAsTraining(test::dataset(2, 2, {{0, 0, 5.0f}, {1, 0, 5.0f}, {0, 1, 2.0f}}));
    // Mean 4. (2·4 + 10) / 4 = 4.5; (2·4 + 2) / 3 = 10/3
    const MatrixF item = scoresOf(*fit(other, "item_mean", damped), {Query{}});
    QCOMPARE(item(0, 0), 4.5f);
    QCOMPARE(item(0, 1), 10.0f / 3.0f);
    QVERIFY(!findAlgorithm("item_mean")->makeTrainer({split, {{"damping", -1.0}}, 1}));
}

void TestBaselines::userMeanFollowsAnEditedHistory() {
    const auto model = fit(small(), "user_mean");
    const std::vector<ItemIndex> items{ItemIndex{0}, ItemIndex{2}};
    const std::vector<float> values{1.0f, 2.0f};
    QCOMPARE(scoresOf(*model, {Query{items, values, {}, {}, nullptr, 0}})(0, 1), 1.5f);
}

void TestBaselines::randomIsTheSameForAnyOrderOfAsking() {
    const SplitPtr split = wholeAsTraining(test::randomDataset(20, 50, 0.2, 1));
    const auto model = fit(split, "random");
    const MatrixF together = scoresOf(*model, {queryOf(split, 3), queryOf(split, 4)});
    const MatrixF apart = scoresOf(*model, {queryOf(split, 4)});
    QCOMPARE(together.row(1) == apart.row(0), true);
    QCOMPARE(together.row(0) == together.row(1), false);
    QCOMPARE(scoresOf(*fit(split, "random", {}, 43), {queryOf(split, 4)}) == apart, false);
    // Without a user, the history is the key.
    Query folded = queryOf(split, 4), other = queryOf(split, 3);
    folded.user.reset();
    other.user.reset();
    const MatrixF byHistory = scoresOf(*model, {folded, other});
    QCOMPARE(byHistory.row(0) == scoresOf(*model, {folded}).row(0), true);
    QCOMPARE(byHistory.row(0) == byHistory.row(1), false);
}

void TestBaselines::randomSpreadsEvenly() {
    const SplitPtr split = wholeAsTraining(test::randomDataset(100, 100, 0.1, 1));
    const auto model = fit(split, "random");
    std::vector<int> bins(10, 0);
    double sum = 0.0;
    for (int u = 0; u < 100; ++u) {
        const MatrixF scores = scoresOf(*model, {queryOf(split, u)});
        for (int i = 0; i < 100; ++i) {
            QVERIFY(scores(0, i) >= 0.0f && scores(0, i) < 1.0f);
            ++bins[static_cast<std::size_t>(scores(0, i) * 10.0f)];
            sum += static_cast<double>(scores(0, i));
        }
    }
    QVERIFY(std::abs(sum / 10'000.0 - 0.5) < 0.015); // standard deviation of the mean: .0029
    for (const int count : bins)
        QVERIFY(std::abs(count - 1000) < 150); // standard deviation: 30
}

void TestBaselines::savedModelsGiveTheSameScores_data() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"random", "popularity", "global_mean", "user_mean", "item_mean"})
        QTest::newRow(id) << id;
}

void TestBaselines::savedModelsGiveTheSameScores() {
    QFETCH(QString, id);
    const SplitPtr split = wholeAsTraining(test::randomDataset(13, 17, 0.3, 2));
    const auto model = fit(split, id.toStdString());
    TensorFile file;
    model->save(file);
    const auto loaded = findAlgorithm(id.toStdString())->load(file);
    QVERIFY(loaded);
    QCOMPARE((*loaded)->userCount(), 13);
    QCOMPARE((*loaded)->itemCount(), 17);
    QCOMPARE(scoresOf(**loaded, {queryOf(split, 1), Query{}}) ==
                 scoresOf(*model, {queryOf(split, 1), Query{}}),
             true);
}

void TestBaselines::damagedFilesAreRefused() {
    QFETCH(QString, id);
    const auto model = fit(small(), id.toStdString());
    TensorFile whole;
    model->save(whole);
    for (const auto& [name, tensor] : whole.tensors()) {
        TensorFile missing = whole;
        missing.tensors().erase(name);
        QVERIFY(!findAlgorithm(id.toStdString())->load(missing));
    }
}

void TestBaselines::explanationsAddUp() {
    QFETCH(QString, id);
    const SplitPtr split = small();
    const auto model = fit(split, id.toStdString());
    for (int u = 0; u < 3; ++u) {
        const MatrixF scores = scoresOf(*model, {queryOf(split, u)});
        for (int i = 0; i < 3; ++i) {
            const auto why = model->explain(queryOf(split, u), ItemIndex{i});
            QVERIFY(why && why->additive);
            double sum = why->baseline;
            for (const auto& part : why->parts)
                sum += part.contribution;
            QVERIFY(std::abs(sum - static_cast<double>(scores(0, i))) < 1e-5);
        }
    }
}

QTEST_GUILESS_MAIN(TestBaselines)
#include "tst_baselines.moc"
