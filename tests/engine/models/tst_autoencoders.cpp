// SPDX-License-Identifier: GPL-3.0-or-later
// What every autoencoder has to put up with: odd data, odd sizes, every optimiser and schedule, losses that
// explode.
#include "tests/engine/models/autoencoder_case.h"
#include "tests/support/small_data.h"

#include <algorithm>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr planted() {
    static const SplitPtr split = wholeSplit(plantedDataset(120, 60));
    return split;
}

std::size_t numbersIn(const TensorFile& file) {
    std::size_t numbers = 0;
    for (const auto& [name, tensor] : file.tensors())
        if (name.starts_with("encoder.") || name.starts_with("decoder."))
            numbers += static_cast<std::size_t>(tensor.shape[0] * tensor.shape[1]);
    return numbers;
}

} // namespace

#define FOR_EVERY_AUTOENCODER(name)                                                                          \
    void name##_data() { everyAutoencoder(); }                                                               \
    void name()
#define FOR_AUTOENCODERS_WITH(key, name)                                                                     \
    void name##_data() { everyAutoencoder(key); }                                                            \
    void name()
#define ALGORITHM()                                                                                          \
    QFETCH(QString, id);                                                                                     \
    const AlgorithmInfo& info = algorithm(id)

class TestAutoencoders final : public QObject {
    Q_OBJECT

private slots:
    void allAreHere() {
        std::vector<std::string> ids;
        for (const AlgorithmInfo* info : autoencoders())
            ids.emplace_back(info->id);
        std::sort(ids.begin(), ids.end());
        for (const char* id :
             {"aae", "autoencoder", "autorec", "cdae", "gaussian_vae", "mult_dae", "mult_vae", "rec_vae"})
            QVERIFY2(std::binary_search(ids.begin(), ids.end(), std::string(id)), id);
    }

    void aLossThatExplodesEndsTheRunWithTheLastGoodModel_data() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<double>("rate");
        QTest::addColumn<double>("decay");
        for (const AlgorithmInfo* info : autoencoders()) {
            const QString id = QString::fromStdString(std::string(info->id));
            QTest::addRow("%s, at once", qPrintable(id)) << id << 10.0 << 10.0;
            QTest::addRow("%s, later", qPrintable(id)) << id << 0.5 << 6.0;
        }
    }
    void aLossThatExplodesEndsTheRunWithTheLastGoodModel() {
        ALGORITHM();
        QFETCH(double, rate);
        QFETCH(double, decay);
        // Decay that overshoots: each step of SGD multiplies the weights by 1 - rate * decay, -99 and -2.
        const ParamMap params = small(info, {{"epochs", std::int64_t{400}},
                                             {"train_batch_size", std::int64_t{200}},
                                             {"learner", std::string("sgd")},
                                             {"learning_rate", rate},
                                             {"weight_decay", decay}});
        RunControl control;
        EventList events;
        const RunEnded ended = run(info, planted(), {.params = params}, control, events);
        QCOMPARE(ended.outcome, RunOutcome::Failed);
        QVERIFY(ended.error);
        QCOMPARE(ended.error->code, ErrorCode::Numeric);
        QCOMPARE(ended.error->where, std::string("learning_rate"));
        QVERIFY(ended.reason.find("learning rate") != std::string::npos ||
                ended.reason.find("learning_rate") != std::string::npos);
        QVERIFY(ended.model);
        QVERIFY(ended.epochs < 400);
        if (rate < 1.0 && id != "rec_vae") QVERIFY(ended.epochs > 0); // RecVAE's first epoch has four passes
        QCOMPARE(ended.bestEpoch, ended.epochs);
        QVERIFY(answersEverybody(*ended.model, *planted()));
        for (const double loss : curve(events, "loss"))
            QVERIFY(std::isfinite(loss));
    }

    void stepsThatOvershootLeaveTheLastModelThatAnswers() {
        // Each step multiplies the error by more than the one before: an epoch's loss may be finite where the
        // model that it leaves is not.
        const AlgorithmInfo& info = algorithm("autoencoder");
        for (const double rate : {10.0, 3.0, 1.0, 0.5}) {
            const ParamMap params{{"loss", std::string("mse")},
                                  {"code_activation", std::string("identity")},
                                  {"train_batch_size", std::int64_t{200}},
                                  {"learner", std::string("sgd")},
                                  {"learning_rate", rate},
                                  {"normalize", false}};
            const RunEnded ended = run(info, planted(), {.params = params});
            QCOMPARE(ended.outcome, RunOutcome::Failed);
            QCOMPARE(ended.error->where, std::string("learning_rate"));
            QVERIFY2(answersEverybody(*ended.model, *planted()), QByteArray::number(rate));
        }
    }

    FOR_EVERY_AUTOENCODER(aBatchOfOneTrains) {
        ALGORITHM();
        const SplitPtr split = wholeSplit(plantedDataset(30, 20));
        RunControl control;
        EventList events;
        const RunEnded ended = run(
            info, split, {.params = small(info, {{"train_batch_size", std::int64_t{1}}})}, control, events);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QCOMPARE(curve(events, "loss").size(), std::size_t{3});
        QVERIFY(answersEverybody(*ended.model, *split));
    }

    FOR_EVERY_AUTOENCODER(fewerUsersThanABatchAreOneBatch) {
        ALGORITHM();
        const SplitPtr split = wholeSplit(plantedDataset(30, 30));
        const auto modelOf = [&](std::int64_t batch) {
            return run(info, split, {.params = small(info, {{"train_batch_size", batch}})}).model;
        };
        const auto all = modelOf(30);
        const auto room = modelOf(5000);
        TensorFile a = saved(*all);
        const TensorFile b = saved(*room);
        if (a.meta("param.train_batch_size").ok()) a.setMeta("param.train_batch_size", "5000");
        QCOMPARE(difference(a, b), std::string());
        QVERIFY(!difference(a, saved(*modelOf(10))).empty());
    }

    FOR_EVERY_AUTOENCODER(itemsAndUsersThatNobodyKnowsHaveScores) {
        ALGORITHM();
        // Item i4 was taken by nobody; user u5 took nothing, u4 everything else.
        const SplitPtr split = wholeSplit(dataset(6, 5,
                                                  {{0, 0, 5.0f},
                                                   {0, 1, 4.0f},
                                                   {1, 1, 3.0f},
                                                   {1, 2, 5.0f},
                                                   {2, 0, 2.0f},
                                                   {2, 3, 4.0f},
                                                   {3, 3, 1.0f},
                                                   {4, 0, 5.0f},
                                                   {4, 1, 4.0f},
                                                   {4, 2, 3.0f},
                                                   {4, 3, 2.0f}}));
        QCOMPARE(split->dataset()->itemCount(), 5);
        QCOMPARE(split->train().rowSize(UserIndex{5}), 0);
        const RunEnded ended = run(info, split, {.params = small(info)});
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QVERIFY(answersEverybody(*ended.model, *split));
        const ItemIndex untouched[] = {ItemIndex{4}};
        const float one[] = {1.0f};
        QVERIFY(allFinite(scoresOf(*ended.model, {.items = untouched, .values = one})));
        if (const MatrixF* items = ended.model->itemEmbeddings()) QVERIFY(items->allFinite());
        if (const MatrixF* users = ended.model->userEmbeddings()) QVERIFY(users->allFinite());
        if (const LatentSpace* space = ended.model->latentSpace()) {
            const Reconstruction empty = space->reconstruct(Query(), 3);
            QVERIFY(empty.input.empty());
            QVERIFY(empty.code.allFinite() && empty.output.allFinite() && empty.rebuilt.allFinite());
        }
    }

    void codesOfAnySizeTrain_data() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<int>("size");
        for (const AlgorithmInfo* info : autoencoders())
            for (const int size : {1, 2000})
                QTest::addRow("%s, %d", std::string(info->id).c_str(), size)
                    << QString::fromStdString(std::string(info->id)) << size;
    }
    void codesOfAnySizeTrain() {
        ALGORITHM();
        QFETCH(int, size);
        const ParamMap params = small(info, {{"latent_dimension", std::int64_t{size}},
                                             {"hidden_size", std::int64_t{size}},
                                             {"epochs", std::int64_t{2}}});
        const RunEnded ended = run(info, planted(), {.threads = 2, .params = params});
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        QVERIFY(allFinite(scoresOf(*ended.model, knownUser(*planted(), UserIndex{3}))));
        QVERIFY(allFinite(scoresOf(*ended.model, unknownUser(*planted(), UserIndex{3}))));
        QVERIFY(allFinite(scoresOf(*ended.model, Query())));
        if (const LatentSpace* space = ended.model->latentSpace()) QCOMPARE(space->size(), size);
    }

    FOR_AUTOENCODERS_WITH("mlp_hidden_size", hiddenLayersAreReadFromText) {
        ALGORITHM();
        const auto layersOf = [&](const char* text) {
            const RunEnded ended =
                run(info, planted(),
                    {.params =
                         small(info, {{"mlp_hidden_size", std::string(text)}, {"epochs", std::int64_t{1}}})});
            std::vector<std::vector<std::int64_t>> shapes;
            const TensorFile file = saved(*ended.model);
            for (int n = 0; file.tensors().contains("encoder." + std::to_string(n) + ".weight"); ++n)
                shapes.push_back(file.tensors().at("encoder." + std::to_string(n) + ".weight").shape);
            return shapes;
        };
        using Shapes = std::vector<std::vector<std::int64_t>>;
        QCOMPARE(layersOf(""), (Shapes{{60, 8}}));
        QCOMPARE(layersOf("24,12"), (Shapes{{60, 24}, {24, 12}, {12, 8}}));
        QCOMPARE(layersOf("[24, 12]"), (Shapes{{60, 24}, {24, 12}, {12, 8}}));
        for (const char* wrong : {"64, x", "0", "64;32", "-5", "64 32", "1000000"}) {
            const auto trainer =
                info.makeTrainer({planted(), small(info, {{"mlp_hidden_size", std::string(wrong)}}), 42});
            QVERIFY2(!trainer.ok(), wrong);
            QCOMPARE(trainer.error().code, ErrorCode::Invalid);
            QCOMPARE(trainer.error().where, std::string("mlp_hidden_size"));
            QVERIFY2(trainer.error().message.find(wrong) != std::string::npos,
                     trainer.error().message.c_str());
        }
    }

    FOR_AUTOENCODERS_WITH("tied_weights", tiedWeightsAreSharedAndTrain) {
        ALGORITHM();
        const auto train = [&](bool tied, EventList& events) {
            RunControl control;
            return run(info, planted(),
                       {.params = small(info, {{"tied_weights", tied},
                                               {"epochs", std::int64_t{15}},
                                               {"train_batch_size", std::int64_t{20}}})},
                       control, events)
                .model;
        };
        EventList tiedEvents, freeEvents;
        const TensorFile tied = saved(*train(true, tiedEvents));
        const TensorFile free = saved(*train(false, freeEvents));
        // The decoder's 8 x 16 and 16 x 60 are gone, its biases of 16 and 60 stay.
        QCOMPARE(numbersIn(free) - numbersIn(tied), std::size_t{8 * 16 + 16 * 60});
        QVERIFY(!tied.tensors().contains("decoder.0.weight"));
        const char* key = curve(tiedEvents, "reconstruction").empty() ? "loss" : "reconstruction";
        QVERIFY(falls(curve(tiedEvents, key)));
        QVERIFY(info.load(tied).ok());
    }
};

QTEST_GUILESS_MAIN(TestAutoencoders)
#include "tst_autoencoders.moc"
