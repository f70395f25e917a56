// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <QObject>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

/// One point of a search, or one run over a seed or fold, for a view to draw.
struct SearchTrial {
    Trial trial;  // of seeds and folds the number alone
    QString role; // "trial 13", "fold 2, seed 7"
    QString run;  // empty before it is queued
    bool over = false;
    TrialValue value; // of a search, on validation; empty while it runs, and where it failed
};

enum class SearchState {
    Preparing, // the workspace is asked what is known of it
    Running,
    Paused,
    Stopped, // by a person; resume() goes on
    Testing, // of a search: all trials are over, the winner is measured
    Finished,
    Failed,
};

/// What a view knows of a search of this session, or of runs over seeds or folds. Plain values.
struct LiveSearch {
    QString id;    // of this session, from the start
    QString study; // of the workspace; empty while preparing
    QString title;
    StudyKind kind = StudyKind::Search;
    Experiment experiment;
    SplitPtr split; // of seeds and folds: that of the newest run
    QString metric; // of a search
    bool higherIsBetter = true;
    SearchSpace space;
    /// In order. Of a search those so far, the last one may be under way; of seeds and folds all from the
    /// start.
    std::vector<SearchTrial> trials;
    std::optional<std::size_t> best; // into trials; of a search
    int planned = 0;
    SearchState state = SearchState::Preparing;
    std::optional<Error> error;             // when Failed
    std::shared_ptr<const Evaluation> test; // of the winner, once
};

/// Runs searches, and runs over seeds and folds, on the training queue, one run of each at a time, so that
/// several take turns. What is stored of a study that was cut off is taken up again. GUI thread object:
/// proposals are made there (well below a millisecond), everything else on the training lane and a lane of
/// its own.
class SearchService final : public QObject {
    Q_OBJECT
public:
    /// @param training  outlives this
    SearchService(TrainingService& training, const QString& workspaceFolder, QObject* parent = nullptr);
    ~SearchService() override; // stops all, joins

    /// The id at once. An experiment of one run, a search on a split without validation, or a plan that
    /// cannot start is an error, and nothing is stored of it.
    /// @param split  the experiment's own; of folds and changing splits any, used where it is the one
    /// @param data   before filters, for the splits of folds and of seeds that change them; else it may be
    /// null
    Result<QString> start(const Experiment& experiment, const SplitPtr& split, const DatasetPtr& data = {});
    void pause(const QString& search);
    /// Goes on after a pause, and after stop() with the trial that was stopped.
    void resume(const QString& search);
    /// The trial under way is cancelled; finished ones stay.
    void stop(const QString& search);

    /// Takes one that is stopped or ended out of the list; false, and nothing done, while it is worked on.
    bool forget(const QString& search);
    void rename(const QString& search, const QString& title);
    /// Whether runs of this study of the workspace are being made here, or wait for it.
    bool worksOn(const QString& study) const;

    std::vector<QString> searches() const; // oldest first
    /// Null when unknown. Valid until the next event loop turn.
    const LiveSearch* search(const QString& id) const;

signals:
    void searchChanged(const QString& search); // a trial began or ended, the state moved
    void searchEnded(const QString& search);   // finished or failed

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
