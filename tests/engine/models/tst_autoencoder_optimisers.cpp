// SPDX-License-Identifier: GPL-3.0-or-later
// Every autoencoder with every optimiser and learning rate schedule, and layers that are trained one by one
// first.
#include "tests/engine/models/autoencoder_case.h"
#include "tests/support/small_data.h"

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr planted() {
    static const SplitPtr split = wholeSplit(plantedDataset(120, 60));
    return split;
}

} // namespace

#define FOR_EVERY_AUTOENCODER(name)                                                                          \
    void name##_data() { everyAutoencoder(); }                                                               \
    void name()
#define ALGORITHM()                                                                                          \
    QFETCH(QString, id);                                                                                     \
    const AlgorithmInfo& info = algorithm(id)

class TestAutoencoderOptimisers final : public QObject {
    Q_OBJECT

private slots:
    void everyOptimiserTrains_data() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<QString>("learner");
        QTest::addColumn<double>("rate");
        const std::vector<std::pair<const char*, double>> learners{
            {"sgd", 0.05},      {"momentum", 0.005}, {"nesterov", 0.005}, {"adagrad", 0.02},
            {"rmsprop", 0.002}, {"adam", 0.003},     {"adamw", 0.003},    {"rprop", 0.001}};
        for (const AlgorithmInfo* info : autoencoders())
            for (const auto& [learner, rate] : learners)
                QTest::addRow("%s, %s", std::string(info->id).c_str(), learner)
                    << QString::fromStdString(std::string(info->id)) << learner << rate;
        QCOMPARE(autoencoders()[0]->schema().find("learner")->choices.size(), learners.size());
    }
    void everyOptimiserTrains() {
        ALGORITHM();
        QFETCH(QString, learner);
        QFETCH(double, rate);
        RunControl control;
        EventList events;
        const RunEnded ended =
            run(info, planted(),
                {.params = small(info, {{"learner", learner.toStdString()},
                                        {"learning_rate", rate},
                                        {"epochs", std::int64_t{12}},
                                        {"train_batch_size", std::int64_t{learner == "rprop" ? 1000 : 20}},
                                        {"dropout_prob", 0.0},
                                        {"corruption_ratio", 0.0}})},
                control, events);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        // The weight of the KL term grows, so that the whole loss may.
        const char* key = curve(events, "reconstruction").empty() ? "loss" : "reconstruction";
        QVERIFY2(falls(curve(events, key)), QByteArray::number(curve(events, key).back()));
        QVERIFY(answersEverybody(*ended.model, *planted()));
    }

    FOR_EVERY_AUTOENCODER(everyScheduleMovesTheRate) {
        ALGORITHM();
        const auto rates = [&](const char* schedule, double warmUp = 0.0) {
            RunControl control;
            EventList events;
            ParamMap params = small(info, {{"scheduler", std::string(schedule)},
                                           {"learning_rate", 1e-3},
                                           {"scheduler_gamma", 0.5},
                                           {"scheduler_epochs", 2.0},
                                           {"warmup_epochs", warmUp},
                                           {"epochs", std::int64_t{4}},
                                           {"train_batch_size", std::int64_t{200}},
                                           {"encoder_epochs", std::int64_t{1}},
                                           {"decoder_epochs", std::int64_t{1}}});
            run(info, planted(), {.params = params}, control, events);
            return curve(events, "signal:learning_rate");
        };
        const auto same = [](const std::vector<double>& found, const std::vector<double>& expected) {
            if (found.size() != expected.size()) return false;
            for (std::size_t n = 0; n < found.size(); ++n)
                if (std::abs(found[n] - expected[n]) > 1e-9) return false;
            return true;
        };
        // The rate of each epoch's last step: step e - 1 with one step an epoch, 2 e - 1 where there are two
        // passes.
        const int passes = id == "rec_vae" ? 2 : 1;
        const auto at = [&](int epoch) { return (passes * epoch - 1) / static_cast<double>(passes); };
        QVERIFY(same(rates("constant"), {1e-3, 1e-3, 1e-3, 1e-3}));
        QVERIFY(same(rates("step"), {1e-3, 1e-3, 5e-4, 5e-4}));
        std::vector<double> exponential, cosine;
        for (int epoch = 1; epoch <= 4; ++epoch) {
            exponential.push_back(1e-3 * std::pow(0.5, at(epoch)));
            cosine.push_back(0.5e-3 * (1.0 + std::cos(M_PI * at(epoch) / 4.0)));
        }
        QVERIFY(same(rates("exponential"), exponential));
        QVERIFY(same(rates("cosine"), cosine));
        QVERIFY(same(rates("plateau"), {1e-3, 1e-3, 1e-3, 1e-3})); // patient for 5 epochs
        QVERIFY(same(rates("constant", 4.0), {0.25e-3, 0.5e-3, 0.75e-3, 1e-3}));
    }

    void preTrainingTrainsLayerAfterLayerAndThenAll() {
        const AlgorithmInfo& info = algorithm("autoencoder");
        RunControl control;
        EventList events;
        const RunEnded ended = run(info, planted(),
                                   {.params = {{"mlp_hidden_size", std::string("32,16")},
                                               {"latent_dimension", std::int64_t{8}},
                                               {"dropout_prob", 0.0},
                                               {"learning_rate", 0.003},
                                               {"train_batch_size", std::int64_t{20}},
                                               {"pretrain_epochs", std::int64_t{6}},
                                               {"epochs", std::int64_t{30}}}},
                                   control, events);
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        const auto whole = curve(events, "loss");
        QCOMPARE(whole.size(), std::size_t{30});
        const auto part = [](const std::vector<double>& values, std::size_t from, std::size_t to) {
            return std::vector<double>(values.begin() + std::ptrdiff_t(from),
                                       values.begin() + std::ptrdiff_t(to));
        };
        for (int layer = 1; layer <= 3; ++layer) {
            const auto losses = curve(events, "pretraining_loss." + std::to_string(layer));
            QCOMPARE(losses.size(), std::size_t{6});
            QVERIFY2(falls(losses), QByteArray::number(layer));
            const auto begin = static_cast<std::size_t>(6 * (layer - 1));
            QCOMPARE(part(whole, begin, begin + 6), losses);
        }
        QVERIFY(falls(part(whole, 18, 30)));
    }
};

QTEST_GUILESS_MAIN(TestAutoencoderOptimisers)
#include "tst_autoencoder_optimisers.moc"
