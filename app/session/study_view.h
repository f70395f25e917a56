// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/study_summary.h"

#include "app/session/search_service.h"

#include <QString>

#include <functional>
#include <optional>
#include <vector>

namespace recoscope {

enum class TrialState { Waiting, Running, Done, Failed, Stopped }; // Stopped: is run again when it goes on

/// One trial of a search, or one run over a seed or fold, as a list shows it.
struct TrialRow {
    int number = 0;  // from 1
    QString role;    // "fold 2, seed 7"
    ParamMap params; // what the search set
    QString run;     // empty before it is queued
    TrialState state = TrialState::Waiting;
    TrialValue value; // of a search on validation, of a running trial the newest; else the study's metric
    int epochs = 0;
    double seconds = 0.0;
    bool hasModel = false;
};

/// A search of this session, or any study of the workspace. Plain values.
struct StudyView {
    QString search; // of this session; empty for a stored one
    QString study;  // of the workspace; empty while a search is prepared
    StudyKind kind = StudyKind::Search;
    QString title;                        // "iALS on MovieLens 100K"
    std::optional<Experiment> experiment; // nothing where the stored one cannot be read any more
    std::optional<SearchPlan> plan;       // of a search
    QString metric; // "ndcg@10": what a search makes best; of seeds and folds the one to show first
    bool higherIsBetter = true;
    std::vector<SearchDimension> dimensions;
    std::vector<TrialRow> rows;      // by number
    std::optional<std::size_t> best; // into rows
    int planned = 0;
    std::optional<SearchState> live; // of a search of this session
    bool completed = false;
    QString problem;                     // why it failed
    std::vector<NamedValue> test;        // of the winner
    std::vector<StudyValue> testSummary; // of seeds and folds: mean and interval
    std::vector<StudyValue> validationSummary;

    /// Whether the numbers of seeds and folds are of the test part.
    bool tested() const { return !testSummary.empty(); }
    const std::vector<StudyValue>& summary() const { return tested() ? testSummary : validationSummary; }
    /// Whether a parameter that could differ has one value in all trials, and will.
    bool constant(const SearchDimension& dimension) const;
    /// What is the same in all trials of a search, of what was varied or is not at its default.
    std::vector<std::pair<std::string, ParamValue>> constants() const;
    int done() const;
    /// The best value after each trial that is over, for a curve: number and value.
    std::vector<std::pair<int, double>> bestSoFar() const;
};

/// What is known of a run now, wherever it is; null when nothing is.
using FindRun = std::function<const RunRecord*(const QString& run)>;

StudyView viewOf(const LiveSearch& live, const FindRun& find);
/// @param runs  all runs of the workspace; those of the study are taken.
StudyView viewOf(const StudyRecord& record, const std::vector<RunRecord>& runs);

/// What trains the model of a row again, alone, with the test part measured as the experiment says.
TrainingPlan planOf(const StudyView& view, const TrialRow& row);

} // namespace recoscope
