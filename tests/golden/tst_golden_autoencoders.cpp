// SPDX-License-Identifier: GPL-3.0-or-later
//
// The experiments that ship, trained as their files say, against published figures; skipped where the data is
// not there.
#include "engine/data/readers/reader.h"

#include "app/storage/experiment.h"
#include "tests/support/real_data.h"

#include <QTest>

using namespace recoscope;

namespace {

class NoEvents final : public EventSink {
public:
    void post(const TrainingEvent&) override {}
};

/// Runs a file of datasets/experiments, with some parameters laid over it.
RunEnded run(const char* name, const std::string& data, const ParamMap& changes = {}) {
    qputenv("RECOSCOPE_DATA", QByteArray::fromStdString(data));
    const auto failed = [](const Error& error) {
        return RunEnded{.outcome = RunOutcome::Failed, .reason = error.text()};
    };
    auto experiment =
        readExperimentFile(std::string(RECOSCOPE_SOURCE_DIR) + "/datasets/experiments/" + name + ".yaml");
    if (!experiment) return failed(experiment.error());
    ThreadPool pool;
    ImportContext context;
    context.pool = &pool;
    const auto imported = importPath(experiment->dataPath, experiment->import, context);
    if (!imported) return failed(imported.error());
    const auto split = makeSplit(imported->dataset, experiment->split);
    if (!split) return failed(split.error());
    for (const auto& [key, value] : changes)
        experiment->plan.params[key] = value;
    RunControl control;
    NoEvents events;
    return train(experiment->plan, *split, pool, control, events);
}

double metric(const RunEnded& end, std::string_view key) {
    const MetricValue* found = end.test ? end.test->find(key) : nullptr;
    return found ? found->value : -1.0;
}

/// The folder that holds "splits" and "ml-1m", from the path of a file in it.
std::string folderAbove(const std::string& path, int levels) {
    std::string folder = path;
    for (int n = 0; n < levels; ++n)
        folder.erase(folder.find_last_of('/'));
    return folder;
}

} // namespace

/// Held-out users of MovieLens 1M, clean ground truth, parameters chosen on the validation users. Popularity
/// has an NDCG@100 of .2430, EASE .4406; independent PyTorch runs reached .4349, .4294 and .4526.
class TestGoldenAutoencoders : public QObject {
    Q_OBJECT

private slots:
    void multDaeOnHeldOutUsers() {
        RECOSCOPE_REAL_DATA(train, "splits/ml-1m-strong-generalisation/train.tsv");
        const RunEnded end = run("ml-1m-strong-mult-dae", folderAbove(train, 3));
        const double ndcg = metric(end, "ndcg@100");
        qInfo("Mult-DAE NDCG@100 %.4f, %.0f s, best epoch %d %s", ndcg, end.seconds, end.bestEpoch,
              end.reason.c_str());
        QVERIFY(ndcg >= 0.430);
    }

    void multVaeOnHeldOutUsers() {
        RECOSCOPE_REAL_DATA(train, "splits/ml-1m-strong-generalisation/train.tsv");
        const RunEnded end = run("ml-1m-strong-mult-vae", folderAbove(train, 3));
        const double ndcg = metric(end, "ndcg@100");
        qInfo("Mult-VAE NDCG@100 %.4f, %.0f s, best epoch %d %s", ndcg, end.seconds, end.bestEpoch,
              end.reason.c_str());
        QVERIFY(ndcg >= 0.430);
    }

    /// The whole file takes 66 epochs and reaches .461; a third of them is beyond EASE's .4406 less a hair.
    void recVaeOnHeldOutUsersInItsFirstEpochs() {
        RECOSCOPE_REAL_DATA(train, "splits/ml-1m-strong-generalisation/train.tsv");
        const RunEnded end =
            run("ml-1m-strong-rec-vae", folderAbove(train, 3), {{"epochs", std::int64_t{22}}});
        const double ndcg = metric(end, "ndcg@100");
        qInfo("RecVAE NDCG@100 %.4f, %.0f s, best epoch %d %s", ndcg, end.seconds, end.bestEpoch,
              end.reason.c_str());
        QVERIFY(ndcg >= 0.430);
    }

    /// The published notebook: its network of 200-70-200 units, annealed, with the ground truth that also
    /// counts low-rated films: NDCG@10 .4799.
    void multVaeAsInTheNotebook() {
        RECOSCOPE_REAL_DATA(train, "splits/ml-1m-strong-generalisation/train.tsv");
        const RunEnded end = run("ml-1m-notebook-mult-vae", folderAbove(train, 3));
        const double ndcg = metric(end, "ndcg@10");
        qInfo("Mult-VAE, notebook NDCG@10 %.4f, %.0f s, best epoch %d %s", ndcg, end.seconds, end.bestEpoch,
              end.reason.c_str());
        QVERIFY(ndcg >= 0.4799);
    }

    /// Sedhain et al., WWW 2015, on a random tenth: I-AutoRec .831, U-AutoRec .874, biased MF .845. Over
    /// three random tenths ours are .8344, .8326 and .8319.
    void itemAutorecOnARandomTenth() {
        RECOSCOPE_REAL_DATA(ratings, "ml-1m/ratings.dat");
        const RunEnded end = run("ml-1m-i-autorec", folderAbove(ratings, 2));
        const double rmse = metric(end, "rmse");
        qInfo("I-AutoRec RMSE %.4f, %.0f s %s", rmse, end.seconds, end.reason.c_str());
        QVERIFY(rmse > 0.0 && rmse <= 0.835);
    }

    /// With its defaults, which let unrated cells count a little.
    void autorecRanksBetterThanPopularity() {
        RECOSCOPE_REAL_DATA(ratings, "ml-latest-small/ratings.csv");
        ThreadPool pool;
        ImportContext context;
        context.pool = &pool;
        const auto imported = importPath(folderAbove(ratings, 1), {}, context);
        QVERIFY(imported.ok());
        const auto split = makeSplit(imported->dataset, {});
        QVERIFY(split.ok());
        double ndcg[2] = {};
        for (const int n : {0, 1}) {
            TrainingPlan plan;
            plan.algorithm = n == 0 ? "autorec" : "popularity";
            plan.evaluation.cutoffs = {10};
            RunControl control;
            NoEvents events;
            const RunEnded end = train(plan, *split, pool, control, events);
            ndcg[n] = metric(end, "ndcg@10");
            qInfo("%s NDCG@10 %.4f, RMSE %.4f, %.0f s", plan.algorithm.c_str(), ndcg[n], metric(end, "rmse"),
                  end.seconds);
        }
        QVERIFY(ndcg[0] > ndcg[1] && ndcg[1] > 0.1);
    }
};

QTEST_GUILESS_MAIN(TestGoldenAutoencoders)
#include "tst_golden_autoencoders.moc"
