// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/study_view.h"

#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include <algorithm>

namespace recoscope {

namespace {

QString titleOf(const Experiment& experiment, const QString& data) {
    if (!experiment.name.empty()) return QString::fromStdString(experiment.name);
    const AlgorithmInfo* info = findAlgorithm(experiment.plan.algorithm);
    const QString title =
        info ? QString::fromUtf8(info->title.data(), static_cast<qsizetype>(info->title.size()))
             : QString::fromStdString(experiment.plan.algorithm);
    return data.isEmpty() ? title : QStringLiteral("%1 on %2").arg(title, data);
}

bool better(const StudyView& view, double a, double b) { return view.higherIsBetter ? a > b : a < b; }

/// The epochs that a halving round gives; 0 where the search does not vary them.
std::int64_t epochsAllowed(const StudyView& view, const TrialRow& row) {
    if (!view.plan || view.plan->method != SearchMethod::Halving) return 0;
    const auto found = row.params.find("epochs");
    const auto* epochs = found == row.params.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
    return epochs ? *epochs : 0;
}

/// The best value, of those that were trained longest: as the search itself counts.
std::optional<std::size_t> bestOf(const StudyView& view) {
    std::optional<std::size_t> best;
    for (std::size_t n = 0; n < view.rows.size(); ++n) {
        const TrialRow& row = view.rows[n];
        if (row.state != TrialState::Done || !row.value) continue;
        if (!best) {
            best = n;
            continue;
        }
        const std::int64_t mine = epochsAllowed(view, row);
        const std::int64_t theirs = epochsAllowed(view, view.rows[*best]);
        if (mine > theirs || (mine == theirs && better(view, *row.value, *view.rows[*best].value))) best = n;
    }
    return best;
}

void fill(TrialRow& row, const RunRecord& run) {
    row.run = run.id;
    row.epochs = run.epochs;
    row.seconds = run.seconds;
    row.hasModel = run.hasModel;
}

void takeMetric(StudyView& view, const std::string& key) {
    view.metric = QString::fromStdString(key);
    const MetricInfo* info = findMetric(key);
    view.higherIsBetter = info && info->higherIsBetter;
}

TrialState stateOf(const RunRecord& run) {
    switch (run.status) {
    case RunStatus::Completed:
    case RunStatus::StoppedEarly:
        return TrialState::Done;
    case RunStatus::Running:
        return TrialState::Running;
    case RunStatus::Queued:
        return TrialState::Waiting;
    default:
        return TrialState::Failed;
    }
}

} // namespace

int StudyView::done() const {
    return static_cast<int>(std::count_if(rows.begin(), rows.end(), [](const TrialRow& row) {
        return row.state == TrialState::Done || row.state == TrialState::Failed;
    }));
}

std::vector<std::pair<int, double>> StudyView::bestSoFar() const {
    std::vector<std::pair<int, double>> curve;
    for (const TrialRow& row : rows) {
        if (row.state != TrialState::Done || !row.value) continue;
        const double before = curve.empty() ? *row.value : curve.back().second;
        curve.emplace_back(row.number, better(*this, *row.value, before) ? *row.value : before);
    }
    return curve;
}

StudyView viewOf(const LiveSearch& live, const FindRun& find) {
    StudyView view;
    view.search = live.id;
    view.study = live.study;
    view.title =
        titleOf(live.experiment,
                live.split ? QString::fromStdString(live.split->dataset()->provenance().title) : QString());
    view.experiment = live.experiment;
    view.plan = live.experiment.study.search;
    takeMetric(view, live.metric.toStdString());
    view.higherIsBetter = live.higherIsBetter;
    view.dimensions = live.space.dimensions();
    view.planned = live.planned;
    view.live = live.state;
    view.completed = live.state == SearchState::Finished;
    if (live.error) view.problem = QString::fromStdString(live.error->text());
    for (const SearchTrial& trial : live.trials) {
        TrialRow row;
        row.number = trial.trial.number;
        row.role = trialRole(row.number);
        row.params = trial.trial.params;
        if (trial.trial.epochs > 0) row.params["epochs"] = std::int64_t{trial.trial.epochs};
        row.run = trial.run;
        row.value = trial.value;
        const RunRecord* run = find(trial.run);
        if (run) fill(row, *run);
        row.state = trial.over ? (trial.value ? TrialState::Done : TrialState::Failed)
                    : run && run->status == RunStatus::Running ? TrialState::Running
                                                               : TrialState::Waiting;
        if (run && !trial.over) row.value = trialValue(run->validationMetrics, live.metric.toStdString());
        view.rows.push_back(std::move(row));
    }
    view.best = live.best;
    if (live.test)
        for (const MetricValue& metric : live.test->metrics)
            view.test.push_back({metric.key, metric.value});
    return view;
}

StudyView viewOf(const StudyRecord& record, const std::vector<RunRecord>& runs) {
    StudyView view;
    view.study = record.id;
    view.kind = record.kind;
    view.title = record.name;
    view.planned = record.planned;
    view.completed = record.status == StudyStatus::Completed;
    takeMetric(view, record.metric.toStdString());
    if (auto experiment = experimentFromYaml(record.experiment.toStdString(), "study")) {
        view.experiment = std::move(*experiment);
        view.plan = view.experiment->study.search;
        if (view.plan)
            if (const auto search = searchOf(*view.experiment))
                view.dimensions = search->space().dimensions();
    }
    std::vector<std::vector<NamedValue>> tested;
    std::vector<std::vector<NamedValue>> validated;
    for (const RunRecord& run : runs) {
        if (run.study != record.id) continue;
        TrialRow row;
        row.role = run.role;
        fill(row, run);
        row.state = stateOf(run);
        if (view.kind == StudyKind::Search) {
            row.number = run.role.section(QLatin1Char(' '), -1).toInt();
            row.value = trialValue(run.validationMetrics, record.metric.toStdString());
            const ParamMap& params = run.experiment.plan.params;
            for (const SearchDimension& each : view.dimensions)
                if (const auto found = params.find(each.key); found != params.end())
                    row.params.insert(*found);
            if (view.plan && view.plan->method == SearchMethod::Halving)
                if (const auto found = params.find("epochs"); found != params.end())
                    row.params.insert(*found);
            if (row.state == TrialState::Done && !row.value) row.state = TrialState::Failed;
        } else if (row.state == TrialState::Done) {
            tested.push_back(run.testMetrics);
            validated.push_back(run.validationMetrics);
        }
        view.rows.push_back(std::move(row));
    }
    if (view.kind == StudyKind::Search) {
        std::sort(view.rows.begin(), view.rows.end(),
                  [](const TrialRow& a, const TrialRow& b) { return a.number < b.number; });
        view.best = bestOf(view);
        for (std::size_t n = 0; n < view.rows.size() && !record.winner.isEmpty(); ++n)
            if (view.rows[n].run == record.winner) view.best = n;
        for (const RunRecord& run : runs)
            if (!record.winner.isEmpty() && run.id == record.winner) view.test = run.testMetrics;
        return view;
    }
    // The list has the newest first; members were made in order.
    std::reverse(view.rows.begin(), view.rows.end());
    for (std::size_t n = 0; n < view.rows.size(); ++n)
        view.rows[n].number = static_cast<int>(n) + 1;
    view.testSummary = summarise(tested);
    view.validationSummary = summarise(validated);
    return view;
}

TrainingPlan planOf(const StudyView& view, const TrialRow& row) {
    TrainingPlan plan = view.experiment ? view.experiment->plan : TrainingPlan{};
    for (const auto& [key, value] : row.params)
        plan.params[key] = value;
    if (view.plan && !view.metric.isEmpty()) plan.earlyStopping.metric = view.metric.toStdString();
    return plan;
}

} // namespace recoscope
