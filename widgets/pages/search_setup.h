// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/forecast_service.h"
#include "app/storage/experiment.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QPushButton;
class QToolButton;

namespace recoscope {

class DatasetService;
class NumberBox;
class SearchSpaceForm;

/// What a search is to do: algorithm, what is varied, method, number of trials, metric; or which seeds or
/// folds one set of parameters is to be run over. GUI thread.
class SearchSetup final : public QWidget {
    Q_OBJECT
public:
    explicit SearchSetup(DatasetService* datasets, QWidget* parent = nullptr);

    bool selectAlgorithm(const QString& id);
    QString algorithm() const;
    /// The rest of a plan: parameters that are not varied, evaluation, seed.
    void setPlan(const TrainingPlan& plan);
    /// As in a stored search.
    void setExperiment(const Experiment& experiment);
    void setMethod(SearchMethod method);
    void setTrials(int trials);
    /// Not a search: the parameters over so many seeds or folds.
    void setRepeats(StudyKind kind, int count, SeedsVary vary = SeedsVary::Training);
    StudyKind kind() const;
    void setMetric(const QString& key);
    /// What Start would run.
    Experiment experiment() const;
    /// Why that cannot be; empty when it can.
    QString problem() const;
    SearchSpaceForm* space() const { return m_space; }
    /// What went wrong with the last start; empty: nothing.
    void say(const QString& words);
    /// A person has changed something here.
    bool touched() const { return m_touched; }

signals:
    void startRequested();
    void dataRequested();
    /// The Train page's plan is wanted: setPlan() is the answer.
    void trainPlanRequested();

protected:
    void showEvent(QShowEvent* event) override;

private:
    void fillAlgorithms();
    void fillMetrics();
    void refresh();
    void writeNote();

    DatasetService* m_datasets;
    TrainingPlan m_rest;                              // what is not shown here
    SplitKind m_restSplit = SplitKind::RandomPerUser; // that it was made for
    ForecastService* m_forecasts;
    quint64 m_ticket = 0;
    double m_seconds = 0.0; // of one trial with what is not varied as set and the rest at its defaults
    int m_planned = 0;      // trials; 0: it cannot start
    QString m_said;
    bool m_touched = false;
    bool m_metricChosen = false;
    QComboBox* m_algorithm = nullptr;
    SearchSpaceForm* m_space = nullptr;
    QComboBox* m_method = nullptr;
    QLabel* m_methodText = nullptr;
    QLabel* m_trialsLabel = nullptr;
    NumberBox* m_trials = nullptr;
    NumberBox* m_repeats = nullptr; // seeds or folds
    QLabel* m_varyLabel = nullptr;
    QComboBox* m_vary = nullptr; // what a seed changes
    QLabel* m_parameters = nullptr;
    QToolButton* m_take = nullptr;
    QLabel* m_metricLabel = nullptr;
    QComboBox* m_metric = nullptr;
    QLabel* m_note = nullptr;
    QLabel* m_problem = nullptr;
    QPushButton* m_start = nullptr;
};

} // namespace recoscope
