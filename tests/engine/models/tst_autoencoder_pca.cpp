// SPDX-License-Identifier: GPL-3.0-or-later
// An autoencoder without a bend is PCA, found by gradient steps.
#include "engine/data/readers/reader.h"

#include "tests/engine/models/autoencoder_case.h"
#include "tests/support/real_data.h"
#include "tests/support/slowdown.h"
#include "tests/support/small_data.h"

#include <chrono>

using namespace recoscope;
using namespace recoscope::test;

namespace {

/// The squared error over all cells of users with a history, a cell: of the finished model, from its scores.
double errorPerCell(const Recommender& model, const Split& split) {
    double sum = 0.0;
    double cells = 0.0;
    for (std::int32_t u = 0; u < split.train().rowCount(); ++u) {
        const auto history = split.train().cols(UserIndex{u});
        if (history.empty()) continue;
        auto scores = scoresOf(model, unknownUser(split, UserIndex{u}));
        for (const ItemIndex item : history)
            scores[static_cast<std::size_t>(toInt(item))] -= 1.0f;
        for (const float miss : scores)
            sum += static_cast<double>(miss) * static_cast<double>(miss);
        cells += static_cast<double>(scores.size());
    }
    return sum / cells;
}

/// As datasets/experiments/ml-100k-linear-autoencoder.yaml has it.
ParamMap linear(std::int64_t code, std::int64_t batch, std::int64_t epochs) {
    return {{"mlp_hidden_size", std::string()},
            {"latent_dimension", code},
            {"code_activation", std::string("identity")},
            {"loss", std::string("mse")},
            {"positive_weight", 1.0},
            {"dropout_prob", 0.0},
            {"normalize", false},
            {"train_batch_size", batch},
            {"learning_rate", 0.01},
            {"scheduler", std::string("cosine")},
            {"epochs", epochs}};
}

struct Compared {
    double pca = 0.0;
    double network = 0.0;  // of the finished model
    double reported = 0.0; // the last epoch's curve
};

Compared compared(const SplitPtr& split, const ParamMap& params, std::int64_t code) {
    Compared result;
    EventList pcaEvents, events;
    RunControl control;
    const RunEnded pca = run(*findAlgorithm("pca"), split,
                             {.threads = 2, .params = {{"embedding_size", code}}}, control, pcaEvents);
    result.pca = errorPerCell(*pca.model, *split);
    const double said = curve(pcaEvents, "loss").back();
    if (std::abs(said - result.pca) > 1e-5 * result.pca) return {}; // both count the same cells
    const RunEnded network =
        run(*findAlgorithm("autoencoder"), split, {.threads = 2, .params = params}, control, events);
    result.network = errorPerCell(*network.model, *split);
    result.reported = curve(events, "mse_per_cell").back();
    qInfo("squared error a cell: PCA %.6f, autoencoder %.6f (%.3f %% above), its curve %.6f", result.pca,
          result.network, 100.0 * (result.network / result.pca - 1.0), result.reported);
    return result;
}

} // namespace

class TestAutoencoderPca final : public QObject {
    Q_OBJECT

private slots:
    void aLinearOneRebuildsAsPcaDoes() {
        const SplitPtr split = plantedSplit(*findAlgorithm("autoencoder"));
        const Compared found = compared(split, linear(4, 50, 300), 4);
        QVERIFY(found.pca > 0.01);
        QVERIFY(found.network < 1.01 * found.pca); // the mean history alone: 1.3 times PCA's
        QVERIFY(found.network > (1.0 - 1e-5) * found.pca);
        QVERIFY(std::abs(found.reported - found.network) < 1e-3 * found.network);
    }

    void withTiedWeightsToo() {
        const SplitPtr split = plantedSplit(*findAlgorithm("autoencoder"));
        ParamMap params = linear(4, 50, 300);
        params["tied_weights"] = true;
        const Compared found = compared(split, params, 4);
        QVERIFY(found.network < 1.01 * found.pca);
        QVERIFY(found.network > (1.0 - 1e-5) * found.pca);
    }

    void onRealDataToo() {
        RECOSCOPE_REAL_DATA(path, "ml-100k");
        const auto imported = importPath(path, {}, {});
        QVERIFY(imported.ok());
        const auto split = makeSplit(imported->dataset, {});
        QVERIFY(split.ok());
        const auto start = std::chrono::steady_clock::now();
        const Compared found = compared(*split, linear(20, 250, 150), 20);
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        qInfo("%.1f s", seconds);
        QVERIFY(found.pca > 0.01);
        QVERIFY(found.network < 1.02 * found.pca);
        QVERIFY(found.network > (1.0 - 1e-5) * found.pca);
        QVERIFY(seconds < 60.0 * test::slowdown); // 2 s on a quiet machine

        ParamMap bent = linear(20, 250, 20);
        bent["mlp_hidden_size"] = std::string("100");
        const Compared nonlinear = compared(*split, bent, 20);
        QVERIFY(std::isfinite(nonlinear.network));
    }
};

QTEST_GUILESS_MAIN(TestAutoencoderPca)
#include "tst_autoencoder_pca.moc"
