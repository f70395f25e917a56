// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <QObject>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

/// One point of a search, for a view to draw.
struct SearchTrial {
    Trial trial;
    QString run; // empty before it is queued
    bool over = false;
    TrialValue value; // on validation; empty while it runs, and where it failed
};

enum class SearchState {
    Preparing, // the workspace is asked what is known of it
    Running,
    Paused,
    Stopped, // by a person; resume() goes on
    Testing, // all trials are over, the winner is measured
    Finished,
    Failed,
};

/// What a view knows of a search of this session. Plain values.
struct LiveSearch {
    QString id;    // of this session, from the start
    QString study; // of the workspace; empty while preparing
    Experiment experiment;
    SplitPtr split;
    QString metric;
    bool higherIsBetter = true;
    SearchSpace space;
    std::vector<SearchTrial> trials; // in order; the last one may be under way
    std::optional<std::size_t> best; // into trials
    int planned = 0;
    SearchState state = SearchState::Preparing;
    std::optional<Error> error;             // when Failed
    std::shared_ptr<const Evaluation> test; // of the winner, once
};

/// Runs searches on the training queue, one trial of each at a time, so that several searches take turns.
/// What is stored of a search is taken up again. GUI thread object: proposals are made there (well below a
/// millisecond), everything else on the training lane and a lane of its own.
class SearchService final : public QObject {
    Q_OBJECT
public:
    /// @param training  outlives this
    SearchService(TrainingService& training, const QString& workspaceFolder, QObject* parent = nullptr);
    ~SearchService() override; // stops all, joins

    /// The search's id at once. An experiment without a search, a split without validation, or a plan that
    /// cannot start is an error, and nothing is stored of it.
    Result<QString> start(const Experiment& experiment, const SplitPtr& split);
    void pause(const QString& search);
    /// Goes on after a pause, and after stop() with the trial that was stopped.
    void resume(const QString& search);
    /// The trial under way is cancelled; finished ones stay.
    void stop(const QString& search);

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
