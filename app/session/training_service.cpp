// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/training_service.h"

#include "engine/models/registry.h"
#include "engine/train/train.h"

#include "app/session/event_mailbox.h"
#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/session/live_run.h"
#include "app/session/run_recording.h"

#include <QRandomGenerator>
#include <QTimer>

#include <algorithm>
#include <set>
#include <set>
#include <utility>

namespace recoscope {

namespace {

constexpr int drainMilliseconds = 66; // 15 Hz

/// What the training lane needs of a run. Shared values and thread-safe objects only.
struct Job final : EventSink {
    QString id;
    TrainingPlan plan;
    SplitPtr split;
    RunControl control;
    EventMailbox mailbox;
    RunRecording recording;

    void post(const TrainingEvent& event) override {
        mailbox.post(event);
        recording.post(event);
    }
};

/// A run on the GUI thread.
struct SessionRun {
    LiveRun live;
    std::shared_ptr<Job> job;
    bool waiting = true; // in the queue
};

/// The lane's side of one run: never throws, and the last event is RunEnded whatever happens.
void runJob(Job& job, ThreadPool& pool) {
    RunEnded broken;
    broken.outcome = RunOutcome::Failed;
    const Status status = guarded([&]() -> Status {
        train(job.plan, job.split, pool, job.control, job);
        return {};
    });
    if (status) return;
    broken.error = status.error();
    broken.reason = status.error().text();
    job.post(broken);
}

} // namespace

struct TrainingService::Private {
    TrainingService* q = nullptr;
    QString folder;
    int threads = 0;
    Inbox inbox;
    QTimer timer;
    std::set<const void*> watchers;  // of the running model
    std::set<const void*> observers; // of its weights and gradients
    std::vector<std::unique_ptr<SessionRun>> entries; // oldest first; never removed
    SessionRun* active = nullptr;
    std::set<QString> storedIds; // of earlier sessions

    std::unique_ptr<ThreadPool> pool; // made and used by the training lane alone
    std::unique_ptr<RunStore> store;  // opened, used and closed by the storage lane alone
    Lane storage;
    Lane cleaner; // where old models die
    Lane lane;    // last: joined first

    SessionRun* find(const QString& id) const {
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [&id](const auto& entry) { return entry->live.id == id; });
        return found == entries.end() ? nullptr : found->get();
    }

    QString newId(const std::string& algorithm) const {
        for (;;) {
            const quint32 number = QRandomGenerator::global()->bounded(0x10000u);
            const QString id = QStringLiteral("%1-%2")
                                   .arg(QString::fromStdString(algorithm))
                                   .arg(number, 4, 16, QLatin1Char('0'));
            if (!find(id) && !storedIds.contains(id)) return id;
        }
    }

    void tellStorageFailed(const Error& error) {
        inbox.post([this, error] { emit q->storageFailed(error); });
    }
    void tellStored(const QString& id) {
        inbox.post([this, id] { emit q->runStored(id); });
    }

    /// On the storage lane.
    Status openStore() {
        if (store) return {};
        auto opened = RunStore::open(folder);
        if (!opened) return opened.error();
        store = std::move(*opened);
        return {};
    }

    /// Gives a new run its place in the workspace; its events wait in the recording until then.
    void storeRun(const std::shared_ptr<Job>& job, const RunRecord& record) {
        storage.post([this, job, record] {
            const Status status = guarded([&]() -> Status {
                if (const Status opened = openStore(); !opened) return opened;
                const auto id = store->create(record);
                if (!id) return id.error();
                if (*id != record.id) {
                    (void)store->remove(*id);
                    return Error{ErrorCode::Io,
                                 "The workspace has a run of this name already; this one is not stored",
                                 record.id.toStdString()};
                }
                job->recording.attach(std::make_unique<RunRecorder>(
                    folder, *id, [this](const Error& error) { tellStorageFailed(error); }));
                return {};
            });
            if (status) {
                tellStored(job->id);
                return;
            }
            job->recording.giveUp();
            tellStorageFailed(status.error());
        });
    }

    /// After the run's last event.
    void closeRecording(const std::shared_ptr<Job>& job) {
        storage.post([this, job] {
            if (job->recording.finish()) tellStored(job->id); // its refusals have been told
        });
    }

    void startNext() {
        if (active) return;
        const auto next = std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
            return entry->waiting && entry->job->control.state() == RunState::Running;
        });
        if (next == entries.end()) {
            timer.stop();
            return;
        }
        active = next->get();
        active->waiting = false;
        if (!watchers.empty()) active->job->control.requestSnapshot();
        active->job->control.setObserved(!observers.empty());
        lane.post([this, job = active->job] {
            if (!pool)
                pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.threads = threads, .niceness = 10});
            runJob(*job, *pool);
            closeRecording(job);
            inbox.post([this] { finishActive(); });
        });
        timer.start();
    }

    void endBeforeStart(SessionRun& entry) {
        RunEnded ended;
        ended.outcome = RunOutcome::Cancelled;
        ended.reason = TrainingService::tr("Cancelled before it started").toStdString();
        apply(entry.live, ended);
        entry.job->recording.post(ended);
        closeRecording(entry.job);
    }

    void finishActive() {
        drain();
        SessionRun* ended = std::exchange(active, nullptr);
        // The queue moves on before anybody hears of the end, so that a slot that starts a run comes after
        // those that wait.
        startNext();
        emit q->runEnded(ended->live.id);
    }

    void release(std::shared_ptr<const Recommender> old) {
        if (old) cleaner.post([held = std::move(old)] {});
    }

    /// Brings the active run up to date and tells once.
    void drain() {
        if (!active) return;
        SessionRun& entry = *active;
        LiveRun& live = entry.live;
        std::vector<TrainingEvent> events = entry.job->mailbox.drain();
        bool started = false;
        auto modelBefore = live.model;
        for (const TrainingEvent& event : events) {
            started = started || std::holds_alternative<RunStarted>(event);
            apply(live, event);
            if (!watchers.empty() && std::holds_alternative<SnapshotReady>(event))
                entry.job->control.requestSnapshot();
        }
        const bool ended = !events.empty() && std::holds_alternative<RunEnded>(events.back());
        const bool paused = !ended && entry.job->control.state() == RunState::Paused;
        const bool pausedMoved = std::exchange(live.paused, paused) != paused;
        const bool newModel = live.model != modelBefore;

        const QString id = live.id;
        if (started) emit q->runStarted(id);
        if (!events.empty() || pausedMoved) emit q->runChanged(id);
        if (newModel) emit q->modelChanged(id);
        // After the signals, so that a view lets go of the old model first and it dies on the cleaner.
        if (newModel) release(std::move(modelBefore));
    }

    /// Pause, resume and step: to the control at once, to the picture at once.
    template <class Action>
    void control(const QString& id, Action action) {
        SessionRun* entry = find(id);
        if (!entry || !(entry->waiting || entry == active)) return;
        action(entry->job->control);
        const bool paused = entry->job->control.state() == RunState::Paused;
        if (std::exchange(entry->live.paused, paused) != paused) emit q->runChanged(id);
        startNext();
    }
};

TrainingService::TrainingService(const QString& workspaceFolder, int threads, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {
    d->q = this;
    d->folder = workspaceFolder;
    d->threads = threads;
    // Makes the workspace and says at once when it cannot be written; ids must not meet those of earlier
    // sessions.
    d->storage.post([p = d.get()] {
        const Status status = guarded([&]() -> Status {
            if (const Status opened = p->openStore(); !opened) return opened;
            const auto list = p->store->list();
            if (!list) return list.error();
            std::set<QString> ids;
            for (const RunRecord& record : *list)
                ids.insert(record.id);
            p->inbox.post([p, known = std::move(ids)] { p->storedIds = known; });
            return {};
        });
        if (!status) p->tellStorageFailed(status.error());
    });
    d->timer.setInterval(drainMilliseconds);
    connect(&d->timer, &QTimer::timeout, this, [this] { d->drain(); });
}

TrainingService::~TrainingService() {
    for (const auto& entry : d->entries)
        entry->job->control.cancel();
    d->lane.finish(); // a run that has not begun ends here, cancelled: all of them have their last event
    for (const auto& entry : d->entries)
        if (std::exchange(entry->waiting, false)) d->endBeforeStart(*entry);
    d->storage.post([p = d.get()] { p->store.reset(); }); // SQLite connections do not move between threads
    d->storage.finish();
}

Result<QString> TrainingService::start(const Experiment& experiment, const SplitPtr& split,
                                       const QString& study, const QString& role) {
    if (!split) return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    const auto algorithm = requireAlgorithm(experiment.plan.algorithm);
    if (!algorithm) return algorithm.error();
    // What cannot start is refused here: it leaves no trace in the workspace.
    if (const Status ready = checkPlan(experiment.plan, *split); !ready) return ready.error();

    auto entry = std::make_unique<SessionRun>();
    entry->job = std::make_shared<Job>();
    entry->job->id = d->newId(experiment.plan.algorithm);
    entry->job->plan = experiment.plan;
    entry->job->split = split;

    LiveRun& live = entry->live;
    live.id = entry->job->id;
    live.split = split;
    const auto& provenance = split->dataset()->provenance();
    const auto title = (*algorithm)->title;
    live.record.id = live.id;
    live.record.created = QDateTime::currentDateTimeUtc();
    live.record.experiment = experiment;
    live.record.study = study;
    live.record.role = role;
    live.record.datasetTitle = QString::fromStdString(provenance.title);
    live.record.datasetFingerprint = QString::fromStdString(provenance.fingerprint);
    live.record.splitFingerprint = QString::fromStdString(split->fingerprint());
    live.record.name = !experiment.name.empty()
                           ? QString::fromStdString(experiment.name)
                           : tr("%1 on %2")
                                 .arg(QString::fromUtf8(title.data(), static_cast<qsizetype>(title.size())),
                                      live.record.datasetTitle);

    const QString id = live.id;
    d->storeRun(entry->job, live.record);
    d->entries.push_back(std::move(entry));
    emit runQueued(id);
    d->startNext();
    return id;
}

void TrainingService::pause(const QString& run) {
    d->control(run, [](RunControl& control) { control.pause(); });
}

void TrainingService::resume(const QString& run) {
    d->control(run, [](RunControl& control) { control.resume(); });
}

void TrainingService::step(const QString& run) {
    d->control(run, [](RunControl& control) { control.stepEpoch(); });
}

void TrainingService::stepBatch(const QString& run) {
    d->control(run, [](RunControl& control) { control.stepBatch(); });
}

void TrainingService::cancel(const QString& run) {
    SessionRun* entry = d->find(run);
    if (!entry) return;
    entry->job->control.cancel();
    if (!std::exchange(entry->waiting, false)) return; // the training loop answers, or it is over
    d->endBeforeStart(*entry);
    emit runChanged(run);
    emit runEnded(run);
}

void TrainingService::watchModel(bool on, const void* watcher) {
    on ? void(d->watchers.insert(watcher)) : void(d->watchers.erase(watcher));
    if (on && d->active) d->active->job->control.requestSnapshot();
}

void TrainingService::observe(bool on, const void* watcher) {
    on ? void(d->observers.insert(watcher)) : void(d->observers.erase(watcher));
    if (d->active) d->active->job->control.setObserved(!d->observers.empty());
}

void TrainingService::takeTest(const QString& run, std::shared_ptr<const Evaluation> test) {
    SessionRun* entry = d->find(run);
    if (!entry || entry->waiting || entry == d->active || !test) return;
    applyTest(entry->live, std::move(test));
    emit runChanged(run);
}

QString TrainingService::activeRun() const { return d->active ? d->active->live.id : QString(); }

std::vector<QString> TrainingService::runs() const {
    std::vector<QString> ids;
    for (const auto& entry : d->entries)
        ids.push_back(entry->live.id);
    return ids;
}

const LiveRun* TrainingService::run(const QString& id) const {
    const SessionRun* entry = d->find(id);
    return entry ? &entry->live : nullptr;
}

} // namespace recoscope
