// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/reader.h"
#include "engine/data/synthetic.h"
#include "engine/models/registry.h"

#include "tests/bench/work.h"
#include "tests/support/real_data.h"

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace recoscope::bench {

namespace {

/// Runs the named parts one after another; each leaves its line in the report. Peers' figures were taken on a
/// machine with two cores, the same data, their best matrix library.
class MovieLens final {
    struct Against {
        double peer;
        const char* name;
        double limit;
    };

public:
    MovieLens(Report& report, ThreadPool& pool, const Options& options)
        : m_report(report)
        , m_pool(pool)
        , m_options(options) {}
    Status run(const std::string& path);

private:
    bool wanted(const std::string& name) const {
        return m_options.only.empty() || m_options.only.count(name) > 0;
    }
    /// Adds a line with what another program reached and what ours must not exceed; on the tiny set the line
    /// alone.
    void add(Line line, const Against& against, std::string note = {});
    std::int64_t size(std::int64_t usual) const {
        return m_options.smoke ? std::min<std::int64_t>(usual, 16) : usual;
    }
    int repeats() const { return m_options.smoke ? 1 : m_options.repeats; }
    bool available(const std::string& what, const std::string& algorithm);

    Status read(const std::string& path);
    Status ials(std::int64_t factors, double peer, bool thenRank);
    Status rank(const Recommender& model);
    Status biasedMf();
    Status itemKnn();

    Report& m_report;
    ThreadPool& m_pool;
    const Options& m_options;
    DatasetPtr m_data;
    SplitPtr m_nearlyAll; // leave last out: times of training on 99 % of the data
    SplitPtr m_perUser;   // 80/20 per user: quality of rankings
};

std::string noted(const char* format, double value) {
    char text[80];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

void MovieLens::add(Line line, const Against& against, std::string note) {
    if (!m_options.smoke) {
        line.peer = against.peer;
        line.peerName = against.name;
        line.limit = against.limit;
    }
    line.note = std::move(note);
    m_report.add(std::move(line));
}

bool MovieLens::available(const std::string& what, const std::string& algorithm) {
    if (findAlgorithm(algorithm)) return true;
    m_report.missing(what, "not there yet: no algorithm '" + algorithm + "'");
    return false;
}

Status MovieLens::read(const std::string& path) {
    std::vector<double> seconds;
    for (int n = 0; n < repeats(); ++n) {
        ImportContext context;
        context.pool = &m_pool;
        m_data.reset();
        const auto start = std::chrono::steady_clock::now();
        auto imported = importPath(path, {}, context);
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        if (!imported) return imported.error();
        m_data = imported->dataset;
    }
    if (wanted("read"))
        add(repeated("read ratings.dat into the dataset", seconds), {3.9, "pandas", 0.15},
            std::to_string(m_data->interactionCount()) + " interactions");
    auto nearlyAll = makeSplit(m_data, {.kind = SplitKind::LeaveLastOut, .validationFraction = 0.0});
    if (!nearlyAll) return nearlyAll.error();
    m_nearlyAll = *nearlyAll;
    auto perUser = makeSplit(m_data, {.testFraction = 0.2, .validationFraction = 0.0});
    if (!perUser) return perUser.error();
    m_perUser = *perUser;
    return {};
}

Status MovieLens::ials(std::int64_t factors, double peer, bool thenRank) {
    const std::string what = "iALS sweep, d " + std::to_string(factors) + ", conjugate gradient";
    if (!available(what, "ials")) return {};
    TrainingPlan plan = plainPlan("ials", {{"embedding_size", size(factors)}, {"solver", std::string("cg")}});
    plan.evaluateTest = false;
    std::vector<double> sweeps;
    if (wanted("ials")) {
        for (int n = 0; n < (repeats() + 2) / 3; ++n) {
            const auto timed = trainTimed(plan, m_nearlyAll, m_pool, m_options);
            if (!timed) return timed.error();
            sweeps.insert(sweeps.end(), timed->epochSeconds.begin(), timed->epochSeconds.end());
        }
    }
    plan.evaluateTest = true;
    const auto ranked = trainTimed(plan, m_perUser, m_pool, m_options);
    if (!ranked) return ranked.error();
    if (wanted("ials"))
        add(repeated(what, sweeps), {peer, "implicit", peer / 2.0},
            noted("NDCG@10 %.4f (random 80/20 per user)", ranked->ended.test->find("ndcg@10")->value));
    return thenRank && wanted("rank") ? rank(*ranked->ended.model) : Status();
}

Status MovieLens::rank(const Recommender& model) {
    EvaluationOptions options;
    options.cutoffs = {20};
    std::vector<double> seconds;
    std::size_t users = 0;
    for (int n = 0; n < repeats(); ++n) {
        RunControl control;
        const auto found = evaluate(model, *m_perUser, Target::Test, options, m_pool, control);
        if (!found) return found.error();
        seconds.push_back(found->seconds);
        users = found->users.size();
    }
    add(repeated("rank all items for all users, all metrics @20", seconds),
        {0.42, "implicit, lists only", 0.5}, std::to_string(users) + " users, d 128 factors, with AUC");
    return {};
}

Status MovieLens::biasedMf() {
    const std::string what = "biased MF d 64, 20 epochs";
    if (!wanted("biased_mf") || !available(what, "biased_mf")) return {};
    const auto split =
        makeSplit(m_data, {.kind = SplitKind::RandomGlobal, .testFraction = 0.1, .validationFraction = 0.0});
    if (!split) return split.error();
    TrainingPlan plan = plainPlan(
        "biased_mf",
        {{"embedding_size", size(64)}, {"epochs", size(20)}, {"reg", 0.05}, {"learning_rate", 0.05}});
    std::vector<double> seconds;
    double rmse = 0.0;
    for (int n = 0; n < repeats(); ++n) {
        const auto timed = trainTimed(plan, *split, m_pool, m_options);
        if (!timed) return timed.error();
        seconds.push_back(timed->ended.trainSeconds);
        rmse = timed->ended.test->find("rmse")->value;
    }
    add(repeated(what, seconds), {1.7, "LIBMF", 1.7});
    // Another random split than LIBMF's: RMSE differs by about .001 between splits.
    add({.what = "  its RMSE, random 90/10", .ours = rmse, .unit = ""}, {0.8437, "LIBMF", 0.8447});
    return {};
}

Status MovieLens::itemKnn() {
    const std::string what = "ItemKNN cosine, k 100";
    if (!wanted("item_knn") || !available(what, "item_knn")) return {};
    TrainingPlan plan = plainPlan("item_knn", {{"k", size(100)}, {"similarity", std::string("cosine")}});
    plan.evaluateTest = false;
    std::vector<double> seconds;
    for (int n = 0; n < repeats(); ++n) {
        const auto timed = trainTimed(plan, m_nearlyAll, m_pool, m_options);
        if (!timed) return timed.error();
        seconds.push_back(timed->ended.trainSeconds);
    }
    add(repeated(what, seconds), {0.67, "implicit", 0.67});
    return {};
}

Status MovieLens::run(const std::string& path) {
    if (const Status done = read(path); !done) return done;
    if (wanted("ials"))
        if (const Status done = ials(64, 0.19, false); !done) return done;
    if (wanted("ials") || wanted("rank"))
        if (const Status done = ials(128, 0.44, true); !done) return done;
    if (const Status done = biasedMf(); !done) return done;
    if (const Status done = itemKnn(); !done) return done;
    if (const Status done = measureLinear(m_nearlyAll, m_perUser, m_report, m_pool, m_options); !done) return done;
    if (const Status done = measureRanking(m_nearlyAll, m_perUser, m_report, m_pool, m_options); !done)
        return done;
    return wanted("mult_vae") ? measureNeural(m_nearlyAll, m_report, m_pool, m_options) : Status();
}

} // namespace

Status measureMovieLens(Report& report, ThreadPool& pool, const Options& options) {
    if (!options.smoke) {
        const std::string path = options.data.empty() ? test::realData("ml-1m/ratings.dat") : options.data;
        if (path.empty())
            return Error{ErrorCode::NotFound,
                         "MovieLens 1M is not there; give --data FILE or set RECOSCOPE_DATA",
                         "ml-1m/ratings.dat"};
        report.section("MovieLens 1M");
        return MovieLens(report, pool, options).run(path);
    }
    const auto data = generateDataset({.users = 200, .items = 150, .interactions = 6000, .seed = 3});
    if (!data) return data.error();
    const auto folder =
        std::filesystem::temp_directory_path() /
        ("recoscope-bench-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "ratings.dat").string();
    Status done = writeRatings(**data, path, true);
    report.section("tiny generated set");
    if (done) done = MovieLens(report, pool, options).run(path);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return done;
}

} // namespace recoscope::bench
