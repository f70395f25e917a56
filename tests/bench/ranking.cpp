// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "tests/bench/work.h"

#include <cstdio>
#include <memory>

namespace recoscope::bench {

namespace {

constexpr std::int64_t kGraphBatch = 2048;
/// What PyTorch 1.13 would have taken for an epoch of LightGCN on another day, on two busy cores: where it
/// cannot be asked now.
constexpr double kTorchSeconds = 270.0;

bool wanted(const Options& options, const char* name) {
    return options.only.empty() || options.only.count(name) > 0;
}

/// Seconds of an epoch of the same model in PyTorch, now and here; 0 where there is none.
double torchSeconds(const Split& split, int threads) {
    const std::string script = std::string(RECOSCOPE_SOURCE_DIR) + "/tests/bench/lightgcn_torch.py";
    char command[1024];
    std::snprintf(command, sizeof command, "/usr/bin/python3 '%s' %d %d %lld %d %lld 2>/dev/null",
                  script.c_str(), split.train().rowCount(), split.train().colCount(),
                  static_cast<long long>(split.train().size()), threads, static_cast<long long>(kGraphBatch));
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command, "r"), &pclose);
    double seconds = 0.0;
    if (!pipe || std::fscanf(pipe.get(), "%lf", &seconds) != 1) return 0.0;
    return seconds;
}

Status measureBpr(const SplitPtr& timed, const SplitPtr& ranked, const char* optimizer, double rate,
                  Report& report, ThreadPool& pool, const Options& options) {
    TrainingPlan plan =
        plainPlan("bpr_mf", {{"embedding_size", options.smoke ? std::int64_t{8} : std::int64_t{64}},
                             {"epochs", options.smoke ? std::int64_t{1} : std::int64_t{2 * options.repeats}},
                             {"optimizer", std::string(optimizer)},
                             {"learning_rate", rate}});
    plan.evaluateTest = false;
    const auto epochs = trainTimed(plan, timed, pool, options);
    if (!epochs) return epochs.error();
    plan.params["epochs"] = options.smoke ? std::int64_t{1} : std::int64_t{60};
    plan.evaluateTest = true;
    const auto run = trainTimed(plan, ranked, pool, options);
    if (!run) return run.error();
    Line line = repeated(std::string("BPR-MF epoch, d 64, ") + optimizer, epochs->epochSeconds);
    if (!options.smoke) {
        line.peer = 0.23;
        line.peerName = "implicit";
        line.limit = 0.23;
    }
    char note[80];
    std::snprintf(note, sizeof note, "NDCG@10 %.4f after 60 epochs (random 80/20 per user)",
                  run->ended.test->find("ndcg@10")->value);
    line.note = note;
    report.add(std::move(line));
    return {};
}

Status measureLightGcn(const SplitPtr& split, Report& report, ThreadPool& pool, const Options& options) {
    TrainingPlan plan =
        plainPlan("lightgcn", {{"embedding_size", options.smoke ? std::int64_t{8} : std::int64_t{64}},
                               {"n_layers", std::int64_t{3}},
                               {"train_batch_size", kGraphBatch},
                               {"epochs", options.smoke ? std::int64_t{1} : std::int64_t{3}}});
    plan.evaluateTest = false;
    const auto timed = trainTimed(plan, split, pool, options);
    if (!timed) return timed.error();
    Line line = repeated("LightGCN epoch, d 64, 3 layers, batch 2048", timed->epochSeconds);
    if (!options.smoke) {
        const double asked = torchSeconds(*split, pool.threadCount());
        line.peer = asked > 0.0 ? asked : kTorchSeconds;
        line.peerName = asked > 0.0 ? "PyTorch, now" : "PyTorch, another day";
        line.limit = *line.peer;
    }
    report.add(std::move(line));
    return {};
}

} // namespace

Status measureRanking(const SplitPtr& timed, const SplitPtr& ranked, Report& report, ThreadPool& pool,
                      const Options& options) {
    if (wanted(options, "bpr")) {
        if (const Status done = measureBpr(timed, ranked, "sgd", 0.05, report, pool, options); !done)
            return done;
        if (const Status done = measureBpr(timed, ranked, "adagrad", 0.05, report, pool, options); !done)
            return done;
    }
    return wanted(options, "lightgcn") ? measureLightGcn(timed, report, pool, options) : Status();
}

} // namespace recoscope::bench
