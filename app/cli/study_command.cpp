// SPDX-License-Identifier: GPL-3.0-or-later
// Several runs that belong together: seeds, folds, and searches.
#include "engine/eval/candidates.h"
#include "engine/models/registry.h"
#include "engine/train/study_summary.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/train_one.h"
#include "app/session/run_test.h"

#include <cmath>

namespace recoscope::cli {

namespace {

/// Whether a stored run of a study counts: one that was stopped or cut off is made again.
bool isOver(const RunRecord& record) {
    return record.status == RunStatus::Completed || record.status == RunStatus::StoppedEarly ||
           record.status == RunStatus::Failed;
}

/// The study of this experiment that was cut off, or a new one.
/// @param completed  also one that is done may go on (a search)
Result<StudyRecord> openStudy(const Experiment& experiment, const Dataset& data, int planned, bool completed,
                              const TrainingPlace& place) {
    StudyRecord record;
    record.key = studyKey(experiment, QString::fromStdString(data.provenance().fingerprint));
    auto known = place.store.studyByKey(record.key);
    if (known && (completed || known->status == StudyStatus::Running)) {
        place.progress.say("study " + known->id.toStdString() + " goes on");
        if (known->planned != planned)
            if (const Status status = place.store.setStudyPlanned(known->id, planned); !status)
                return status.error();
        return known;
    }
    if (!known && known.error().code != ErrorCode::NotFound) return known.error();
    record.kind = experiment.study.kind();
    record.name = studyTitle(experiment, QString::fromStdString(data.provenance().title));
    record.algorithm = QString::fromStdString(experiment.plan.algorithm);
    record.experiment = QString::fromStdString(toYaml(experiment));
    if (record.kind == StudyKind::Search) record.metric = QString::fromStdString(searchMetric(experiment));
    record.planned = planned;
    const auto id = place.store.createStudy(record);
    if (!id) return id.error();
    record.id = *id;
    place.progress.say("study " + id->toStdString());
    return record;
}

/// The run of this role that is over; what was cut off of it is removed.
Result<std::optional<RunRecord>> storedRun(const std::vector<RunRecord>& runs, const QString& role,
                                           RunStore& store) {
    for (const RunRecord& record : runs) {
        if (record.role != role) continue;
        if (isOver(record)) return std::optional<RunRecord>(record);
        if (record.status == RunStatus::Running || record.status == RunStatus::Queued)
            return Error{ErrorCode::Invalid, "Another program works on this study right now",
                         record.id.toStdString()};
        if (const Status removed = store.remove(record.id); !removed) return removed.error();
    }
    return std::optional<RunRecord>();
}

Json summaryJson(const std::vector<StudyValue>& values) {
    Json json = Json::object();
    for (const StudyValue& each : values)
        json[each.key] = {{"mean", each.mean},
                          {"half_width", each.halfWidth},
                          {"low", each.mean - each.halfWidth},
                          {"high", each.mean + each.halfWidth},
                          {"deviation", each.deviation},
                          {"min", each.min},
                          {"max", each.max},
                          {"runs", each.runs}};
    return json;
}

Json runsJson(const std::vector<RunRecord>& runs) {
    Json list = Json::array();
    for (const RunRecord& record : runs)
        list.push_back({{"run", record.id.toStdString()},
                        {"role", record.role.toStdString()},
                        {"status", runStatusKey(record.status).toStdString()},
                        {"seconds", record.seconds},
                        {"metrics", metricsJson(record.testMetrics)},
                        {"validation_metrics", metricsJson(record.validationMetrics)}});
    return list;
}

std::vector<StudyValue> summaryOf(const std::vector<RunRecord>& runs, bool test) {
    std::vector<std::vector<NamedValue>> values;
    for (const RunRecord& record : runs)
        if (record.status != RunStatus::Failed)
            values.push_back(test ? record.testMetrics : record.validationMetrics);
    return summarise(values);
}

std::string spread(double value) { return std::isnan(value) ? "" : fixed(value); }

void printSummary(const char* title, const std::vector<StudyValue>& values) {
    if (values.empty()) return;
    Table table({title, "mean", "± 95 %", "deviation", "lowest", "highest", "runs"});
    for (const StudyValue& each : values)
        table.add({each.key, fixed(each.mean), spread(each.halfWidth), spread(each.deviation),
                   fixed(each.min), fixed(each.max), std::to_string(each.runs)});
    print(table.text());
}

const char* intervalNote(StudyKind kind) {
    return kind == StudyKind::Folds ? "mean ± 95 % t-interval over folds; folds share training data, so the "
                                      "truth lies outside more "
                                      "often than 5 %"
                                    : "mean ± 95 % t-interval over seeds";
}

int showStudy(const Arguments& arguments, const StudyRecord& study, const RunStore& store) {
    const auto runs = store.runsOf(study.id);
    if (!runs) return fail(arguments, runs.error());
    const bool completed = study.status == StudyStatus::Completed;
    const auto tested = summaryOf(*runs, true);
    const auto validated = summaryOf(*runs, false);
    const bool search = study.kind == StudyKind::Search;
    if (arguments.has("--json")) {
        Json json{{"study", study.id.toStdString()},
                  {"kind", studyKindKey(study.kind).toStdString()},
                  {"name", study.name.toStdString()},
                  {"algorithm", study.algorithm.toStdString()},
                  {"status", completed ? "completed" : "running"},
                  {"planned", study.planned},
                  {"runs", runsJson(*runs)}};
        if (!search) {
            json["note"] = intervalNote(study.kind);
            json["summary"] = summaryJson(tested);
            json["validation_summary"] = summaryJson(validated);
        } else {
            json["metric"] = study.metric.toStdString();
            json["winner"] = study.winner.toStdString();
            for (std::size_t n = 0; n < runs->size(); ++n) {
                Json parameters = Json::object();
                for (const auto& [key, value] : (*runs)[n].experiment.plan.params)
                    parameters[key] = std::visit([](const auto& plain) { return Json(plain); }, value);
                json["runs"][n]["parameters"] = std::move(parameters);
                const TrialValue value = trialValue((*runs)[n].validationMetrics, study.metric.toStdString());
                json["runs"][n]["value"] = value ? Json(*value) : Json(nullptr);
            }
        }
        json["experiment"] = study.experiment.toStdString();
        printJson(json);
        return ExitOk;
    }
    print(study.name.toStdString() + " (" + study.id.toStdString() + "), " + std::to_string(runs->size()) +
          " of " + std::to_string(study.planned) + (search ? " trials" : " runs") + "\n");
    if (!search) {
        Table table({"run", "role", "status", "time"});
        for (const RunRecord& record : *runs)
            table.add({record.id.toStdString(), record.role.toStdString(),
                       runStatusKey(record.status).toStdString(), duration(record.seconds)});
        print(table.text() + "\n");
        printSummary(tested.empty() ? "validation" : "test", tested.empty() ? validated : tested);
        print(std::string(intervalNote(study.kind)) + "\n");
        return ExitOk;
    }
    const auto experiment = experimentFromYaml(study.experiment.toStdString(), "study");
    const auto searched = experiment ? searchOf(*experiment) : Result<Search>(experiment.error());
    std::vector<std::string> heads{"trial", "run", study.metric.toStdString() + " (val.)"};
    if (searched)
        for (const SearchDimension& each : searched->space().dimensions())
            heads.push_back(each.key);
    heads.emplace_back("");
    Table table(heads);
    for (const RunRecord& record : *runs) {
        const TrialValue value = trialValue(record.validationMetrics, study.metric.toStdString());
        std::vector<std::string> row{record.role.toStdString(), record.id.toStdString(),
                                     value ? fixed(*value) : runStatusKey(record.status).toStdString()};
        if (searched)
            for (const SearchDimension& each : searched->space().dimensions()) {
                const auto found = record.experiment.plan.params.find(each.key);
                row.push_back(found == record.experiment.plan.params.end() ? "" : toText(found->second));
            }
        row.emplace_back(record.id == study.winner ? "best" : "");
        table.add(std::move(row));
    }
    print(table.text());
    for (const RunRecord& record : *runs) {
        if (record.id != study.winner) continue;
        print("\nbest: " + record.role.toStdString() + " (" + record.id.toStdString() +
              "), measured once on the test part\n");
        Table metrics({"metric", "test", "validation"});
        for (const NamedValue& each : record.testMetrics) {
            const TrialValue value = trialValue(record.validationMetrics, each.key);
            metrics.add({each.key, fixed(each.value), value ? fixed(*value) : ""});
        }
        print(metrics.text());
    }
    return ExitOk;
}

/// One trial, from the store or trained now; its run.
struct TriedRun {
    QString run;
    TrialValue value;
    RunOutcome outcome = RunOutcome::Completed;
};

/// The trials of a search, one after another; an exit code and, at the end, the winner.
class SearchRunner final {
public:
    SearchRunner(const Experiment& experiment, SplitPtr split, const TrainingPlace& place, StudyRecord study)
        : m_experiment(experiment)
        , m_split(std::move(split))
        , m_place(place)
        , m_study(std::move(study))
        , m_metric(searchMetric(experiment)) {}

    /// Cancelled is ErrorCode::Cancelled.
    Status run(Search& search) {
        const auto known = m_place.store.runsOf(m_study.id);
        if (!known) return known.error();
        QString kept; // the run whose model is kept: the best so far
        std::vector<QString> runs;
        while (search.next()) {
            const Trial trial = *search.next();
            auto tried = tryOne(*known, trial);
            if (!tried) return tried.error();
            runs.push_back(tried->run);
            search.tell(tried->value);
            const auto best = search.best();
            const QString winner = best ? runs[*best] : QString();
            for (const QString& lost : {kept, tried->run})
                if (!lost.isEmpty() && lost != winner)
                    if (const Status removed = m_place.store.removeModel(lost); !removed) return removed;
            kept = winner;
            if (best)
                m_place.progress.say("trial " + std::to_string(trial.number) + " of " +
                                     std::to_string(search.plannedTrials()) + ": " + m_metric + " " +
                                     (tried->value ? fixed(*tried->value) : "failed") + ", best " +
                                     fixed(*search.values()[*best]));
        }
        if (kept.isEmpty())
            return Error{ErrorCode::Numeric, "No trial of the search succeeded", "search.space"};
        return finish(kept);
    }

private:
    Result<TriedRun> tryOne(const std::vector<RunRecord>& known, const Trial& trial) {
        const QString role = trialRole(trial.number);
        const auto stored = storedRun(known, role, m_place.store);
        if (!stored) return stored.error();
        if (*stored) return TriedRun{(*stored)->id, trialValue((*stored)->validationMetrics, m_metric)};
        const auto trained =
            trainOne(trialExperiment(m_experiment, trial), m_split, m_place, m_study.id, role);
        if (!trained) return trained.error();
        if (!trained->stored) return trained->stored.error();
        if (trained->ended.outcome == RunOutcome::Cancelled)
            return Error{ErrorCode::Cancelled, "Stopped; the same command goes on from here", ""};
        TriedRun tried{trained->run, {}, trained->ended.outcome};
        if (trained->ended.validation && trained->ended.outcome != RunOutcome::Failed)
            if (const MetricValue* metric = trained->ended.validation->find(m_metric))
                if (std::isfinite(metric->value)) tried.value = metric->value;
        return tried;
    }

    /// The test part is looked at once, for the winner.
    Status finish(const QString& winner) {
        const auto tested = m_place.store.evaluation(winner, Target::Test);
        if (!tested && tested.error().code != ErrorCode::NotFound) return tested.error();
        if (!tested && !m_split->test().empty()) {
            const auto record = m_place.store.find(winner);
            if (!record) return record.error();
            const auto model = m_place.store.model(winner);
            if (!model) return model.error();
            const auto test = testRun(*record, **model, m_split, m_place.pool, m_place.control);
            if (!test) return test.error();
            if (const Status saved = m_place.store.saveEvaluation(winner, Target::Test, *test); !saved)
                return saved;
        }
        return m_place.store.setStudyStatus(m_study.id, StudyStatus::Completed, winner);
    }

    const Experiment& m_experiment;
    SplitPtr m_split;
    const TrainingPlace& m_place;
    StudyRecord m_study;
    std::string m_metric;
};

int searchOn(const Arguments& arguments, Experiment& experiment, const ImportResult& imported,
             const TrainingPlace& place) {
    const auto split = makeSplit(imported.dataset, experiment.split);
    if (!split) return fail(arguments, split.error());
    if (const Status ready = checkSearch(experiment, **split); !ready) return fail(arguments, ready.error());
    // The space that is searched is written down, also where it is the suggested one.
    auto search = searchOf(experiment);
    if (!search) return fail(arguments, search.error());
    experiment.study.search->space = search->space().text();
    auto study =
        openStudy(experiment, *imported.dataset, search->plannedTrials(), !arguments.has("--new"), place);
    if (!study) return fail(arguments, study.error());
    if (const Status done = SearchRunner(experiment, *split, place, *study).run(*search); !done)
        return fail(arguments, done.error());
    study = place.store.findStudy(study->id);
    if (!study) return fail(arguments, study.error());
    return showStudy(arguments, *study, place.store);
}

/// One key of the search laid over the experiment, as files write it.
Status overlaySearch(Experiment& experiment, const Arguments& arguments, const char* option,
                     const char* key) {
    const auto value = arguments.value(option);
    if (!value) return {};
    const std::string yaml =
        std::string("search: {") + key + ": " + nlohmann::json(value->toStdString()).dump() + "}\n";
    auto next = overlayYaml(experiment, yaml, "");
    if (!next) return Error{next.error().code, std::string(option) + ": " + next.error().message, ""};
    experiment = std::move(*next);
    return {};
}

int runSearch(const Arguments& arguments) {
    const QStringList& files = arguments.positional();
    if (files.size() > 1) return usage(arguments, "search takes one experiment file at most");
    if (files.isEmpty() && !arguments.has("--data") && !arguments.has("--train"))
        return usage(arguments,
                     "search needs data: --data PATH, --train FILE --test FILE, or an experiment file");
    if (files.isEmpty() && !arguments.has("--algorithm"))
        return usage(arguments, "search needs --algorithm ID; 'recoscope-cli algorithms' lists them");
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    auto experiment = experimentOf(arguments);
    if (!experiment)
        return experiment.error().where.empty() ? usage(arguments, experiment.error().text())
                                                : fail(arguments, experiment.error());
    if (!experiment->study.search) experiment->study.search = SearchPlan{.seed = experiment->plan.seed};
    for (const auto& [option, key] : {std::pair{"--method", "method"},
                                      {"--trials", "trials"},
                                      {"--metric", "metric"},
                                      {"--search-seed", "seed"},
                                      {"--search", "space"}})
        if (const Status status = overlaySearch(*experiment, arguments, option, key); !status)
            return usage(arguments, status.error().text());
    if (const Status sensible = checkStudy(*experiment); !sensible) return fail(arguments, sensible.error());
    const auto store = RunStore::open(workspaceOf(arguments));
    if (!store) return fail(arguments, store.error());

    RunControl control;
    InterruptGuard guard(control, "finished trials are kept");
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto imported = importData(experiment->dataPath, experiment->import, pool, control, progress);
    if (!imported) return fail(arguments, imported.error());
    sayWarnings(imported->report, progress);
    usePremadeParts(*experiment, arguments, *imported->dataset);
    sayCandidates(*experiment, progress);
    return searchOn(arguments, *experiment, *imported, {**store, pool, control, progress});
}

int listStudies(const Arguments& arguments) {
    const auto store = RunStore::open(workspaceOf(arguments));
    if (!store) return fail(arguments, store.error());
    const QStringList& words = arguments.positional();
    if (words.size() == 2 && (words[0] == "show" || words[0] == "remove")) {
        const auto study = (*store)->findStudy(words[1]);
        if (!study) return fail(arguments, study.error());
        if (words[0] == "show") return showStudy(arguments, *study, **store);
        const bool all = arguments.has("--with-runs");
        if (const Status removed =
                (*store)->removeStudy(study->id, all ? StudyRuns::Remove : StudyRuns::Keep);
            !removed)
            return fail(arguments, removed.error());
        if (arguments.has("--json"))
            printJson({{"study", study->id.toStdString()},
                       {"done", "removed"},
                       {"runs", all ? "removed" : "kept"},
                       {"count", study->runs}});
        else
            print(study->id.toStdString() + " removed; its " + std::to_string(study->runs) +
                  (all ? " runs and their models, too\n" : " runs stay\n"));
        return ExitOk;
    }
    if (words.size() == 3 && words[0] == "rename") {
        const auto study = (*store)->findStudy(words[1]);
        if (!study) return fail(arguments, study.error());
        if (const Status renamed = (*store)->renameStudy(study->id, words[2]); !renamed)
            return fail(arguments, renamed.error());
        if (arguments.has("--json"))
            printJson({{"study", study->id.toStdString()}, {"done", "renamed"}});
        else
            print(study->id.toStdString() + " is called " + words[2].trimmed().toStdString() + "\n");
        return ExitOk;
    }
    if (!words.isEmpty())
        return usage(arguments,
                     "studies takes: nothing, show STUDY (or latest), rename STUDY NAME, or remove "
                     "STUDY [--with-runs]");
    const auto studies = (*store)->studies();
    if (!studies) return fail(arguments, studies.error());
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const StudyRecord& study : *studies)
            list.push_back({{"study", study.id.toStdString()},
                            {"kind", studyKindKey(study.kind).toStdString()},
                            {"name", study.name.toStdString()},
                            {"algorithm", study.algorithm.toStdString()},
                            {"status", study.status == StudyStatus::Completed ? "completed" : "running"},
                            {"metric", study.metric.toStdString()},
                            {"winner", study.winner.toStdString()},
                            {"runs", study.runs},
                            {"planned", study.planned}});
        printJson({{"workspace", workspaceOf(arguments).toStdString()}, {"studies", std::move(list)}});
        return ExitOk;
    }
    Table table({"study", "name", "kind", "runs", "of", "winner", "created"});
    for (const StudyRecord& study : *studies)
        table.add({study.id.toStdString(), study.name.toStdString(), studyKindKey(study.kind).toStdString(),
                   std::to_string(study.runs), std::to_string(study.planned), study.winner.toStdString(),
                   study.created.toLocalTime().toString("yyyy-MM-dd HH:mm").toStdString()});
    print(studies->empty()
              ? "No studies yet. Try: recoscope-cli train --data builtin:sample --algorithm ials "
                "--seeds 5\n"
              : table.text());
    return ExitOk;
}

} // namespace

std::vector<Option> studyOptions() {
    return {{"--seeds", "N|LIST", "one run for each seed: 5, or 1,2,3; mean and interval of them"},
            {"--seeds-vary", "WHAT", "what a seed changes: training (the split stays), split, both"}};
}

Result<Experiment> applyStudyOptions(Experiment experiment, const Arguments& arguments) {
    for (const auto& [option, key] : {std::pair{"--seeds", "seeds"}, {"--seeds-vary", "seeds_vary"}}) {
        const auto value = arguments.value(option);
        if (!value) continue;
        const bool list = value->contains(',');
        auto next = overlayYaml(
            experiment,
            std::string(key) + ": " +
                (list ? "[" + value->toStdString() + "]" : nlohmann::json(value->toStdString()).dump()) +
                "\n",
            "");
        if (!next) return Error{next.error().code, std::string(option) + ": " + next.error().message, ""};
        experiment = std::move(*next);
    }
    if (arguments.value("--folds") == QString("all")) experiment.study.allFolds = true;
    if (experiment.study.allFolds) {
        followSplit(experiment.plan.evaluation.candidates, experiment.split.kind, SplitKind::KFold);
        experiment.split.kind = SplitKind::KFold;
    }
    return experiment;
}

int runStudy(const Arguments& arguments, const Experiment& experiment, const ImportResult& imported,
             const TrainingPlace& place) {
    if (experiment.study.kind() == StudyKind::Search)
        return fail(arguments, {ErrorCode::Invalid,
                                "This experiment is a search: run it with 'recoscope-cli search'", "search"});
    if (const Status sensible = checkStudy(experiment); !sensible) return fail(arguments, sensible.error());
    const std::vector<StudyMember> members = membersOf(experiment);
    SplitSpec spec = members.front().experiment.split;
    auto split = makeSplit(imported.dataset, spec);
    if (!split) return fail(arguments, split.error());
    if (const Status ready = checkPlan(experiment.plan, **split); !ready)
        return fail(arguments, ready.error());
    auto study = openStudy(experiment, *imported.dataset, static_cast<int>(members.size()), false, place);
    if (!study) return fail(arguments, study.error());
    const auto known = place.store.runsOf(study->id);
    if (!known) return fail(arguments, known.error());
    for (const StudyMember& member : members) {
        const auto stored = storedRun(*known, member.role, place.store);
        if (!stored) return fail(arguments, stored.error());
        if (*stored) continue;
        if (!(member.experiment.split == spec)) {
            spec = member.experiment.split;
            split = makeSplit(imported.dataset, spec);
            if (!split) return fail(arguments, split.error());
        }
        const auto trained = trainOne(member.experiment, *split, place, study->id, member.role);
        if (!trained) return fail(arguments, trained.error());
        if (!trained->stored) return fail(arguments, trained->stored.error());
        if (trained->ended.outcome == RunOutcome::Cancelled)
            return fail(arguments, {ErrorCode::Cancelled, "Stopped; the same command goes on from here", ""});
    }
    if (const Status done = place.store.setStudyStatus(study->id, StudyStatus::Completed); !done)
        return fail(arguments, done.error());
    study = place.store.findStudy(study->id);
    if (!study) return fail(arguments, study.error());
    return showStudy(arguments, *study, place.store);
}

std::vector<Command> studyCommands() {
    return {
        {"search",
         "search (EXPERIMENT.yaml | --data PATH) --algorithm ID [--method M] [--trials N] [--search SPACE]",
         "Looks for the best parameters on validation; the same command goes on where it was cut off.",
         joined({{{"--method", "METHOD", "random, grid, tpe (learns from its trials), halving (random)"},
                  {"--trials", "N", "points to try (30); of halving: that begin; of a grid: at most"},
                  {"--metric", "METRIC", "what is made best on validation (what early stopping watches)"},
                  {"--search", "SPACE",
                   "what is varied: \"embedding_size=8..128:log,learning_rate=0.001..0.1:log,loss=a|b\" (all "
                   "that is not advanced, around the defaults)"},
                  {"--search-seed", "N", "of the proposals (--seed)"},
                  {"--new", "", "begin anew, even where this search is stored already"}},
                 dataOptions(),
                 trainingOptions(),
                 splitOptions(),
                 evaluationOptions(),
                 commonOptions()}),
         runSearch},
        {"studies",
         "studies [show STUDY | rename STUDY NAME | remove STUDY [--with-runs]]",
         "Lists searches and other runs that belong together, shows, renames or removes one.",
         {workspaceOption(),
          {"--with-runs", "", "with remove: the study's runs and models go, too (they stay)"},
          {"--json", "", "one JSON object on stdout"}},
         listStudies}};
}

} // namespace recoscope::cli
