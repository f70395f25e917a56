// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/study_view.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;

namespace recoscope {

class CompareTable;
class CurveChart;
class TrialTable;

/// One search as it stands: value over trials, value against a parameter, all trials; or, of seeds and folds,
/// mean and interval of every metric. GUI thread.
class SearchResults final : public QWidget {
    Q_OBJECT
public:
    explicit SearchResults(QWidget* parent = nullptr);

    void setView(const StudyView& view);
    void clear();
    /// Whether nobody works on what is shown, so that it can be deleted.
    void setIdle(bool idle);
    const StudyView& view() const { return m_view; }
    /// The row that the buttons mean: the selected one, else the best.
    const TrialRow* chosen() const;
    void selectTrial(int number); // 0: none
    CurveChart* trialsChart() const { return m_trials; }
    CurveChart* parameterChart() const { return m_against; }

signals:
    void pauseRequested();
    void resumeRequested();
    void stopRequested();
    void useRequested(const recoscope::TrainingPlan& plan);
    /// The parameters of a trial over several seeds or folds.
    void repeatRequested(const recoscope::TrainingPlan& plan);
    void renameRequested();
    void deleteRequested();
    void inspectRequested(const QString& run);
    void openRequested(const QString& run);

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildHead();
    QWidget* buildCharts();
    QWidget* buildSummary();
    void showHead();
    void showButtons();
    void drawTrials();
    void drawAgainst();
    void showSummary();
    void fillParameters();
    void showConstants();

    StudyView m_view;
    QLabel* m_title = nullptr;
    QLabel* m_state = nullptr;
    QProgressBar* m_bar = nullptr;
    QLabel* m_test = nullptr;
    QPushButton* m_pause = nullptr;
    QPushButton* m_stop = nullptr;
    QPushButton* m_use = nullptr;
    QPushButton* m_repeat = nullptr;
    QPushButton* m_inspect = nullptr;
    QPushButton* m_open = nullptr;
    QPushButton* m_rename = nullptr;
    QPushButton* m_delete = nullptr;
    bool m_idle = true;
    QStackedWidget* m_upper = nullptr;
    CurveChart* m_trials = nullptr;
    CurveChart* m_against = nullptr;
    QComboBox* m_parameter = nullptr;
    CompareTable* m_summary = nullptr;
    QLabel* m_summaryNote = nullptr;
    TrialTable* m_table = nullptr;
    QLabel* m_constants = nullptr;
};

} // namespace recoscope
