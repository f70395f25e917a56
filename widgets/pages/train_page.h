// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <QWidget>

class QAction;
class QLabel;
class QTabWidget;
class QPushButton;

namespace recoscope {

class AlgorithmPicker;
class DatasetService;
class ForecastPanel;
class ParameterForm;
class RunCharts;
class RunMonitor;
class RunOptionsForm;
struct AlgorithmInfo;

/// Choosing an algorithm, setting it up, running it and watching it run. All work is the TrainingService's.
/// GUI thread.
class TrainPage final : public QWidget {
    Q_OBJECT
public:
    TrainPage(TrainingService* training, DatasetService* datasets, QWidget* parent = nullptr);
    ~TrainPage() override;

    bool selectAlgorithm(std::string_view id);
    /// Algorithm, parameters and run options as in an earlier run.
    void setUp(const TrainingPlan& plan);
    /// What Start would run now.
    Experiment experiment() const;
    /// Queues a run with what is set up; its id, or "" with the reason shown to the person.
    QString start();
    QString shownRun() const;
    void showRun(const QString& run);

    ParameterForm* parameters() const { return m_parameters; }
    RunCharts* charts() const;
    RunMonitor* monitor() const { return m_monitor; }
    AlgorithmPicker* picker() const { return m_picker; }
    ForecastPanel* forecast() const { return m_forecast; }
    /// Start, pause, step, step batch, stop: for the menu.
    QList<QAction*> runActions() const;

signals:
    void inspectRequested(const QString& run);
    void dataRequested(); // there is no data to train on

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildSetUp();
    void makeActions();
    void setAlgorithm(const AlgorithmInfo& info);
    void orderTabs();
    void describe(const AlgorithmInfo& info);
    void updateActions();
    void updateForecast();
    void togglePause();
    void step();
    void stepBatch();
    void stop();
    void say(const QString& problem);

    TrainingService* m_training;
    DatasetService* m_datasets;

    AlgorithmPicker* m_picker = nullptr;
    QLabel* m_summary = nullptr;
    QTabWidget* m_tabs = nullptr;
    ParameterForm* m_parameters = nullptr;
    RunOptionsForm* m_options = nullptr;
    QLabel* m_about = nullptr;
    QLabel* m_data = nullptr;
    ForecastPanel* m_forecast = nullptr;
    QLabel* m_problem = nullptr;
    QAction* m_startAction = nullptr;
    QAction* m_pauseAction = nullptr;
    QAction* m_stepAction = nullptr;
    QAction* m_batchAction = nullptr;
    QAction* m_stopAction = nullptr;
    QPushButton* m_startButton = nullptr;
    RunMonitor* m_monitor = nullptr;
};

} // namespace recoscope
