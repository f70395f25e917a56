// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/evaluate_command.h"

#include "engine/eval/dialects.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/eval/metric_card.h"
#include "engine/eval/sampling_study.h"
#include "engine/models/registry.h"

#include "app/cli/experiment_options.h"
#include "app/cli/group_output.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"

namespace recoscope::cli {

namespace {

/// As commands and files have it: "uniform", "popular", "given".
std::string_view negativesKey(CandidateKind kind) {
    EvaluationOptions options;
    options.candidates.kind = kind;
    return chosenKey(*findEvaluationChoice("candidates"), options);
}

/// A stored model, its split, and how it is to be measured.
struct Measured {
    LoadedRun run;
    EvaluationOptions options;
};

Result<Measured> load(const RunStore& store, const QString& name, const Arguments& arguments,
                      ThreadPool& pool, RunControl& control, ProgressLine& progress) {
    auto run = loadRun(store, name, pool, control, progress);
    if (!run) return run.error();
    const auto experiment = applyOptions(run->record.experiment, arguments);
    if (!experiment) return experiment.error();
    EvaluationOptions options = experiment->plan.evaluation;
    const AlgorithmInfo* info = findAlgorithm(experiment->plan.algorithm);
    options.predictsRatings =
        (run->model->predictsRatings() || (info && info->capabilities.predictsRatings)) &&
        !run->split->dataset()->scale().implicit;
    return Measured{std::move(*run), std::move(options)};
}

std::function<void(double)> shownAs(ProgressLine& progress, const char* what) {
    return [&progress, what](double fraction) {
        progress.show(std::string(what) + " " + fixed(fraction * 100.0, 0) + " %");
    };
}

Json evaluationJson(const Evaluation& evaluation) {
    Json metrics = Json::object();
    Json labels = Json::object();
    Json definitions = Json::object();
    for (const MetricValue& metric : evaluation.metrics) {
        metrics[metric.key] = metric.value;
        labels[metric.key] = metric.label;
        definitions[metric.key] = metric.definition;
    }
    Json json{{"users", evaluation.users.size()},
              {"users_without_relevant", evaluation.usersWithoutRelevant},
              {"metrics", std::move(metrics)},
              {"labels", std::move(labels)},
              {"definitions", std::move(definitions)}};
    if (!evaluation.leftOut.empty()) json["left_out"] = evaluation.leftOut;
    return json;
}

int showEvaluation(const Arguments& arguments, const Measured& measured, const QString& part,
                   const Evaluation& evaluation, const std::vector<GroupReport>& groups) {
    if (arguments.has("--json")) {
        Json json{{"run", measured.run.record.id.toStdString()}, {"part", part.toStdString()}};
        json.update(evaluationJson(evaluation));
        if (!groups.empty()) json["groups"] = groupsJson(groups);
        json["seconds"] = evaluation.seconds;
        printJson(json);
        return ExitOk;
    }
    Table table({part.toStdString(), "value", "over", "definition"});
    for (const MetricValue& metric : evaluation.metrics)
        table.add({metric.label, fixed(metric.value), grouped(metric.count), metric.definition});
    print(table.text());
    for (const std::string& reason : evaluation.leftOut)
        print("left out: " + reason + "\n");
    print(groupsText(groups));
    return ExitOk;
}

int showDialects(const Arguments& arguments, const Measured& measured, const QString& part,
                 const std::vector<DialectReading>& readings) {
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const DialectReading& reading : readings) {
            Json one{{"dialect", reading.dialect->id},
                     {"title", reading.dialect->title},
                     {"differs", reading.dialect->differs},
                     {"reference", reading.dialect->reference}};
            one.update(evaluationJson(reading.evaluation));
            list.push_back(std::move(one));
        }
        printJson({{"run", measured.run.record.id.toStdString()},
                   {"part", part.toStdString()},
                   {"dialects", std::move(list)},
                   {"seconds", readings.front().evaluation.seconds}});
        return ExitOk;
    }
    std::vector<std::string> headings = {part.toStdString()};
    for (const DialectReading& reading : readings)
        headings.emplace_back(reading.dialect->title);
    Table table(headings);
    for (const MetricValue& metric : readings.front().evaluation.metrics) {
        std::vector<std::string> row = {metric.key};
        for (const DialectReading& reading : readings) {
            const MetricValue* value = reading.evaluation.find(metric.key);
            row.push_back(value ? fixed(value->value) : "");
        }
        table.add(std::move(row));
    }
    print(table.text() + "\n");
    for (const DialectReading& reading : readings)
        print(std::string(reading.dialect->title) + ": " + std::string(reading.dialect->differs) + "\n");
    return ExitOk;
}

int showCard(const Arguments& arguments, const Measured& measured, const QString& user,
             const MetricCard& card) {
    const Dataset& data = *measured.run.split->dataset();
    const auto idOf = [&](ItemIndex item) { return std::string(data.itemId(item)); };
    if (arguments.has("--json")) {
        const auto ids = [&](const std::vector<ItemIndex>& items) {
            Json list = Json::array();
            for (const ItemIndex item : items)
                list.push_back(idOf(item));
            return list;
        };
        Json terms = Json::array();
        for (const CardTerm& term : card.terms) {
            Json line{{"symbol", term.symbol}, {"value", term.value}, {"text", term.text}};
            if (term.rank > 0) line["rank"] = term.rank;
            if (term.item) {
                line["item"] = idOf(*term.item);
                line["title"] = data.itemTitle(*term.item);
                line["hit"] = term.hit;
            }
            if (term.result) line["result"] = true;
            terms.push_back(std::move(line));
        }
        Json json{{"run", measured.run.record.id.toStdString()},
                  {"user", user.toStdString()},
                  {"metric", card.key},
                  {"label", card.label},
                  {"value", card.value},
                  {"equation", card.equation},
                  {"formula", card.formula},
                  {"meaning", card.meaning},
                  {"definition", card.definition},
                  {"candidates", card.candidates},
                  {"relevant", ids(card.relevant)},
                  {"list", ids(card.list)},
                  {"terms", std::move(terms)}};
        if (!card.note.empty()) json["note"] = card.note;
        printJson(json);
        return ExitOk;
    }
    print(card.label + " of user " + user.toStdString() + ": " + card.meaning + "\n" + card.formula +
          (card.formula.empty() ? "\n" : "\n\n"));
    if (!card.relevant.empty()) {
        print("relevant (R = " + std::to_string(card.relevant.size()) + "):");
        for (const ItemIndex item : card.relevant)
            print(" " + idOf(item));
        print("\n\n");
    }
    Table table({"step", "item", "title", "value", "how"});
    for (const CardTerm& term : card.terms)
        table.add({term.symbol, term.item ? idOf(*term.item) : "",
                   term.item ? data.itemTitle(*term.item) : "", fixed(term.value, 6), term.text});
    print(table.text() + "\n" + card.equation + "\n");
    if (!card.note.empty()) print(card.note + "\n");
    print("\n" + card.definition + "\n");
    return ExitOk;
}

int explain(const Arguments& arguments, const Measured& measured, Target target, ThreadPool& pool,
            RunControl& control) {
    const QString user = arguments.value("--user").value_or(QString());
    const Dataset& data = *measured.run.split->dataset();
    const auto index = data.users().find(user.toStdString());
    if (!index)
        return fail(arguments, {ErrorCode::NotFound,
                                "There is no user '" + user.toStdString() + "' in " +
                                    data.provenance().title + " (ids are as in the file, for example '" +
                                    std::string(data.userId(UserIndex{0})) + "')",
                                "--user"});
    const auto card =
        explainMetric(*measured.run.model, *measured.run.split, target, measured.options, UserIndex{*index},
                      arguments.value("--explain")->toStdString(), pool, control);
    if (!card) return fail(arguments, card.error());
    return showCard(arguments, measured, user, *card);
}

int runEvaluate(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "evaluate needs one run: recoscope-cli evaluate RUN (or latest)");
    const QString part = arguments.value("--part").value_or("test");
    if (part != "test" && part != "validation") return usage(arguments, "--part is test or validation");
    const Target target = part == "test" ? Target::Test : Target::Validation;
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    const bool store = arguments.has("--store");
    const auto named = arguments.value("--dialect");
    if (arguments.has("--explain") != arguments.has("--user"))
        return usage(arguments, "--explain and --user go together: --user ID --explain ndcg@10");
    std::vector<std::string> ids;
    if (named) {
        auto read = dialectIds(named->toStdString());
        if (!read) return usage(arguments, "--dialect: " + read.error().message);
        ids = std::move(*read);
        if (store && ids.size() > 1) return usage(arguments, "--store keeps one reading: name one dialect");
        if (arguments.has("--explain") && ids.size() > 1)
            return usage(arguments, "--explain shows one reading: name one dialect");
    }
    const auto runs = RunStore::open(workspaceOf(arguments),
                                     store ? RunStore::Access::ReadWrite : RunStore::Access::ReadOnly);
    if (!runs) return fail(arguments, runs.error());

    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    auto measured = load(**runs, arguments.positional().first(), arguments, pool, control, progress);
    if (!measured) return fail(arguments, measured.error());
    const Split& split = *measured->run.split;
    if (ids.size() == 1) measured->options = inDialect(measured->options, *findDialect(ids.front()), split);
    if (arguments.has("--explain")) {
        progress.show("");
        return explain(arguments, *measured, target, pool, control);
    }
    if (ids.size() > 1) {
        const auto readings = evaluateDialects(*measured->run.model, split, target, measured->options, ids,
                                               pool, control, shownAs(progress, "evaluating"));
        progress.show("");
        if (!readings) return fail(arguments, readings.error());
        return showDialects(arguments, *measured, part, *readings);
    }
    auto evaluation = evaluate(*measured->run.model, split, target, measured->options, pool, control,
                               shownAs(progress, "evaluating"));
    progress.show("");
    if (!evaluation) return fail(arguments, evaluation.error());
    if (store)
        if (Status status = (*runs)->saveEvaluation(measured->run.record.id, target, *evaluation); !status)
            return fail(arguments, status.error());
    if (ids.size() == 1) {
        std::vector<DialectReading> one;
        one.push_back({findDialect(ids.front()), measured->options, std::move(*evaluation)});
        return showDialects(arguments, *measured, part, one);
    }
    std::vector<GroupReport> groups;
    if (const auto by = arguments.value("--groups")) {
        auto reports = groupReports(*by, *evaluation, split, target, measured->options);
        if (!reports) return fail(arguments, reports.error());
        groups = std::move(*reports);
    }
    return showEvaluation(arguments, *measured, part, *evaluation, groups);
}

int showStudy(const Arguments& arguments, const SamplingStudy& study) {
    if (arguments.has("--json")) {
        Json models = Json::array();
        for (const SamplingCurve& curve : study.curves)
            models.push_back({{"run", curve.model}, {"full", curve.full}, {"values", curve.values}});
        Json flips = Json::array();
        for (const OrderFlip& flip : study.flips) {
            Json one{{"better", study.curves[flip.better].model},
                     {"worse", study.curves[flip.worse].model},
                     {"difference", flip.difference},
                     {"flipped_at", flip.sizes}};
            one["agrees_from"] = flip.agreesFrom > 0 ? Json(flip.agreesFrom) : Json(nullptr);
            flips.push_back(std::move(one));
        }
        printJson({{"metric", study.metric},
                   {"label", study.label},
                   {"definition", study.definition},
                   {"negatives", negativesKey(study.kind)},
                   {"users", study.users},
                   {"sizes", study.sizes},
                   {"models", std::move(models)},
                   {"pairs", study.pairs},
                   {"flips", std::move(flips)}});
        return ExitOk;
    }
    std::vector<std::string> headings = {study.label};
    for (const SamplingCurve& curve : study.curves)
        headings.push_back(curve.model);
    Table table(headings);
    const auto row = [&](const std::string& name, auto&& value) {
        std::vector<std::string> cells = {name};
        for (const SamplingCurve& curve : study.curves)
            cells.push_back(fixed(value(curve)));
        table.add(std::move(cells));
    };
    const std::string kind = " " + std::string(negativesKey(study.kind));
    for (std::size_t n = 0; n < study.sizes.size(); ++n)
        row(std::to_string(study.sizes[n]) + kind,
            [n](const SamplingCurve& curve) { return curve.values[n]; });
    row("all", [](const SamplingCurve& curve) { return curve.full; });
    print(table.text() + "\n");
    for (const OrderFlip& flip : study.flips) {
        std::string sizes;
        for (const int size : flip.sizes)
            sizes.append(sizes.empty() ? "" : ", ").append(std::to_string(size));
        print(
            study.curves[flip.better].model + " is better than " + study.curves[flip.worse].model + " by " +
            fixed(flip.difference) + ", but with " + sizes + " negatives it is the other way round" +
            (flip.agreesFrom > 0 ? "; the order holds from " + std::to_string(flip.agreesFrom) + " on" : "") +
            ".\n");
    }
    print("Pairs of models that change places somewhere: " + std::to_string(study.flips.size()) + " of " +
          std::to_string(study.pairs) + "\n");
    return ExitOk;
}

int runSampling(const Arguments& arguments) {
    if (arguments.positional().isEmpty())
        return usage(arguments, "sampling needs runs on one split: recoscope-cli sampling RUN RUN …");
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    const auto draws = arguments.number("--draws", 1, 1, 1000);
    if (!draws) return usage(arguments, draws.error().text());
    const QString part = arguments.value("--part").value_or("test");
    if (part != "test" && part != "validation") return usage(arguments, "--part is test or validation");
    SamplingStudyOptions study;
    study.metric = arguments.value("--metric").value_or("ndcg@10").toStdString();
    study.draws = static_cast<int>(*draws);
    for (const QString& size :
         arguments.value("--sizes").value_or(QString()).split(',', Qt::SkipEmptyParts)) {
        bool number = false;
        study.sizes.push_back(size.trimmed().toInt(&number));
        if (!number || study.sizes.back() < 1)
            return usage(arguments, "--sizes needs numbers of negatives such as 10,99,1000");
    }
    const auto runs = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!runs) return fail(arguments, runs.error());
    RunControl control;
    InterruptGuard guard(control);
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    std::vector<Measured> measured;
    for (const QString& name : arguments.positional()) {
        auto one = load(**runs, name, arguments, pool, control, progress);
        if (!one) return fail(arguments, one.error());
        if (!measured.empty() && one->run.split->fingerprint() != measured.front().run.split->fingerprint())
            return fail(arguments, {ErrorCode::Invalid,
                                    "The runs are not on the same split, so their numbers cannot be compared",
                                    one->run.record.id.toStdString()});
        measured.push_back(std::move(*one));
    }
    EvaluationOptions options = measured.front().options;
    study.seed = options.candidates.seed;
    if (options.candidates.kind == CandidateKind::Popular || options.candidates.kind == CandidateKind::Given)
        study.kind = options.candidates.kind;
    std::vector<StudiedModel> models;
    for (const Measured& one : measured)
        models.push_back({one.run.record.id.toStdString(), one.run.model.get()});
    const auto found =
        studySampling(models, *measured.front().run.split, part == "test" ? Target::Test : Target::Validation,
                      options, study, pool, control, shownAs(progress, "sampling"));
    progress.show("");
    if (!found) return fail(arguments, found.error());
    return showStudy(arguments, *found);
}

std::string dialectsHelp() {
    std::string text = "as others read the same names, without training again: all, or some of";
    for (const Dialect& dialect : dialects())
        text.append(" ").append(dialect.id);
    return text;
}

} // namespace

std::vector<Command> evaluateCommands() {
    return {{"evaluate",
             "evaluate RUN [--part test|validation] [--dialect all] [--user ID --explain ndcg@10] [--json]",
             "Measures a stored model again, with other cutoffs or definitions if wanted.",
             joined({{{"--part", "PART", "test or validation (test)"},
                      {"--dialect", "ID,…", dialectsHelp()},
                      {"--user", "ID", "with --explain: whose number"},
                      {"--explain", "METRIC", "the calculation of one user's metric, step by step: ndcg@10"},
                      {"--groups", "NAME,…", "also by group: activity, items, and attributes of the users"},
                      {"--store", "", "keep the numbers in the run"}},
                     evaluationOptions(),
                     commonOptions()}),
             runEvaluate},
            {"sampling", "sampling RUN RUN … [--metric ndcg@10] [--json]",
             "What ranking against few drawn negatives does to the order of models.",
             joined({{{"--part", "PART", "test or validation (test)"},
                      {"--metric", "METRIC", "ndcg@10"},
                      {"--sizes", "N,N…", "numbers of negatives (1,5,10,20,50,99,100,200,…)"},
                      {"--draws", "N", "how many draws each number is a mean of (1)"}},
                     evaluationOptions(),
                     commonOptions()}),
             runSampling}};
}

} // namespace recoscope::cli
