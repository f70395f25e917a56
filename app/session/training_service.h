// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"

#include "app/storage/run_store.h"

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

namespace recoscope {

/// Weights, activations and gradients of one epoch that somebody looked at.
struct ObservedEpoch {
    int epoch = 0;
    std::shared_ptr<const std::vector<TensorSummary>> tensors;
};

/// What a view knows of a run of this session, kept by the service on the GUI thread.
struct LiveRun {
    QString id;
    RunRecord record;      // status, name, metrics follow the events
    std::vector<Curve> curves;
    std::vector<StoredLogLine> log;
    int plannedEpochs = 0;
    Progress progress;     // the newest
    EpochFinished lastEpoch;
    std::shared_ptr<const std::vector<TensorSummary>> tensors; // the last that were asked for; null before
    std::vector<ObservedEpoch> observed; // ascending; every second one goes when they become too many
    std::vector<double> epochEnds;    // elapsed at the end of every epoch
    std::vector<double> epochSeconds; // training of every epoch, without evaluation
    std::vector<double> epochSpeeds;  // examples a second of every epoch
    double etaSeconds = -1.0; // -1: unknown
    bool paused = false;
    SplitPtr split;
    std::shared_ptr<const Recommender> model; // newest snapshot while running, the final one afterwards
    int modelEpoch = 0;
    bool modelMidEpoch = false; // between two batches of that epoch
    std::shared_ptr<const Evaluation> test;
    std::shared_ptr<const Evaluation> validation;
};

/// Queues runs on one training lane, stores every event in the workspace off the GUI thread, and delivers them in batches
/// at 15 Hz while a run is active. GUI thread object.
class TrainingService final : public QObject {
    Q_OBJECT
public:
    /// @param threads  of the engine pool; 0: all cores. Workers run at nice 10.
    explicit TrainingService(const QString& workspaceFolder, int threads = 0, QObject* parent = nullptr);
    ~TrainingService() override; // cancels all, waits, joins

    /// Adds a run to the queue; its id at once. The split is shared, not copied. A plan that cannot start
    /// (checkPlan) is an error, and nothing is stored of it.
    /// @param study, role  of a run that belongs to a study of the workspace
    Result<QString> start(const Experiment& experiment, const SplitPtr& split, const QString& study = {},
                          const QString& role = {});
    void pause(const QString& run);
    void resume(const QString& run);
    /// One epoch, then paused; also starts a queued run in steps.
    void step(const QString& run);
    /// One batch, then paused, with a fresh copy of the model for who watches; one epoch where an algorithm has no batches.
    void stepBatch(const QString& run);
    void cancel(const QString& run);
    /// From now on (false: no longer) the running model is copied at every epoch and arrives as modelChanged, as long
    /// as one of the watchers wants it.
    void watchModel(bool on, const void* watcher = nullptr);

    /// From now on (false: no longer) weights, activations and gradients of the running model are summed up
    /// at the end of every epoch, as long as one of the watchers wants it.
    void observe(bool on, const void* watcher);

    /// The test of an ended run of this session, made after it had ended; anything else is ignored.
    void takeTest(const QString& run, std::shared_ptr<const Evaluation> test);

    QString activeRun() const; // "" when idle
    std::vector<QString> runs() const; // of this session, oldest first
    /// Null when not of this session. Valid until the next event loop turn.
    const LiveRun* run(const QString& id) const;

signals:
    void runQueued(const QString& run);
    void runStarted(const QString& run);
    void runChanged(const QString& run);   // curves, progress, log or status moved; at most 15 a second
    void modelChanged(const QString& run); // LiveRun::model is newer
    void runEnded(const QString& run);
    /// The workspace's list has a new line, or an ended run is stored with its model: RunLibrary::refresh() is due.
    void runStored(const QString& run);
    void storageFailed(const recoscope::Error& error); // the run goes on in memory

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
