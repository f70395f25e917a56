// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"
#include "app/storage/exports.h"
#include "app/storage/line_file.h"

#include <QDir>
#include <QElapsedTimer>

namespace recoscope::cli {

namespace {

template <class Row, class Col>
std::int64_t filledRows(const Csr<Row, Col>& matrix) {
    std::int64_t count = 0;
    for (std::int32_t n = 0; n < matrix.rowCount(); ++n)
        count += matrix.rowSize(Row{n}) > 0;
    return count;
}

int listFormats(const Arguments& arguments) {
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const FormatInfo& info : formats())
            list.push_back({{"id", text(info.id)},
                            {"title", text(info.title)},
                            {"description", text(info.description)}});
        printJson({{"formats", std::move(list)}});
        return ExitOk;
    }
    Table table({"id", "title", "files"});
    for (const FormatInfo& info : formats())
        table.add({text(info.id), text(info.title), text(info.description)});
    print(table.text());
    return ExitOk;
}

int preview(const Arguments& arguments, const Experiment& experiment) {
    const auto found = previewPath(experiment.dataPath, experiment.import);
    if (!found) return fail(arguments, found.error());
    if (arguments.has("--json")) {
        Json json = {{"format", found->format},
                     {"title", found->title},
                     {"description", found->description},
                     {"files", found->files},
                     {"bytes", found->bytes},
                     {"columns", found->columns},
                     {"rows", found->rows},
                     {"needs_mapping", found->needsMapping},
                     {"ignored", found->ignored}};
        if (const auto& mapping = found->suggestedMapping)
            json["mapping"] = {{"user", mapping->user},
                               {"item", mapping->item},
                               {"rating", mapping->rating},
                               {"time", mapping->time}};
        printJson(json);
        return ExitOk;
    }
    print(found->title + " (" + found->format + "), " + grouped(static_cast<std::int64_t>(found->bytes)) +
          " bytes\n" + found->description + "\n\n");
    if (const auto& mapping = found->suggestedMapping) {
        const auto name = [&found](int column) {
            const auto at = static_cast<std::size_t>(column);
            return column >= 0 && at < found->columns.size() ? found->columns[at]
                                                             : std::string("(not there)");
        };
        print("user: " + name(mapping->user) + ", item: " + name(mapping->item) +
              ", rating: " + name(mapping->rating) + ", time: " + name(mapping->time) +
              (found->needsMapping ? "  (a guess: check it)" : "") + "\n\n");
    }
    if (!found->columns.empty()) {
        Table table(found->columns);
        for (const auto& row : found->rows)
            table.add(row);
        print(table.text());
    }
    for (const std::string& file : found->ignored)
        print("not read: " + file + "\n");
    return ExitOk;
}

int runImport(const Arguments& arguments) {
    if (arguments.has("--formats")) return listFormats(arguments);
    const QStringList& paths = arguments.positional();
    if (paths.size() != 1 && !arguments.has("--data") && !arguments.has("--train"))
        return usage(arguments, "import needs one path: recoscope-cli import PATH");
    auto experiment = applyOptions({}, arguments);
    if (!experiment) return usage(arguments, experiment.error().text());
    if (paths.size() == 1) experiment->dataPath = paths.first().toStdString();
    if (arguments.has("--preview")) return preview(arguments, *experiment);
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());

    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    QElapsedTimer timer;
    timer.start();
    const auto imported = importData(experiment->dataPath, experiment->import, pool, control, progress);
    if (!imported) return fail(arguments, imported.error());
    const double seconds = static_cast<double>(timer.nsecsElapsed()) * 1e-9;
    const Dataset& data = *imported->dataset;
    const ImportReport& report = imported->report;
    const std::int64_t users = filledRows(data.byUser());
    const std::int64_t items = filledRows(data.byItem());
    if (arguments.has("--json")) {
        printJson({{"format", data.provenance().format},
                   {"title", data.provenance().title},
                   {"interactions", data.interactionCount()},
                   {"users", users},
                   {"items", items},
                   {"rows_read", report.rowsRead},
                   {"rows_used", report.rowsUsed},
                   {"duplicates", report.duplicates},
                   {"issues", issuesJson(report)},
                   {"density", data.density()},
                   {"implicit", data.scale().implicit},
                   {"scale", {data.scale().min, data.scale().max}},
                   {"fingerprint", data.provenance().fingerprint},
                   {"seconds", seconds}});
        return ExitOk;
    }
    Table table({data.provenance().title, ""});
    table.add({"format", data.provenance().format});
    table.add({"interactions", grouped(data.interactionCount())});
    table.add({"users", grouped(users)});
    table.add({"items", grouped(items)});
    table.add({"density", fixed(data.density() * 100.0, 3) + " %"});
    table.add({"ratings", data.scale().implicit
                              ? "none (implicit)"
                              : fixed(data.scale().min, 1) + " to " + fixed(data.scale().max, 1)});
    table.add({"rows read", grouped(report.rowsRead)});
    table.add({"rows used", grouped(report.rowsUsed)});
    table.add({"duplicates", grouped(report.duplicates)});
    table.add({"seconds", fixed(seconds, 3)});
    print(table.text());
    for (const ImportIssue& issue : report.issues) {
        print((issue.severity == Severity::Note ? "note: " : "warning: ") + issue.message + " (" +
              grouped(issue.count) + ")\n");
        for (const auto& example : issue.examples)
            if (!example.where.empty() || !example.text.empty())
                print("    " + example.where + (example.text.empty() ? "" : ": " + example.text) + "\n");
    }
    return ExitOk;
}

Status writeRatings(const Dataset& data, const QString& path, RunControl& control) {
    LineFile out(path);
    if (Status status = out.open(); !status) return status;
    if (Status status = out.add("userId,movieId,rating,timestamp\n"); !status) return status;
    std::string line;
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        if (!control.keepGoing()) return Error{ErrorCode::Cancelled, "Stopped", ""};
        const UserIndex user{u};
        const auto items = data.byUser().cols(user);
        const auto values = data.byUser().values(user);
        const auto first = static_cast<std::size_t>(data.byUser().rowBegin(user));
        for (std::size_t n = 0; n < items.size(); ++n) {
            line.assign(data.userId(user)).append(",").append(data.itemId(items[n])).append(",");
            line.append(fixed(static_cast<double>(values[n]), 1)).append(",");
            line.append(data.times().empty() ? "0" : std::to_string(data.times()[first + n])).append("\n");
            if (Status status = out.add(line); !status) return status;
        }
    }
    return out.commit();
}

Status writeMovies(const Dataset& data, const QString& path) {
    LineFile out(path);
    if (Status status = out.open(); !status) return status;
    if (Status status = out.add("movieId,title,genres\n"); !status) return status;
    const FeatureColumn* genres = data.itemFeatures().find("genres");
    for (std::int32_t i = 0; i < data.itemCount(); ++i) {
        std::string joinedGenres;
        if (genres)
            for (const std::int32_t token : genres->tokensOf(i))
                joinedGenres.append(joinedGenres.empty() ? "" : "|")
                    .append(genres->vocabulary[static_cast<std::size_t>(token)]);
        if (joinedGenres.empty()) joinedGenres = "(no genres listed)";
        const ItemIndex item{i};
        if (Status status = out.add(csvField(std::string(data.itemId(item))) + "," +
                                    csvField(data.itemTitle(item)) + "," + csvField(joinedGenres) + "\n");
            !status)
            return status;
    }
    return out.commit();
}

int runGenerate(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "generate needs one folder: recoscope-cli generate DIR");
    SyntheticRecipe recipe = sampleRecipe();
    const auto users = arguments.number("--users", recipe.users, 1, 100'000'000);
    const auto items = arguments.number("--items", recipe.items, 1, 100'000'000);
    const auto interactions = arguments.number("--interactions", recipe.interactions, 1, 10'000'000'000);
    const auto seed = arguments.number("--seed", static_cast<std::int64_t>(recipe.seed), 0, INT64_MAX);
    for (const auto* value : {&users, &items, &interactions, &seed})
        if (!*value) return usage(arguments, value->error().text());
    recipe.users = static_cast<std::int32_t>(*users);
    recipe.items = static_cast<std::int32_t>(*items);
    recipe.interactions = *interactions;
    recipe.seed = static_cast<std::uint64_t>(*seed);
    recipe.keepTruth = false;

    RunControl control;
    InterruptGuard guard(control);
    ProgressLine progress(arguments.has("--quiet"));
    QElapsedTimer timer;
    timer.start();
    const QDir folder(arguments.positional().first());
    if (!folder.mkpath("."))
        return fail(arguments, {ErrorCode::Io, "The folder cannot be made", folder.path().toStdString()});
    progress.show("generating");
    const auto data = generateDataset(recipe, &control);
    if (!data) return fail(arguments, data.error());
    if (control.cancelled()) return fail(arguments, {ErrorCode::Cancelled, "Stopped", ""});
    progress.show("writing");
    if (Status status = writeMovies(**data, folder.filePath("movies.csv")); !status)
        return fail(arguments, status.error());
    if (Status status = writeRatings(**data, folder.filePath("ratings.csv"), control); !status)
        return fail(arguments, status.error());
    progress.show("");
    const double seconds = static_cast<double>(timer.nsecsElapsed()) * 1e-9;
    if (arguments.has("--json")) {
        printJson({{"folder", folder.absolutePath().toStdString()},
                   {"interactions", (*data)->interactionCount()},
                   {"users", (*data)->userCount()},
                   {"items", (*data)->itemCount()},
                   {"seed", recipe.seed},
                   {"seconds", seconds}});
        return ExitOk;
    }
    print(grouped((*data)->interactionCount()) + " invented interactions of " +
          grouped((*data)->userCount()) + " users with " + grouped((*data)->itemCount()) + " films in " +
          folder.absolutePath().toStdString() + " (" + duration(seconds) + ")\n");
    return ExitOk;
}

} // namespace

std::vector<Command> dataCommands() {
    return {{"import", "import PATH [--format ID] [--json]", "Reads data and reports what is in it.",
             joined({dataOptions(),
                     {{"--preview", "", "only look: format, files, first rows"},
                      {"--formats", "", "list the formats"}},
                     commonOptions()}),
             runImport},
            {"generate",
             "generate DIR [--users N] [--items N] [--interactions N] [--seed N]",
             "Invents data of any size: ratings.csv and movies.csv as MovieLens has them.",
             {{"--users", "N", "(600)"},
              {"--items", "N", "(900)"},
              {"--interactions", "N", "(50000)"},
              {"--seed", "N", "the same seed makes the same data (1)"},
              {"--json", "", "one JSON object on stdout"},
              {"--quiet", "", "no progress on stderr"}},
             runGenerate}};
}

} // namespace recoscope::cli
