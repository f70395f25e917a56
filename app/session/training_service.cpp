// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/training_service.h"

#include "engine/models/registry.h"

#include "app/session/event_mailbox.h"
#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/session/live_run.h"

#include <QRandomGenerator>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace recoscope {

namespace {

constexpr int drainMilliseconds = 66; // 15 Hz

/// What the training lane needs of a run. Shared values and thread-safe objects only.
struct Job {
    QString id;
    TrainingPlan plan;
    SplitPtr split;
    RunControl control;
    EventMailbox mailbox;
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
        train(job.plan, job.split, pool, job.control, job.mailbox);
        return {};
    });
    if (status) return;
    broken.error = status.error();
    broken.reason = status.error().text();
    job.mailbox.post(broken);
}

} // namespace

struct TrainingService::Private {
    TrainingService* q = nullptr;
    QString folder;
    int threads = 0;
    Inbox inbox;
    QTimer timer;
    bool watching = false;
    std::vector<std::unique_ptr<SessionRun>> entries; // oldest first; never removed
    SessionRun* active = nullptr;

    std::unique_ptr<ThreadPool> pool; // made and used by the training lane alone
    Lane cleaner;                     // where old models die
    Lane lane;                        // last: joined first

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
            if (!find(id)) return id;
        }
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
        if (watching) active->job->control.requestSnapshot();
        lane.post([this, job = active->job] {
            if (!pool)
                pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.threads = threads, .niceness = 10});
            runJob(*job, *pool);
            inbox.post([this] { finishActive(); });
        });
        timer.start();
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
            if (watching && std::holds_alternative<SnapshotReady>(event))
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
    d->timer.setInterval(drainMilliseconds);
    connect(&d->timer, &QTimer::timeout, this, [this] { d->drain(); });
}

TrainingService::~TrainingService() {
    for (const auto& entry : d->entries)
        entry->job->control.cancel();
}

Result<QString> TrainingService::start(const Experiment& experiment, const SplitPtr& split) {
    if (!split) return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    const auto algorithm = requireAlgorithm(experiment.plan.algorithm);
    if (!algorithm) return algorithm.error();
    if (const auto params = (*algorithm)->schema().complete(experiment.plan.params); !params)
        return params.error();

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
    live.record.datasetTitle = QString::fromStdString(provenance.title);
    live.record.datasetFingerprint = QString::fromStdString(provenance.fingerprint);
    live.record.splitFingerprint = QString::fromStdString(split->fingerprint());
    live.record.name = !experiment.name.empty()
                           ? QString::fromStdString(experiment.name)
                           : tr("%1 on %2")
                                 .arg(QString::fromUtf8(title.data(), static_cast<qsizetype>(title.size())),
                                      live.record.datasetTitle);

    const QString id = live.id;
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

void TrainingService::cancel(const QString& run) {
    SessionRun* entry = d->find(run);
    if (!entry) return;
    entry->job->control.cancel();
    if (!std::exchange(entry->waiting, false)) return; // the training loop answers, or it is over
    RunEnded ended;
    ended.outcome = RunOutcome::Cancelled;
    ended.reason = tr("Cancelled before it started").toStdString();
    apply(entry->live, ended);
    emit runChanged(run);
    emit runEnded(run);
}

void TrainingService::watchModel(bool on) {
    d->watching = on;
    if (on && d->active) d->active->job->control.requestSnapshot();
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
