// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/models/run_log.h"
#include "app/session/training_service.h"

#include <QSet>
#include <QWidget>

class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QTabWidget;

namespace recoscope {

class FigureRow;
class MetricTableModel;
class MetricTableView;
class NetworkView;
class RunCharts;
class RunListView;
class RunTableModel;

/// Watching the runs of this session: figures, live charts, the list of runs with ticks, final metrics, log.
/// Follows the TrainingService's signals, draws only while visible. GUI thread.
class RunMonitor final : public QWidget {
    Q_OBJECT
public:
    explicit RunMonitor(TrainingService* training, QWidget* parent = nullptr);

    /// The run whose figures, metrics and log are shown; "" while there is none.
    QString shownRun() const { return m_shown; }
    void showRun(const QString& run);
    RunCharts* charts() const { return m_charts; }
    /// The number of the network's view among those of charts().
    int networkView() const { return m_networkView; }
    /// For pictures and tours: 0 metrics, 1 log.
    void showResultTab(int tab);
    /// A test of this run was begun, or is over.
    void setTesting(const QString& run, bool testing);
    bool testing(const QString& run) const { return m_testing.contains(run); }

signals:
    void shownRunMoved(); // another run is shown, or its state changed
    void inspectRequested(const QString& run);
    void setUpRequested(const recoscope::TrainingPlan& plan);
    void testRequested(const QString& run); // to be scored on the test part

protected:
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    /// One of many of a search, which must not push aside what a person looks at.
    bool isTrial(const QString& run) const;
    QWidget* buildTop();
    QWidget* buildBottom();
    void follow(const QString& run);
    void updateRuns();
    void updateShown();
    void updateLog(const LiveRun& run);
    void updateMetrics(const LiveRun& run);
    void updateCharts();
    void updateFigures(const LiveRun* run);
    void runContextMenu(const QPoint& position);
    int colorOf(const QString& run) const;

    TrainingService* m_training;
    QString m_shown;
    bool m_stale = true;
    RunLog m_logged; // of the shown run
    QSet<QString> m_testing;
    QString m_logRun;
    std::shared_ptr<const Evaluation> m_metricsOf; // the evaluation in the table
    QString m_metricsRun;

    QLabel* m_runTitle = nullptr;
    QLabel* m_runState = nullptr;
    QProgressBar* m_progress = nullptr;
    QPushButton* m_test = nullptr;
    QPushButton* m_inspect = nullptr;
    FigureRow* m_figures = nullptr;
    RunCharts* m_charts = nullptr;
    NetworkView* m_network = nullptr;
    int m_networkView = -1;
    RunTableModel* m_runModel = nullptr;
    RunListView* m_runs = nullptr;
    QTabWidget* m_results = nullptr;
    QLabel* m_metricTitle = nullptr;
    MetricTableModel* m_metricModel = nullptr;
    MetricTableView* m_metrics = nullptr;
    QPlainTextEdit* m_log = nullptr;
};

} // namespace recoscope
