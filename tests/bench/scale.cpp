// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"
#include "engine/data/readers/reader.h"
#include "engine/data/synthetic.h"

#include "tests/bench/work.h"

#include <chrono>
#include <filesystem>

namespace recoscope::bench {

namespace {

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Status measureIn(const std::filesystem::path& folder, Report& report, ThreadPool& pool,
                 const Options& options) {
    const SyntheticRecipe recipe = options.smoke ? SyntheticRecipe{.users = 500,
                                                                   .items = 300,
                                                                   .interactions = 20'000,
                                                                   .seed = 11,
                                                                   .keepTruth = false}
                                                 : SyntheticRecipe{.users = 138'000,
                                                                   .items = 27'000,
                                                                   .interactions = 20'000'000,
                                                                   .seed = 11,
                                                                   .keepTruth = false};
    report.section(options.smoke ? "the large set, small" : "20 million generated interactions");

    const std::string path = (folder / "ratings.csv").string();
    auto start = std::chrono::steady_clock::now();
    {
        const auto generated = generateDataset(recipe);
        if (!generated) return generated.error();
        report.add({.what = "generate", .ours = since(start)});
        start = std::chrono::steady_clock::now();
        if (const Status written = writeRatings(**generated, path, false); !written) return written;
        report.add({.what = "write ratings.csv", .ours = since(start)});
    }

    start = std::chrono::steady_clock::now();
    ImportContext context;
    context.pool = &pool;
    auto imported = importPath(path, {}, context);
    if (!imported) return imported.error();
    const DatasetPtr data = imported->dataset;
    report.add({.what = "import",
                .ours = since(start),
                .note = std::to_string(data->interactionCount()) + " interactions, " +
                        std::to_string(data->userCount()) + " users, " + std::to_string(data->itemCount()) +
                        " items"});

    start = std::chrono::steady_clock::now();
    const auto split = makeSplit(data, {.testFraction = 0.1, .validationFraction = 0.0});
    if (!split) return split.error();
    report.add({.what = "split", .ours = since(start)});

    TrainingPlan plan = plainPlan("ials", {{"embedding_size", std::int64_t{options.smoke ? 16 : 64}},
                                           {"epochs", std::int64_t{3}},
                                           {"solver", std::string("cg")}});
    const auto timed = trainTimed(plan, *split, pool, options);
    if (!timed) return timed.error();
    report.add({.what = "iALS sweep, d 64", .ours = median(timed->epochSeconds), .note = "of 3"});
    report.add({.what = "rank all items for all users, all metrics",
                .ours = timed->ended.test->seconds,
                .note = std::to_string(timed->ended.test->users.size()) + " users"});
    report.add({.what = "peak memory up to here",
                .ours = static_cast<double>(peakResidentBytes()) / 1e9,
                .unit = "GB",
                .limit = 6.0});

    TrainingPlan neural =
        plainPlan("mult_vae", {{"mlp_hidden_size", std::string(options.smoke ? "16" : "600")},
                               {"latent_dimension", std::int64_t{options.smoke ? 4 : 200}},
                               {"train_batch_size", std::int64_t{500}},
                               {"epochs", std::int64_t{1}}});
    neural.evaluateTest = false;
    const auto trained = trainTimed(neural, *split, pool, options);
    if (!trained) return trained.error();
    report.add({.what = "Mult-VAE 600/200 epoch, batch 500", .ours = median(trained->epochSeconds)});
    report.add({.what = "peak memory of all of it",
                .ours = static_cast<double>(peakResidentBytes()) / 1e9,
                .unit = "GB",
                .limit = 4.0});
    return {};
}

} // namespace

Status measureScale(Report& report, ThreadPool& pool, const Options& options) {
    const auto stamp = std::chrono::steady_clock::now().time_since_epoch().count();
    const auto folder = std::filesystem::temp_directory_path() / ("recoscope-scale-" + std::to_string(stamp));
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return Error{ErrorCode::Io, "A temporary folder could not be made", folder.string()};
    Status done = measureIn(folder, report, pool, options);
    std::filesystem::remove_all(folder, failed);
    return done;
}

} // namespace recoscope::bench
