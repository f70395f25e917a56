// SPDX-License-Identifier: GPL-3.0-or-later
//
// Attributes of users and items in the autoencoders: who has them gets a list without a history, and all that
// the conformance suite asks of a model still holds with them.
#include "engine/api/latent_space.h"
#include "engine/core/rng.h"
#include "engine/eval/evaluator.h"
#include "engine/io/safetensors.h"
#include "engine/models/registry.h"

#include "tests/conformance/allocation_counter.h"
#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"

#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace recoscope;
using namespace recoscope::test;

namespace {

constexpr int kGroups = 4;
constexpr int kUsers = 240;
constexpr int kCold = 60; // the last users: they have test interactions and no others
constexpr int kItems = 100;

FeatureColumn tokenColumn(const char* name, std::vector<std::string> vocabulary, int rows,
                          const std::function<std::int32_t(int)>& tokenOf) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Token};
    column.vocabulary = std::move(vocabulary);
    for (int row = 0; row < rows; ++row)
        column.tokens.push_back(tokenOf(row));
    return column;
}

FeatureColumn textColumn(const char* name, int rows) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Text};
    for (int row = 0; row < rows; ++row)
        column.texts.push_back("text " + std::to_string(row));
    return column;
}

FeatureTable people() {
    FeatureColumn age{.name = "age", .kind = FeatureKind::Number};
    Rng rng(3);
    for (int u = 0; u < kUsers; ++u)
        age.numbers.push_back(u % 11 == 0 ? NAN : static_cast<float>(20 + rng.below(50)));
    return FeatureTable({textColumn("name", kUsers),
                         tokenColumn("region", {"north", "east", "south", "west"}, kUsers,
                                     [](int u) { return u % 17 == 0 ? -1 : u % kGroups; }),
                         std::move(age)});
}

FeatureTable things() {
    FeatureColumn genres{.name = "genres", .kind = FeatureKind::Tokens};
    genres.vocabulary = {"a", "b", "c", "d", "all"};
    genres.tokenOffsets.push_back(0);
    for (int i = 0; i < kItems; ++i) {
        genres.tokens.push_back(i % kGroups);
        if (i % 3 == 0) genres.tokens.push_back(4);
        genres.tokenOffsets.push_back(static_cast<std::int64_t>(genres.tokens.size()));
    }
    FeatureColumn price{.name = "price", .kind = FeatureKind::Number};
    for (int i = 0; i < kItems; ++i)
        price.numbers.push_back(static_cast<float>(i));
    return FeatureTable({textColumn("title", kItems), std::move(genres), std::move(price)});
}

/// Users of a group, which is their region, take mostly items of that group. The last users have no history.
DatasetPtr planted(FeatureTable users, FeatureTable items) {
    DatasetParts parts;
    for (int u = 0; u < kUsers; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < kItems; ++i)
        parts.items.insert("i" + std::to_string(i));
    Rng rng(5);
    for (int u = 0; u < kUsers; ++u)
        for (int i = 0; i < kItems; ++i) {
            if (rng.uniform() >= (u % kGroups == i % kGroups ? 0.5 : 0.05)) continue;
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{i});
            parts.rows.values.push_back(1.0f);
            const double part = rng.uniform();
            parts.rows.parts.push_back(u >= kUsers - kCold ? Part::Test
                                       : part < 0.15       ? Part::Validation
                                                           : Part::Train);
        }
    parts.implicit = true;
    parts.userFeatures = std::move(users);
    parts.itemFeatures = std::move(items);
    parts.provenance.path = "test";
    return std::move(Dataset::make(std::move(parts))).value();
}

SplitPtr splitOf(const DatasetPtr& data) {
    SplitSpec spec;
    spec.kind = SplitKind::Premade;
    return std::move(makeSplit(data, spec)).value();
}

SplitPtr plantedSplit() {
    static const SplitPtr split = splitOf(planted(people(), things()));
    return split;
}

double ndcgOfColdUsers(const Recommender& model, const Split& split) {
    ThreadPool pool({1, 0});
    RunControl control;
    EvaluationOptions options;
    options.cutoffs = {10};
    options.metrics = {"ndcg"};
    const auto found = evaluate(model, split, Target::Test, options, pool, control);
    return found ? found->find("ndcg@10")->value : -1.0;
}

const AlgorithmInfo& algorithm(const QString& id) { return *findAlgorithm(id.toStdString()); }

using Row = std::pair<std::string, ParamMap>;

/// Every autoencoder with side information, in both places, and the wirings that differ.
std::vector<std::pair<std::string, Row>> cases() {
    std::vector<std::pair<std::string, Row>> result;
    const auto add = [&](const std::string& name, const std::string& id, ParamMap params) {
        params["epochs"] = std::int64_t{3};
        params["train_batch_size"] = std::int64_t{32};
        if (id == "cdae")
            params["hidden_size"] = std::int64_t{12};
        else
            params["latent_dimension"] = std::int64_t{12};
        result.push_back({name, {id, std::move(params)}});
    };
    const std::string items = "input";
    for (const std::string id : {"autoencoder", "cdae", "mult_dae", "mult_vae", "gaussian_vae", "aae"})
        for (const std::string users : {"input", "code"})
            add(id + ", " + users, id, {{"user_features", users}, {"item_features", items}});
    add("mult_vae, no hidden layer, input", "mult_vae",
        {{"mlp_hidden_size", std::string()}, {"user_features", std::string("input")}});
    add("mult_vae, no hidden layer, code", "mult_vae",
        {{"mlp_hidden_size", std::string()}, {"user_features", std::string("code")}});
    add("mult_dae, items alone", "mult_dae", {{"item_features", items}});
    add("autoencoder, tied and deep", "autoencoder",
        {{"mlp_hidden_size", std::string("40, 20")},
         {"tied_weights", true},
         {"user_features", std::string("code")}});
    for (const std::string users : {"input", "code"})
        add("autoencoder, pre-trained, " + users, "autoencoder",
            {{"mlp_hidden_size", std::string("20")},
             {"pretrain_epochs", std::int64_t{1}},
             {"user_features", users},
             {"item_features", items}});
    add("autoencoder, contractive", "autoencoder",
        {{"contractive_weight", 0.1}, {"user_features", std::string("input")}, {"item_features", items}});
    return result;
}

Query known(const Split& split, int user) { return knownUser(split, UserIndex{user}); }

MatrixF tensorOf(const TensorFile& file, const char* name) { return file.matrix(name).value(); }

} // namespace

#define CASE()                                                                                               \
    QFETCH(QString, id);                                                                                     \
    QFETCH(int, index);                                                                                      \
    const AlgorithmInfo& info = algorithm(id);                                                               \
    const ParamMap params = cases()[static_cast<std::size_t>(index)].second.second

#define FOR_EVERY_CASE(name)                                                                                 \
    void name##_data() { everyCase(); }                                                                      \
    void name()

class TestSideInformation final : public QObject {
    Q_OBJECT

    static void everyCase() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<int>("index");
        int index = 0;
        for (const auto& [name, row] : cases())
            QTest::newRow(name.c_str()) << QString::fromStdString(row.first) << index++;
    }

private slots:
    void usersWithoutAHistoryGetGoodListsByTheirAttributes_data() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<QString>("where");
        for (const char* id : {"autoencoder", "cdae", "mult_dae", "mult_vae", "gaussian_vae", "aae"})
            for (const char* where : {"input", "code"})
                QTest::addRow("%s, %s", id, where) << id << where;
    }
    void usersWithoutAHistoryGetGoodListsByTheirAttributes() {
        QFETCH(QString, id);
        QFETCH(QString, where);
        const SplitPtr split = plantedSplit();
        QVERIFY(!split->trainedUser(UserIndex{kUsers - 1}));
        ParamMap params{{"epochs", std::int64_t{40}}, {"train_batch_size", std::int64_t{20}}};
        const double popular = ndcgOfColdUsers(*run(algorithm("popularity"), split).model, *split);
        const double without = ndcgOfColdUsers(*run(algorithm(id), split, {.params = params}).model, *split);
        params["user_features"] = where.toStdString();
        const auto model = run(algorithm(id), split, {.params = params}).model;
        const double with = ndcgOfColdUsers(*model, *split);
        qInfo("NDCG@10 of users without a history: %.3f, without attributes %.3f, popularity %.3f", with,
              without, popular);
        // Half of a group's items are each user's: the best possible list reaches about 0.5 to 0.6.
        QVERIFY(popular > 0.0);
        QCOMPARE_GT(with, 1.5 * popular);
        QCOMPARE_GT(with, 1.5 * without);

        // Two people of different regions, made up, in a table of their own.
        const FeatureTable made(
            {tokenColumn("region", {"west", "north"}, 3, [](int row) { return row - 1; })});
        std::vector<Query> queries(3);
        for (int row = 0; row < 3; ++row) {
            queries[static_cast<std::size_t>(row)].features = &made;
            queries[static_cast<std::size_t>(row)].featureRow = row;
        }
        MatrixF scores(3, kItems);
        model->score(queries, scores);
        QVERIFY(scores.allFinite());
        Eigen::Index best = 0;
        scores.row(1).maxCoeff(&best);
        QCOMPARE(static_cast<int>(best) % kGroups, 3); // west
        scores.row(2).maxCoeff(&best);
        QCOMPARE(static_cast<int>(best) % kGroups, 0); // north
        const Query nobody;
        QVERIFY(scoresOf(*model, nobody) == scoresOf(*model, queries[0])); // a row where all is missing
        if (where == "input") {
            MatrixF codes(3, model->latentSpace()->size());
            model->latentSpace()->encode(queries, codes);
            QVERIFY((codes.row(1) - codes.row(2)).norm() > 0.01f);
        }
    }

    FOR_EVERY_CASE(saveAndLoadGiveTheSameBits) {
        CASE();
        const SplitPtr split = plantedSplit();
        const auto model = run(info, split, {.params = params, .validate = true}).model;
        QVERIFY(model);
        const TensorFile file = saved(*model);
        const QTemporaryDir folder;
        const std::string path = folder.filePath("model.safetensors").toStdString();
        QVERIFY(writeSafetensors(path, file).ok());
        const auto read = readSafetensors(path);
        QVERIFY(read.ok());
        const auto loaded = info.load(*read);
        QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().text().c_str());
        QCOMPARE(difference(file, saved(**loaded)), std::string());
        const FeatureTable users = people();
        for (const int user : {0, 1, 100, kUsers - 1}) {
            QVERIFY(scoresOf(**loaded, known(*split, user)) == scoresOf(*model, known(*split, user)));
            Query described = unknownUser(*split, UserIndex{user});
            described.features = &users;
            described.featureRow = user;
            QVERIFY(scoresOf(**loaded, described) == scoresOf(*model, described));
        }
    }

    FOR_EVERY_CASE(oneAndTwoThreadsGiveTheSameBits) {
        CASE();
        const auto one = run(info, plantedSplit(), {.threads = 1, .params = params, .validate = true}).model;
        const auto two = run(info, plantedSplit(), {.threads = 2, .params = params, .validate = true}).model;
        QCOMPARE(difference(saved(*one), saved(*two)), std::string());
    }

    FOR_EVERY_CASE(everyWeightOfSideInformationIsTrained) {
        CASE();
        const auto model = run(info, plantedSplit(), {.params = params}).model;
        int found = 0;
        const TensorFile file = saved(*model);
        for (const auto& [name, tensor] : file.tensors()) {
            if (name != "encoder.side.weight" && name != "decoder.side.weight" &&
                name != "encoder.side.log_variance.weight")
                continue;
            ++found;
            const MatrixF weights = tensorOf(file, name.c_str());
            QVERIFY2(weights.allFinite() && (weights.rowwise().norm().array() > 0.0f).all(), name.c_str());
        }
        QVERIFY(found > 0);
    }

    FOR_EVERY_CASE(whateverIsAskedHasAnAnswer) {
        CASE();
        const SplitPtr split = plantedSplit();
        const auto trainer = info.makeTrainer({split, params, 42});
        QVERIFY(trainer.ok());
        const auto model = run(info, split, {.params = params}).model;
        const FeatureTable users = people();
        Query described;
        described.features = &users;
        described.featureRow = 5;
        Query beyond = described;
        beyond.featureRow = kUsers;
        for (const auto& each : {(*trainer)->snapshot(), model})
            for (const Query& query :
                 {Query(), described, beyond, known(*split, 3), known(*split, kUsers - 1)}) {
                QVERIFY(allFinite(scoresOf(*each, query)));
                const auto why = each->explain(query, ItemIndex{2});
                QVERIFY(why.ok() && std::isfinite(why->score));
                for (const ExplanationPart& part : why->parts)
                    QVERIFY(std::isfinite(part.contribution));
            }
        QVERIFY(scoresOf(*model, beyond) == scoresOf(*model, Query()));
        QVERIFY(model->itemEmbeddings()->allFinite());
        QVERIFY(model->userEmbeddings()->allFinite());
        const LatentSpace& space = *model->latentSpace();
        MatrixF codes = MatrixF::Constant(3, space.size(), 0.5f);
        MatrixF scores(3, kItems);
        space.decode(codes, scores);
        QVERIFY(scores.allFinite());
        QVERIFY(scores.row(0) == scores.row(2));
        const Reconstruction rebuilt = space.reconstruct(known(*split, 3), 7);
        QVERIFY(rebuilt.output.allFinite());
    }

    FOR_EVERY_CASE(aKnownUserIsDescribedByTheRowThatTrainingHad) {
        CASE();
        if (id == "cdae") QSKIP("a known user has a vector of their own besides");
        const SplitPtr split = plantedSplit();
        const auto model = run(info, split, {.params = params}).model;
        const FeatureTable users = people();
        for (const int user : {1, 2, 30}) {
            Query described = unknownUser(*split, UserIndex{user});
            described.features = &users;
            described.featureRow = user;
            QVERIFY(scoresOf(*model, described) == scoresOf(*model, known(*split, user)));
            if (!params.contains("user_features")) continue;
            QVERIFY(scoresOf(*model, described) != scoresOf(*model, unknownUser(*split, UserIndex{user})));
        }
    }

    FOR_EVERY_CASE(aSteadyEpochDoesNotAllocate) {
        CASE();
        if (!canCountAllocations()) QSKIP("a sanitizer has its own allocator");
        ParamMap longer = params;
        longer["train_batch_size"] = std::int64_t{2}; // 90 steps an epoch
        if (longer.contains("pretrain_epochs")) longer["pretrain_epochs"] = std::int64_t{10};
        auto trainer = info.makeTrainer({plantedSplit(), longer, 42});
        QVERIFY(trainer.ok());
        ThreadPool pool({2, 0});
        RunControl control;
        std::vector<std::int64_t> counts;
        for (int epoch = 1; epoch <= 4; ++epoch) {
            EpochContext context{pool, control, epoch, {}};
            const std::int64_t before = allocationCount();
            QVERIFY((*trainer)->runEpoch(context).ok());
            counts.push_back(allocationCount() - before);
        }
        QVERIFY2(counts[0] > 0, "the counter counts");
        QVERIFY2(counts[2] <= 16 && counts[3] <= 16,
                 QByteArray::number(qlonglong(counts[2])) + ", " + QByteArray::number(qlonglong(counts[3])));
    }

    void theInputIsTheHistoryBesideAttributesAndProfile() {
        // One layer each way: code = tanh(x̃ W + s S + b), output = code W′ᵀ + b′, by hand from the saved
        // weights.
        const SplitPtr split = plantedSplit();
        ParamMap params{{"mlp_hidden_size", std::string()},
                        {"latent_dimension", std::int64_t{6}},
                        {"user_features", std::string("input")},
                        {"item_features", std::string("input")},
                        {"epochs", std::int64_t{5}},
                        {"train_batch_size", std::int64_t{32}}};
        const auto model = run(algorithm("mult_dae"), split, {.params = params}).model;
        const TensorFile file = saved(*model);
        const int user = 9; // region east (second), has an age
        const auto history = split->train().cols(UserIndex{user});
        // Columns: 4 regions, age; then genres a b c d all, price.
        const MatrixF side = tensorOf(file, "encoder.side.weight");
        QCOMPARE(side.rows(), Eigen::Index{4 + 1 + 5 + 1});
        const auto standardised = [](const std::vector<float>& numbers, float x) {
            double sum = 0.0, squares = 0.0, count = 0.0;
            for (const float n : numbers)
                if (!std::isnan(n)) sum += static_cast<double>(n), count += 1.0;
            for (const float n : numbers)
                if (!std::isnan(n)) squares += std::pow(static_cast<double>(n) - sum / count, 2);
            return (static_cast<double>(x) - sum / count) / std::sqrt(squares / count);
        };
        Eigen::RowVectorXd s = Eigen::RowVectorXd::Zero(11);
        s(1) = 1.0;
        const auto ages = people().find("age")->numbers;
        s(4) = standardised(ages, ages[user]);
        const auto prices = things().find("price")->numbers;
        Eigen::RowVectorXd code = tensorOf(file, "encoder.0.bias").cast<double>();
        const MatrixF weights = tensorOf(file, "encoder.0.weight");
        const double n = static_cast<double>(history.size());
        for (const ItemIndex item : history) {
            const int i = toInt(item);
            s(5 + i % kGroups) += (i % 3 == 0 ? 0.5 : 1.0) / n;
            if (i % 3 == 0) s(9) += 0.5 / n;
            s(10) += standardised(prices, prices[static_cast<std::size_t>(i)]) / n;
            code += weights.row(i).cast<double>() / std::sqrt(n);
        }
        code += s * side.cast<double>();
        code = code.array().tanh();
        const Eigen::RowVectorXd output =
            code * tensorOf(file, "decoder.0.weight").cast<double>().transpose() +
            tensorOf(file, "decoder.0.bias").cast<double>();
        const auto scores = scoresOf(*model, known(*split, user));
        for (int i = 0; i < kItems; ++i)
            QVERIFY(std::abs(output(i) - static_cast<double>(scores[static_cast<std::size_t>(i)])) < 1e-4);
    }

    void theCodeIsJoinedByAttributes() {
        const SplitPtr split = plantedSplit();
        ParamMap params{{"mlp_hidden_size", std::string()},
                        {"latent_dimension", std::int64_t{6}},
                        {"user_features", std::string("code")},
                        {"epochs", std::int64_t{5}},
                        {"train_batch_size", std::int64_t{32}}};
        const auto model = run(algorithm("mult_dae"), split, {.params = params}).model;
        const TensorFile file = saved(*model);
        const MatrixF beside = tensorOf(file, "decoder.side.weight");
        QCOMPARE(beside.rows(), Eigen::Index{5});
        const FeatureTable east({tokenColumn("region", {"east"}, 1, [](int) { return 0; })});
        Query query = unknownUser(*split, UserIndex{9});
        const auto alone = scoresOf(*model, query);
        query.features = &east;
        const auto joined = scoresOf(*model, query);
        for (int i = 0; i < kItems; ++i) {
            const auto n = static_cast<std::size_t>(i);
            QVERIFY(std::abs(joined[n] - alone[n] - beside(1, i)) < 1e-4f);
        }
    }

    void attributesAreAReasonOfTheirOwn() {
        const SplitPtr split = plantedSplit();
        const auto model =
            run(algorithm("mult_dae"), split,
                {.params = {{"user_features", std::string("code")}, {"epochs", std::int64_t{20}}}})
                .model;
        const auto why = model->explain(known(*split, 9), ItemIndex{1});
        QVERIFY(why.ok());
        QCOMPARE(why->parts.size(), split->train().cols(UserIndex{9}).size() + 1);
        QCOMPARE(
            std::count_if(why->parts.begin(), why->parts.end(), [](const auto& part) { return !part.item; }),
            std::ptrdiff_t{1});
    }

    void withoutTheOptionNothingOfItIsSaved() {
        const auto model =
            run(algorithm("mult_dae"), plantedSplit(), {.params = {{"epochs", std::int64_t{1}}}}).model;
        const TensorFile file = saved(*model);
        for (const auto& [name, tensor] : file.tensors())
            QVERIFY2(name.find("side") == std::string::npos, name.c_str());
    }

    void dataThatLacksFeaturesIsRefused_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<bool>("onlyText");
        QTest::newRow("no users'") << "user_features" << false;
        QTest::newRow("no items'") << "item_features" << false;
        QTest::newRow("users' names") << "user_features" << true;
        QTest::newRow("items' titles") << "item_features" << true;
    }
    void dataThatLacksFeaturesIsRefused() {
        QFETCH(QString, key);
        QFETCH(bool, onlyText);
        const SplitPtr split = splitOf(onlyText ? planted(FeatureTable({textColumn("name", kUsers)}),
                                                          FeatureTable({textColumn("title", kItems)}))
                                                : planted({}, {}));
        const auto trainer =
            algorithm("mult_vae").makeTrainer({split, {{key.toStdString(), std::string("input")}}, 42});
        QVERIFY(!trainer.ok());
        QCOMPARE(trainer.error().code, ErrorCode::Unsupported);
        QCOMPARE(trainer.error().where, key.toStdString());
    }

    void modelFilesThatDoNotFitAreRefused_data() {
        QTest::addColumn<QString>("part");
        for (const char* part : {"side.user.offsets", "side.user.columns", "side.user.cols",
                                 "side.item.values", "encoder.side.weight", "metadata"})
            QTest::newRow(part) << part;
    }
    void modelFilesThatDoNotFitAreRefused() {
        QFETCH(QString, part);
        const ParamMap params{{"user_features", std::string("input")},
                              {"item_features", std::string("input")},
                              {"mlp_hidden_size", std::string("16")},
                              {"epochs", std::int64_t{1}}};
        const AlgorithmInfo& info = algorithm("mult_dae");
        static const TensorFile good = saved(*run(info, plantedSplit(), {.params = params}).model);
        QVERIFY(info.load(good).ok());
        TensorFile bad = good;
        if (part == "metadata") {
            // A category too many: the rows and the layer are as before.
            std::string text = bad.meta("side.user").value();
            const auto at = text.find("[\"north\"");
            QVERIFY(at != std::string::npos);
            bad.setMeta("side.user", text.insert(at + 1, "\"south-east\","));
        } else if (part == "encoder.side.weight") {
            bad.set("encoder.side.weight", MatrixF::Zero(3, 16));
        } else {
            bad.tensors().erase(part.toStdString());
        }
        const auto loaded = info.load(bad);
        QVERIFY(!loaded.ok());
        QCOMPARE(loaded.error().code, ErrorCode::Parse);
        if (part == "side.user.cols") {
            const std::int64_t wide = 2'000'000'000;
            bad = good;
            bad.set("side.user.cols", std::span<const std::int64_t>(&wide, 1));
            QVERIFY(!info.load(bad).ok());
        }
    }
};

QTEST_GUILESS_MAIN(TestSideInformation)
#include "tst_side_information.moc"
