// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "tests/support/naive_similarity.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace recoscope;
using test::holed;

namespace {

SplitPtr wholeAsTraining(const DatasetPtr& dataset) {
    SplitSpec spec;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    auto split = makeSplit(dataset, spec);
    return split ? *split : nullptr;
}

std::shared_ptr<const Recommender> fit(const SplitPtr& split, std::string_view id, const ParamMap& params,
                                       int threads = 2) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    EpochContext context{pool, control, 1, {}};
    const auto trainer = findAlgorithm(id)->makeTrainer({split, params, 42});
    if (!trainer || !(*trainer)->runEpoch(context)) return nullptr;
    return (*trainer)->snapshot();
}

Query queryOf(const SplitPtr& split, int user, bool known = true) {
    const UserIndex u{user};
    Query query{split->train().cols(u), split->train().values(u), {}, {}, nullptr, 0};
    if (known) query.user = u;
    return query;
}

MatrixF scoresOfAll(const Recommender& model, const SplitPtr& split, bool known = true) {
    std::vector<Query> queries;
    for (int u = 0; u < split->dataset()->userCount(); ++u)
        queries.push_back(queryOf(split, u, known));
    MatrixF out(static_cast<Eigen::Index>(queries.size()), model.itemCount());
    model.score(queries, out);
    return out;
}

struct Options {
    SimilarityKind kind = SimilarityKind::Cosine;
    Weighting weighting = Weighting::None;
    bool explicitScoring = false;
    bool ratings = false; // what an interaction counts under implicit scoring
    bool profile = false;
    bool reverse = false;
    int k = 5;
};

ParamMap paramsOf(const Options& o, bool ofUsers) {
    static const char* const kinds[] = {"cosine", "pearson", "jaccard", "adjusted_cosine"};
    static const char* const weightings[] = {"none", "tfidf", "bm25"};
    ParamMap map{{"k", std::int64_t{o.k}},
                 {"similarity", std::string(kinds[static_cast<int>(o.kind)])},
                 {"weighting", std::string(weightings[static_cast<int>(o.weighting)])},
                 {"scoring", std::string(o.explicitScoring ? "explicit" : "implicit")},
                 {"values", std::string(o.ratings ? "ratings" : "ones")},
                 {"weighting_target", std::string(o.profile ? "similarity_and_profile" : "similarity")},
                 {"shrink", 0.5}};
    if (ofUsers) map["neighbourhood"] = std::string(o.reverse ? "reverse" : "own");
    return map;
}

/// The models' equations with whole matrices, in double.
MatrixD naiveScores(const SplitPtr& split, const Options& o, bool ofUsers) {
    const auto byUser = holed(split->train());
    const auto byItem = holed(split->trainByItem());
    const bool ratings = o.explicitScoring || o.kind == SimilarityKind::Pearson ||
                         o.kind == SimilarityKind::AdjustedCosine || o.ratings;
    const SimilarityOptions similarity{
        o.kind, ratings ? EntryValues::Given : EntryValues::Ones, 0.5, {o.weighting, 1.2, 0.75}};
    const auto& rows = ofUsers ? byUser : byItem;
    const MatrixD w = test::naiveTopOfColumns(test::naiveSimilarity(rows, similarity), o.k);
    const MatrixD present = byUser.present.cast<double>().matrix();
    MatrixD profile = o.ratings || o.explicitScoring ? byUser.value : present; // users x items
    if (o.profile) {
        const EntryValues values = o.ratings ? EntryValues::Given : EntryValues::Ones;
        const MatrixD weighted = test::naiveWeights(rows, values, similarity.weighting);
        if (ofUsers)
            profile = weighted;
        else
            profile = weighted.transpose();
    }
    // The user's own k nearest are what the k largest of *his* column are: the rows of the transposed.
    MatrixD left = w;
    if (ofUsers && !o.reverse) left = w.transpose();
    if (!o.explicitScoring) {
        if (ofUsers) return left * profile;
        return profile * w;
    }
    const double mean = byUser.value.sum() / present.sum();
    const Eigen::Index n = rows.value.rows();
    VectorD means(n);
    for (Eigen::Index r = 0; r < n; ++r) {
        const double count = static_cast<double>(rows.present.row(r).count());
        means[r] = count > 0.0 ? rows.value.row(r).sum() / count : mean;
    }
    MatrixD out(byUser.value.rows(), byUser.value.cols());
    for (Eigen::Index u = 0; u < out.rows(); ++u)
        for (Eigen::Index i = 0; i < out.cols(); ++i) {
            double sum = 0.0, weights = 0.0;
            if (ofUsers)
                for (Eigen::Index v = 0; v < out.rows(); ++v) {
                    if (!byUser.present(v, i)) continue;
                    sum += left(u, v) * (byUser.value(v, i) - means[v]);
                    weights += std::abs(left(u, v));
                }
            else
                for (Eigen::Index j = 0; j < out.cols(); ++j) {
                    if (!byUser.present(u, j)) continue;
                    sum += w(j, i) * (byUser.value(u, j) - means[j]);
                    weights += std::abs(w(j, i));
                }
            out(u, i) = (ofUsers ? means[u] : means[i]) + (weights > 0.0 ? sum / weights : 0.0);
        }
    return out;
}

std::vector<Options> allOptions(bool ofUsers) {
    std::vector<Options> all;
    for (int kind = 0; kind < 4; ++kind)
        for (int weighting = 0; weighting < 3; ++weighting)
            for (int form = 0; form < 5; ++form)
                for (int reverse = 0; reverse < (ofUsers ? 2 : 1); ++reverse) {
                    Options o{static_cast<SimilarityKind>(kind), static_cast<Weighting>(weighting)};
                    o.explicitScoring = form == 0;
                    o.ratings = form == 1 || form == 2;
                    o.profile = form == 2 || form == 3;
                    o.reverse = reverse == 1;
                    if (o.profile && o.weighting == Weighting::None) continue;
                    all.push_back(o);
                }
    return all;
}

QByteArray nameOf(const Options& o) {
    return QString("kind %1, weighting %2, explicit %3, ratings %4, profile %5, reverse %6")
        .arg(static_cast<int>(o.kind))
        .arg(static_cast<int>(o.weighting))
        .arg(o.explicitScoring)
        .arg(o.ratings)
        .arg(o.profile)
        .arg(o.reverse)
        .toUtf8();
}

double relativeDifference(const MatrixF& actual, const MatrixD& expected) {
    return (actual.cast<double>() - expected).cwiseAbs().maxCoeff() /
           std::max(1.0, expected.cwiseAbs().maxCoeff());
}

} // namespace

class TestNeighbourhood final : public QObject {
    Q_OBJECT
private slots:
    void scoresAreTheEquation_data() { addModels(); }
    void scoresAreTheEquation();
    void explanationsAddUpToTheScore_data() { addModels(); }
    void explanationsAddUpToTheScore();
    void savedModelsGiveTheSameBits_data() { addModels(); }
    void savedModelsGiveTheSameBits();
    void itemKnnByHand();
    void userKnnByHand();
    void foldedInHistoryScoresAsTheKnownUser();
    void newUserIsComparedAsTheLastRow();
    void neighboursAreTheSimilaritiesBestFirst();
    void explicitPredictionsStayNearTheScale();
    void whatMakesNoSenseIsRefused();
    void emptyHistoryIsFinite_data() { addModels(); }
    void emptyHistoryIsFinite();
    void cancelledAtOnceIsUsable_data() { addModels(); }
    void cancelledAtOnceIsUsable();
    void damagedFilesAreRefused_data() { addModels(); }
    void damagedFilesAreRefused();

private:
    static void addModels() {
        QTest::addColumn<QString>("id");
        QTest::newRow("ItemKNN") << "item_knn";
        QTest::newRow("UserKNN") << "user_knn";
    }
};

void TestNeighbourhood::scoresAreTheEquation() {
    QFETCH(QString, id);
    const bool ofUsers = id == "user_knn";
    const int shapes[][2] = {{1, 1}, {1, 6}, {6, 1}, {19, 23}};
    for (const auto& shape : shapes) {
        // k at least the rows where similarities can tie exactly (tiny shapes), so that no tie decides.
        const SplitPtr split = wholeAsTraining(test::randomDataset(shape[0], shape[1], 0.45, 31));
        for (Options o : allOptions(ofUsers)) {
            const bool ties =
                shape[0] * shape[1] < 50 || o.kind == SimilarityKind::Jaccard || !o.explicitScoring;
            o.k = ties ? 1000 : 5;
            const auto model = fit(split, id.toStdString(), paramsOf(o, ofUsers));
            if (o.explicitScoring && o.profile) continue;
            QVERIFY2(model, nameOf(o));
            QCOMPARE(model->predictsRatings(), o.explicitScoring);
            QVERIFY2(relativeDifference(scoresOfAll(*model, split), naiveScores(split, o, ofUsers)) < 2e-4,
                     nameOf(o));
        }
    }
}

void TestNeighbourhood::explanationsAddUpToTheScore() {
    QFETCH(QString, id);
    const bool ofUsers = id == "user_knn";
    const SplitPtr split = wholeAsTraining(test::randomDataset(19, 23, 0.4, 3));
    for (const Options& o : allOptions(ofUsers)) {
        const auto model = fit(split, id.toStdString(), paramsOf(o, ofUsers));
        for (const bool known : {true, false}) {
            const MatrixF scores = scoresOfAll(*model, split, known);
            for (int u = 0; u < 19; u += 3)
                for (int i = 0; i < 23; ++i) {
                    const auto why = model->explain(queryOf(split, u, known), ItemIndex{i});
                    QVERIFY(why && why->additive);
                    double sum = why->baseline;
                    double last = INFINITY;
                    for (const auto& part : why->parts) {
                        sum += part.contribution;
                        QVERIFY(std::abs(part.contribution) <= last);
                        last = std::abs(part.contribution);
                        QCOMPARE(part.user.has_value(), ofUsers);
                        QCOMPARE(part.item.has_value(), !ofUsers);
                    }
                    const double scale = std::max(1.0, std::abs(sum));
                    QVERIFY2(std::abs(sum - static_cast<double>(scores(u, i))) < 1e-4 * scale, nameOf(o));
                    QVERIFY(std::abs(why->score - sum) < 1e-9 * scale);
                }
        }
    }
}

void TestNeighbourhood::savedModelsGiveTheSameBits() {
    QFETCH(QString, id);
    const bool ofUsers = id == "user_knn";
    const SplitPtr split = wholeAsTraining(test::randomDataset(19, 23, 0.4, 3));
    for (const Options& o : allOptions(ofUsers)) {
        const auto model = fit(split, id.toStdString(), paramsOf(o, ofUsers));
        TensorFile file;
        model->save(file);
        const auto loaded = findAlgorithm(id.toStdString())->load(file);
        QVERIFY2(loaded, loaded ? "" : loaded.error().text().c_str());
        for (const bool known : {true, false})
            QCOMPARE(scoresOfAll(**loaded, split, known) == scoresOfAll(*model, split, known), true);
        QCOMPARE((*loaded)->predictsRatings(), o.explicitScoring);
        QCOMPARE((*loaded)->userCount(), 19);
        QCOMPARE((*loaded)->itemCount(), 23);
    }
}

void TestNeighbourhood::itemKnnByHand() {
    // i0: u0 5, u1 3.  i1: u0 4, u1 2, u2 1.  i2: u2 5.
    const SplitPtr split = wholeAsTraining(test::dataset(
        3, 3, {{0, 0, 5.0f}, {1, 0, 3.0f}, {0, 1, 4.0f}, {1, 1, 2.0f}, {2, 1, 1.0f}, {2, 2, 5.0f}}));
    const MatrixF sums = scoresOfAll(*fit(split, "item_knn", {}), split);
    // cos(i0, i1) = 2/√6, cos(i1, i2) = 1/√3, cos(i0, i2) = 0. u0 holds i0 and i1; u2 holds i1 and i2.
    QVERIFY(std::abs(sums(0, 0) - 2.0f / std::sqrt(6.0f)) < 1e-5f);
    QVERIFY(std::abs(sums(0, 2) - 1.0f / std::sqrt(3.0f)) < 1e-5f);
    QVERIFY(std::abs(sums(2, 0) - 2.0f / std::sqrt(6.0f)) < 1e-5f);
    const MatrixF ratings =
        scoresOfAll(*fit(split, "item_knn", {{"scoring", std::string("explicit")}}), split);
    // u2 and i0: the only neighbour he rated is i1, 1 - 7/3 below its mean; whatever the similarity, 4 - 4/3.
    QVERIFY(std::abs(ratings(2, 0) - (4.0f - 4.0f / 3.0f)) < 1e-5f);
    // u0 and i2: 5 + (4 - 7/3).
    QVERIFY(std::abs(ratings(0, 2) - (5.0f + 5.0f / 3.0f)) < 1e-5f);
}

void TestNeighbourhood::userKnnByHand() {
    // u0: i0, i1.  u1: i0, i1, i2.  u2: i1, i3.  Jaccard: u0u1 2/3, u0u2 1/3, u1u2 1/4.
    const SplitPtr split =
        wholeAsTraining(test::dataset(3, 4, {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 1}, {2, 3}}));
    const ParamMap own{{"similarity", std::string("jaccard")}, {"k", std::int64_t{1}}};
    ParamMap reverse = own;
    reverse["neighbourhood"] = std::string("reverse");
    const MatrixF a = scoresOfAll(*fit(split, "user_knn", own), split);
    // u2's own nearest is u0.
    QVERIFY(std::abs(a(2, 0) - 1.0f / 3.0f) < 1e-5f);
    QCOMPARE(a(2, 2), 0.0f);
    QVERIFY(std::abs(a(0, 2) - 2.0f / 3.0f) < 1e-5f);
    QCOMPARE(a(0, 3), 0.0f);
    const MatrixF b = scoresOfAll(*fit(split, "user_knn", reverse), split);
    // Nobody holds u2 nearest; u1 and u2 both hold u0.
    QVERIFY(b.row(2).isZero());
    QVERIFY(std::abs(b(0, 2) - 2.0f / 3.0f) < 1e-5f);
    QVERIFY(std::abs(b(0, 3) - 1.0f / 3.0f) < 1e-5f);
}

void TestNeighbourhood::foldedInHistoryScoresAsTheKnownUser() {
    // ItemKNN knows a user by his history alone.
    const SplitPtr split = wholeAsTraining(test::randomDataset(30, 40, 0.2, 8));
    for (const Options& o : allOptions(false)) {
        const auto model = fit(split, "item_knn", paramsOf(o, false));
        QCOMPARE(scoresOfAll(*model, split, true) == scoresOfAll(*model, split, false), true);
    }
}

void TestNeighbourhood::newUserIsComparedAsTheLastRow() {
    // The last user has no training rows in one dataset, and the same history in the other: with cosine (no
    // statistics of others in it) folding in equals having been there, for both directions.
    std::vector<test::Row> rows;
    const DatasetPtr random = test::randomDataset(25, 18, 0.35, 6);
    DatasetParts without, with;
    for (int u = 0; u < 25; ++u) {
        without.users.insert(std::to_string(u));
        with.users.insert(std::to_string(u));
    }
    for (int i = 0; i < 18; ++i) {
        without.items.insert(std::to_string(i));
        with.items.insert(std::to_string(i));
    }
    for (int u = 0; u < 25; ++u) {
        const auto items = random->byUser().cols(UserIndex{u});
        for (std::size_t n = 0; n < items.size(); ++n)
            for (DatasetParts* parts : {&without, &with}) {
                if (parts == &without && u == 24) continue;
                parts->rows.users.push_back(UserIndex{u});
                parts->rows.items.push_back(items[n]);
                parts->rows.values.push_back(random->byUser().values(UserIndex{u})[n]);
            }
    }
    const SplitPtr small = wholeAsTraining(Dataset::make(std::move(without)).value());
    const SplitPtr large = wholeAsTraining(Dataset::make(std::move(with)).value());
    for (const char* scoring : {"implicit", "explicit"})
        for (const char* direction : {"own", "reverse"}) {
            const ParamMap params{{"scoring", std::string(scoring)},
                                  {"neighbourhood", std::string(direction)},
                                  {"values", std::string("ratings")},
                                  {"k", std::int64_t{6}}};
            const auto there = fit(large, "user_knn", params);
            const auto folded = fit(small, "user_knn", params);
            const Query known = queryOf(large, 24);
            Query unknown = known;
            unknown.user.reset();
            MatrixF a(1, 18), b(1, 18);
            there->score({&known, 1}, a);
            folded->score({&unknown, 1}, b);
            QVERIFY((a - b).cwiseAbs().maxCoeff() < 1e-4f);
            QVERIFY(a.cwiseAbs().maxCoeff() > 0.0f);
        }
}

void TestNeighbourhood::neighboursAreTheSimilaritiesBestFirst() {
    const SplitPtr split = wholeAsTraining(test::randomDataset(40, 30, 0.3, 4));
    const MatrixD full = test::naiveSimilarity(holed(split->trainByItem()), {.values = EntryValues::Ones});
    for (const char* id : {"item_knn", "user_knn"}) {
        const auto model = fit(split, id, {});
        for (int i = 0; i < 30; ++i) {
            const auto found = model->neighbours(ItemIndex{i}, 7);
            QVERIFY(found.size() <= 7 && !found.empty());
            for (std::size_t n = 0; n < found.size(); ++n) {
                QVERIFY(found[n].item != ItemIndex{i});
                QVERIFY(std::abs(static_cast<double>(found[n].score) - full(i, toInt(found[n].item))) < 1e-5);
                if (n > 0) QVERIFY(found[n - 1].score >= found[n].score);
            }
            QVERIFY(std::abs(static_cast<double>(found[0].score) - full.row(i).maxCoeff()) < 1e-5);
        }
        QVERIFY(model->neighbours(ItemIndex{0}, 0).empty());
        QVERIFY(model->neighbours(ItemIndex{30}, 5).empty());
    }
}

void TestNeighbourhood::explicitPredictionsStayNearTheScale() {
    SplitSpec spec;
    spec.validationFraction = 0.0;
    const SplitPtr split = makeSplit(test::plantedDataset(), spec).value();
    for (const char* id : {"item_knn", "user_knn"}) {
        const MatrixF scores = scoresOfAll(*fit(split, id, {{"scoring", std::string("explicit")}}), split);
        double squared = 0.0, plain = 0.0, mean = 0.0;
        for (const float value : split->train().values())
            mean += static_cast<double>(value);
        mean /= static_cast<double>(split->train().size());
        for (int u = 0; u < split->dataset()->userCount(); ++u)
            for (std::size_t n = 0; n < split->test().cols(UserIndex{u}).size(); ++n) {
                const double rating = static_cast<double>(split->test().values(UserIndex{u})[n]);
                const double error =
                    static_cast<double>(scores(u, toInt(split->test().cols(UserIndex{u})[n]))) - rating;
                squared += error * error;
                plain += (mean - rating) * (mean - rating);
            }
        QVERIFY2(squared < 0.9 * plain, id); // the global mean leaves `plain`
    }
}

void TestNeighbourhood::whatMakesNoSenseIsRefused() {
    const SplitPtr split = wholeAsTraining(test::randomDataset(5, 5, 0.5, 1));
    for (const char* id : {"item_knn", "user_knn"}) {
        const auto make = [&](const ParamMap& params) {
            return findAlgorithm(id)->makeTrainer({split, params, 1});
        };
        const auto weighted = make({{"scoring", std::string("explicit")},
                                    {"weighting", std::string("bm25")},
                                    {"weighting_target", std::string("similarity_and_profile")}});
        QVERIFY(!weighted);
        QCOMPARE(weighted.error().where, std::string("weighting_target"));
        QVERIFY(!make({{"k", std::int64_t{0}}}));
        QVERIFY(!make({{"similarity", std::string("manhattan")}}));
        DatasetParts parts;
        parts.users.insert("u");
        parts.items.insert("i");
        parts.rows.users = {UserIndex{0}};
        parts.rows.items = {ItemIndex{0}};
        parts.rows.values = {1.0f};
        parts.implicit = true;
        const SplitPtr implicit = wholeAsTraining(Dataset::make(std::move(parts)).value());
        const auto ratings =
            findAlgorithm(id)->makeTrainer({implicit, {{"scoring", std::string("explicit")}}, 1});
        QVERIFY(!ratings);
        QCOMPARE(ratings.error().where, std::string("scoring"));
        const auto pearson =
            findAlgorithm(id)->makeTrainer({implicit, {{"similarity", std::string("pearson")}}, 1});
        QVERIFY(!pearson);
        QCOMPARE(pearson.error().where, std::string("similarity"));
    }
}

void TestNeighbourhood::emptyHistoryIsFinite() {
    QFETCH(QString, id);
    const bool ofUsers = id == "user_knn";
    const SplitPtr split = wholeAsTraining(test::dataset(3, 3, {{0, 0, 4.0f}, {1, 0, 2.0f}, {1, 1, 5.0f}}));
    for (const Options& o : allOptions(ofUsers)) {
        const auto model = fit(split, id.toStdString(), paramsOf(o, ofUsers));
        QVERIFY(scoresOfAll(*model, split).allFinite());
        MatrixF out(1, 3);
        const Query nobody;
        model->score({&nobody, 1}, out);
        QVERIFY2(out.allFinite(), nameOf(o));
        // Nothing known of the user: item means (i2 has none: the global mean), or the global mean for
        // UserKNN.
        if (o.explicitScoring) QVERIFY(std::abs(out(0, 2) - 11.0f / 3.0f) < 1e-5f);
    }
}

void TestNeighbourhood::cancelledAtOnceIsUsable() {
    QFETCH(QString, id);
    const SplitPtr split = wholeAsTraining(test::randomDataset(50, 40, 0.3, 1));
    for (const char* scoring : {"implicit", "explicit"}) {
        ThreadPool pool({.threads = 2});
        RunControl control;
        control.cancel();
        EpochContext context{pool, control, 1, {}};
        const auto trainer =
            findAlgorithm(id.toStdString())->makeTrainer({split, {{"scoring", std::string(scoring)}}, 1});
        QVERIFY(scoresOfAll(*(*trainer)->snapshot(), split).allFinite());
        const auto epoch = (*trainer)->runEpoch(context);
        QVERIFY(epoch && !epoch->completed);
        QVERIFY(scoresOfAll(*(*trainer)->snapshot(), split, false).allFinite());
    }
}

void TestNeighbourhood::damagedFilesAreRefused() {
    QFETCH(QString, id);
    const AlgorithmInfo& info = *findAlgorithm(id.toStdString());
    TensorFile whole;
    fit(wholeAsTraining(test::randomDataset(6, 5, 0.6, 1)), info.id, {})->save(whole);
    QVERIFY(info.load(whole));
    for (const auto& [name, tensor] : whole.tensors()) {
        TensorFile missing = whole;
        missing.tensors().erase(name);
        QVERIFY2(!info.load(missing), name.c_str());
    }
    for (const auto& [key, text] : whole.metadata()) {
        TensorFile wrong = whole;
        wrong.setMeta(key, "nonsense");
        QVERIFY2(!info.load(wrong), key.c_str());
    }
    TensorFile other = whole;
    other.set("neighbours", Csr<ItemIndex, ItemIndex>());
    QVERIFY(!info.load(other));
}

QTEST_GUILESS_MAIN(TestNeighbourhood)
#include "tst_neighbourhood.moc"
