// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"
#include "app/session/query_service.h"

#include <QEventLoop>

namespace recoscope::cli {

namespace {

int runEvaluate(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "evaluate needs one run: recoscope-cli evaluate RUN (or latest)");
    const QString part = arguments.value("--part").value_or("test");
    if (part != "test" && part != "validation") return usage(arguments, "--part is test or validation");
    const Target target = part == "test" ? Target::Test : Target::Validation;
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    const bool store = arguments.has("--store");
    const auto runs = RunStore::open(workspaceOf(arguments),
                                     store ? RunStore::Access::ReadWrite : RunStore::Access::ReadOnly);
    if (!runs) return fail(arguments, runs.error());

    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto loaded = loadRun(**runs, arguments.positional().first(), pool, control, progress);
    if (!loaded) return fail(arguments, loaded.error());
    const auto experiment = applyOptions(loaded->record.experiment, arguments);
    if (!experiment) return usage(arguments, experiment.error().text());
    EvaluationOptions options = experiment->plan.evaluation;
    const AlgorithmInfo* info = findAlgorithm(experiment->plan.algorithm);
    options.predictsRatings =
        (loaded->model->predictsRatings() || (info && info->capabilities.predictsRatings)) &&
        !loaded->split->dataset()->scale().implicit;
    const auto evaluation =
        evaluate(*loaded->model, *loaded->split, target, options, pool, control,
                 [&](double fraction) { progress.show("evaluating " + fixed(fraction * 100.0, 0) + " %"); });
    progress.show("");
    if (!evaluation) return fail(arguments, evaluation.error());
    if (store)
        if (Status status = (*runs)->saveEvaluation(loaded->record.id, target, *evaluation); !status)
            return fail(arguments, status.error());
    if (arguments.has("--json")) {
        Json metrics = Json::object();
        Json definitions = Json::object();
        for (const MetricValue& metric : evaluation->metrics) {
            metrics[metric.key] = metric.value;
            definitions[metric.key] = metric.definition;
        }
        printJson({{"run", loaded->record.id.toStdString()},
                   {"part", part.toStdString()},
                   {"users", evaluation->users.size()},
                   {"users_without_relevant", evaluation->usersWithoutRelevant},
                   {"metrics", std::move(metrics)},
                   {"definitions", std::move(definitions)},
                   {"seconds", evaluation->seconds}});
        return ExitOk;
    }
    Table table({part.toStdString(), "value", "over", "definition"});
    for (const MetricValue& metric : evaluation->metrics)
        table.add({metric.label, fixed(metric.value), grouped(metric.count), metric.definition});
    print(table.text());
    return ExitOk;
}

/// Asks the query lane that the window asks, and waits.
Result<RecommendAnswer> ask(const LoadedRun& loaded, UserIndex user, int count) {
    QueryService service;
    QEventLoop loop;
    std::optional<Result<RecommendAnswer>> answer;
    QObject::connect(&service, &QueryService::recommended, &loop, [&](const RecommendAnswer& found) {
        answer = found;
        loop.quit();
    });
    QObject::connect(&service, &QueryService::failed, &loop, [&](quint64, const Error& error) {
        answer = error;
        loop.quit();
    });
    service.recommend(loaded.model, loaded.split, user, count);
    loop.exec();
    return answer.value_or(Error{ErrorCode::Cancelled, "Cancelled", ""});
}

int showAnswer(const Arguments& arguments, const LoadedRun& loaded, const QString& user,
               const RecommendAnswer& answer) {
    std::int64_t hits = 0;
    for (const RecommendedRow& row : answer.top)
        hits += row.heldOutHit;
    if (arguments.has("--json")) {
        Json items = Json::array();
        for (const RecommendedRow& row : answer.top) {
            Json item{{"rank", row.rank},
                      {"item", row.id.toStdString()},
                      {"title", row.title.toStdString()},
                      {"features", row.features.toStdString()},
                      {"score", row.score},
                      {"held_out", row.heldOutHit}};
            if (row.heldOutHit) item["held_out_rating"] = row.heldOutRating;
            if (row.truth) item["truth"] = *row.truth;
            items.push_back(std::move(item));
        }
        Json held = Json::array();
        for (const HeldOutRow& row : answer.heldOut)
            held.push_back({{"item", row.id.toStdString()},
                            {"title", row.title.toStdString()},
                            {"rating", row.rating},
                            {"rank", row.rank}});
        printJson({{"run", loaded.record.id.toStdString()},
                   {"algorithm", loaded.record.experiment.plan.algorithm},
                   {"user", user.toStdString()},
                   {"history", answer.history.size()},
                   {"hits", hits},
                   {"items", std::move(items)},
                   {"held_out", std::move(held)}});
        return ExitOk;
    }
    print("user " + user.toStdString() + ", " + loaded.record.name.toStdString() + " (" +
          loaded.record.id.toStdString() + ")\n\n");
    if (arguments.has("--history")) {
        Table history({"history", "title", "rating"});
        for (const HistoryRow& row : answer.history)
            history.add({row.id.toStdString(), row.title.toStdString(), fixed(row.rating, 1)});
        print(history.text() + "\n");
    }
    Table table({"rank", "item", "title", "score", "held out", "features"});
    for (const RecommendedRow& row : answer.top)
        table.add({std::to_string(row.rank), row.id.toStdString(), row.title.toStdString(), fixed(row.score),
                   row.heldOutHit ? "hit (" + fixed(row.heldOutRating, 1) + ")" : "",
                   row.features.toStdString()});
    print(table.text());
    print("\n" + std::to_string(hits) + " of " + std::to_string(answer.heldOut.size()) +
          " held-out items are in this list; known history: " + std::to_string(answer.history.size()) +
          " items\n");
    return ExitOk;
}

int runRecommend(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "recommend needs one run: recoscope-cli recommend RUN --user ID");
    const auto user = arguments.value("--user");
    if (!user) return usage(arguments, "recommend needs --user ID");
    const auto count = arguments.number("-k", 10, 1, 1'000'000);
    if (!count) return usage(arguments, count.error().text());
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!store) return fail(arguments, store.error());

    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto loaded = loadRun(**store, arguments.positional().first(), pool, control, progress);
    if (!loaded) return fail(arguments, loaded.error());
    const Dataset& data = *loaded->split->dataset();
    const auto index = data.users().find(user->toStdString());
    if (!index)
        return fail(arguments, {ErrorCode::NotFound,
                                "There is no user '" + user->toStdString() + "' in " +
                                    data.provenance().title + " (ids are as in the file, for example '" +
                                    std::string(data.userId(UserIndex{0})) + "')",
                                "--user"});
    const auto answer = ask(*loaded, UserIndex{*index}, static_cast<int>(*count));
    if (control.cancelled()) return fail(arguments, {ErrorCode::Cancelled, "Stopped", ""});
    if (!answer) return fail(arguments, answer.error());
    return showAnswer(arguments, *loaded, *user, *answer);
}

} // namespace

std::vector<Command> queryCommands() {
    return {{"evaluate", "evaluate RUN [--part test|validation] [--cutoffs 10,20] [--json]",
             "Measures a stored model again, with other cutoffs or definitions if wanted.",
             joined({{{"--part", "PART", "test or validation (test)"},
                      {"--store", "", "keep the numbers in the run"}},
                     evaluationOptions(),
                     commonOptions()}),
             runEvaluate},
            {"recommend", "recommend RUN --user ID [-k 10] [--json]",
             "A user's recommendations, with held-out hits marked.",
             joined({{{"--user", "ID", "as in the data"},
                      {"-k", "N", "how many (10)"},
                      {"--history", "", "also list what the model knows of the user"}},
                     commonOptions()}),
             runRecommend}};
}

} // namespace recoscope::cli
