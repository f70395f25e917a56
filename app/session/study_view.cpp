// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/study_view.h"

#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include <algorithm>

namespace recoscope {

namespace {

bool better(const StudyView& view, double a, double b) { return view.higherIsBetter ? a > b : a < b; }

/// The epochs that a halving round gives; 0 where the search does not vary them.
std::int64_t epochsAllowed(const StudyView& view, const TrialRow& row) {
    if (!view.plan || view.plan->method != SearchMethod::Halving) return 0;
    return static_cast<std::int64_t>(numberIn(row.params, "epochs").value_or(0.0));
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
    case RunStatus::Failed:
        return TrialState::Failed;
    case RunStatus::Cancelled:
    case RunStatus::Interrupted:
        break;
    }
    return TrialState::Stopped;
}

/// The number that a list of studies shows, in the order of what says most.
const StudyValue* headlineOf(const std::vector<StudyValue>& values) {
    for (const char* key : {"rmse", "ndcg@10"})
        for (const StudyValue& each : values)
            if (each.key == key) return &each;
    return values.empty() ? nullptr : &values.front();
}

/// Mean and interval over seeds or folds, and each run's own headline number.
/// @param runs  of the rows; null where there is nothing to count
void summarise(StudyView& view, const std::vector<const RunRecord*>& runs) {
    std::vector<std::vector<NamedValue>> tested;
    std::vector<std::vector<NamedValue>> validated;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        if (!runs[n] || view.rows[n].state != TrialState::Done) continue;
        tested.push_back(runs[n]->testMetrics);
        validated.push_back(runs[n]->validationMetrics);
    }
    view.testSummary = recoscope::summarise(tested);
    view.validationSummary = recoscope::summarise(validated);
    const StudyValue* headline = headlineOf(view.summary());
    if (!headline) return;
    takeMetric(view, headline->key);
    for (std::size_t n = 0; n < runs.size(); ++n)
        if (runs[n] && view.rows[n].state == TrialState::Done)
            view.rows[n].value =
                trialValue(view.tested() ? runs[n]->testMetrics : runs[n]->validationMetrics, headline->key);
}

} // namespace

bool StudyView::constant(const SearchDimension& dimension) const {
    if (dimension.listed() && dimension.values.size() == 1) return true;
    // Trials that are still to come may have others.
    if (!completed || rows.size() < 2) return false;
    const auto valueOf = [&](const TrialRow& row) {
        const auto found = row.params.find(dimension.key);
        return found == row.params.end() ? std::optional<ParamValue>() : found->second;
    };
    const auto first = valueOf(rows.front());
    return first &&
           std::all_of(rows.begin(), rows.end(), [&](const TrialRow& row) { return valueOf(row) == first; });
}

std::vector<std::pair<std::string, ParamValue>> StudyView::constants() const {
    std::vector<std::pair<std::string, ParamValue>> all;
    const AlgorithmInfo* info = experiment ? findAlgorithm(experiment->plan.algorithm) : nullptr;
    if (kind != StudyKind::Search || !info) return all;
    const bool halving = plan && plan->method == SearchMethod::Halving;
    for (const ParamSpec& spec : info->schema().specs()) {
        const auto varied = std::find_if(dimensions.begin(), dimensions.end(),
                                         [&](const SearchDimension& each) { return each.key == spec.key; });
        if (varied != dimensions.end()) {
            if (!constant(*varied)) continue;
            if (varied->listed() && varied->values.size() == 1)
                all.emplace_back(spec.key, varied->values.front());
            else
                all.emplace_back(spec.key, rows.front().params.at(spec.key));
            continue;
        }
        const auto set = experiment->plan.params.find(spec.key);
        if (set == experiment->plan.params.end() || set->second == spec.defaultValue ||
            (halving && spec.key == "epochs"))
            continue;
        all.push_back(*set);
    }
    return all;
}

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
    view.kind = live.kind;
    view.title = live.title;
    view.experiment = live.experiment;
    view.plan = live.experiment.study.search;
    takeMetric(view, live.metric.toStdString());
    view.higherIsBetter = live.higherIsBetter;
    view.dimensions = live.space.dimensions();
    view.planned = live.planned;
    view.live = live.state;
    view.completed = live.state == SearchState::Finished;
    if (live.error) view.problem = QString::fromStdString(live.error->text());
    const bool search = view.kind == StudyKind::Search;
    std::vector<const RunRecord*> members;
    for (const SearchTrial& trial : live.trials) {
        TrialRow row;
        row.number = trial.trial.number;
        row.role = trial.role;
        row.params = trial.trial.params;
        if (trial.trial.epochs > 0) row.params["epochs"] = std::int64_t{trial.trial.epochs};
        row.run = trial.run;
        row.value = trial.value;
        const RunRecord* run = find(trial.run);
        if (run) fill(row, *run);
        row.state = trial.over ? (trial.value ? TrialState::Done : TrialState::Failed)
                    : run && run->status == RunStatus::Running ? TrialState::Running
                                                               : TrialState::Waiting;
        if (search && run && !trial.over)
            row.value = trialValue(run->validationMetrics, live.metric.toStdString());
        if (!search && trial.over)
            row.state = run && run->status == RunStatus::Failed ? TrialState::Failed : TrialState::Done;
        members.push_back(trial.over ? run : nullptr);
        view.rows.push_back(std::move(row));
    }
    if (!search) summarise(view, members);
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
    std::vector<const RunRecord*> members; // as the rows
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
        }
        members.push_back(&run);
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
    std::reverse(members.begin(), members.end());
    for (std::size_t n = 0; n < view.rows.size(); ++n)
        view.rows[n].number = static_cast<int>(n) + 1;
    summarise(view, members);
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
