// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/leaks.h"
#include "engine/eval/significance.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"
#include "app/storage/leak_check.h"

#include <cmath>

namespace recoscope::cli {

namespace {

struct Compared {
    RunRecord record;
    Evaluation evaluation;
};

Json runsJson(const std::vector<ComparedRun>& runs, const std::vector<Compared>& compared,
              const std::string& metric) {
    Json list = Json::array();
    for (std::size_t n = 0; n < runs.size(); ++n)
        list.push_back({{"run", runs[n].name},
                        {"name", compared[n].record.name.toStdString()},
                        {"value", runs[n].evaluation->find(metric)->value},
                        {"users", runs[n].evaluation->users.size()}});
    return list;
}

Json comparisonJson(const Comparison& c) {
    return {{"a", c.nameA},
            {"b", c.nameB},
            {"users", c.users},
            {"only_in_one", c.onlyInOne},
            {"mean_a", c.meanA},
            {"mean_b", c.meanB},
            {"difference", c.difference},
            {"interval", {c.interval.low, c.interval.high}},
            {"t", {{"t", c.t.t}, {"degrees", c.t.degrees}, {"p", c.t.p}, {"p_holm", c.adjustedT}}},
            {"wilcoxon",
             {{"statistic", c.signedRank.statistic},
              {"pairs", c.signedRank.pairs},
              {"zeros", c.signedRank.zeros},
              {"exact", c.signedRank.exact},
              {"p", c.signedRank.p},
              {"p_holm", c.adjustedWilcoxon}}},
            {"effect", c.effect},
            {"wins", c.wins},
            {"ties", c.ties},
            {"losses", c.losses},
            {"share_better", c.shareBetter},
            {"significant", c.significant},
            {"claim", c.claim}};
}

std::string pCell(double p) { return p < 0.0001 ? "<0.0001" : fixed(p); }

int showComparison(const std::vector<ComparedRun>& runs, const std::string& metric,
                   const std::vector<Comparison>& table) {
    const MetricValue& first = *runs.front().evaluation->find(metric);
    double best = first.value;
    for (const ComparedRun& run : runs) {
        const double value = run.evaluation->find(metric)->value;
        if (first.higherIsBetter ? value > best : value < best) best = value;
    }
    Table means({"run", first.label, "users", ""});
    for (const ComparedRun& run : runs) {
        const double value = run.evaluation->find(metric)->value;
        means.add({run.name, fixed(value), grouped(static_cast<std::int64_t>(run.evaluation->users.size())),
                   value == best ? "best" : ""});
    }
    print(means.text() + "\n");
    Table pairs(
        {"pair", "difference", "95 % interval", "t: p", "Wilcoxon: p", "d", "better", "same", "worse"});
    for (const Comparison& c : table)
        pairs.add({c.nameA + " - " + c.nameB, fixed(c.difference),
                   fixed(c.interval.low) + " to " + fixed(c.interval.high), pCell(c.adjustedT),
                   pCell(c.adjustedWilcoxon), fixed(c.effect, 3), grouped(c.wins), grouped(c.ties),
                   grouped(c.losses)});
    print(pairs.text());
    print(std::string("Two-sided; users matched by id") +
          (table.size() > 1 ? "; p after Holm's correction over the pairs" : "") + ".\n\n");
    for (const Comparison& c : table)
        print(c.claim + "\n");
    print("\n" + first.definition + "\n");
    return ExitOk;
}

Result<std::vector<Compared>> storedEvaluations(const RunStore& store, const QStringList& names,
                                                Target target) {
    std::vector<Compared> compared;
    for (const QString& name : names) {
        auto record = store.find(name);
        if (!record) return record.error();
        for (const Compared& other : compared) {
            if (other.record.id == record->id)
                return Error{ErrorCode::Invalid, "A run cannot be compared with itself", name.toStdString()};
            if (other.record.splitFingerprint != record->splitFingerprint)
                return Error{ErrorCode::Invalid,
                             "The runs " + other.record.id.toStdString() + " and " +
                                 record->id.toStdString() +
                                 " were measured on different splits, so their users cannot be matched",
                             "runs"};
        }
        auto evaluation = store.evaluation(record->id, target);
        if (!evaluation) return evaluation.error();
        compared.push_back({std::move(*record), std::move(*evaluation)});
    }
    return compared;
}

int runCompare(const Arguments& arguments) {
    const QStringList& names = arguments.positional();
    if (names.size() < 2)
        return usage(arguments, "compare needs two runs or more: recoscope-cli compare RUN RUN");
    const QString part = arguments.value("--part").value_or("test");
    if (part != "test" && part != "validation") return usage(arguments, "--part is test or validation");
    const auto resamples = arguments.number("--resamples", 2000, 100, 1'000'000);
    if (!resamples) return usage(arguments, resamples.error().text());
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!store) return fail(arguments, store.error());
    const auto compared =
        storedEvaluations(**store, names, part == "test" ? Target::Test : Target::Validation);
    if (!compared) return fail(arguments, compared.error());
    std::vector<ComparedRun> runs;
    for (const Compared& each : *compared)
        runs.push_back({each.record.id.toStdString(), &each.evaluation});
    const std::string metric = arguments.value("--metric").value_or("ndcg@10").toStdString();
    SignificanceOptions options;
    options.resamples = static_cast<int>(*resamples);
    const auto against = arguments.value("--against");
    std::size_t which = runs.size();
    if (against) {
        const auto record = (*store)->find(*against);
        if (!record) return fail(arguments, record.error());
        for (std::size_t n = 0; n < runs.size(); ++n)
            if (runs[n].name == record->id.toStdString()) which = n;
        if (which == runs.size())
            return usage(arguments, "--against names one of the runs that are compared");
    }
    const auto table =
        against ? compareWithOthers(runs, which, metric, options) : compareAll(runs, metric, options);
    if (!table) return fail(arguments, table.error());
    if (!arguments.has("--json")) return showComparison(runs, metric, *table);
    Json pairs = Json::array();
    for (const Comparison& c : *table)
        pairs.push_back(comparisonJson(c));
    printJson({{"metric", metric},
               {"part", part.toStdString()},
               {"definition", runs.front().evaluation->find(metric)->definition},
               {"runs", runsJson(runs, *compared, metric)},
               {"pairs", std::move(pairs)}});
    return ExitOk;
}

Result<std::vector<Leak>> leaksOfData(const Arguments& arguments, ThreadPool& pool, RunControl& control,
                                      ProgressLine& progress) {
    auto experiment = applyOptions(Experiment{}, arguments);
    if (!experiment) return experiment.error();
    const auto imported = importData(experiment->dataPath, experiment->import, pool, control, progress);
    if (!imported) return imported.error();
    // As train does: files that come as parts are used as they are.
    if (!imported->dataset->parts().empty() && !arguments.has("--split"))
        experiment->split.kind = SplitKind::Premade;
    const auto split = makeSplit(imported->dataset, experiment->split);
    if (!split) return split.error();
    return findLeaks(**split);
}

Result<std::vector<Leak>> leaksOfStored(const Arguments& arguments, ThreadPool& pool, RunControl& control,
                                        ProgressLine& progress) {
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!store) return store.error();
    const auto record = (*store)->find(arguments.positional().first());
    if (!record) return record.error();
    const auto split = loadSplit(record->experiment, pool, control, progress);
    if (!split) return split.error();
    return leaksOfRun(**store, *record, **split);
}

int runLeaks(const Arguments& arguments) {
    const bool ofRun = arguments.positional().size() == 1;
    const bool ofData = arguments.has("--data") || arguments.has("--train");
    if (ofRun == ofData || arguments.positional().size() > 1)
        return usage(arguments, "leaks needs a run, or data: recoscope-cli leaks RUN, or leaks --data PATH");
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto leaks = ofRun ? leaksOfStored(arguments, pool, control, progress)
                             : leaksOfData(arguments, pool, control, progress);
    progress.show("");
    if (!leaks) return fail(arguments, leaks.error());
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const Leak& leak : *leaks)
            list.push_back({{"kind", leak.kind},
                            {"message", leak.message},
                            {"count", leak.count},
                            {"examples", leak.examples},
                            {"hint", leak.hint}});
        printJson({{"leaks", std::move(list)}});
        return ExitOk;
    }
    if (leaks->empty()) print("No leaks found.\n");
    for (const Leak& leak : *leaks)
        print((leak.hint ? "maybe: " : "leak: ") + leakText(leak) + "\n");
    return ExitOk;
}

} // namespace

std::vector<Command> compareCommands() {
    return {{"compare", "compare RUN RUN… [--metric ndcg@10] [--against RUN] [--json]",
             "Whether runs differ by more than chance, user by user, and what may be claimed.",
             joined({{{"--metric", "KEY", "any metric with a value a user (ndcg@10)"},
                      {"--part", "PART", "test or validation (test)"},
                      {"--against", "RUN", "only this run with each other (all pairs)"},
                      {"--resamples", "N", "of the bootstrap interval (2000)"}},
                     commonOptions()}),
             runCompare},
            {"leaks", "leaks (RUN | --data PATH | --train FILE --test FILE) [split options] [--json]",
             "Looks for test data that training has seen, and for other ways in which numbers say too much.",
             joined({dataOptions(), splitOptions(), commonOptions()}), runLeaks}};
}

} // namespace recoscope::cli
