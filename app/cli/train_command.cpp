// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/memory_usage.h"
#include "engine/models/registry.h"
#include "engine/train/forecast.h"
#include "engine/train/train.h"

#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/train_one.h"
#include "app/storage/run_recorder.h"

#include <QFileInfo>

#include <cmath>
#include <cstdio>

namespace recoscope::cli {

namespace {

/// Shows a run on stderr and hands it on to the recorder.
class TrainingSink final : public EventSink {
public:
    TrainingSink(ProgressLine& progress, RunRecorder& recorder)
        : m_progress(progress)
        , m_recorder(recorder) {}

    void post(const TrainingEvent& event) override {
        m_recorder.post(event);
        std::visit([this](const auto& each) { show(each); }, event);
    }

private:
    void show(const RunStarted& event) {
        m_planned = event.plannedEpochs;
        m_progress.say("training " + event.algorithm + " on " + grouped(event.interactions) +
                       " interactions of " + grouped(event.users) + " users with " + grouped(event.items) +
                       " items");
    }
    void show(const Progress& event) {
        m_progress.show("epoch " + std::to_string(event.epoch) + "/" + std::to_string(m_planned) + " " +
                        event.phase + " " + fixed(event.fraction * 100.0, 0) + " %");
    }
    void show(const EpochFinished& event) {
        std::string line = "epoch " + std::to_string(event.epoch) + "/" + std::to_string(m_planned) + "  " +
                           duration(event.seconds);
        for (const NamedValue& loss : event.losses)
            line += "  " + loss.key + " " + fixed(loss.value);
        m_progress.say(line);
    }
    void show(const Evaluated& event) {
        std::string line = "  validation";
        std::size_t shown = 0;
        for (const NamedValue& metric : event.metrics)
            if (shown++ < 4) line += "  " + metric.key + " " + fixed(metric.value);
        m_progress.say(line + (event.best ? "  (best)" : ""));
    }
    void show(const SnapshotReady&) {}
    void show(const LogLine& event) {
        m_progress.say((event.level == LogLevel::Warning ? "warning: "
                        : event.level == LogLevel::Error ? "error: "
                                                         : "") +
                       event.text);
    }
    void show(const RunEnded& event) {
        if (!event.reason.empty()) m_progress.say(event.reason);
    }

    ProgressLine& m_progress;
    RunRecorder& m_recorder;
    int m_planned = 0;
};

std::vector<NamedValue> valuesOf(const std::shared_ptr<const Evaluation>& evaluation) {
    std::vector<NamedValue> values;
    if (evaluation)
        for (const MetricValue& metric : evaluation->metrics)
            values.push_back({metric.key, metric.value});
    return values;
}

const char* statusOf(RunOutcome outcome) {
    switch (outcome) {
    case RunOutcome::StoppedEarly:
        return "stopped_early";
    case RunOutcome::Cancelled:
        return "stopped";
    case RunOutcome::Failed:
        return "failed";
    case RunOutcome::Completed:
        break;
    }
    return "completed";
}

void report(const Arguments& arguments, const QString& run, const Experiment& experiment,
            const RunEnded& ended, const ImportReport& imported, double evaluateSeconds) {
    const double perEpoch = ended.epochs > 0 ? ended.trainSeconds / ended.epochs : 0.0;
    if (arguments.has("--json")) {
        Json json{{"run", run.toStdString()},
                  {"algorithm", experiment.plan.algorithm},
                  {"status", statusOf(ended.outcome)},
                  {"reason", ended.reason},
                  {"epochs", ended.epochs},
                  {"best_epoch", ended.bestEpoch},
                  {"seconds", ended.seconds},
                  {"seconds_per_epoch", perEpoch},
                  {"evaluation_seconds", evaluateSeconds},
                  {"metrics", metricsJson(valuesOf(ended.test))},
                  {"validation_metrics", metricsJson(valuesOf(ended.validation))},
                  {"issues", issuesJson(imported)}};
        if (ended.error) json["error"] = ended.error->text();
        printJson(json);
        return;
    }
    print("run " + run.toStdString() + ": " + std::to_string(ended.epochs) +
          (ended.epochs == 1 ? " epoch, " : " epochs, ") + duration(ended.seconds) + " (" +
          duration(perEpoch) + " an epoch)\n");
    const Evaluation* main = ended.test ? ended.test.get() : ended.validation.get();
    if (!main) return;
    Table table(ended.test ? std::vector<std::string>{"metric", "test", "validation", "over"}
                           : std::vector<std::string>{"metric", "validation", "", "over"});
    for (const MetricValue& metric : main->metrics) {
        const MetricValue* other =
            ended.test && ended.validation ? ended.validation->find(metric.key) : nullptr;
        table.add(
            {metric.label, fixed(metric.value), other ? fixed(other->value) : "", grouped(metric.count)});
    }
    print(table.text());
}

/// What is worth knowing beforehand: a run that takes long, or much of the memory.
void sayForecast(const TrainingPlan& plan, const Split& split, ThreadPool& pool, ProgressLine& progress) {
    const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
    if (!info || !info->cost) return;
    const DataShape shape = shapeOf(split);
    const auto freeBytes = static_cast<double>(availableBytes());
    const Forecast rough = forecast(*info, shape, plan.params, {}, freeBytes);
    if (rough.seconds < 5.0 && rough.bytes < 1e9) return;
    const Forecast exact = forecast(*info, shape, plan.params, measureRates(pool), freeBytes);
    progress.say("forecast: " + exact.text);
    for (const ForecastAlternative& each : exact.alternatives)
        progress.say("  or " + each.title + ": " + bytesText(each.bytes));
}

} // namespace

Result<TrainedRun> trainOne(const Experiment& experiment, const SplitPtr& split, const TrainingPlace& place,
                            const QString& study, const QString& role) {
    if (const Status ready = checkPlan(experiment.plan, *split); !ready) return ready.error();
    RunRecord record;
    record.experiment = experiment;
    record.status = RunStatus::Running;
    const Dataset& data = *split->dataset();
    record.datasetTitle = QString::fromStdString(data.provenance().title);
    record.datasetFingerprint = QString::fromStdString(data.provenance().fingerprint);
    record.splitFingerprint = QString::fromStdString(split->fingerprint());
    record.study = study;
    record.role = role;
    const auto run = place.store.create(record);
    if (!run) return run.error();
    place.progress.say((role.isEmpty() ? "run " : role.toStdString() + ": run ") + run->toStdString());

    RunRecorder recorder(place.store.folder(), *run,
                         [&place](const Error& error) { place.progress.say("not stored: " + error.text()); });
    TrainingSink sink(place.progress, recorder);
    TrainedRun out;
    out.run = *run;
    out.ended = train(experiment.plan, split, place.pool, place.control, sink);
    out.stored = recorder.finish();
    place.progress.show("");
    return out;
}

Result<Experiment> experimentOf(const Arguments& arguments) {
    Experiment base;
    if (!arguments.positional().isEmpty()) {
        auto file = readExperimentFile(arguments.positional().first().toStdString());
        if (!file) return file.error();
        base = std::move(*file);
    }
    // "all" folds is for the study alone.
    const bool allFolds = arguments.value("--folds") == QString("all");
    auto experiment = applyOptions(base, allFolds ? arguments.without("--folds") : arguments);
    if (!experiment) return experiment.error();
    return applyStudyOptions(std::move(*experiment), arguments);
}

/// Files that come as training and test parts are used as they are, unless something else was asked for:
/// nothing of the training part is held back for validation, so that numbers are those of the files'
/// protocol.
void usePremadeParts(Experiment& experiment, const Arguments& arguments, const Dataset& data) {
    const bool fromFile = !arguments.positional().isEmpty();
    if (data.parts().empty() || fromFile || arguments.has("--split")) return;
    experiment.split.kind = SplitKind::Premade;
    if (!arguments.has("--validation-fraction")) experiment.split.validationFraction = 0.0;
}

/// What the files had wrong changes the numbers, so whoever trains on them is told.
void sayWarnings(const ImportReport& report, ProgressLine& progress) {
    for (const ImportIssue& issue : report.issues) {
        if (issue.severity == Severity::Note) continue;
        // A message that counts by itself begins with a figure.
        const bool counted = !issue.message.empty() && issue.message[0] >= '0' && issue.message[0] <= '9';
        progress.say("warning: " + issue.message + (counted ? "" : " (" + grouped(issue.count) + ")"));
    }
}

/// A split of whole items is read in two ways, and the numbers have nothing to do with each other.
void sayCandidates(const Experiment& experiment, ProgressLine& progress) {
    if (experiment.split.kind != SplitKind::ColdItems) return;
    const CandidateKind kind = experiment.plan.evaluation.candidates.kind;
    if (kind == CandidateKind::Cold)
        progress.say(
            "whole items are held out: they are ranked among themselves (--candidates all ranks every item)");
    else if (kind == CandidateKind::All)
        progress.say(
            "warning: whole items are held out but ranked among all items, where known ones decide the "
            "scores (--candidates cold ranks the new ones among themselves)");
}

namespace {

int runTrain(const Arguments& arguments) {
    const QStringList& files = arguments.positional();
    if (files.size() > 1) return usage(arguments, "train takes one experiment file at most");
    if (files.isEmpty() && !arguments.has("--data") && !arguments.has("--train"))
        return usage(arguments,
                     "train needs data: --data PATH, --train FILE --test FILE, or an experiment file");
    if (files.isEmpty() && !arguments.has("--algorithm"))
        return usage(arguments, "train needs --algorithm ID; 'recoscope-cli algorithms' lists them");
    const auto threads = arguments.number("--threads", 0, 1, 1024);
    if (!threads) return usage(arguments, threads.error().text());
    auto experiment = experimentOf(arguments);
    if (!experiment) {
        // A mistake in a file is a failure, one on the command line a usage error.
        return experiment.error().where.empty() ? usage(arguments, experiment.error().text())
                                                : fail(arguments, experiment.error());
    }
    // Before the work, so that a workspace that cannot be written to does not cost an hour of training.
    const auto store = RunStore::open(workspaceOf(arguments));
    if (!store) return fail(arguments, store.error());

    RunControl control;
    InterruptGuard guard(control, "the model so far is kept");
    ThreadPool pool({.threads = static_cast<int>(*threads)});
    ProgressLine progress(arguments.has("--quiet"));
    const auto imported = importData(experiment->dataPath, experiment->import, pool, control, progress);
    if (!imported) return fail(arguments, imported.error());
    sayWarnings(imported->report, progress);
    usePremadeParts(*experiment, arguments, *imported->dataset);
    sayCandidates(*experiment, progress);
    experiment->plan.ignoreMemory = arguments.has("--force");
    const TrainingPlace place{**store, pool, control, progress};
    if (experiment->study.kind() != StudyKind::None)
        return runStudy(arguments, *experiment, *imported, place);
    const auto split = makeSplit(imported->dataset, experiment->split);
    if (!split) return fail(arguments, split.error());
    // Before the run is stored: what cannot start leaves nothing behind.
    if (const Status ready = checkPlan(experiment->plan, **split); !ready)
        return fail(arguments, ready.error());
    if (const auto path = arguments.value("--write-experiment"))
        if (Status status = writeExperimentFile(path->toStdString(), *experiment); !status)
            return fail(arguments, status.error());

    sayForecast(experiment->plan, **split, pool, progress);

    const auto trained = trainOne(*experiment, *split, place);
    if (!trained) return fail(arguments, trained.error());
    const RunEnded& ended = trained->ended;
    const Status& stored = trained->stored;
    report(arguments, trained->run, *experiment, ended, imported->report,
           ended.test ? ended.test->seconds : 0.0);
    if (!stored) {
        std::fprintf(stderr, "recoscope-cli: the run could not be stored: %s\n",
                     stored.error().text().c_str());
        return ExitFailed;
    }
    if (ended.outcome == RunOutcome::Failed) {
        std::fprintf(stderr, "recoscope-cli: %s\n",
                     ended.error ? ended.error->text().c_str() : ended.reason.c_str());
        return ExitFailed;
    }
    return ended.outcome == RunOutcome::Cancelled ? ExitCancelled : ExitOk;
}

} // namespace

std::vector<Command> trainCommands() {
    return {{"train",
             "train (EXPERIMENT.yaml | --data PATH | --train FILE --test FILE) [--algorithm ID] [--set "
             "key=value]…",
             "Trains a model, measures it and keeps the run.",
             joined({dataOptions(),
                     trainingOptions(),
                     studyOptions(),
                     splitOptions(),
                     evaluationOptions(),
                     {{"--force", "", "also start what the forecast says cannot fit into the memory"}},
                     {{"--write-experiment", "FILE", "also write what is run as an experiment file"}},
                     commonOptions()}),
             runTrain}};
}

} // namespace recoscope::cli
