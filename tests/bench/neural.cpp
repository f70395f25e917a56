// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/gemm.h"
#include "engine/models/registry.h"

#include "tests/bench/work.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace recoscope::bench {

namespace {

constexpr std::int64_t kBatch = 500;
constexpr std::int64_t kHidden = 600;
constexpr std::int64_t kCode = 200;
/// What PyTorch 1.13 took for an epoch on another day, two cores, its best kernel: where it cannot be asked
/// now.
constexpr double kTorchSeconds = 2.5;

/// Additions and multiplications of an epoch's matrix products: forward, and two backward, of every dense
/// layer.
double operationsOf(const Split& split) {
    const auto users = static_cast<double>(split.train().rowCount());
    const auto items = static_cast<double>(split.train().colCount());
    const double dense =
        static_cast<double>(kHidden) * items +                         // decoder, out
        static_cast<double>(kHidden) * static_cast<double>(3 * kCode); // mean, variance, decoder
    const double sparse = 2.0 * static_cast<double>(split.train().size()) * static_cast<double>(kHidden);
    return 2.0 * (3.0 * users * dense + sparse);
}

/// GFLOP/s of the largest product of a step, by itself: batch x hidden times hidden x items.
double productRate(std::int64_t items, ThreadPool& pool, int repeats) {
    const auto count = [](std::int64_t rows, std::int64_t cols) {
        return static_cast<std::size_t>(rows * cols);
    };
    std::vector<float> a(count(kBatch, kHidden), 0.5f);
    std::vector<float> b(count(items, kHidden), 0.25f);
    std::vector<float> c(count(kBatch, items));
    GemmScratch<float> scratch;
    std::vector<double> seconds;
    for (int n = 0; n < repeats * 4; ++n) {
        const auto start = std::chrono::steady_clock::now();
        gemm<float>({.m = kBatch,
                     .n = items,
                     .k = kHidden,
                     .a = a.data(),
                     .lda = kHidden,
                     .transposeA = Transpose::No,
                     .b = b.data(),
                     .ldb = kHidden,
                     .transposeB = Transpose::Yes,
                     .c = c.data(),
                     .ldc = items,
                     .accumulate = false},
                    scratch, &pool);
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return 2.0 * static_cast<double>(kBatch * kHidden * items) / median(seconds) / 1e9;
}

/// Seconds of an epoch of the same network in PyTorch, now and here; 0 where there is none.
double torchSeconds(const Split& split, int threads) {
    const std::string script = std::string(RECOSCOPE_SOURCE_DIR) + "/tests/bench/mult_vae_torch.py";
    char command[1024];
    std::snprintf(command, sizeof command, "/usr/bin/python3 '%s' %d %d %lld %d 2>/dev/null", script.c_str(),
                  split.train().rowCount(), split.train().colCount(),
                  static_cast<long long>(split.train().size()), threads);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command, "r"), &pclose);
    double seconds = 0.0;
    if (!pipe || std::fscanf(pipe.get(), "%lf", &seconds) != 1) return 0.0;
    return seconds;
}

} // namespace

Status measureNeural(const SplitPtr& split, Report& report, ThreadPool& pool, const Options& options) {
    const std::string what = "Mult-VAE 600/200 epoch, batch 500";
    if (!findAlgorithm("mult_vae")) {
        report.missing(what, "not there yet: no algorithm 'mult_vae'");
        return {};
    }
    TrainingPlan plan =
        plainPlan("mult_vae", {{"mlp_hidden_size", std::string(options.smoke ? "16" : "600")},
                               {"latent_dimension", options.smoke ? std::int64_t{4} : kCode},
                               {"train_batch_size", kBatch},
                               {"epochs", std::int64_t{options.smoke ? 1 : options.repeats + 1}}});
    plan.evaluateTest = false;
    auto timed = trainTimed(plan, split, pool, options);
    if (!timed) return timed.error();
    std::vector<double> epochs = timed->epochSeconds;
    if (epochs.size() > 1) epochs.erase(epochs.begin()); // the first one makes room
    Line line = repeated(what, epochs);
    if (!options.smoke) {
        const double asked = torchSeconds(*split, pool.threadCount());
        const double best = productRate(split->train().colCount(), pool, options.repeats);
        const double reached = operationsOf(*split) / median(epochs) / 1e9;
        line.peer = asked > 0.0 ? asked : kTorchSeconds;
        line.peerName = asked > 0.0 ? "PyTorch, now" : "PyTorch, another day";
        line.limit = *line.peer / 3.0;
        char note[120];
        std::snprintf(note, sizeof note, "%.0f GFLOP/s of the %.0f of its largest product alone (%.0f %%)",
                      reached, best, 100.0 * reached / best);
        line.note = note;
    }
    report.add(std::move(line));
    return {};
}

} // namespace recoscope::bench
