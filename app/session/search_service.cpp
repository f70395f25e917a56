// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/search_service.h"

#include "engine/eval/evaluator.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/session/run_test.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <thread>
#include <utility>

namespace recoscope {

namespace {

/// A search on the GUI thread.
struct SearchEntry {
    LiveSearch live;
    std::optional<Search> search;
    std::map<QString, TrialValue> known; // by role, of trials that were over before
    QString active;                      // the run under way
};

/// What the workspace knew of a search, and its place there.
struct Prepared {
    QString study;
    std::map<QString, TrialValue> values; // by role
    std::map<QString, QString> runs;
};

bool isOver(const RunRecord& record) {
    return record.status == RunStatus::Completed || record.status == RunStatus::StoppedEarly ||
           record.status == RunStatus::Failed;
}

/// Finds the study or makes it; runs of it that were cut off are removed, because they are made again.
Result<Prepared> prepareStudy(RunStore& store, const LiveSearch& live, const QString& mine) {
    const Dataset& data = *live.split->dataset();
    StudyRecord record;
    record.key = studyKey(live.experiment, QString::fromStdString(data.provenance().fingerprint));
    record.kind = StudyKind::Search;
    record.name = !live.experiment.name.empty()
                      ? QString::fromStdString(live.experiment.name)
                      : QStringLiteral("%1, %2").arg(QString::fromStdString(live.experiment.plan.algorithm),
                                                     QString::fromStdString(data.provenance().title));
    record.algorithm = QString::fromStdString(live.experiment.plan.algorithm);
    record.experiment = QString::fromStdString(toYaml(live.experiment));
    record.metric = live.metric;
    record.planned = live.planned;
    Prepared out;
    if (!mine.isEmpty()) {
        out.study = mine;
    } else if (const auto found = store.studyByKey(record.key)) {
        out.study = found->id;
        if (const Status status = store.setStudyPlanned(out.study, live.planned); !status)
            return status.error();
    } else if (found.error().code != ErrorCode::NotFound) {
        return found.error();
    } else {
        const auto id = store.createStudy(record);
        if (!id) return id.error();
        out.study = *id;
    }
    const auto runs = store.runsOf(out.study);
    if (!runs) return runs.error();
    for (const RunRecord& run : *runs) {
        if (isOver(run)) {
            out.values[run.role] = trialValue(run.validationMetrics, live.metric.toStdString());
            out.runs[run.role] = run.id;
        } else if (run.status == RunStatus::Interrupted || run.status == RunStatus::Cancelled) {
            if (const Status removed = store.remove(run.id); !removed) return removed.error();
        }
    }
    return out;
}

} // namespace

struct SearchService::Private {
    SearchService* q = nullptr;
    TrainingService& training;
    QString folder;
    Inbox inbox;
    std::vector<std::unique_ptr<SearchEntry>> entries; // oldest first; never removed
    int made = 0;

    RunControl control;               // of tests under way
    std::unique_ptr<RunStore> store;  // opened, used and closed by the lane alone
    std::unique_ptr<ThreadPool> pool; // made and used by the lane alone
    Lane lane;                        // last: joined first

    explicit Private(TrainingService& service)
        : training(service) {}

    SearchEntry* find(const QString& id) const {
        for (const auto& entry : entries)
            if (entry->live.id == id) return entry.get();
        return nullptr;
    }

    /// On the lane.
    Status openStore() {
        if (store) return {};
        auto opened = RunStore::open(folder);
        if (!opened) return opened.error();
        store = std::move(*opened);
        return {};
    }

    void changed(const SearchEntry& entry) { emit q->searchChanged(entry.live.id); }

    void fail(SearchEntry& entry, const Error& error) {
        entry.live.state = SearchState::Failed;
        entry.live.error = error;
        changed(entry);
        emit q->searchEnded(entry.live.id);
    }

    /// Asks the workspace what is known, then goes on.
    void prepare(SearchEntry& entry) {
        entry.live.state = SearchState::Preparing;
        lane.post([this, id = entry.live.id, live = entry.live] {
            auto result = std::make_shared<Result<Prepared>>(guarded([&]() -> Result<Prepared> {
                if (const Status opened = openStore(); !opened) return opened.error();
                return prepareStudy(*store, live, live.study);
            }));
            inbox.post([this, id, result] {
                SearchEntry* found = find(id);
                if (!found) return;
                if (!*result) {
                    fail(*found, result->error());
                    return;
                }
                takeUp(*found, **result);
            });
        });
        changed(entry);
    }

    void takeUp(SearchEntry& entry, const Prepared& prepared) {
        LiveSearch& live = entry.live;
        live.study = prepared.study;
        entry.known = prepared.values;
        // Stored trials are told in order; their runs are those of the workspace.
        while (entry.search->next()) {
            const QString role = trialRole(entry.search->next()->number);
            const auto known = entry.known.find(role);
            if (known == entry.known.end()) break;
            const auto number = static_cast<std::size_t>(entry.search->next()->number);
            if (live.trials.size() < number) live.trials.push_back({*entry.search->next(), {}, false, {}});
            live.trials[number - 1].run = prepared.runs.at(role);
            live.trials[number - 1].over = true;
            live.trials[number - 1].value = known->second;
            entry.search->tell(known->second);
        }
        live.best = entry.search->best();
        // A person may have stopped or paused it meanwhile.
        if (live.state == SearchState::Preparing) live.state = SearchState::Running;
        goOn(entry);
    }

    void goOn(SearchEntry& entry) {
        LiveSearch& live = entry.live;
        live.planned = entry.search->plannedTrials();
        if (live.state != SearchState::Running || !entry.active.isEmpty()) {
            changed(entry);
            return;
        }
        if (!entry.search->next()) {
            finish(entry);
            return;
        }
        const Trial trial = *entry.search->next();
        const auto run = training.start(trialExperiment(live.experiment, trial), live.split, live.study,
                                        trialRole(trial.number));
        if (!run) {
            fail(entry, run.error());
            return;
        }
        entry.active = *run;
        live.trials.resize(static_cast<std::size_t>(trial.number - 1));
        live.trials.push_back({trial, *run, false, {}});
        changed(entry);
    }

    void runEnded(const QString& run) {
        for (const auto& entry : entries) {
            if (entry->active != run) continue;
            entry->active.clear();
            takeResult(*entry, run);
            return;
        }
    }

    void takeResult(SearchEntry& entry, const QString& run) {
        LiveSearch& live = entry.live;
        const LiveRun* ended = training.run(run);
        if (!ended || ended->record.status == RunStatus::Cancelled) {
            // Stopped here, or on the run's own page: either way a person wanted it.
            live.trials.pop_back();
            live.state = SearchState::Stopped;
            changed(entry);
            return;
        }
        TrialValue value;
        if (ended->record.status != RunStatus::Failed && ended->validation)
            if (const MetricValue* metric = ended->validation->find(live.metric.toStdString()))
                if (std::isfinite(metric->value)) value = metric->value;
        live.trials.back().over = true;
        live.trials.back().value = value;
        entry.search->tell(value);
        live.best = entry.search->best();
        goOn(entry);
    }

    /// Models of trials that did not win go; called when a run has been stored.
    void prune(const QString& run) {
        for (const auto& entry : entries) {
            const LiveSearch& live = entry->live;
            const bool ours =
                std::any_of(live.trials.begin(), live.trials.end(),
                            [&](const SearchTrial& trial) { return trial.run == run && trial.over; });
            if (!ours) continue;
            std::vector<QString> lost;
            for (std::size_t n = 0; n < live.trials.size(); ++n)
                if (live.trials[n].over && live.best && n != *live.best) lost.push_back(live.trials[n].run);
            lane.post([this, lost = std::move(lost)] {
                (void)guarded([&]() -> Status {
                    if (const Status opened = openStore(); !opened) return opened;
                    for (const QString& each : lost)
                        if (const Status removed = store->removeModel(each); !removed) return removed;
                    return {};
                });
            });
        }
    }

    void finish(SearchEntry& entry) {
        LiveSearch& live = entry.live;
        if (!live.best) {
            fail(entry, {ErrorCode::Numeric, "No trial of the search succeeded", "search.space"});
            return;
        }
        live.state = SearchState::Testing;
        const QString winner = live.trials[*live.best].run;
        const LiveRun* run = training.run(winner);
        std::shared_ptr<const Recommender> model = run ? run->model : nullptr;
        RunRecord record;
        if (run) record = run->record;
        changed(entry);
        lane.post([this, id = live.id, study = live.study, winner, record, model,
                   split = live.split]() mutable {
            auto result = std::make_shared<Result<Evaluation>>(guarded([&]() -> Result<Evaluation> {
                if (const Status opened = openStore(); !opened) return opened.error();
                // Runs are stored a moment after they end.
                for (int n = 0; n < 600; ++n) {
                    const auto known = store->find(winner);
                    if (known && isOver(*known)) break;
                    if (control.cancelled()) return Error{ErrorCode::Cancelled, "Stopped", ""};
                    std::this_thread::sleep_for(std::chrono::milliseconds(50));
                }
                const auto stored = store->evaluation(winner, Target::Test);
                if (!stored && stored.error().code != ErrorCode::NotFound) return stored.error();
                Evaluation test;
                if (stored) {
                    test = *stored;
                } else if (!split->test().empty()) {
                    if (!model) {
                        const auto found = store->find(winner);
                        if (!found) return found.error();
                        record = *found;
                        const auto loaded = store->model(winner);
                        if (!loaded) return loaded.error();
                        model = *loaded;
                    }
                    if (!pool) pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.niceness = 10});
                    auto measured = testRun(record, *model, split, *pool, control);
                    if (!measured) return measured.error();
                    test = std::move(*measured);
                    if (const Status saved = store->saveEvaluation(winner, Target::Test, test); !saved)
                        return saved.error();
                }
                if (const Status done = store->setStudyStatus(study, StudyStatus::Completed, winner); !done)
                    return done.error();
                return test;
            }));
            inbox.post([this, id, result, winner] {
                SearchEntry* found = find(id);
                if (!found) return;
                if (!*result) {
                    fail(*found, result->error());
                    return;
                }
                found->live.test = std::make_shared<const Evaluation>(std::move(**result));
                training.takeTest(winner, found->live.test);
                found->live.state = SearchState::Finished;
                changed(*found);
                emit q->searchEnded(id);
            });
        });
    }
};

SearchService::SearchService(TrainingService& training, const QString& workspaceFolder, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(training)) {
    d->q = this;
    d->folder = workspaceFolder;
    connect(&training, &TrainingService::runEnded, this, [this](const QString& run) { d->runEnded(run); });
    connect(&training, &TrainingService::runStored, this, [this](const QString& run) { d->prune(run); });
}

SearchService::~SearchService() {
    disconnect(&d->training, nullptr, this, nullptr);
    for (const auto& entry : d->entries)
        if (!entry->active.isEmpty()) d->training.cancel(entry->active);
    d->control.cancel();
    d->lane.post([p = d.get()] { p->store.reset(); }); // SQLite connections do not move between threads
    d->lane.finish();
}

Result<QString> SearchService::start(const Experiment& experiment, const SplitPtr& split) {
    if (!split) return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    if (!experiment.study.search)
        return Error{ErrorCode::Invalid, "The experiment says nothing of a search", "search"};
    if (const Status ready = checkStudy(experiment); !ready) return ready.error();
    if (const Status ready = checkSearch(experiment, *split); !ready) return ready.error();
    auto search = searchOf(experiment);
    if (!search) return search.error();
    if (const Status ready = checkPlan(experiment.plan, *split); !ready) return ready.error();

    auto entry = std::make_unique<SearchEntry>();
    LiveSearch& live = entry->live;
    live.id = QStringLiteral("search %1").arg(++d->made);
    live.experiment = experiment;
    live.experiment.study.search->space = search->space().text();
    live.split = split;
    live.metric = QString::fromStdString(searchMetric(experiment));
    const MetricInfo* metric = findMetric(searchMetric(experiment));
    live.higherIsBetter = metric && metric->higherIsBetter;
    live.space = search->space();
    live.planned = search->plannedTrials();
    entry->search = std::move(*search);
    SearchEntry& kept = *entry;
    d->entries.push_back(std::move(entry));
    d->prepare(kept);
    return kept.live.id;
}

void SearchService::pause(const QString& search) {
    SearchEntry* entry = d->find(search);
    if (!entry || (entry->live.state != SearchState::Running && entry->live.state != SearchState::Preparing))
        return;
    entry->live.state = SearchState::Paused;
    if (!entry->active.isEmpty()) d->training.pause(entry->active);
    d->changed(*entry);
}

void SearchService::resume(const QString& search) {
    SearchEntry* entry = d->find(search);
    if (!entry) return;
    if (entry->live.state == SearchState::Stopped && entry->active.isEmpty()) {
        d->prepare(*entry);
        return;
    }
    if (entry->live.state != SearchState::Paused) return;
    entry->live.state = SearchState::Running;
    if (entry->live.study.isEmpty()) {
        entry->live.state = SearchState::Preparing; // its answer is under way
        d->changed(*entry);
        return;
    }
    if (!entry->active.isEmpty()) d->training.resume(entry->active);
    d->goOn(*entry);
}

void SearchService::stop(const QString& search) {
    SearchEntry* entry = d->find(search);
    if (!entry || entry->live.state == SearchState::Finished || entry->live.state == SearchState::Failed ||
        entry->live.state == SearchState::Testing)
        return;
    entry->live.state = SearchState::Stopped;
    if (!entry->active.isEmpty()) d->training.cancel(entry->active);
    d->changed(*entry);
}

std::vector<QString> SearchService::searches() const {
    std::vector<QString> ids;
    for (const auto& entry : d->entries)
        ids.push_back(entry->live.id);
    return ids;
}

const LiveSearch* SearchService::search(const QString& id) const {
    const SearchEntry* entry = d->find(id);
    return entry ? &entry->live : nullptr;
}

} // namespace recoscope
