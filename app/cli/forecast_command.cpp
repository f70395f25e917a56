// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"
#include "engine/models/registry.h"
#include "engine/train/forecast.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"

namespace recoscope::cli {

namespace {

Json forecastJson(const AlgorithmInfo& algorithm, const Forecast& found) {
    Json alternatives = Json::array();
    for (const ForecastAlternative& each : found.alternatives)
        alternatives.push_back(
            {{"algorithm", each.algorithm}, {"bytes", each.bytes}, {"seconds", each.seconds}});
    Json json{{"algorithm", text(algorithm.id)},
              {"verdict", text(fitVerdictKey(found.verdict))},
              {"text", found.text},
              {"bytes", found.bytes},
              {"seconds", found.seconds},
              {"memory", found.cost.memory},
              {"work",
               {{"dense", found.cost.dense},
                {"factorisation", found.cost.factorisation},
                {"vectors", found.cost.vectors},
                {"scattered", found.cost.scattered}}},
              {"alternatives", std::move(alternatives)}};
    if (found.verdict == FitVerdict::Unknown) json["bytes"] = json["seconds"] = nullptr;
    return json;
}

void printTable(const std::vector<std::pair<const AlgorithmInfo*, Forecast>>& all) {
    Table table({"algorithm", "memory", "training", "", "of"});
    for (const auto& [info, found] : all) {
        const bool known = found.verdict != FitVerdict::Unknown;
        table.add({text(info->id), known ? bytesText(found.bytes) : "?",
                   known ? roughDuration(found.seconds) : "?", text(fitVerdictKey(found.verdict)),
                   found.cost.memory});
    }
    print(table.text());
}

int runForecast(const Arguments& arguments) {
    const QStringList& files = arguments.positional();
    if (files.size() > 1) return usage(arguments, "forecast takes one experiment file at most");
    if (files.isEmpty() && !arguments.has("--data") && !arguments.has("--train"))
        return usage(arguments,
                     "forecast needs data: --data PATH, --train FILE --test FILE, or an experiment file");
    const bool all = arguments.value("--algorithm") == QString("all") ||
                     (!arguments.has("--algorithm") && files.isEmpty());
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    Experiment base;
    if (!files.isEmpty()) {
        auto file = readExperimentFile(files.first().toStdString());
        if (!file) return fail(arguments, file.error());
        base = std::move(*file);
    }
    auto experiment = applyOptions(base, all ? arguments.without("--algorithm") : arguments);
    if (!experiment) return usage(arguments, experiment.error().text());

    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto split = loadSplit(*experiment, pool, control, progress);
    if (!split) return fail(arguments, split.error());
    const DataShape shape = shapeOf(**split);
    const MachineRates rates = measureRates(pool);
    const auto freeBytes = static_cast<double>(availableBytes());

    std::vector<std::pair<const AlgorithmInfo*, Forecast>> found;
    for (const AlgorithmInfo& info : algorithms())
        if (all || info.id == experiment->plan.algorithm)
            found.emplace_back(
                &info, forecast(info, shape, all ? ParamMap{} : experiment->plan.params, rates, freeBytes));
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const auto& [info, each] : found)
            list.push_back(forecastJson(*info, each));
        printJson({{"users", shape.users},
                   {"items", shape.items},
                   {"interactions", shape.interactions},
                   {"free_bytes", freeBytes},
                   {"threads", pool.threadCount()},
                   {"rates",
                    {{"dense", rates.dense},
                     {"factorisation", rates.factorisation},
                     {"vectors", rates.vectors},
                     {"scattered", rates.scattered}}},
                   {"forecasts", std::move(list)}});
        return ExitOk;
    }
    print(grouped(static_cast<std::int64_t>(shape.interactions)) + " training interactions of " +
          grouped(static_cast<std::int64_t>(shape.users)) + " users with " +
          grouped(static_cast<std::int64_t>(shape.items)) + " items; " + bytesText(freeBytes) +
          " of memory are free\n");
    if (all) {
        printTable(found);
        return ExitOk;
    }
    const Forecast& one = found.front().second;
    print(one.text + "\n");
    if (!one.cost.memory.empty()) print("memory: " + one.cost.memory + "\n");
    if (one.alternatives.empty()) return ExitOk;
    print("what fits instead:\n");
    for (const ForecastAlternative& each : one.alternatives)
        print("  " + each.algorithm + ": " + bytesText(each.bytes) + ", " + roughDuration(each.seconds) +
              "\n");
    return ExitOk;
}

} // namespace

std::vector<Command> forecastCommands() {
    return {{"forecast", "forecast (EXPERIMENT.yaml | --data PATH) [--algorithm ID] [--set key=value]…",
             "What training would take in memory and time, of one algorithm or of all.",
             joined({dataOptions(), trainingOptions(), splitOptions(), commonOptions()}), runForecast}};
}

} // namespace recoscope::cli
