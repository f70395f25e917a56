// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/search_service.h"

#include "engine/eval/evaluator.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/session/run_test.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

namespace recoscope {

namespace {

/// A search, or runs over seeds or folds, on the GUI thread.
struct SearchEntry {
    LiveSearch live;
    std::optional<Search> search;        // else members
    std::vector<StudyMember> members;    // of seeds and folds, as the trials
    DatasetPtr data;                     // before filters; may be null
    std::map<QString, TrialValue> known; // by role, of trials that were over before
    QString active;                      // the run under way
    bool waiting = false;                // for the lane: a split, or the end to be written down
};

/// What is to be run next.
struct NextRun {
    Experiment experiment;
    QString role;
    std::size_t place = 0; // into the trials
};

std::optional<NextRun> nextOf(const SearchEntry& entry) {
    if (entry.search) {
        if (!entry.search->next()) return std::nullopt;
        const Trial trial = *entry.search->next();
        return NextRun{trialExperiment(entry.live.experiment, trial), trialRole(trial.number),
                       static_cast<std::size_t>(trial.number - 1)};
    }
    for (std::size_t n = 0; n < entry.members.size(); ++n)
        if (!entry.live.trials[n].over) return NextRun{entry.members[n].experiment, entry.members[n].role, n};
    return std::nullopt;
}

/// Whether nobody works on it, now or later, unless somebody asks for it.
bool atRest(const SearchEntry& entry) {
    const SearchState state = entry.live.state;
    return entry.active.isEmpty() && !entry.waiting &&
           (state == SearchState::Stopped || state == SearchState::Finished || state == SearchState::Failed);
}

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
Result<Prepared> prepareStudy(RunStore& store, const LiveSearch& live, const QString& fingerprint) {
    const bool search = live.kind == StudyKind::Search;
    StudyRecord record;
    record.key = studyKey(live.experiment, fingerprint);
    record.kind = live.kind;
    record.name = live.title;
    record.algorithm = QString::fromStdString(live.experiment.plan.algorithm);
    record.experiment = QString::fromStdString(toYaml(live.experiment));
    record.metric = live.metric;
    record.planned = live.planned;
    Prepared out;
    // A search may go on after its end, with more trials; seeds and folds that are done are done anew.
    if (!live.study.isEmpty()) {
        const auto mine = store.findStudy(live.study);
        if (!mine) return mine.error(); // deleted meanwhile
        out.study = live.study;
    } else if (const auto found = store.studyByKey(record.key);
               found && (search || found->status == StudyStatus::Running)) {
        out.study = found->id;
        if (const Status status = store.setStudyPlanned(out.study, live.planned); !status)
            return status.error();
    } else if (!found && found.error().code != ErrorCode::NotFound) {
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
            out.values[run.role] =
                search ? trialValue(run.validationMetrics, live.metric.toStdString()) : TrialValue{};
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
    std::vector<std::unique_ptr<SearchEntry>> entries; // oldest first
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

    /// work() on the lane with the entry waiting, then then(entry, its answer) here, unless the entry is
    /// gone; an error fails it.
    template <class Work, class Then>
    void inBackground(SearchEntry& entry, Work work, Then then) {
        entry.waiting = true;
        lane.post([this, id = entry.live.id, work = std::move(work), then = std::move(then)]() mutable {
            auto result = std::make_shared<decltype(work())>(guarded(work));
            inbox.post([this, id, result, then = std::move(then)] {
                SearchEntry* found = find(id);
                if (!found) return;
                found->waiting = false;
                if (*result)
                    then(*found, *result);
                else
                    fail(*found, result->error());
            });
        });
        changed(entry);
    }

    /// Asks the workspace what is known, then goes on.
    void prepare(SearchEntry& entry) {
        entry.live.state = SearchState::Preparing;
        // Before filters, as on the command line: the experiment has those.
        const Dataset& data = entry.data ? *entry.data : *entry.live.split->dataset();
        const QString fingerprint = QString::fromStdString(data.provenance().fingerprint);
        inBackground(
            entry,
            [this, live = entry.live, fingerprint]() -> Result<Prepared> {
                if (const Status opened = openStore(); !opened) return opened.error();
                return prepareStudy(*store, live, fingerprint);
            },
            [this](SearchEntry& found, const Result<Prepared>& prepared) { takeUp(found, *prepared); });
    }

    void takeUp(SearchEntry& entry, const Prepared& prepared) {
        LiveSearch& live = entry.live;
        for (const auto& other : entries) {
            if (other.get() == &entry || other->live.study != prepared.study) continue;
            if (!atRest(*other))
                return fail(entry, {ErrorCode::Invalid, "This study is being worked on already",
                                    prepared.study.toStdString()});
        }
        // What was stopped before goes on as this one.
        std::erase_if(entries, [&](const auto& other) {
            return other.get() != &entry && other->live.study == prepared.study;
        });
        live.study = prepared.study;
        entry.known = prepared.values;
        for (std::size_t n = 0; n < entry.members.size(); ++n)
            if (const auto run = prepared.runs.find(entry.members[n].role); run != prepared.runs.end()) {
                live.trials[n].run = run->second;
                live.trials[n].over = true;
            }
        // Stored trials are told in order; their runs are those of the workspace.
        while (entry.search && entry.search->next()) {
            const QString role = trialRole(entry.search->next()->number);
            const auto known = entry.known.find(role);
            if (known == entry.known.end()) break;
            const auto number = static_cast<std::size_t>(entry.search->next()->number);
            if (live.trials.size() < number)
                live.trials.push_back({*entry.search->next(), role, {}, false, {}});
            live.trials[number - 1].run = prepared.runs.at(role);
            live.trials[number - 1].over = true;
            live.trials[number - 1].value = known->second;
            entry.search->tell(known->second);
        }
        if (entry.search) live.best = entry.search->best();
        // A person may have stopped or paused it meanwhile.
        if (live.state == SearchState::Preparing) live.state = SearchState::Running;
        goOn(entry);
    }

    void goOn(SearchEntry& entry) {
        LiveSearch& live = entry.live;
        if (entry.search) live.planned = entry.search->plannedTrials();
        if (live.state != SearchState::Running || !entry.active.isEmpty() || entry.waiting) {
            changed(entry);
            return;
        }
        const auto next = nextOf(entry);
        if (!next) {
            entry.search ? finish(entry) : finishMembers(entry);
            return;
        }
        if (!entry.search && (!live.split || !(live.split->spec() == next->experiment.split))) {
            makeSplitOf(entry, next->experiment.split);
            return;
        }
        const auto run = training.start(next->experiment, live.split, live.study, next->role);
        if (!run) {
            fail(entry, run.error());
            return;
        }
        entry.active = *run;
        if (entry.search) {
            live.trials.resize(next->place);
            live.trials.push_back({*entry.search->next(), next->role, *run, false, {}});
        } else {
            live.trials[next->place].run = *run;
        }
        changed(entry);
    }

    /// The split of the next fold, or seed; then goes on.
    void makeSplitOf(SearchEntry& entry, const SplitSpec& spec) {
        entry.live.split.reset(); // the former one's room may be needed
        inBackground(
            entry, [data = entry.data, spec] { return makeSplit(data, spec); },
            [this](SearchEntry& found, const Result<SplitPtr>& split) {
                found.live.split = *split;
                goOn(found);
            });
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
        const bool stopped = !ended || ended->record.status == RunStatus::Cancelled;
        if (stopped) live.state = SearchState::Stopped; // here, or on the run's own page: a person wanted it
        if (!entry.search) {
            for (SearchTrial& each : live.trials) {
                if (each.run != run) continue;
                each.over = !stopped;
                if (stopped) each.run.clear();
            }
            stopped ? changed(entry) : goOn(entry);
            return;
        }
        if (stopped) {
            live.trials.pop_back();
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
            if (!entry->search) continue; // every model of seeds and folds is kept
            const bool ours =
                std::any_of(live.trials.begin(), live.trials.end(),
                            [&](const SearchTrial& trial) { return trial.run == run && trial.over; });
            if (!ours) continue;
            lane.post([this, lost = lostTrials(live)] {
                (void)guarded([&]() -> Status {
                    if (const Status opened = openStore(); !opened) return opened;
                    return removeModels(lost);
                });
            });
        }
    }

    /// Runs of the trials that are over and did not win so far.
    static std::vector<QString> lostTrials(const LiveSearch& live) {
        std::vector<QString> lost;
        for (std::size_t n = 0; n < live.trials.size(); ++n)
            if (live.trials[n].over && live.best && n != *live.best) lost.push_back(live.trials[n].run);
        return lost;
    }

    /// On the lane.
    Status removeModels(const std::vector<QString>& runs) {
        for (const QString& run : runs)
            if (const Status removed = store->removeModel(run); !removed) return removed;
        return {};
    }

    /// On the lane: runs are stored a moment after they end. A person may have deleted one meanwhile.
    Status waitUntilStored(const QString& run) {
        constexpr int mostLooks = 600;
        constexpr int looksUntilCreated = 40;
        bool seen = false;
        for (int n = 0; n < mostLooks; ++n) {
            const auto known = store->find(run);
            if (known && isOver(*known)) break;
            const bool missing = !known && known.error().code == ErrorCode::NotFound;
            if (missing && (seen || n >= looksUntilCreated)) break;
            seen = seen || known;
            if (control.cancelled()) return Error{ErrorCode::Cancelled, "Stopped", ""};
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return {};
    }

    /// All seeds or folds have been run.
    void finishMembers(SearchEntry& entry) {
        std::vector<QString> runs;
        for (const SearchTrial& each : entry.live.trials)
            runs.push_back(each.run);
        inBackground(
            entry,
            [this, study = entry.live.study, runs = std::move(runs)]() -> Status {
                if (const Status opened = openStore(); !opened) return opened;
                bool any = false;
                for (const QString& run : runs) {
                    if (const Status stored = waitUntilStored(run); !stored) return stored;
                    const auto record = store->find(run);
                    any = any || (record && record->status != RunStatus::Failed);
                }
                if (!any) return Error{ErrorCode::Numeric, "No run of the study succeeded", ""};
                return store->setStudyStatus(study, StudyStatus::Completed);
            },
            [this](SearchEntry& found, const Status&) { finished(found); });
    }

    void finished(SearchEntry& entry) {
        entry.live.state = SearchState::Finished;
        changed(entry);
        emit q->searchEnded(entry.live.id);
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
        const std::vector<QString> lost = lostTrials(live);
        std::vector<QString> fresh; // of this session: perhaps not stored yet
        std::copy_if(lost.begin(), lost.end(), std::back_inserter(fresh),
                     [this](const QString& each) { return training.run(each) != nullptr; });
        inBackground(
            entry,
            [this, study = live.study, winner, record, model, lost, fresh,
             split = live.split]() mutable -> Result<Evaluation> {
                if (const Status opened = openStore(); !opened) return opened.error();
                if (const Status stored = waitUntilStored(winner); !stored) return stored.error();
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
                for (const QString& each : fresh)
                    if (const Status kept = waitUntilStored(each); !kept) return kept.error();
                if (const Status removed = removeModels(lost); !removed) return removed.error();
                if (const Status done = store->setStudyStatus(study, StudyStatus::Completed, winner); !done)
                    return done.error();
                return test;
            },
            [this, winner](SearchEntry& found, Result<Evaluation>& test) {
                found.live.test = std::make_shared<const Evaluation>(std::move(*test));
                training.takeTest(winner, found.live.test);
                finished(found);
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

Result<QString> SearchService::start(const Experiment& experiment, const SplitPtr& split,
                                     const DatasetPtr& data) {
    const StudyKind kind = experiment.study.kind();
    if (kind == StudyKind::None)
        return Error{ErrorCode::Invalid, "The experiment asks for one run; give it a search, seeds or folds",
                     "study"};
    if (!split && (kind == StudyKind::Search || !data))
        return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    if (const Status ready = checkStudy(experiment); !ready) return ready.error();

    auto entry = std::make_unique<SearchEntry>();
    LiveSearch& live = entry->live;
    live.kind = kind;
    live.experiment = experiment;
    live.split = split;
    entry->data = data;
    live.title = studyTitle(experiment,
                            QString::fromStdString((split ? *split->dataset() : *data).provenance().title));
    if (kind == StudyKind::Search) {
        if (const Status ready = checkSearch(experiment, *split); !ready) return ready.error();
        auto search = searchOf(experiment);
        if (!search) return search.error();
        live.experiment.study.search->space = search->space().text();
        live.metric = QString::fromStdString(searchMetric(experiment));
        const MetricInfo* metric = findMetric(searchMetric(experiment));
        live.higherIsBetter = metric && metric->higherIsBetter;
        live.space = search->space();
        live.planned = search->plannedTrials();
        entry->search = std::move(*search);
    } else {
        entry->members = membersOf(experiment);
        for (const StudyMember& member : entry->members) {
            if (!data && !(member.experiment.split == split->spec()))
                return Error{ErrorCode::NotFound, "The data before its split is needed for these runs", ""};
            SearchTrial each;
            each.trial.number = static_cast<int>(live.trials.size()) + 1;
            each.role = member.role;
            live.trials.push_back(std::move(each));
        }
        live.planned = static_cast<int>(live.trials.size());
    }
    // Of folds the plan is checked against each split when it is there.
    if (split)
        if (const Status ready = checkPlan(experiment.plan, *split); !ready) return ready.error();

    live.id = QStringLiteral("search %1").arg(++d->made);
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
    if (entry->live.state == SearchState::Stopped && entry->active.isEmpty() && !entry->waiting) {
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

bool SearchService::forget(const QString& search) {
    const SearchEntry* entry = d->find(search);
    if (!entry || !atRest(*entry)) return false;
    std::erase_if(d->entries, [&](const auto& each) { return each.get() == entry; });
    emit searchChanged(search);
    return true;
}

void SearchService::rename(const QString& search, const QString& title) {
    SearchEntry* entry = d->find(search);
    if (!entry || title.trimmed().isEmpty()) return;
    entry->live.title = title.trimmed();
    d->changed(*entry);
}

bool SearchService::worksOn(const QString& study) const {
    return std::any_of(d->entries.begin(), d->entries.end(), [&](const auto& entry) {
        return !study.isEmpty() && entry->live.study == study && !atRest(*entry);
    });
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
