// SPDX-License-Identifier: GPL-3.0-or-later
// Looking into the training of an autoencoder changes nothing of it: batch by batch, observed, or on more
// threads.
#include "tests/engine/models/autoencoder_case.h"
#include "tests/support/small_data.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr planted() {
    static const SplitPtr split = wholeSplit(plantedDataset(120, 60));
    return split;
}

/// Noise everywhere; six batches an epoch (of each pass).
ParamMap noisy(const AlgorithmInfo& info) {
    return small(info, {{"dropout_prob", 0.4},
                        {"corruption_ratio", 0.4},
                        {"hidden_dropout_prob", 0.3},
                        {"noise_std", 0.1},
                        {"train_batch_size", std::int64_t{20}},
                        {"encoder_epochs", std::int64_t{1}},
                        {"epochs", std::int64_t{3}}});
}

void waitFor(const std::function<bool()>& condition) {
    while (!condition())
        std::this_thread::yield();
}

/// Snapshots and finished epochs of a run, for other threads to count.
class Snapshots final {
public:
    std::function<void(const TrainingEvent&)> recorder() {
        return [this](const TrainingEvent& event) {
            std::lock_guard lock(m_mutex);
            if (std::holds_alternative<EpochFinished>(event)) ++m_epochs;
            if (const auto* ready = std::get_if<SnapshotReady>(&event)) m_all.push_back(*ready);
        };
    }
    std::size_t count() const {
        std::lock_guard lock(m_mutex);
        return m_all.size();
    }
    std::size_t epochs() const {
        std::lock_guard lock(m_mutex);
        return m_epochs;
    }
    std::vector<SnapshotReady> all() const {
        std::lock_guard lock(m_mutex);
        return m_all;
    }

private:
    mutable std::mutex m_mutex;
    std::vector<SnapshotReady> m_all;
    std::size_t m_epochs = 0; // finished
};

/// The models after each batch of the first epoch.
std::vector<std::shared_ptr<const Recommender>> batchByBatch(const AlgorithmInfo& info) {
    const auto trainer = info.makeTrainer({planted(), noisy(info), 42});
    std::vector<std::shared_ptr<const Recommender>> models;
    ThreadPool pool({1, 0});
    RunControl control;
    // Progress comes once a batch, when it is trained.
    const auto keep = [&](double, double) { models.push_back((*trainer)->snapshot()); };
    EpochContext context{pool, control, 1, keep, {}};
    (void)(*trainer)->runEpoch(context);
    return models;
}

} // namespace

#define FOR_EVERY_AUTOENCODER(name)                                                                          \
    void name##_data() { everyAutoencoder(); }                                                               \
    void name()
#define ALGORITHM()                                                                                          \
    QFETCH(QString, id);                                                                                     \
    const AlgorithmInfo& info = algorithm(id)

class TestAutoencoderTraining final : public QObject {
    Q_OBJECT

private slots:
    FOR_EVERY_AUTOENCODER(aStepIsOneBatchAndChangesNothing) {
        ALGORITHM();
        const auto expected = batchByBatch(info);
        QVERIFY(expected.size() >= 3);
        RunControl control;
        EventList events;
        Snapshots snapshots;
        events.onEvent = snapshots.recorder();
        control.stepBatch();
        std::thread person([&] {
            for (std::size_t step = 1; step <= 3; ++step) {
                waitFor([&] { return snapshots.count() == step && control.state() == RunState::Paused; });
                if (step < 3) control.stepBatch();
            }
            control.resume();
        });
        const RunEnded ended = run(info, planted(), {.params = noisy(info)}, control, events);
        person.join();
        QCOMPARE(ended.outcome, RunOutcome::Completed);
        const auto seen = snapshots.all();
        QCOMPARE(seen.size(), std::size_t{3});
        for (std::size_t step = 0; step < 3; ++step) {
            QVERIFY(seen[step].midEpoch);
            QCOMPARE(seen[step].epoch, 1);
            QCOMPARE(difference(saved(*seen[step].model), saved(*expected[step])), std::string());
        }
        QVERIFY(!difference(saved(*seen[0].model), saved(*seen[1].model)).empty());
        const auto plain = run(info, planted(), {.params = noisy(info)}).model;
        QCOMPARE(difference(saved(*ended.model), saved(*plain)), std::string());
    }

    void afterTheLastBatchAStepEndsTheEpoch() {
        const AlgorithmInfo& info = algorithm("mult_vae");
        RunControl control;
        EventList events;
        Snapshots snapshots;
        events.onEvent = snapshots.recorder();
        control.stepBatch();
        std::thread person([&] {
            const auto pausedAfter = [&](std::size_t copies, std::size_t epochs) {
                waitFor([&] {
                    return snapshots.count() == copies && snapshots.epochs() == epochs &&
                           control.state() == RunState::Paused;
                });
            };
            for (std::size_t batch = 1; batch <= 6; ++batch) { // of the first epoch
                pausedAfter(batch, 0);
                control.stepBatch();
            }
            pausedAfter(6, 1); // what is measured of the epoch can be looked at
            control.stepBatch();
            pausedAfter(7, 1);
            control.resume();
        });
        const RunEnded ended = run(info, planted(), {.params = noisy(info)}, control, events);
        person.join();
        std::vector<int> epochs;
        for (const SnapshotReady& one : snapshots.all())
            epochs.push_back(one.epoch);
        QCOMPARE(epochs, (std::vector<int>{1, 1, 1, 1, 1, 1, 2}));
        QCOMPARE(difference(saved(*ended.model), saved(*run(info, planted(), {.params = noisy(info)}).model)),
                 std::string());
    }

    FOR_EVERY_AUTOENCODER(aRunThatIsLookedAtIsTheSame) {
        ALGORITHM();
        const auto train = [&](bool observed, EventList& events) {
            RunControl control;
            control.setObserved(observed);
            return run(info, planted(), {.params = noisy(info)}, control, events).model;
        };
        EventList alone, watched;
        const TensorFile a = saved(*train(false, alone));
        const TensorFile b = saved(*train(true, watched));
        QCOMPARE(difference(a, b), std::string());
        QCOMPARE(curve(alone, "loss"), curve(watched, "loss"));
        int epochs = 0;
        for (const TrainingEvent& event : alone.events)
            if (const auto* finished = std::get_if<EpochFinished>(&event)) QVERIFY(!finished->tensors);
        for (const TrainingEvent& event : watched.events) {
            const auto* finished = std::get_if<EpochFinished>(&event);
            if (!finished) continue;
            ++epochs;
            QVERIFY(finished->tensors);
            std::set<std::pair<std::string, TensorKind>> seen;
            for (const TensorSummary& one : *finished->tensors) {
                QVERIFY2(std::isfinite(one.norm) && one.min <= one.mean + 1e-6 && one.mean <= one.max + 1e-6,
                         one.name.c_str());
                QVERIFY(seen.insert({one.name, one.kind}).second);
            }
            QVERIFY(seen.contains({"encoder.0.weight", TensorKind::Weight}));
            QVERIFY(std::any_of(seen.begin(), seen.end(), [](const auto& one) {
                return one.second == TensorKind::Gradient && one.first.ends_with(".weight");
            }));
            QVERIFY(std::any_of(seen.begin(), seen.end(),
                                [](const auto& one) { return one.second == TensorKind::Activation; }));
        }
        QCOMPARE(epochs, 3);
    }

    FOR_EVERY_AUTOENCODER(noiseIsTheSameForAnyThreadCount) {
        ALGORITHM();
        const auto train = [&](int threads, std::uint64_t seed, const ParamMap& params) {
            return saved(*run(info, planted(), {.threads = threads, .seed = seed, .params = params}).model);
        };
        const TensorFile one = train(1, 42, noisy(info));
        QCOMPARE(difference(one, train(1, 42, noisy(info))), std::string());
        QCOMPARE(difference(one, train(2, 42, noisy(info))), std::string());
        QVERIFY(!difference(one, train(1, 43, noisy(info))).empty());
        ParamMap silent = noisy(info);
        for (const char* key : {"dropout_prob", "corruption_ratio"})
            if (silent.contains(key)) silent[key] = 0.0;
        // The noise did something to the weights, not only to the parameters that are saved beside them.
        TensorFile without = train(1, 42, silent);
        for (const char* key : {"dropout_prob", "corruption_ratio"})
            if (silent.contains(key) && one.meta(std::string("param.") + key).ok())
                without.setMeta(std::string("param.") + key, *one.meta(std::string("param.") + key));
        QVERIFY(difference(one, without).starts_with("the values of"));
    }
};

QTEST_GUILESS_MAIN(TestAutoencoderTraining)
#include "tst_autoencoder_training.moc"
