// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/evaluate_command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"
#include "app/session/query_service.h"

#include <QEventLoop>

namespace recoscope::cli {

namespace {

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
    std::vector<Command> all = evaluateCommands();
    all.push_back({"recommend", "recommend RUN --user ID [-k 10] [--json]",
                   "A user's recommendations, with held-out hits marked.",
                   joined({{{"--user", "ID", "as in the data"},
                            {"-k", "N", "how many (10)"},
                            {"--history", "", "also list what the model knows of the user"}},
                           commonOptions()}),
                   runRecommend});
    return all;
}

} // namespace recoscope::cli
