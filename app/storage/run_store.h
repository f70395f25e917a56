// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/events.h"

#include "app/storage/experiment.h"
#include "app/storage/study.h"

#include <QDateTime>
#include <QString>

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// What becomes of a study's runs when the study goes.
enum class StudyRuns { Keep, Remove };

enum class RunStatus { Queued, Running, Completed, StoppedEarly, Cancelled, Failed, Interrupted };
QString runStatusKey(RunStatus status); // "completed", …

/// One line of the run list, and the head of a run's page.
struct RunRecord {
    QString id;   // short, unique in the workspace, typed by people: "ials-7f3a"
    QString name; // a person's, or made from algorithm and data
    QString notes;
    RunStatus status = RunStatus::Queued;
    QString reason; // why it ended, as RunEnded::reason
    QDateTime created;
    Experiment experiment;
    QString datasetTitle;
    QString datasetFingerprint;
    QString splitFingerprint;
    int epochs = 0;
    int bestEpoch = 0;
    double seconds = 0.0;
    double trainSeconds = 0.0;
    std::vector<NamedValue> testMetrics;       // without per-user values
    std::vector<NamedValue> validationMetrics;
    bool hasModel = false;
    QString study; // id of the study that the run belongs to; may be empty
    QString role;  // in it: "fold 2", "seed 7", "trial 13"
};

/// A point of a curve: key "loss", "validation_loss", "ndcg@10", …
struct CurvePoint {
    int epoch = 0;
    double elapsed = 0.0; // seconds
    double value = 0.0;
};
struct Curve {
    QString key;
    std::vector<CurvePoint> points;
};

struct StoredLogLine {
    LogLevel level = LogLevel::Info;
    double elapsed = 0.0;
    QString text;
};

/// The runs of one workspace folder: workspace.db (SQLite, WAL) and models/<run>.safetensors. One thread per instance (SQLite
/// connections do not move); open one instance per thread that needs one. Every write is durable when the call returns.
class RunStore final {
public:
    enum class Access { ReadWrite, ReadOnly };

    /// Opens or creates the workspace. Runs that were running in a process that is gone become Interrupted. A corrupted database is an
    /// error that says so and names the file; nothing is deleted.
    static Result<std::unique_ptr<RunStore>> open(const QString& folder, Access access = Access::ReadWrite);
    ~RunStore();

    QString folder() const;
    /// Stores a new run; status Queued or Running as given. Its id: record.id where that is given and free, else made from the
    /// algorithm. A study that is not there (any more) is NotFound, and nothing is stored.
    Result<QString> create(RunRecord record);
    /// Appends one event of a run: curves, log, metrics, per-user metrics, and for RunEnded status and model file.
    Status append(const QString& run, const TrainingEvent& event);
    /// Several events in one transaction: all are stored or none.
    Status append(const QString& run, std::span<const TrainingEvent> events);
    /// Replaces the run's evaluation of one part, after evaluating its model again.
    Status saveEvaluation(const QString& run, Target target, const Evaluation& evaluation);
    Status setStatus(const QString& run, RunStatus status, const QString& reason = {});
    Status rename(const QString& run, const QString& name);
    Status annotate(const QString& run, const QString& notes);
    Status remove(const QString& run); // also its model file

    /// The model file alone, such as that of a trial that did not win.
    Status removeModel(const QString& run);

    /// Stores a new study; its id, made from the kind.
    Result<QString> createStudy(StudyRecord record);
    /// @param winner  of a search, once all its trials are done
    Status setStudyStatus(const QString& study, StudyStatus status, const QString& winner = {});
    Status setStudyPlanned(const QString& study, int planned);
    Status renameStudy(const QString& study, const QString& name);
    /// Keep: its runs stay, without it. Remove: they go with their models. While one of them is queued or going on, in
    /// whatever program, that is Invalid and nothing is changed.
    Status removeStudy(const QString& study, StudyRuns runs = StudyRuns::Keep);
    Result<std::vector<StudyRecord>> studies() const; // newest first
    /// By id, by unique prefix of an id, or "latest".
    Result<StudyRecord> findStudy(const QString& idOrPrefix) const;
    /// The newest with this key; NotFound when there is none.
    Result<StudyRecord> studyByKey(const QString& key) const;
    /// In the order they were made.
    Result<std::vector<RunRecord>> runsOf(const QString& study) const;

    Result<std::vector<RunRecord>> list() const; // newest first
    /// By id, by unique prefix of an id, or "latest".
    Result<RunRecord> find(const QString& idOrPrefix) const;
    Result<std::vector<Curve>> curves(const QString& run) const;
    Result<std::vector<StoredLogLine>> log(const QString& run) const;
    /// Full evaluation with definitions and per-user values (without topItems); NotFound when the run has none.
    Result<Evaluation> evaluation(const QString& run, Target target) const;
    /// Loads and checks the model file through the registry. A damaged file is a Parse error that names it.
    Result<std::shared_ptr<const Recommender>> model(const QString& run) const;
    QString modelPath(const QString& run) const;

    struct Private;

private:
    RunStore();
    std::unique_ptr<Private> d;
};

/// $RECOSCOPE_WORKSPACE, else the platform's application data folder + "/workspace".
QString defaultWorkspaceFolder();

} // namespace recoscope
