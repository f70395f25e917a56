// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/evaluation.h"
#include "engine/api/recommender.h"

#include "app/storage/run_store.h"

#include <QObject>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

/// Everything stored of one run, except its model. Plain data.
struct RunDetails {
    RunRecord record;
    std::vector<Curve> curves;
    std::vector<StoredLogLine> log;
    std::shared_ptr<const Evaluation> test;       // with per-user values; null when the run has none
    std::shared_ptr<const Evaluation> validation; // null when the run has none
};

/// The stored runs of a workspace, read and changed on a lane of its own: SQL never runs on the GUI thread.
/// GUI thread object. Calls return at once; the answer is a signal. Every change is followed by a new list.
class RunLibrary final : public QObject {
    Q_OBJECT
public:
    explicit RunLibrary(const QString& workspaceFolder, QObject* parent = nullptr);
    ~RunLibrary() override; // makes the changes that wait, drops the reading, joins

    QString folder() const;
    /// Reads the list again; connect TrainingService::runStored, runStarted and runEnded to it. Several
    /// waiting calls are one.
    void refresh();
    /// The list as last read, newest first.
    const std::vector<RunRecord>& runs() const;
    /// From the list as last read; null when it is not there. Valid until the next event loop turn.
    const RunRecord* find(const QString& id) const;
    /// Searches, and runs over seeds or folds, as read with the list; newest first.
    const std::vector<StudyRecord>& studies() const;
    /// What TrainingService::start needs to do the run again.
    std::optional<Experiment> experimentOf(const QString& id) const;

    void rename(const QString& id, const QString& name);
    void annotate(const QString& id, const QString& notes);
    /// Also its model file. A run that is queued or running is refused (failed()).
    void remove(const QString& id);

    void renameStudy(const QString& study, const QString& name);
    /// A study with a run that is queued or going on is refused (failed(), with the study's id).
    void removeStudy(const QString& study, StudyRuns runs);

    /// Curves, log and evaluations; several runs may be asked for at once, each is answered.
    void loadDetails(const QString& id);
    void loadModel(const QString& id);

    /// Measures a stored model on the test part of its split and stores the numbers with the run: tested(), or
    /// failed(). The split and the model are used where they are at hand, else they are read again. One test
    /// after another, on a lane of its own; a run that is being tested is not tested twice.
    void test(const QString& id, const SplitPtr& split = {}, const std::shared_ptr<const Recommender>& model = {});
    bool testing(const QString& id) const;
    /// Writes a table of the runs' metrics, as the name ends: .csv, .md or .tex. The test part's, the
    /// validation part's of a run that was not tested. Then exported(), or failed() for a run without numbers.
    void exportMetrics(const QStringList& ids, const QString& path);

    bool busy() const;

signals:
    void listed(); // runs() and studies() are new
    void detailsLoaded(const recoscope::RunDetails& details);
    void modelLoaded(const QString& id, std::shared_ptr<const recoscope::Recommender> model);
    void removed(const QString& id);
    void studyRemoved(const QString& study);
    void testMoved(const QString& id, double share); // of the evaluation under way, from 0 to 1
    void tested(const QString& id, std::shared_ptr<const recoscope::Evaluation> test);
    void exported(const QString& path);
    void failed(const QString& id, const recoscope::Error& error); // id "": the workspace itself
    void busyChanged(bool busy);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
